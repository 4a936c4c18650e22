"""How feedback travels backward: from an output to the parameters it came from.

Backpropagation with text in place of gradients: a propagator says what an operation passes on to its inputs, and how
what arrives from several operations is put together (arXiv 2406.16218, section 3.2, "Backward step").
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, cast

from trace_core.nodes import MessageNode, Node
from trace_core.parameter_nodes import ParameterNode

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Feedback:
    """What was said about an output: a text, a score, or both.

    `score` is a number or a mapping of named numbers, higher being better.

    Raises:
        ValueError: neither is given, or a score is not a finite number.

    Example:
        Feedback("expected 'billing'", score=0.0)
    """

    text: str | None = None
    score: float | Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        if self.text is None and self.score is None:
            raise ValueError("feedback needs a text, a score, or both")
        if self.text is not None and not isinstance(self.text, str):
            raise ValueError(f"feedback text must be a str, not {type(self.text).__name__}")
        scores = self.score.values() if isinstance(self.score, Mapping) else () if self.score is None else (self.score,)
        for score in scores:
            if not isinstance(score, (int, float)) or not math.isfinite(score):
                shown = score if isinstance(score, float) else f"a {type(score).__name__}"
                raise ValueError(
                    f"a score must be a finite number, not {shown}; "
                    "feedback is text, a number, named numbers or a Feedback"
                )

    @classmethod
    def of(cls, value: FeedbackLike) -> Feedback:
        """Feedback from a text, a number, a mapping of named numbers, or a `Feedback` as it is."""
        if isinstance(value, Feedback):
            return value
        return cls(text=value) if isinstance(value, str) else cls(score=value)

    def __str__(self) -> str:
        if self.score is None:
            return self.text or ""
        named = self.score.items() if isinstance(self.score, Mapping) else [("score", self.score)]
        scores = ", ".join(f"{name}: {value:g}" for name, value in named)
        return f"{self.text}\n{scores}" if self.text else scores


FeedbackLike = Feedback | str | float | Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """What reached a parameter: feedback on an output, and what the propagator made of it on the way.

    `blocked` are the edges, as (id of the operation, index of its input), over which the propagator sent nothing.
    """

    output: Node
    feedback: Feedback
    message: Any
    blocked: frozenset[tuple[int, int]] = frozenset()


class NothingReached(UserWarning):
    """Feedback reached no parameter."""


class Propagator(Protocol[M]):
    """The contract of a propagator; `M` is what travels.

    - `init(node, feedback)` makes the message at the output.
    - `propagate(operation, message)` gives one message for each of the operation's parents, in order; None where
      nothing goes that way.
    - `combine(messages)` makes one message of the one or more that arrive at a node. It must not depend on their order
      being that of creation.

    An error in any of them leaves `backward` before any parameter has received anything.
    """

    def init(self, node: Node, feedback: Feedback) -> M:
        """The message at the output."""
        ...

    def propagate(self, operation: MessageNode, message: M) -> Sequence[M | None]:
        """The message for each parent."""
        ...

    def combine(self, messages: Sequence[M]) -> M:
        """One message of several."""
        ...


PropagateOne = Callable[[MessageNode, M], Sequence[M | None]]


class _Registering(Generic[M]):
    """Passes a message on to every parent, unless something else is registered for the operation."""

    def __init__(self) -> None:
        self._by_op: dict[str, PropagateOne[M]] = {}

    def register(self, op: str, propagate: PropagateOne[M]) -> None:
        """Propagate through operations named `op` in this way instead.

        Example:
            propagator.register("retriever", lambda operation, message: [None] * len(operation.parents))
        """
        self._by_op[op] = propagate

    def propagate(self, operation: MessageNode, message: M) -> Sequence[M | None]:
        """The same message to every parent, or what was registered for the operation."""
        if self._by_op and operation.op in self._by_op:
            return self._by_op[operation.op](operation, message)
        return (message,) * len(operation.parents)


class GraphPropagator(_Registering[Feedback]):
    """Gives each parameter the feedback itself; with the output that it is on, that is the minimal subgraph.

    The subgraph is not carried along: it is `TraceGraph.between(parameters, outputs)`, in linear time.
    """

    def init(self, node: Node, feedback: Feedback) -> Feedback:
        """The feedback as it is."""
        return feedback

    def combine(self, messages: Sequence[Feedback]) -> Feedback:
        """Whatever way it came, it is one feedback, unless a registered operation changed it on the way."""
        first = messages[0]
        if all(message is first for message in messages):
            return first
        texts = dict.fromkeys(str(message) for message in messages)
        return Feedback("\n".join(texts), first.score if first.text is None else None)


class SumPropagator(_Registering["float | str"]):
    """Adds numbers, or joins texts, over all ways from the output to a parameter."""

    def init(self, node: Node, feedback: Feedback) -> float | str:
        """The score if there is a single one, else the text."""
        return feedback.score if isinstance(feedback.score, (int, float)) else str(feedback)

    def combine(self, messages: Sequence[float | str]) -> float | str:
        """The sum of the numbers; texts joined by new lines if any message is a text."""
        if any(isinstance(message, str) for message in messages):
            return "\n".join(str(message) for message in messages)
        return sum(cast("Sequence[float]", messages))


@dataclass(slots=True)
class Batch:
    """An explicit minibatch: outputs with feedback on each, for `optimizer.step(batch)`.

    Example:
        batch = Batch()
        for question, expected in examples:
            batch.add(agent(question), f"expected {expected}")
        optimizer.step(batch)
    """

    received: list[Received] = field(default_factory=list)

    def add(self, output: Node, feedback: FeedbackLike) -> Batch:
        """Add an output with what was said about it; gives the batch itself.

        Raises:
            TypeError: `output` is not a node.
        """
        if not isinstance(output, Node):
            raise TypeError(
                f"a batch takes nodes, not {type(output).__name__}; pass the node that the workflow returned"
            )
        said = Feedback.of(feedback)
        self.received.append(Received(output, said, said))
        return self

    def __len__(self) -> int:
        return len(self.received)

    def __iter__(self) -> Iterator[Received]:
        return iter(self.received)


def dependent_ancestors(outputs: Iterable[Node]) -> dict[int, Node]:
    """The outputs and all of their ancestors that depend on a parameter, by id; linear, and without recursion."""
    found = {node.id: node for node in outputs}
    to_visit = list(found.values())
    while to_visit:
        for parent in to_visit.pop().parents:
            if parent.depends and parent.id not in found:
                found[parent.id] = parent
                to_visit.append(parent)
    return found


def propagate(output: Node, feedback: FeedbackLike, propagator: Propagator[Any] | None = None) -> None:
    """Send feedback on an output back to the parameters; `Node.backward` is this.

    Warns:
        NothingReached: no parameter is among the output's ancestors, or the propagator sent nothing to any.
    """
    said = Feedback.of(feedback)
    nodes = dependent_ancestors([output])
    blocked: set[tuple[int, int]] = set()
    if propagator is None:  # a GraphPropagator to which nothing is registered: the feedback arrives everywhere as it is
        reached = [(node, said) for node in nodes.values() if isinstance(node, ParameterNode)]
    else:
        reached = _sweep(output, said, propagator, nodes, blocked)
    for parameter, message in reached:
        parameter._feedback.append(Received(output, said, message, frozenset(blocked)))
    if not reached:
        warnings.warn(
            f"feedback on {output!r} reached no parameter. Was a node formatted into a string "
            "(use template), computed under no_trace, or is nothing in this workflow trainable?",
            NothingReached,
            stacklevel=3,
        )


def _sweep(
    output: Node,
    feedback: Feedback,
    by: Propagator[Any],
    nodes: Mapping[int, Node],
    blocked: set[tuple[int, int]],
) -> list[tuple[ParameterNode, Any]]:
    """Messages from the output to the parameters, children before parents."""
    arriving: dict[int, list[Any]] = {output.id: [by.init(output, feedback)]}
    reached: list[tuple[ParameterNode, Any]] = []
    for id in sorted(nodes, reverse=True):  # ids grow
        messages = arriving.pop(id, None)
        if messages is None:
            continue
        node = nodes[id]
        message = messages[0] if len(messages) == 1 else by.combine(messages)
        if isinstance(node, ParameterNode):
            reached.append((node, message))
        elif isinstance(node, MessageNode):
            _pass_on(node, by.propagate(node, message), arriving, blocked)
    return reached


def _pass_on(
    node: MessageNode, messages: Sequence[Any], arriving: dict[int, list[Any]], blocked: set[tuple[int, int]]
) -> None:
    parents = node.parents
    if len(messages) != len(parents):
        raise ValueError(f"the propagator gave {len(messages)} messages for the {len(parents)} inputs of {node.op!r}")
    for index, parent in enumerate(parents):
        if not parent.depends:
            continue
        message = messages[index]
        if message is None:
            blocked.add((node.id, index))
        elif parent.id in arriving:
            arriving[parent.id].append(message)
        else:
            arriving[parent.id] = [message]
