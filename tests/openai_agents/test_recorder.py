"""Which runs are recorded, how they end, and that nothing of it is left behind."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import weakref
from typing import Any

import pytest

pytest.importorskip("agents")

from agents import (
    Agent,
    AgentHooks,
    MaxTurnsExceeded,
    RunConfig,
    RunHooks,
    Runner,
    UserError,
    custom_span,
    function_tool,
    set_tracing_disabled,
)
from agents.run import get_default_agent_runner, set_default_agent_runner
from agents.tracing import TracingProcessor, set_trace_processors
from trace_openai.agents import Recorder, expose, unexpose
from trace_openai.agents.hooks import RecordedRun

from tests.autogen.drawing import drawn
from tests.openai_agents.programs import ADDS, Answering, add, agent, asks, echoing, scripted
from trace_core import ExceptionNode
from trace_core.errors import AmbiguousOutput
from trace_core.recording import BaseRecorder


@pytest.fixture(autouse=True)
def no_hooks_of_other_tests() -> None:
    gc.collect()  # an error that was recorded keeps the hooks of its run until then


class Seen(RunHooks[Any]):
    """Hooks of the user's that keep what they were told."""

    def __init__(self) -> None:
        self.events: list[str] = []

    async def on_agent_start(self, context: Any, agent: Any) -> None:
        self.events.append("agent_start")

    async def on_agent_end(self, context: Any, agent: Any, output: Any) -> None:
        self.events.append("agent_end")

    async def on_llm_start(self, context: Any, agent: Any, system_prompt: Any, input_items: Any) -> None:
        self.events.append("llm_start")

    async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
        self.events.append("llm_end")

    async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
        self.events.append(f"tool_start {tool.name}")

    async def on_tool_end(self, context: Any, agent: Any, tool: Any, result: Any) -> None:
        self.events.append(f"tool_end {result}")

    async def on_handoff(self, context: Any, from_agent: Any, to_agent: Any) -> None:
        self.events.append(f"handoff {from_agent.name} {to_agent.name}")


EVENTS = ["agent_start", "llm_start", "llm_end", "tool_start add", "tool_end 3", "llm_start", "llm_end", "agent_end"]


def adding(**options: Any) -> Agent[Any]:
    return agent("a", asks(ADDS), "It is 3.", tools=[add], **options)


# --- which runs are recorded


async def test_in_a_block_nothing_need_be_passed() -> None:
    recorder = Recorder()
    with recorder.run() as run:
        await Runner.run(adding(), "1 + 2?")
    assert run.output.data == "It is 3."
    assert recorder.runs == (run,)


async def test_outside_nothing_is_recorded_and_the_runner_is_the_one_that_was_there() -> None:
    before, recorder = get_default_agent_runner(), Recorder()
    with recorder.run():
        assert get_default_agent_runner() is not before
    assert get_default_agent_runner() is before
    await Runner.run(adding(), "1 + 2?")
    assert len(recorder.runs) == 1
    assert not recorder.last.calls


async def test_an_agent_that_is_traced_and_those_that_it_reaches() -> None:
    before, recorder = get_default_agent_runner(), Recorder()
    spanish = agent("Spanish", "Hola.", "Adiós.")
    triage = agent("Triage", asks(("transfer_to_spanish", "{}")), handoffs=[spanish])
    recorder.trace(triage)
    recorder.trace(triage)
    await Runner.run(triage, "Hello?")
    await Runner.run(spanish, "Bye?")
    assert [run.output.data for run in recorder.runs] == ["Hola.", "Adiós."]
    recorder.untrace(triage)
    assert get_default_agent_runner() is before
    await Runner.run(agent("b", "Hm."), "What?")
    assert len(recorder.runs) == 2


async def test_other_agents_and_other_tasks_are_not_in_a_block() -> None:
    recorder, begun, ended = Recorder(), asyncio.Event(), asyncio.Event()

    async def elsewhere() -> None:
        await begun.wait()
        await Runner.run(agent("b", "Hm."), "What?")
        ended.set()

    task = asyncio.create_task(elsewhere())
    with recorder.run() as run:
        begun.set()
        await ended.wait()
        await Runner.run(agent("a", "Yes."), "Is it?")
    await task
    assert [call.name for call in run.calls if call.kind == "run"] == ["a"]


async def test_the_users_own_hooks_are_called_too() -> None:
    recorder, seen, also = Recorder(), Seen(), Seen()
    with recorder.run():
        await Runner.run(adding(), "1 + 2?", hooks=seen)
    await Runner.run(adding(), "1 + 2?", hooks=recorder.hooks(also))
    assert seen.events == also.events == EVENTS


