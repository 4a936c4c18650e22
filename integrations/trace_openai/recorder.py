"""The recorder of what clients of OpenAI's API are asked, and answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any

from trace_core.context import SCOPE
from trace_core.nodes import MessageNode
from trace_core.parameter_nodes import ParameterNode
from trace_core.recording import BaseRecorder, Call, Flow, Ledger, Run
from trace_core.recording.call import ParameterRead
from trace_core.recording.callers import Caller, Callers
from trace_openai import values
from trace_openai.answers import get
from trace_openai.asked import argument_of
from trace_openai.endpoints import Endpoint
from trace_openai.flow import OpenAIFlow
from trace_openai.hearing import Hearing
from trace_openai.programs import PROGRAM, Program
from trace_openai.resolving import Given, Path
from trace_openai.secrets import Secrets
from trace_openai.tool_messages import STEP

_CALLERS = Callers(
    inside=("trace_core", "trace_openai", "openai"), ends=("anyio", "httpx", "httpx2", "pydantic", "tenacity")
)
_numbers = count(1)


class Recorder(BaseRecorder):
    """Records what traced clients are asked, and answer.

    Args:
        max_runs: how many runs are kept; older ones are let go.
        redact: called with each value before it reaches a graph, a problem or a file; gives what is shown instead.

    Example:
        recorder = Recorder()
        client = trace_openai(OpenAI(), recorder)
        with recorder.run() as run:
            client.responses.create(model="gpt-4.1-mini", input="Name a colour.")
        run.output.backward("name a warm one")
    """

    def __init__(self, *, max_runs: int = 100, redact: Callable[[Any], Any] | None = None) -> None:
        super().__init__(max_runs=max_runs, redact=redact)
        self._count = count(STEP, STEP).__next__
        self.secrets = Secrets()

    def program(self, program: Callable[[Any], Any]) -> Program:
        """A function from an example to the node of what a function of yours, which asks traced clients, gives for it.

        Each call is a run of its own, and several may run at once. An error gives its node too. The function's `acall`
        is the same in async code.

        Raises:
            TypeError: it is no function.

        Example:
            answer = recorder.program(write_about)
            answer("whales").backward("shorter")
        """
        return Program(self, program)

    def twin(self) -> Recorder:
        """Another one that shows what this one shows, and whose runs are its own."""
        made = Recorder(redact=self._redact)
        made.secrets = self.secrets
        return made

    # --- what clients report

    def asked(
        self,
        endpoint: Endpoint,
        sent: dict[str, Any],
        given: Given,
        learned: Sequence[ParameterRead],
        places: Sequence[Path],
    ) -> Hearing | None:
        """A request is made; gives what takes note of its answer."""
        id = f"request {next(_numbers)}"
        asked = given.arguments.get(endpoint.asked)
        details: dict[str, Any] = {
            "endpoint": endpoint,
            "sent": sent,
            "given": list(asked) if isinstance(asked, list) else asked,  # a history goes on
            "known": [*places, *(each.path for each in given.nodes if isinstance(each.node, ParameterNode))],
            "nodes": [each.path for each in given.nodes],
            "info": {"request": id},
        }
        here = PROGRAM.get()
        parent = here[1] if here is not None and here[0] == _key(self) else None
        call = self._begin(id, parent, endpoint.kind, str(sent.get("model") or endpoint.path), None, details)
        if call is None:
            return None
        self._take_nodes(call, given, learned)
        return Hearing(endpoint, bool(sent.get("stream")), partial(self._answered, call), partial(self._fail, id))

    def _take_nodes(self, call: Call, given: Given, learned: Sequence[ParameterRead]) -> None:
        """The nodes that stood in the arguments: those that this run made of calls lead to these, others are read."""
        if not given.nodes and not learned:
            return
        with self._lock:
            known = {each.id: each for each in self._open[call.id][0].calls} if given.nodes else {}
            reads, sources = list(learned), []
            for path, node, read in given.nodes:
                made_of = known.get(node.info.get("request")) if isinstance(node, MessageNode) and node.info else None
                if made_of is not None:
                    sources.append((path, made_of))
                    continue
                reads.append((argument_of(path, call.details["sent"]), node, read))
                call.details.setdefault("places", {})[id(node)] = path
            call.details["sources"] = sources
            if reads:
                self._read_before(call, reads)

    def _answered(self, call: Call, output: Any, details: dict[str, Any]) -> None:
        info = {**call.details["info"], **details.pop("info", {})}
        call.details = {**call.details, **details, "info": info}
        self._end(call.id, output)

    # --- how values are shown and linked

    def _flow(self, calls: list[Call], earlier: Sequence[Flow]) -> Flow:
        return OpenAIFlow(calls, Ledger(values.opened, values.key), earlier)

    def _plain(self, value: Any) -> Any:
        return self.secrets.without(values.plain(value))

    def _callers(self, call: Call, around: Call | None) -> Sequence[Caller]:
        return _CALLERS.now()

    def _is_result(self, call: Call, result: Any) -> bool:
        if super()._is_result(call, result) or any(each is result for each in call.details.get("objects", ())):
            return True
        id = get(result, "id")  # what the SDK put together of a stream is another object
        return isinstance(id, str) and id == call.details.get("info", {}).get("id")

    def _equals_result(self, call: Call, result: Any) -> bool:
        text = values.text_of(call.output) if call.succeeded else None
        return text is not None and (text == result if isinstance(result, str) else values.is_parsed(text, result))

    def _began_outermost(self, run: Run, call: Call) -> None:
        scope = SCOPE.get()
        if run.conversation is None and scope is not None and scope.inside:
            run.conversation = scope  # the calls that one run of a bundle makes belong together


_key = id  # `id` names a call's id in the methods
