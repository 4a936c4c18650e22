"""One recorded run: what was called, and, when it is first looked at, the graph of it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from trace_core.errors import NothingRecorded
from trace_core.failures import error_text
from trace_core.nodes import ExceptionNode, MessageNode, Node, message
from trace_core.operators import Argument, Operation, call_template
from trace_core.parameter_nodes import ParameterNode
from trace_core.recording.building import Shown, build
from trace_core.recording.call import Call
from trace_core.recording.flow import Flow
from trace_core.rendering import identifier
from trace_core.trace_graph import TraceGraph

if TYPE_CHECKING:
    from trace_core.propagators import FeedbackLike


class Run:
    """What a recorder saw of one run of a program.

    Example:
        with recorder.run() as run:
            agent.invoke(question, config={"callbacks": [recorder]})
        run.output.backward("cite the page you used")
        print(run.explain())
    """

    def __init__(
        self,
        flow: Callable[[list[Call], Sequence[Flow]], Flow],
        shown: Shown,
        earlier: Callable[[Run], list[Run]],
    ) -> None:
        self.conversation: Hashable | None = None
        """What the run is a turn of, such as a thread of a checkpointer."""
        self.calls: list[Call] = []
        self._flow = flow
        self._shown = shown
        self._earlier = earlier
        self.lacks: list[str] = []
        """What could not be recorded, and why."""
        self._open = 0
        self._idle: threading.Condition | None = None
        self._built: tuple[int, _Built] | None = None
        self._events = 0

    # --- while it runs: called by the recorder, under its lock

    def began(self, call: Call) -> None:
        """Take in a call that began."""
        self.calls.append(call)
        self._open += 1
        self._events += 1

    def ended(self, call: Call) -> None:
        """Take in that it ended."""
        self._open -= 1
        self._events += 1
        if not self._open and self._idle is not None:
            with self._idle:
                self._idle.notify_all()

    def take_in(self, other: Run) -> None:
        """Take over the calls of a run that turned out to be a part of this one."""
        self.calls = sorted([*self.calls, *other.calls], key=lambda call: call.began)
        other.calls = []
        self._events += 1

    @property
    def is_active(self) -> bool:
        """Whether calls of it have not ended."""
        return self._open > 0

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no call is open, for at most `timeout` seconds; whether that is so."""
        if self._idle is None:
            self._idle = threading.Condition()
        with self._idle:
            return self._idle.wait_for(lambda: not self._open, timeout)

    @cached_property
    def id(self) -> str:
        """A name of the run that no other run has."""
        return str(uuid.uuid4())

    # --- afterwards

    @property
    def output(self) -> Node:
        """The node of what the run gave; of one that failed, its error.

        Raises:
            NothingRecorded: no call was recorded.
        """
        return self._result.output

    @property
    def error(self) -> ExceptionNode | None:
        """The node of the error that ended the run."""
        return self.output if isinstance(self.output, ExceptionNode) else None

    @property
    def graph(self) -> TraceGraph:
        """All that ran: also what led to nothing, such as an attempt that failed."""
        return self._result.graph

    def node_of(self, call: Call) -> Node | None:
        """The node of a call; of one that only holds others, what it gave, if that is one node."""
        return self._result.nodes.get(call)

    def output_of(self, call: Call) -> Node:
        """The node of what one of the run's calls gave."""
        return self._result.output_of(call)

    def backward(self, feedback: FeedbackLike) -> None:
        """`run.output.backward(feedback)`."""
        self.output.backward(feedback)

    def explain(self, form: str = "text") -> str:
        """Which call led to which, and how that is known.

        Args:
            form: "text" or "mermaid".
        """
        if form == "mermaid":
            return self.graph.to_mermaid()
        if form != "text":
            raise ValueError(f'form must be "text" or "mermaid", not {form!r}')
        graph = self.graph
        lines = []
        for node in graph.nodes:
            if not isinstance(node, MessageNode):
                continue
            failed = f"  failed: {str(node._data).splitlines()[0]}" if isinstance(node, ExceptionNode) else ""
            lines.append(f"{graph.name(node)}  {node.info.get('name', '')}".rstrip() + failed)
            for argument, parent in zip(node.operation.arguments, node.parents, strict=True):
                control = ", control" if argument.kind == "control" else ""
                lines.append(f"  <- {graph.name(parent)}  ({argument.name}: {argument.why}{control})")
        return "\n".join([*lines, *(f"lacks {what}" for what in self.lacks)])

    @property
    def _result(self) -> _Built:
        if self._built is None or self._built[0] != self._events:
            before = [run._result for run in self._earlier(self) if run.calls]
            flow = self._flow(list(self.calls), [built.flow for built in before])
            self._built = (self._events, _Built(flow, self._shown, before))
        return self._built[1]

    def __repr__(self) -> str:
        return f"<Run {self.id[:8]}: {len(self.calls)} calls{', active' if self.is_active else ''}>"