async def test_hooks_of_an_agent_are_left_alone() -> None:
    class Own(AgentHooks[Any]):
        started = 0

        async def on_start(self, context: Any, agent: Any) -> None:
            Own.started += 1

    hooks = Own()
    asked = adding(hooks=hooks)
    with Recorder().run():
        await Runner.run(asked, "1 + 2?")
    assert asked.hooks is hooks
    assert Own.started == 1


async def test_an_error_of_the_users_hooks_is_theirs() -> None:
    class Broken(RunHooks[Any]):
        async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
            raise LookupError("mine")

    recorder = Recorder()
    with recorder.run() as run, pytest.raises(UserError, match="mine"):
        await Runner.run(adding(), "1 + 2?", hooks=Broken())
    assert "mine" in str(run.error.data)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "broken", ["begin", "_ask", "_answer", "_call", "_result", "_end_checks", "_end_calls", "around", "note"]
)
async def test_a_bug_of_ours_does_not_end_the_users_run(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*args: Any) -> None:
        raise RuntimeError("a bug")

    recorder, asked = Recorder(), adding(instructions="Add.")
    parameters = expose(asked)
    monkeypatch.setattr(BaseRecorder if broken == "note" else RecordedRun, _READ.get(broken, broken), bug)
    with recorder.run() as run:
        result = await Runner.run(asked, "1 + 2?")
    unexpose(parameters)
    assert result.final_output == "It is 3."
    assert not run.is_active
    assert run.lacks or broken == "around"


_READ = {"note": "_read_before"}


async def test_hooks_that_are_none_are_refused_as_without_us() -> None:
    class Wrong(AgentHooks[Any]): ...

    with Recorder().run(), pytest.raises(TypeError, match="hooks"):
        await Runner.run(adding(), "1 + 2?", hooks=Wrong())  # type: ignore[arg-type]


@pytest.mark.parametrize("disabled", [True, False])
async def test_spans_of_the_users_in_a_tool(disabled: bool) -> None:
    set_tracing_disabled(disabled)
    helper = agent("Helper", "Hola, mundo.")

    @function_tool
    async def translate(text: str) -> str:
        """Translate."""
        with custom_span("mine"):
            return str((await Runner.run(helper, text)).final_output)

    asked = agent("a", asks(("translate", '{"text": "Hello, world."}')), "Hola.", tools=[translate])
    recorder = Recorder()
    await Runner.run(asked, "Translate it.", hooks=recorder.hooks())
    assert {"llm1>llm2", "llm2>translate"} <= drawn(recorder.last)["edges"]


async def test_the_sdks_own_traces_are_as_without_us() -> None:
    class Spans(TracingProcessor):
        def __init__(self) -> None:
            self.seen: list[str] = []

        def on_trace_start(self, trace: Any) -> None:
            self.seen.append(f"trace {trace.name}")

        def on_trace_end(self, trace: Any) -> None: ...

        def on_span_start(self, span: Any) -> None: ...

        def on_span_end(self, span: Any) -> None:
            self.seen.append(f"{span.span_data.type} {span.error is not None}")

        def shutdown(self) -> None: ...

        def force_flush(self) -> None: ...

    without, within = Spans(), Spans()
    set_tracing_disabled(False)
    set_trace_processors([without])
    await Runner.run(adding(), "1 + 2?")
    set_trace_processors([within])
    with Recorder().run():
        await Runner.run(adding(), "1 + 2?")
    assert within.seen == without.seen
    assert "function False" in within.seen


async def test_another_runner_that_is_set_meanwhile_stays() -> None:
    class Other:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        async def run(self, *args: Any, **options: Any) -> Any:
            return await self.inner.run(*args, **options)

    before, recorder = get_default_agent_runner(), Recorder()
    try:
        with recorder.run():
            other = Other(get_default_agent_runner())
            set_default_agent_runner(other)  # type: ignore[arg-type]
        assert get_default_agent_runner() is other
        with recorder.run() as run:
            await Runner.run(adding(), "1 + 2?")
        assert drawn(run)["nodes"] == {"I", "llm1", "add", "llm2"}
        assert get_default_agent_runner() is other
    finally:
        set_default_agent_runner(before)


async def test_hooks_where_our_runner_was_taken_away_say_so(caplog: pytest.LogCaptureFixture) -> None:
    recorder, inner = Recorder(), get_default_agent_runner()
    hooks = recorder.hooks()
    ours = get_default_agent_runner()
    set_default_agent_runner(inner)
    with caplog.at_level(logging.WARNING):
        await Runner.run(adding(), "1 + 2?", hooks=hooks)
    set_default_agent_runner(ours)
    del hooks
    gc.collect()
    assert "not recorded" in caplog.text
    assert get_default_agent_runner() is inner


