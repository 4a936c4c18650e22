"""Nodes: values that know where they came from.

A workflow's run is a directed acyclic graph. Its roots are plain values (`Node`) and what is learned
(`ParameterNode`, in `parameter_nodes.py`); everything else is what an operation made of its inputs (`MessageNode`),
or how it failed (`ExceptionNode`). This is the graph g of the trace τ = (g, f) that the oracle of OPTO answers with
(arXiv 2406.16218, section 3).

A node keeps its parents alive and never its children, so a graph goes when its outputs go.
"""

from __future__ import annotations

import copy
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from trace_core.context import SCOPE, Read
from trace_core.errors import ExecutionError
from trace_core.failures import error_text, execution_error
from trace_core.operators import Operation, Operators, TwoOperands
from trace_core.rendering import literal

if TYPE_CHECKING:
    from trace_core.propagators import FeedbackLike, Propagator
    from trace_core.trace_graph import TraceGraph

M = TypeVar("M", bound="MessageNode")

COPIED_UP_TO = 64
"""Lists, dicts and sets of up to this many items are copied when they are read; larger ones are kept by reference."""

# Types whose values cannot change under a node. A tuple counts: its own items cannot be replaced.
_SCALARS = frozenset({int, float, str, bool, type(None), bytes, complex})
_FIXED = _SCALARS | {tuple, frozenset, range}
COPIED = frozenset({list, dict, set})

new_id = count(1).__next__
"""Ids grow, so a parent's is always smaller than its child's: ascending ids are a topological order."""


class LostEdge(UserWarning):
    """A node that depends on a parameter was rendered into plain text, where feedback cannot follow it."""