class _Built:
    """The nodes of a run."""

    def __init__(self, flow: Flow, shown: Shown, earlier: Sequence[_Built]) -> None:
        self.flow = flow
        self._shown = shown
        known = {call: node for turn in earlier for call, node in turn.as_history().items()}
        self.nodes: Mapping[Call, Node] = build(flow, shown, known)
        self._outputs: dict[Call, Node] = {}

    def as_history(self) -> Mapping[Call, Node]:
        """The nodes for a later turn: constants, if a parameter that they came from has been changed since."""
        reads = [(node, read) for call in self.flow.calls for _, node, read in call.reads]
        if any(isinstance(node, ParameterNode) and node.version != read.version for node, read in reads):
            return {call: node.detach() for call, node in self.nodes.items()}
        return self.nodes

    @cached_property
    def _last(self) -> Call:
        """The outermost call that ended last."""
        roots = [call for call in self.flow.calls if self.flow.parent(call) is None]
        if not roots:
            said = "was the recorder passed to the program, or did it run elsewhere?"
            raise NothingRecorded(f"no call was recorded: {said}")
        return max(roots, key=lambda call: call.ended or 0)

    def ends_of(self, call: Call) -> list[Node]:
        """The nodes that a call's result came from, but for those that led to others of them."""
        sources = self.flow.origin_out(call).sources if call.succeeded else {}
        ends = {self.nodes[s].id: self.nodes[s] for s in sources if s in self.nodes}
        inner: set[int] = set()
        to_visit = [parent for node in ends.values() for parent in node.parents]
        while to_visit:
            node = to_visit.pop()
            if node.id not in inner:
                inner.add(node.id)
                to_visit.extend(node.parents)
        return [node for id, node in ends.items() if id not in inner]

    @cached_property
    def output(self) -> Node:
        return self.output_of(self._last)

    def output_of(self, call: Call) -> Node:
        """The node of what a call gave: its own, the one it came from, or one that holds what several gave."""
        if call.error is not None:
            return self._failed_in(call)
        if call in self.nodes:
            return self.nodes[call]
        if call not in self._outputs:
            ends = self.ends_of(call)
            sources = self.flow.origin_out(call).sources
            changed = any(s.error is not None or why in ("contains", "inside", "input") for s, why in sources.items())
            self._outputs[call] = ends[0] if len(ends) == 1 and not changed else self._joined(call, ends)
        return self._outputs[call]

    def _joined(self, call: Call, ends: Sequence[Node]) -> Node:
        operation = _made_of("output", "output", len(ends), "what the program returned")
        return message(self._shown(call.output), operation, tuple(ends), info={"name": call.name})

    def _failed_in(self, call: Call) -> Node:
        """The innermost call that raised what ended this one; an error of its own came from what was left in it."""
        raised = causes(call.error)
        failed = [other for other in self.nodes if any(other.error is cause for cause in raised)]
        if failed:
            return self.nodes[max(failed, key=lambda other: other.ended or 0)]
        if call not in self._outputs:
            left = [self.nodes[s] for s in self.flow.sinks(self.flow.children[call]).sources if s in self.nodes]
            operation = _made_of(call.kind, identifier(call.name), len(left), None)
            text = self._shown(error_text(call.error))  # type: ignore[arg-type]
            self._outputs[call] = message(text, operation, tuple(left), info={"name": call.name}, cls=ExceptionNode)
        return self._outputs[call]

    @cached_property
    def graph(self) -> TraceGraph:
        found: dict[int, Node] = {}
        outputs = [self.output] if self._last.error is not None else self.ends_of(self._last)
        to_visit: list[Node] = [*self.nodes.values(), *outputs]
        while to_visit:
            node = to_visit.pop()
            if node.id not in found:
                found[node.id] = node
                to_visit.extend(node.parents)
        operations = [node.id for node in found.values() if isinstance(node, MessageNode) and node.parents]
        return TraceGraph([found[id] for id in sorted(found)], operations, outputs)


def _made_of(name: str, call: str, inputs: int, description: str | None) -> Operation:
    names = tuple(f"from_{i}" for i in range(inputs))
    arguments = tuple(Argument(each, "output") for each in names)
    return Operation(name, arguments, call_template(call, inputs, ()), description)


def causes(error: BaseException | None) -> list[BaseException]:
    """An error and those that it was raised for."""
    found: list[BaseException] = []
    while error is not None and all(error is not other for other in found):
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