def test_in_code_that_does_not_await() -> None:
    recorder = Recorder()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with recorder.run() as run:
        result = Runner.run_sync(adding(), "1 + 2?")
    loop.close()
    asyncio.set_event_loop(None)
    assert recorder.output(result) is run.output


async def test_what_a_model_was_told_is_explained_in_its_order() -> None:
    recorder = Recorder()
    await Runner.run(adding(), "1 + 2?", hooks=recorder.hooks())
    assert (
        recorder.last.explain()
        == """\
input0
llm0  a
  <- input0  (messages: message)
tool0  add
  <- llm0  (input: tool_call_id)
llm1  a
  <- input0  (messages[0]: message)
  <- llm0  (messages[1]: tool_call_id)
  <- tool0  (messages[2]: tool_call_id)"""
    )


# --- many at once


async def test_runs_at_once_with_one_agent_are_apart() -> None:
    recorder, asked = Recorder(), agent("a", echoing(), instructions="Echo:")
    recorder.trace(asked)
    await asyncio.gather(*(Runner.run(asked, f"number {number}") for number in range(8)))
    assert sorted(str(run.output.data) for run in recorder.runs) == [f"Echo: number {number}" for number in range(8)]
    assert all(drawn(run)["edges"] == {"I>llm"} for run in recorder.runs)


def test_threads_with_a_block_each_are_apart() -> None:
    asked, recorder, found = agent("a", echoing(), instructions="Echo:"), Recorder(), {}

    def ask(number: int) -> None:
        with recorder.run() as run:
            asyncio.run(Runner.run(asked, f"number {number}"))
        found[number] = run.output.data

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: f"Echo: number {number}" for number in range(8)}


# --- how runs end


async def test_the_output_of_a_result_or_of_its_final_output() -> None:
    recorder = Recorder()
    first = await Runner.run(adding(), "1 + 2?", hooks=recorder.hooks())
    await Runner.run(agent("b", "Seven whales."), "What?", hooks=recorder.hooks())
    assert recorder.output(first) is recorder.runs[0].output
    assert recorder.output("Seven whales.") is recorder.runs[1].output
    with pytest.raises(AmbiguousOutput):
        recorder.output("Eight whales.")


async def test_an_error_that_leaves_is_the_same_object() -> None:
    recorder = Recorder()
    with pytest.raises(MaxTurnsExceeded) as caught:
        await Runner.run(adding(), "1 + 2?", max_turns=1, hooks=recorder.hooks())
    assert recorder.error(caught.value) is recorder.last.error
    assert not recorder.last.is_active


async def test_a_run_that_is_cancelled_has_ended() -> None:
    recorder, asked = Recorder(), asyncio.Event()

    class Waiting(Answering):
        async def get_response(self, *args: Any, **kwargs: Any) -> Any:
            asked.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(Runner.run(agent("a", Waiting(lambda call: "")), "What?", hooks=recorder.hooks()))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not recorder.last.is_active


async def test_a_stream_that_is_left_early_goes_on_and_ends() -> None:
    recorder = Recorder()
    result = Runner.run_streamed(adding(), "1 + 2?", hooks=recorder.hooks())
    events = result.stream_events()
    async for _ in events:
        break
    await events.aclose()  # type: ignore[attr-defined]
    await result.run_loop_task  # type: ignore[misc]
    assert not recorder.last.is_active
    assert drawn(recorder.last)["outputs"] == {"llm2"}


async def test_a_stream_that_nobody_reads() -> None:
    recorder = Recorder()
    result = Runner.run_streamed(adding(), "1 + 2?", hooks=recorder.hooks())
    await result.run_loop_task  # type: ignore[misc]
    await asyncio.sleep(0)
    assert recorder.output(result).data == "It is 3."


async def test_a_stream_that_is_cancelled_has_ended() -> None:
    recorder = Recorder()
    result = Runner.run_streamed(adding(), "1 + 2?", hooks=recorder.hooks())
    async for event in result.stream_events():
        if event.type == "run_item_stream_event":
            result.cancel()
    assert not recorder.last.is_active
    assert "llm1" in drawn(recorder.last)["nodes"] or "llm" in drawn(recorder.last)["nodes"]


@pytest.mark.parametrize("in_block", [True, False])
async def test_what_runs_in_a_stream_after_the_block_is_in_it(in_block: bool) -> None:
    before, recorder = get_default_agent_runner(), Recorder()
    tool = agent("Helper", "Hola, mundo.").as_tool("translate", "Translates.")
    asked = agent("a", asks(("translate", '{"input": "Hello, world."}')), "Hola.", tools=[tool])
    if in_block:
        with recorder.run():
            result = Runner.run_streamed(asked, "Translate it.")
    else:
        result = Runner.run_streamed(asked, "Translate it.", hooks=recorder.hooks())
    async for _ in result.stream_events():
        pass
    assert drawn(recorder.last)["nodes"] == {"I", "llm1", "translate", "llm2", "llm3"}
    assert get_default_agent_runner() is before


