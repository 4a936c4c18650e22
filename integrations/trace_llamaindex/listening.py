"""What the handlers on LlamaIndex's dispatcher tell becomes calls of runs; hooks only take snapshots."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar
from inspect import BoundArguments
from typing import TYPE_CHECKING, Any

from llama_index.core.agent.workflow.workflow_events import AgentOutput
from llama_index_instrumentation import get_dispatcher

from trace_core.recording import BaseRecorder, Call, Run
from trace_llamaindex import private, values
from trace_llamaindex.handlers import Events, Spans
from trace_llamaindex.snapshots import Copies, Streamed, snapshot
from trace_llamaindex.spans import ID, Seen, seen
from trace_llamaindex.streams import Streams
from trace_llamaindex.unread import Unread
from trace_llamaindex.unrecorded import is_unrecorded

if TYPE_CHECKING:
    from trace_core.context import Read
    from trace_core.parameter_nodes import ParameterNode

_log = logging.getLogger(__name__)

BLOCKS: ContextVar[frozenset[int]] = ContextVar("trace_llamaindex_blocks", default=frozenset())
"""The recorders (by id) in whose block we are, here."""

_NOTHING: tuple[Any, ...] = ()
_PENDING: ContextVar[tuple[tuple[str, ParameterNode, Read], ...]] = ContextVar(
    "trace_llamaindex_pending", default=_NOTHING
)
"""What was read outside of any call: a prompt that plain code formats for the next model."""
_MOST_PENDING = 20

_NESTING = ("predict", "function", "workflow", "agents", "step", "agent_step")
"""Of others than these, a method of the same object is a part of the call."""


class Listener(BaseRecorder):
    """A recorder that listens to LlamaIndex's dispatcher, whenever it is attached to it."""

    def __init__(self, *, max_runs: int = 100, redact: Callable[[Any], Any] | None = None) -> None:
        super().__init__(max_runs=max_runs, redact=redact)
        self._handlers = (Spans(self), Events(self))
        self._is_on = False
        self._blocks = 0
        self._inside: dict[str, str | None] = {}
        """Spans that are no calls of ours, as long as they are open, each with the call in which it is."""
        self._left_out: set[str] = set()
        """Open spans that are in no run, so that what is in them is in none either."""
        self._unread = Unread()
        self._streams = Streams(self._abandoned, self._over)

    # --- on and off

    def _attach(self) -> None:
        root = get_dispatcher()
        spans, events = self._handlers
        if all(each is not spans for each in root.span_handlers):
            root.add_span_handler(spans)
        if all(each is not events for each in root.event_handlers):
            root.add_event_handler(events)

    def _detach(self) -> None:
        root = get_dispatcher()
        spans, events = self._handlers
        root.span_handlers[:] = [each for each in root.span_handlers if each is not spans]
        root.event_handlers[:] = [each for each in root.event_handlers if each is not events]
        self._inside.clear()
        self._left_out.clear()
        self._unread.clear()

    def _detach_if_idle(self) -> None:
        """Stop listening where nothing is left to be heard: nobody asked for it, and all streams are over."""
        if not (self._is_on or self._blocks or self._streams.are_open):
            self._detach()

    # --- spans

    def entered(self, id: str, parent: str | None, bound: BoundArguments, instance: Any) -> None:
        """A span began."""
        if is_unrecorded():
            return
        span, parent = parent, self._parent(parent)
        around = self._open_call(parent)
        if parent is None and not self._is_wanted(id, span):
            self._left_out.add(id)
            return
        what = None if _is_part(around, instance) else seen(id, bound, instance, _what(around))
        if what is None or (what.kind == "tool" and around is not None and around.details["parses"]):
            self._inside[id] = parent
            return
        copies: Copies = []
        inputs, details = snapshot(what.inputs, copies), _known(what, around, instance)
        call = self._begin(id, parent, what.kind, _name(what, around), inputs, details)
        if call is not None:
            call.copies = (*call.copies, *copies)
            self._take_pending(call)
            if call.kind == "llm":
                with self._lock:
                    self._unread.asked(call, self._open[id][0])

    def _is_wanted(self, id: str, span: str | None) -> bool:
        """Whether an outermost call is recorded: in a block, in a thread that can be of one alone, or where all are."""
        if _key(self) in BLOCKS.get():
            return True
        if span in self._left_out:
            return False
        if len(self._held) == 1:
            return True
        if self._held:
            _log.warning("%s ran in a thread that knows of no run: start it with copy_context().run", id[:-ID])
        return self._is_on

    def exited(self, id: str, result: Any) -> None:
        """A span ended; a stream of a model has only begun."""
        self._left_out.discard(id)
        if id in self._inside:
            del self._inside[id]
            return
        call = self._open_call(id)
        if call is None:
            return
        copies: Copies = []
        output = snapshot(result, copies)
        if isinstance(output, Streamed):
            with self._lock:
                self._streams.began(id, output, is_model=call.kind == "llm")
                if call.kind != "llm":
                    self._unread.gave(id, self._open[id][0])
            if call.kind == "llm":
                return
        if call.details["what"] in ("step", "agent_step"):
            output = _step_output(call, result, output)
        self._finish(id, output, copies, result)

    def _finish(self, id: str, output: Any, copies: Copies, result: Any) -> None:
        call = self._end(id, output)
        if call is None:
            return
        call.copies = (*call.copies, *copies)
        if call.kind == "llm":
            if usage := values.usage_of(result):
                call.details["info"] = {**call.details.get("info", {}), "usage": usage}
            self._stream_ended(id)

    def dropped(self, id: str, error: BaseException | None) -> None:
        """A span raised; one that waits for an event will begin again."""
        self._left_out.discard(id)
        call = self._open_call(id)
        if id in self._inside:
            del self._inside[id]
        elif call is not None and error is not None and private.is_waiting(error):
            call.details["waits"] = True
            self._finish(id, None, [], None)
        elif error is not None:
            self._fail(id, error)

    # --- streams of models

    def went_on(self, id: str | None, response: Any) -> None:
        """A stream gave a piece."""
        call = self._open_call(id)
        if call is not None:
            call.details["so_far"] = response

    def streamed(self, id: str | None, response: Any) -> None:
        """A stream ended."""
        if id is not None and self._streams.has(id):
            copies: Copies = []
            self._finish(id, snapshot(response, copies), copies, response)

    def broke_off(self, id: str | None, error: BaseException) -> None:
        """A stream was closed early, or raised."""
        if id is None or not self._streams.has(id):
            return
        if isinstance(error, GeneratorExit):
            self._abandoned(id)
        else:
            self._fail(id, error)
            self._stream_ended(id)

    def _abandoned(self, id: str) -> None:
        """A stream was closed, or let go of, before its end: what it gave so far is what there is."""
        call = self._open_call(id)
        if call is not None and self._streams.has(id):
            call.details["info"] = {**call.details.get("info", {}), "status": "cancelled"}
            copies: Copies = []
            self._finish(id, snapshot(call.details.get("so_far"), copies), copies, None)
        with self._lock:
            self._detach_if_idle()

    def _over(self, id: str) -> None:
        """Nobody holds a stream any more."""
        with self._lock:
            self._unread.over(id)
            self._detach_if_idle()

    def _stream_ended(self, id: str) -> None:
        with self._lock:
            self._streams.ended(id)
            self._detach_if_idle()

    def missed(self, what: str, id: str | None, error: Exception) -> None:
        """A hook of ours failed."""
        self._missed(what, id, None if id is None else self._inside.get(id, id), error)

    # --- which call is meant

    def _parent(self, span: str | None) -> str | None:
        """The call in which a span is: that whose stream is read here, if the span around it is not in that itself."""
        around, owner = self._call_of(span), self._streams.owner_here()
        at = around
        while owner is not None and at is not None and at != owner:
            call = self._open_call(at)
            at = None if call is None else call.parent  # type: ignore[assignment]
        return around if owner is None or at == owner else owner

    def _call_of(self, span: str | None) -> str | None:
        """The call of ours in which a span is; one that is over counts, since a thread may go on after it."""
        while span in self._inside:
            span = self._inside[span]
        is_known = span is not None and (span in self._open or any(_has(run, span) for run in self._runs))
        return span if is_known else None

    def _open_call(self, id: str | None) -> Call | None:
        found = self._open.get(id)
        return None if found is None else found[1]

    def _run_of(self, parent: Any, details: dict[str, Any]) -> Run:
        """That of the call whose stream is read, or whose thread goes on after it; else the block's, or a new one."""
        known = None if parent is None else next((r for r in reversed(self._runs) if _has(r, parent)), None)
        return super()._run_of(parent, details) if known is None else known

    # --- what was read

    def is_inside(self, span: str | None) -> bool:
        """Whether a span is in a call that is open."""
        return self._call_of(span) in self._open

    def note(self, span: str | None, argument: str, parameter: ParameterNode, read: Read) -> None:
        """A parameter was read in a span, or outside of any."""
        call = self._call_of(span)
        if call in self._open:
            self._note(call, argument, parameter, read)
        else:
            pending = [each for each in _PENDING.get() if each[1] is not parameter]
            _PENDING.set((*pending[-_MOST_PENDING:], (argument, parameter, read)))

    def _take_pending(self, call: Call) -> None:
        """What was read before a model was asked, and was sent to it."""
        pending = _PENDING.get()
        if pending and call.kind == "llm":
            self._read_before(call, [each for each in pending if values.was_sent(call, each[0], each[2].value)])


