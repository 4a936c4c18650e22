"""What the SDK tells of a run while it goes on, taken down as calls; nothing of that raises into it."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agents import Handoff, RunHooks
from agents.tracing import GuardrailSpanData, get_current_span

from trace_core.exposing import read_now
from trace_core.recording import MISSING
from trace_openai.agents.asked import Asked
from trace_openai.agents.conversations import answered, conversation, kept_by_server, waiting, waits_for
from trace_openai.agents.ends import checks_of, who_raised
from trace_openai.agents.items import call_id, is_answer, output_of
from trace_openai.agents.reads import Reads
from trace_openai.agents.standing import RUNNING, AgentsStand
from trace_openai.agents.values import arguments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trace_core.context import Read
    from trace_core.exposing import Place
    from trace_core.parameter_nodes import ParameterNode
    from trace_core.recording import Call
    from trace_openai.agents.recorder import Recorder

_log = logging.getLogger(__name__)
_COUNT = itertools.count()


class Hooks(RunHooks[Any]):
    """Says with which recorder a run is recorded; `Recorder.hooks` makes it.

    Args:
        recorder: the recorder.
        also: hooks of the user's.
    """

    def __init__(self, recorder: Recorder, also: Any) -> None:
        self.recorder = recorder
        self.also = also

    async def on_agent_start(self, context: Any, agent: Any) -> None:
        """Comes here only where the runner is not ours, so that nothing is recorded."""
        _log.warning("the run of %s is not recorded: another default runner was set", agent.name)


class RecordedRun(RunHooks[Any]):
    """The hooks of one run of an agent, which take down its calls.

    Args:
        recorder: where they are recorded.
        root: the call that the run is.
        given: its input.
        options: what else `Runner.run` was given.
        also: hooks of the user's, which are called too.
    """

    def __init__(self, recorder: Recorder, root: Call, given: Any, options: Mapping[str, Any], also: Any) -> None:
        self.recorder = recorder
        self.root = root
        self._also = RunHooks[Any]() if also is None else also
        self._asked = Asked(each.raw_item for each in waiting(given))
        self._calls: list[Call] = []
        self._model: Call | None = None
        self._tools: dict[str, Call] = {}
        self._spans: dict[Any, tuple[Any, Call]] = {}
        self._reads = Reads(options)

    @classmethod
    def begin(
        cls,
        recorder: Recorder,
        outer: RecordedRun | None,
        agent: Any,
        given: Any,
        options: Mapping[str, Any],
        also: Any,
    ) -> RecordedRun | None:
        """A run begins; None if that could not be recorded."""
        given = given.copy() if isinstance(given, list) else given  # the list may grow
        details = {"conversation": conversation(given, options), "kept_by_server": kept_by_server(options)}
        parent = None if outer is None else outer.around().id
        name = str(getattr(agent, "name", "agent"))
        root = recorder._begin(("run", next(_COUNT)), parent, "run", name, given, details)
        return None if root is None else cls(recorder, root, given, options, also)

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """What runs in the block is in this run, and an error that leaves it is its end."""
        token = RUNNING.set(self)
        try:
            yield
        except BaseException as error:
            self.fail(error)
            raise
        finally:
            RUNNING.reset(token)

    def around(self) -> Call:
        """The call in which we are: a tool or a guardrail, by the span in which the SDK runs it, else the run."""
        span = get_current_span()
        known = None if span is None else self._spans.get(id(span)) or self._spans.get(span.parent_id)
        if known is not None:
            return known[1]
        if span is not None and isinstance(span.span_data, GuardrailSpanData):
            check = self._begin("function", span.span_data.name, None)
            if check is not None:
                self._run_in(span, check)
                return check
        running = [tool for tool in self._tools.values() if tool.ended is None]
        return running[0] if len(running) == 1 and self._model is None else self.root

    def _run_in(self, span: Any, call: Call) -> None:
        self._spans[id(span)] = self._spans[span.span_id] = (span, call)

    def note(self, stand: AgentsStand, place: Place, parameter: ParameterNode, read: Read) -> None:
        """A value was read: what is read before a model is asked, and while it is, goes into what it is told."""
        model = self._model
        if model is None:
            self._reads.add(stand, place, parameter, read)
        else:
            here = [(place.argument, parameter, read)]
            self._quietly("what a model was told", lambda: self.recorder._read_before(model, here))

    # --- what the SDK tells

    async def on_agent_start(self, context: Any, agent: Any) -> None:
        """An agent takes over: what was read for another one before is not told to its model."""
        self._reads.clear()
        await self._also.on_agent_start(context, agent)

    async def on_agent_end(self, context: Any, agent: Any, output: Any) -> None:
        """An agent has given its output."""
        await self._also.on_agent_end(context, agent, output)

    async def on_llm_start(self, context: Any, agent: Any, system_prompt: Any, input_items: Any) -> None:
        """A model is asked."""
        self._quietly("a question to a model", lambda: self._ask(agent, system_prompt, input_items))
        await self._also.on_llm_start(context, agent, system_prompt, input_items)

    async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
        """A model has answered."""
        self._quietly("a model's answer", lambda: self._answer(response))
        await self._also.on_llm_end(context, agent, response)

    async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
        """A tool is called."""
        self._quietly("a call of a tool", lambda: self._call(context, tool))
        await self._also.on_tool_start(context, agent, tool)

    async def on_tool_end(self, context: Any, agent: Any, tool: Any, result: Any) -> None:
        """A tool has given its result."""
        self._quietly("the result of a tool", lambda: self._result(context, tool, result))
        await self._also.on_tool_end(context, agent, tool, result)

    async def on_handoff(self, context: Any, from_agent: Any, to_agent: Any) -> None:
        """An agent hands over to another one."""
        self._quietly("a handoff", lambda: self._hand_over(from_agent, to_agent))
        await self._also.on_handoff(context, from_agent, to_agent)

    def end(self, result: Any) -> None:
        """The run gave this."""
        self._finish(result, None)

    def fail(self, error: BaseException) -> None:
        """This left it."""
        self._finish(None, error)

    # --- taking it down

    def _ask(self, agent: Any, system_prompt: str | None, items: Any) -> None:
        for item in items if isinstance(items, list) else ():
            if is_answer(item) and (found := call_id(item)) in self._asked.open():
                self._answered(found, item)
        details = {"kept_by_server": self.root.details["kept_by_server"]}
        self._model = self._begin("llm", agent.name, list(items) if isinstance(items, list) else items, details)
        reads = self._reads.take(agent, system_prompt)
        if self._model is not None:
            self.recorder._read_before(self._model, reads)

    def _answered(self, found: str, item: Any) -> None:
        """A call that no tool was told of: one that was refused, or that is not there."""
        tool = self._begin("tool", self._asked.name(found), self._asked.arguments(found), {"call_id": found})
        self._asked.done(found)
        if tool is not None:
            self.recorder._end(tool.id, output_of(item))

    def _answer(self, response: Any) -> None:
        self._asked.take_in(response.output)
        if self._model is None:
            return
        usage = getattr(response, "usage", None)
        tokens = {"prompt_tokens": usage.input_tokens, "completion_tokens": usage.output_tokens} if usage else {}
        info = {"usage": tokens, "id": response.response_id}
        self._model.details["info"] = {name: value for name, value in info.items() if value}
        self.root.details["conversation"] |= answered(response)
        self.recorder._end(self._model.id, response)
        self._model = None

    def _call(self, context: Any, tool: Any) -> None:
        found = getattr(context, "tool_call_id", None) or next(iter(self._asked.open()), None)
        if found is None:
            return
        told = getattr(context, "tool_arguments", None)
        given = self._asked.arguments(found) if told is None else arguments(told)
        self._asked.done(found)
        call = self._begin("tool", tool.name, given, {"call_id": found})
        if call is None:
            return
        self._tools[found] = call
        span, stand = get_current_span(), AgentsStand.of(tool)
        if span is not None:
            self._run_in(span, call)
        places = () if stand is None else stand.places
        reads = [("code", parameter, read_now(parameter)) for place, parameter in places if place.argument == "code"]
        self.recorder._read_before(call, reads)

    def _result(self, context: Any, tool: Any, result: Any) -> None:
        found = getattr(context, "tool_call_id", None)
        running = [each for key, each in self._tools.items() if each.ended is None and found in (None, key)]
        call = next((each for each in running if each.name == tool.name), None)
        if call is None:
            return
        if (raised := call.details.get("raised")) is None:
            self.recorder._end(call.id, result)
        else:  # the model is told this instead
            call.details["info"] = {"told": self.recorder._shown(result)}
            self.recorder._fail(call.id, raised)

    def _hand_over(self, giver: Any, taker: Any) -> None:
        found = self._asked.handoff(giver, taker)
        name = Handoff.default_tool_name(taker) if found is None else self._asked.name(found)
        call = self._begin("handoff", name, self._asked.arguments(found), {"call_id": found})
        if found is not None:
            self._asked.done(found)
        if call is not None:
            self.recorder._end(call.id, taker.name)

    # --- how it ends

    def _finish(self, result: Any, error: BaseException | None) -> None:
        if self.root.ended is None:
            self._quietly("what guardrails gave", lambda: self._end_checks(result, error))
            self._quietly("the end of the calls in a run", lambda: self._end_calls(error))
            self._ended(self.root, result, error)

    def _end_checks(self, result: Any, error: BaseException | None) -> None:
        self.root.details["conversation"] |= waits_for(getattr(result, "interruptions", ()))
        for check in checks_of(result, error):
            self._end_check(check)

    def _end_calls(self, error: BaseException | None) -> None:
        """End what has not ended: it raised what left the run, or was given up."""
        running = [call for call in self._calls if call.ended is None]
        raised = None if error is None else who_raised(error, running)
        for call in running:
            self._ended(call, MISSING, error if call is raised else None)

    def _end_check(self, check: Any) -> None:
        """A guardrail, of which only the result is told."""
        known = [each for each in self._calls if each.kind == "function" and each.ended is None]
        known = [each for each in known if each.name == check.name]
        call = known[0] if known else self._begin("function", check.name, None)
        if call is not None:
            call.details["of_output"] = check.is_of_output
            self._ended(call, check.output, check.error)

    def _ended(self, call: Call, output: Any, error: BaseException | None) -> None:
        if error is None:
            self.recorder._end(call.id, output)
        else:
            self.recorder._fail(call.id, error)

    def _begin(self, kind: str, name: str, inputs: Any, details: dict[str, Any] | None = None) -> Call | None:
        call = self.recorder._begin((kind, next(_COUNT)), self.root.id, kind, name, inputs, details or {})
        if call is not None:
            self._calls.append(call)
        return call

    def _quietly(self, what: str, take_down: Callable[[], None]) -> None:
        try:
            take_down()
        except Exception as error:  # noqa: BLE001 - a bug of ours must not end the user's run
            self.recorder._missed(what, None, self.root.id, error)