class Node(Operators):
    """A value at the root of a graph: an input or a constant.

    Args:
        data: the value, of any type.
        name: how it is called in graphs and problems; by default it is named after its type (`str0`).
        description: what it is, for the optimizer.

    Example:
        x = Node(3, name="x")
        y = x + 1                 # a MessageNode; y.parents are x and a node for 1
    """

    __slots__ = ("__weakref__", "_data", "description", "id", "name")

    depends = False
    """Whether a parameter is among the node's ancestors (or is the node)."""
    parents: tuple[Node, ...] = ()

    def __init__(self, data: Any, name: str | None = None, description: str | None = None) -> None:
        self._data = data
        self.id = new_id()
        self.name = name
        self.description = description

    @property
    def data(self) -> Any:
        """The value. Inside a bundle, reading it makes the node an input of the bundle."""
        return self._value()

    def _value(self) -> Any:
        """The value as user code reads it."""
        scope = SCOPE.get()
        if scope is not None:
            scope.read(self)
        return self._data

    def _peek(self) -> Any:
        """The value, without counting as a read."""
        return self._data

    def _read(self) -> tuple[Any, Read | None]:
        """The value for an operation that runs now, and what to keep of it if the node may show another one later."""
        value = self._data
        return value, snapshot(value, None) if type(value) in COPIED else None

    def _made(self) -> Read:
        """The value as it was when the node was made, as far as that was kept."""
        return Read(self._peek())

    # --- operations

    def _apply(self, operation: Operation, operands: tuple[Any, ...]) -> MessageNode:
        return apply(operation, tuple([as_node(operand) for operand in operands]))

    def _items(self, operation: Operation, count: int) -> Iterator[MessageNode]:
        read = self._read()  # once: a parameter looks for changes in place
        for index in range(count):
            yield apply(operation, (self, Node(index)), (read, (index, None)))

    # --- feedback and graphs

    def backward(self, feedback: FeedbackLike, propagator: Propagator[Any] | None = None) -> None:
        """Send feedback on this node back to the parameters it came from.

        Each parameter that is reached keeps (this node, feedback) until `zero_feedback()`.

        Args:
            feedback: text, a number, a mapping of named numbers, or a `Feedback`.
            propagator: how feedback travels; `GraphPropagator()` by default.

        Example:
            answer.backward("cite the page you used")
        """
        from trace_core.propagators import propagate

        propagate(self, feedback, propagator)

    def graph(self) -> TraceGraph:
        """All that this node came from, as a `TraceGraph`."""
        from trace_core.trace_graph import TraceGraph

        return TraceGraph.of(self)

    def detach(self) -> Node:
        """A new root with the same value and no history."""
        return Node(self._value(), self.name, self.description)

    # --- text

    def __str__(self) -> str:
        _warn_lost_edge(self)
        return str(self._value())

    def __format__(self, spec: str) -> str:
        _warn_lost_edge(self)
        return format(self._value(), spec)

    def __repr__(self) -> str:
        label = "" if self.name is None else f" {self.name}"
        return f"<{type(self).__name__}{label}: {_shown(self._peek())}>"

    # --- identity: `==` compares values, as users expect of values; hash is identity, as graphs need

    def __eq__(self, other: object) -> bool:
        return bool(self._value() == (other._value() if isinstance(other, Node) else other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return id(self)

    def __copy__(self) -> Node:
        return self.detach()

    def __deepcopy__(self, memo: dict[int, Any]) -> Node:
        return Node(copy.deepcopy(self._value(), memo), self.name, self.description)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(
            "nodes are not pickled; save graphs with node.graph().to_json(), parameters with ParameterSet.save"
        )


class MessageNode(Node):
    """What an operation made of its inputs.

    `op` is the operation's name, `inputs` maps argument names to nodes in call order, `values` to what each held at
    the call, `info` has what else is known of the call (scope, start, seconds, usage, …).
    """

    __slots__ = ("_info", "depends", "operation", "parents", "reads")

    def __init__(
        self,
        data: Any,
        operation: Operation,
        parents: tuple[Node, ...],
        reads: tuple[Read | None, ...] | None,
        depends: bool,
        info: dict[str, Any] | None = None,
    ) -> None:
        self._data = data
        self.id = new_id()
        self.name = None
        self.operation = operation
        self.parents = parents
        self.reads = reads
        self.depends = depends
        self._info = info

    @property
    def op(self) -> str:
        """The name of the operation."""
        return self.operation.name

    @property
    def description(self) -> str | None:  # type: ignore[override]
        """What the operation does."""
        return self.operation.description

    @property
    def inputs(self) -> dict[str, Node]:
        """The input nodes by argument name, in call order."""
        return {a.name: parent for a, parent in zip(self.operation.arguments, self.parents, strict=True)}

    @property
    def values(self) -> dict[str, Any]:
        """What each input held when the operation read it."""
        return {a.name: self.read_of(i).value for i, a in enumerate(self.operation.arguments)}

    @property
    def info(self) -> dict[str, Any]:
        """What else is known of the call."""
        if self._info is None:
            self._info = {}
        return self._info

    def read_of(self, index: int) -> Read:
        """What the operation read from its input number `index`."""
        known = None if self.reads is None else self.reads[index]
        return Read(self.parents[index]._data) if known is None else known

    def _made(self) -> Read:
        kept = None if self.reads is None or len(self.reads) == len(self.parents) else self.reads[-1]
        return Read(self._data) if kept is None else kept


def _two_operand_method(operator: TwoOperands) -> Callable[[Node, Any], MessageNode]:
    """The method of a binary operator: `apply`, with its most common case written out (benchmarks/graph.py)."""
    operation, function = operator.operation, operator.operation.function
    current_scope, new_message = SCOPE.get, MessageNode.__new__

    def reflected(self: Node, other: Any) -> MessageNode:
        return apply(operation, (as_node(other), self))

    def method(self: Node, other: Any) -> MessageNode:
        if not isinstance(other, Node):
            other = Node(other) if type(other) in _SCALARS else as_node(other)
        a = self._data
        b = other._data
        if type(a) not in _FIXED or type(b) not in _FIXED or current_scope() is not None:
            return apply(operation, (self, other))
        try:
            data = function(a, b)  # type: ignore[misc]
        except Exception as error:
            raise operation_failed(error, operation, (self, other)) from error
        made = new_message(MessageNode)  # and what its __init__ does
        made._data = data
        made.id = new_id()
        made.operation = operation
        made.parents = (self, other)
        made.name = made.reads = made._info = None
        made.depends = self.depends or other.depends
        return made

    return reflected if operator.reflected else method


for _name, _operator in vars(Operators).items():
    if isinstance(_operator, TwoOperands):
        setattr(Node, _name, _two_operand_method(_operator))


class ExceptionNode(MessageNode):
    """How an operation failed; `data` is the error's type and message with the failing line marked."""

    __slots__ = ()


def as_node(value: Any) -> Node:
    """The value itself if it is a node, an operation on nodes if it is a container that holds some, else a root."""
    if isinstance(value, Node):
        return value
    if isinstance(value, (list, tuple, dict, set, frozenset, deque)):
        from trace_core.containers import container_node

        return container_node(value)
    return Node(value)


def snapshot(value: Any, version: int | str | None) -> Read:
    """A list, dict or set as it is now: a shallow copy, or marked as a reference if it is large."""
    return Read(value, version, True) if len(value) > COPIED_UP_TO else Read(value.copy(), version)


def apply(
    operation: Operation, parents: tuple[Node, ...], found: Sequence[tuple[Any, Read | None]] = ()
) -> MessageNode:
    """Compute an operation on nodes and record it; `found` is what the parents' `_read` gave, if that is known."""
    scope = SCOPE.get()
    if scope is not None:
        scope.operate(parents)
    values = []
    reads = []
    for value, read in found or [parent._read() for parent in parents]:
        values.append(value)
        reads.append(read)
    try:
        data = operation.function(*values)  # type: ignore[misc]
    except Exception as error:
        raise operation_failed(error, operation, parents, reads) from error
    return message(data, operation, parents, reads)


def message(
    data: Any,
    operation: Operation,
    parents: tuple[Node, ...],
    reads: Sequence[Read | None] = (),
    info: dict[str, Any] | None = None,
    cls: type[M] = MessageNode,  # type: ignore[assignment]
) -> M:
    """Record an operation that was computed; where nothing is traced, a node without parents."""
    scope = SCOPE.get()
    if scope is not None and not scope.tracing:
        return cls(data, Operation(operation.name, (), operation.name, operation.description), (), None, False, info)
    kept = None
    for read in reads:
        if read is not None:
            kept = tuple(reads)
            break
    depends = False
    for parent in parents:
        if parent.depends:
            depends = True
            break
    if type(data) in COPIED:  # what came out stands last
        kept = (*(kept or (None,) * len(parents)), snapshot(data, None))
    return cls(data, operation, parents, kept, depends, info)


def operation_failed(
    error: Exception, operation: Operation, parents: tuple[Node, ...], reads: Sequence[Read | None] = ()
) -> ExecutionError:
    """The error that leaves an operation that raised, with its node in the graph."""
    return execution_error(error, message(error_text(error), operation, parents, reads, cls=ExceptionNode))


def _warn_lost_edge(node: Node) -> None:
    if node.depends and SCOPE.get() is None:
        # Without the value: Python shows a warning once per place and text.
        label = f"a node of {node.op!r}" if isinstance(node, MessageNode) else repr(node.name)
        warnings.warn(
            f"{label} depends on a parameter, and feedback on plain text made from it will not reach that parameter: "
            'use template("{x}", x=node) to keep the edge, or node.data to say that the value is meant',
            LostEdge,
            stacklevel=3,
        )


def _shown(value: Any) -> str:
    """A short text of a value; objects that are not plain data are shown by their type's name."""
    if isinstance(value, (str, bytes)):
        return repr(value) if len(value) <= 60 else f"{value[:57]!r}..."
    if value is None or isinstance(value, (bool, int, float, complex)):
        return literal(value)
    size = f" of {len(value)}" if isinstance(value, (list, tuple, dict, set, frozenset)) else ""
    return f"{type(value).__name__}{size}"