_key = id  # `id` names a span's id in the methods


def _what(call: Call | None) -> str:
    return "" if call is None else str(call.details["what"])


def _has(run: Run, id: str) -> bool:
    return any(call.id == id for call in run.calls)


def _name(what: Seen, around: Call | None) -> str:
    """What a call is called; a model's, by the agent that asks it, since several may share it."""
    events = [] if what.kind != "llm" or _what(around) != "agent_step" or around is None else around.details["events"]
    return next((name for event in events if (name := getattr(event, "current_agent_name", None))), what.name)


def _is_part(around: Call | None, instance: Any) -> bool:
    """Whether a span is part of the call around it: its own method, or a model in a model."""
    if around is None:
        return False
    mine = instance is not None and around.details["instance"] == id(instance)
    return around.kind == "llm" or (mine and around.details["what"] not in _NESTING)


def _known(what: Seen, around: Call | None, instance: Any) -> dict[str, Any]:
    """What the flow needs to know beside a call's input."""
    in_program = around is not None and what.kind != "tool" and around.details["parses"]
    parses = what.what == "program" or in_program
    details = {"what": what.what, "instance": id(instance), "parses": parses, **what.details}
    if what.what in ("step", "agent_step") and (state := private.step_state()) is not None:
        details["work_item"] = state.work_item
    return details


def _step_output(call: Call, result: Any, output: Any) -> Any:
    """What a step gave: the event that it returned, after those that it sent."""
    call.details["returned"] = result
    if isinstance(result, AgentOutput):  # its list grows afterwards
        call.details["asked"] = tuple(asked.tool_id for asked in result.tool_calls)
    state = private.step_state()
    if state is None:
        return output
    known = {id(event) for event in call.details["events"]}
    collected = [event for event in state.collected if id(event) not in known]
    call.details["events"] = [*collected, *call.details["events"]]
    call.details["waited"] = state.waited
    return [*state.sent, *([] if result is None else [result])] if state.sent else output
