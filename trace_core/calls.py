"""One call of a bundle: what went in, what was read on the side, what came out or how it failed.

Used by `bundles.py`, whose bundles differ only in how the function is run (sync, async, generator).
"""

from __future__ import annotations

import inspect
import linecache
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import Any

from trace_core.code.source import extract
from trace_core.containers import holds_node, nodes_in
from trace_core.context import SCOPE, InsideBundle, Read
from trace_core.errors import ExecutionError, SandboxedError, UntrainableCode
from trace_core.failures import error_text, execution_error
from trace_core.nodes import ExceptionNode, M, MessageNode, Node, as_node, message, new_id
from trace_core.operators import Argument, Operation, call_template, numbered
from trace_core.rendering import shortened
from trace_core.trace_graph import free_name

_EMPTY = inspect.Parameter.empty
_SIMPLE = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_LONGEST_MESSAGE = 2_000
_ITEM = Operation("item", numbered("generated", "index"), "item({0}, {1})", "what a generator yields, by index")


class Signature:
    """Binds calls to parameter names, defaults included, quickly where there is neither `*args` nor `**kwargs`."""

    def __init__(self, function: Callable[..., Any], without_first: bool, name: str) -> None:
        try:
            signature = inspect.signature(function)
        except ValueError:  # Python knows none of `max` and the like
            signature = inspect.signature(lambda *args, **kwargs: None)
        parameters = list(signature.parameters.values())[1 if without_first else 0 :]
        self._name = name
        self._signature = inspect.Signature(parameters)
        self._names = [p.name for p in parameters]
        self._defaults = {p.name: p.default for p in parameters if p.default is not _EMPTY}
        self._most_positional = sum(p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for p in parameters)
        self._is_simple = all(p.kind in _SIMPLE for p in parameters)
        self._node_defaults = [
            (sys.maxsize if p.kind is inspect.Parameter.KEYWORD_ONLY else place, p.name, p.default)
            for place, p in enumerate(parameters)
            if p.kind in _SIMPLE and holds_node(p.default)
        ]

    def with_node_defaults(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """The keyword arguments, and defaults that are nodes: Python would hand those to the body as they are."""
        if not self._node_defaults:
            return kwargs
        missing = {name: node for place, name, node in self._node_defaults if place >= len(args)}
        return {**missing, **kwargs}

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[list[str], list[Any], int]:
        """Names and values in call order, and how many of them are shown by position in the call's text.

        Raises:
            TypeError: the call does not fit the signature.
        """
        if not self._is_simple or len(args) > self._most_positional:
            return self._bind_any(args, kwargs)
        values = list(args)
        taken = 0
        for name in self._names[len(args) :]:
            if name in kwargs:
                values.append(kwargs[name])
                taken += 1
            elif name in self._defaults:
                values.append(self._defaults[name])
            else:
                return self._bind_any(args, kwargs)
        if taken != len(kwargs):
            return self._bind_any(args, kwargs)
        return self._names, values, 1 if len(values) == 1 and args else 0

    def _bind_any(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[list[str], list[Any], int]:
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self._name}(): {error}") from None
        bound.apply_defaults()
        names: list[str] = []
        values: list[Any] = []
        positional = 0
        for name, value in bound.arguments.items():
            kind = self._signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_POSITIONAL:
                names += [f"{name}_{i}" for i in range(len(value))]
                values += value
                positional = len(names) if value else positional
            elif kind is inspect.Parameter.VAR_KEYWORD:
                taken = set(value)  # what goes by position gives way: `f(a, /, **others)` may be given another `a`
                names = [*(free_name(name, taken) for name in names), *value]
                values += value.values()
            else:
                names.append(name)
                values.append(value)
                positional = len(names) if kind is inspect.Parameter.POSITIONAL_ONLY else positional
        return names, values, positional


class Call:
    """A call that is being made: its inputs now, its node when it is done."""

    __slots__ = (
        "_carried",
        "_generated",
        "_index",
        "_inputs",
        "_scope",
        "_token",
        "args",
        "code",
        "function",
        "kwargs",
        "name",
    )

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        signature: Signature,
        code: Node | None,
        strict: bool,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> None:
        self.name = name
        self.function = function
        self.code: str | None = None  # the text that this call runs, if its code is a parameter
        names, given, by_position = signature.bind(args, kwargs)
        parents = [as_node(value) for value in given]
        reads: list[Read | None] = []
        known: set[int] = set()
        values: dict[int, Any] = {}
        for value, parent in zip(given, parents, strict=True):
            held, read = parent._read()
            reads.append(read)
            known.add(parent.id)
            if parent is not value:
                known.update([inner.id for inner in nodes_in(value)])
            values[id(value)] = held
        self.args = tuple([values[id(value)] for value in args])
        self.kwargs = {key: values[id(value)] for key, value in kwargs.items()}
        if code is not None:
            known.add(code.id)
            parents.append(code)
            self.code, read = code._read()
            reads.append(read)
        self._inputs = (names, by_position, parents, reads)
        self._generated: MessageNode | None = None
        self._carried: list[tuple[Node, Read | None]] = []
        self._index = count()
        self._scope = InsideBundle(known, new_id(), name if strict else None)

    def __enter__(self) -> None:
        """Enter the body: reads of nodes that were not passed in are noted."""
        self._token = SCOPE.set(self._scope)

    def __exit__(self, *_: object) -> None:
        SCOPE.reset(self._token)

    def result(self, value: Any, description: str | None) -> MessageNode:
        """The call's node."""
        return self._node(value, description, MessageNode)

    def item(self, value: Any, generator: Any, description: str | None) -> MessageNode:
        """The node of the next item of a generator: its parent is the call, and what was read since the item before.

        That is an input of all that follow, too: a generator may remember it.
        """
        if self._generated is None:
            self._generated = self.result(generator, description)
        has_read = bool(self._scope.reads)
        index = next(self._index)
        made = self._with_implicit(value, _ITEM, (self._generated, Node(index)), (None, None), MessageNode)
        if has_read:
            self._carried = [(made, None)]
        return made

    def failure(self, error: Exception, description: str | None) -> ExecutionError:
        """The error that leaves the bundle, with the call's `ExceptionNode`."""
        original = error.original if isinstance(error, SandboxedError) else error
        if isinstance(error, ExecutionError):
            self._scope.reads.setdefault(error.node.id, (error.node, None))
        text = failure_text(error, self.function, self.code)
        return execution_error(original, self._node(text, description, ExceptionNode))

    def _node(self, value: Any, description: str | None, cls: type[M]) -> M:
        names, by_position, parents, reads = self._inputs
        operation = _operation(self.name, tuple(names), by_position, self.code is not None, description)
        return self._with_implicit(value, operation, parents, reads, cls)

    def _with_implicit(
        self, value: Any, operation: Operation, parents: Sequence[Node], reads: Sequence[Read | None], cls: type[M]
    ) -> M:
        """The node of an operation that also takes in what the body read since the last one was made."""
        if aside := [*self._carried, *self._scope.take()]:
            taken, counts = {argument.name for argument in operation.arguments}, dict[str, int]()
            names = [free_name(node.name or f"read_{i}", taken, counts) for i, (node, _) in enumerate(aside)]
            arguments = (*operation.arguments, *[Argument(name, "implicit") for name in names])
            operation = Operation(operation.name, arguments, operation.template, operation.description)
            parents = [*parents, *[node for node, _ in aside]]
            reads = [*reads, *[read for _, read in aside]]
        return message(value, operation, tuple(parents), reads, cls=cls)


@lru_cache(maxsize=4096)
def _operation(
    name: str, names: tuple[str, ...], by_position: int, has_code: bool, description: str | None
) -> Operation:
    arguments = [*numbered(*names), *([Argument("code", "code")] if has_code else [])]
    return Operation(name, tuple(arguments), call_template(name, by_position, names[by_position:]), description)


def failure_text(error: Exception, function: Callable[..., Any], code: str | None) -> str:
    """The error's type and message, and the line of the function that raised it."""
    original = error.original if isinstance(error, SandboxedError) else error
    lines = [shortened(error_text(original), _LONGEST_MESSAGE)]
    number, text = _failing_line(error, function, code)
    if text:
        lines.append(f"line {number} of {inspect.unwrap(function).__name__}:  {text.strip()}  <--- it was raised here")
    return "\n".join(lines)


def _failing_line(error: Exception, function: Callable[..., Any], code: str | None) -> tuple[int | None, str]:
    """The number of the line in the function, from 1 at its `def`, and the line."""
    unwrapped = inspect.unwrap(function)
    compiled = getattr(unwrapped, "__code__", None)  # a builtin has none
    raised_at = None
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code is compiled:
            raised_at = traceback.tb_lineno
        traceback = traceback.tb_next
    if raised_at is None and isinstance(error, SandboxedError):  # the function itself ran in the sandbox
        lines = (code or "").splitlines()
        known = error.line is not None and 0 < error.line <= len(lines)
        return (error.line, lines[error.line - 1]) if known else (None, "")  # type: ignore[operator]
    if raised_at is None or compiled is None:
        return None, ""
    return raised_at - _first_line(unwrapped) + 1, linecache.getline(compiled.co_filename, raised_at)


def _first_line(function: Any) -> int:
    """The line of the `def`; `co_firstlineno` is that of its first decorator."""
    try:
        return extract(function).first_line
    except UntrainableCode:  # a lambda, or no file to read
        return int(function.__code__.co_firstlineno)