async def test_turns_that_are_sent_back_by_hand_are_known_without_a_block() -> None:
    recorder, asked = Recorder(), agent("a", "It is a tree.", "In forests.")
    recorder.trace(asked)
    first = await Runner.run(asked, "What is an oak?")
    await Runner.run(asked, [*first.to_input_list(), {"role": "user", "content": "Where are they?"}])
    assert len(recorder.runs) == 2
    assert drawn(recorder.last)["edges"] == {"I1>llm1", "I1>llm2", "llm1>llm2", "I2>llm2"}


async def test_streams_at_once_are_apart() -> None:
    recorder, asked = Recorder(), agent("a", echoing(), instructions="Echo:")

    async def read(number: int) -> None:
        async for _ in Runner.run_streamed(asked, f"number {number}", hooks=recorder.hooks()).stream_events():
            await asyncio.sleep(0)

    await asyncio.gather(*(read(number) for number in range(4)))
    assert sorted(str(run.output.data) for run in recorder.runs) == [f"Echo: number {number}" for number in range(4)]


# --- programs


async def test_a_program_runs_while_a_loop_does() -> None:
    recorder = Recorder()
    answer = recorder.program(adding())
    assert answer("1 + 2?").data == "It is 3."


async def test_a_program_is_awaited() -> None:
    recorder = Recorder()
    node = await recorder.program(adding()).acall("1 + 2?")
    assert node is recorder.last.output


async def test_a_program_of_a_function() -> None:
    writer, critic = agent("Writer", *["A draft."] * 2), agent("Critic", *["It is short."] * 2)

    async def written(topic: str) -> str:
        draft = await Runner.run(writer, f"Write about {topic}.")
        return str((await Runner.run(critic, f"Judge: {draft.final_output}")).final_output)

    recorder = Recorder()
    program = recorder.program(written)
    assert (await program.acall("whales")).data == "It is short."
    assert program("whales").data == "It is short."
    assert drawn(recorder.last)["edges"] == {"I>llm1", "llm1>llm2"}


def test_options_of_a_program_go_to_the_runner() -> None:
    @function_tool
    def whoami(context: Any) -> str:
        """Who."""
        return "nobody"

    asked = agent("a", asks(ADDS), "It is 3.", tools=[add])
    recorder = Recorder()
    node = recorder.program(asked, max_turns=1)("1 + 2?")
    assert isinstance(node, ExceptionNode)
    assert "Max turns" in str(node.data)


def test_an_error_before_anything_was_asked_is_raised() -> None:
    def nothing(example: Any) -> None:
        raise LookupError("no agent")

    with pytest.raises(LookupError, match="no agent"):
        Recorder().program(nothing)("x")


def test_candidates_of_a_program_at_once() -> None:
    asked = agent("a", echoing(), instructions="Be brief.")
    parameters, recorder = expose(asked), Recorder()
    answer = recorder.program(asked)
    said = {}

    def tried(number: int) -> None:
        with parameters.candidate({"a.system_prompt": f"Be {number}."}) as candidate:
            node = answer("Hm?")
        candidate.verify(node)
        said[number] = node.data

    threads = [threading.Thread(target=tried, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == {number: f"Be {number}. Hm?" for number in range(8)}


# --- nothing is left behind


async def test_agents_results_and_runs_are_let_go() -> None:
    recorder, asked = Recorder(), adding()
    recorder.trace(asked)
    result = await Runner.run(asked, "1 + 2?")
    assert recorder.last.output.data == "It is 3."
    gone = [weakref.ref(each) for each in (asked, result)]
    recorder.clear()
    del asked, result
    gc.collect()
    assert [each() for each in gone] == [None, None]


async def test_an_agent_that_is_gone_is_traced_no_more() -> None:
    before, recorder, asked = get_default_agent_runner(), Recorder(), adding()
    recorder.trace(asked)
    del asked
    gc.collect()
    assert get_default_agent_runner() is before


async def test_models_tools_and_settings_of_the_run_win_as_they_do_without_us() -> None:
    recorder, asked = Recorder(), agent("a", "mine")
    result = await Runner.run(asked, "What?", hooks=recorder.hooks(), run_config=RunConfig(model=scripted("theirs")))
    assert result.final_output == recorder.last.output.data == "theirs"


async def test_put_back_an_agent_is_of_its_own_class() -> None:
    asked = adding(instructions="Be brief.")
    unexpose(expose(asked, kinds="all"))
    assert type(asked) is Agent
    assert type(add).__name__ == "FunctionTool"
    assert type(add).__module__ == "agents.tool"
    assert "_trace_stand" not in dir(type(add))
