"""What a program spends on calls that led to no output counts, too: it is read from all that recorders saw begin."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from typing import Any

import pytest

pytest.importorskip("langchain_core")
pytest.importorskip("autogen_agentchat")

from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from trace_autogen import Recorder as AutoGenRecorder
from trace_autogen import expose as expose_agents
from trace_autogen import trace
from trace_langchain import Recorder, expose

from tests.autogen.programs import Answering
from tests.train.synthetic import NO_PAUSE
from tests.train.test_langchain_chain import Router
from trace_core import MessageNode, OptoPrime, ParameterSet, ReplayChat, node
from trace_core.llm import Usage
from trace_core.operators import Operation
from trace_core.recording import BaseRecorder, Call, Flow, Ledger
from trace_train import Budget, Contains, MaxSteps, Trainer
from trace_train.budget import Spending
from trace_train.metering import Account

ONE = Usage(1, 20, 5)
"""A call of a router."""


def spent(program: Any, parameters: ParameterSet, tickets: Sequence[str] = ("Refund me",), **options: Any) -> Usage:
    """What a program spends on some examples, each run once."""
    made = Trainer(program, OptoPrime(parameters, ReplayChat([])), Contains("text"), inputs="text", progress=False)
    report = made.fit([{"text": text} for text in tickets], stopping=[MaxSteps(0)], **options)
    assert report.spent.evaluations == len(tickets)
    assert report.spent.calls == report.by_role["program"].calls
    return report.by_role["program"]


def times(count: int) -> Usage:
    return sum([ONE] * count, Usage())


def chain(then: Callable[[AIMessage], Any]) -> Any:
    return ChatPromptTemplate([("system", "Which queue?"), ("human", "{ticket}")]) | Router() | RunnableLambda(then)


def refused(message: AIMessage) -> str:
    raise ValueError(f"not a queue: {message.text}")


class Shaky:
    """Accepts an answer at the third attempt."""

    def __init__(self) -> None:
        self.attempts = 0

    def __call__(self, message: AIMessage) -> str:
        self.attempts += 1
        return str(message.text) if self.attempts > 2 else refused(message)


def test_an_answer_that_was_refused_before_a_fallback_gave_another_counts() -> None:
    program = chain(refused).with_fallbacks([chain(lambda message: message.text)])
    assert spent(Recorder().program(program), expose(program, kinds="system_prompt")) == times(2)


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("in_a_block", [False, True])
def test_each_attempt_counts_once(is_async: bool, in_a_block: bool) -> None:
    retried = chain(Shaky()).with_retry(stop_after_attempt=3, wait_exponential_jitter=False)
    recorder = Recorder()
    config = {"callbacks": [recorder]}

    def program(text: str) -> Any:
        retried.invoke({"ticket": text}, config)
        return recorder.last.output

    async def in_async(text: str) -> Any:
        await retried.ainvoke({"ticket": text}, config)
        return recorder.last.output

    tried = recorder.program(retried) if in_a_block else in_async if is_async else program
    assert spent(tried, expose(retried, kinds="system_prompt")) == times(3)


@pytest.mark.parametrize("is_async", [False, True])
def test_what_a_program_spent_that_raised_counts(is_async: bool) -> None:
    failing, config = chain(refused), {"callbacks": [Recorder()]}

    def program(text: str) -> Any:
        return failing.invoke({"ticket": text}, config)

    async def in_async(text: str) -> Any:
        return await failing.ainvoke({"ticket": text}, config)

    parameters = expose(failing, kinds="system_prompt")
    assert spent(in_async if is_async else program, parameters, ["Refund me", "Password lost"]) == times(2)


def test_each_evaluation_pays_for_its_own_calls_however_many_go_on_at_once() -> None:
    working, dropped, config = chain(lambda message: message.text), chain(lambda message: "a draft"), Recorder()
    texts = [f"ticket {i}" for i in range(12)]

    def program(text: str) -> Any:
        if text < "ticket 5":
            dropped.batch([{"ticket": text}] * 2, {"callbacks": [config]})
        with config.run() as run:
            working.invoke({"ticket": text}, {"callbacks": [config]})
        return run.output

    twice = sum(text < "ticket 5" for text in texts)
    parameters = expose(working, kinds="system_prompt")
    assert spent(program, parameters, texts, parallel=4) == times(12 + 2 * twice)


def test_a_budget_is_held_to_by_what_led_to_nothing() -> None:
    program = chain(refused).with_fallbacks([chain(lambda message: message.text)])
    made = Trainer(
        Recorder().program(program),
        OptoPrime(expose(program, kinds="system_prompt"), ReplayChat([])),
        Contains("text"),
        inputs="text",
        progress=False,
        retry=NO_PAUSE,
    )
    examples = [{"text": f"ticket {i}"} for i in range(9)]
    report = made.fit(examples, parallel=1, budget=Budget(calls=6), stopping=[MaxSteps(0)])
    assert (report.state, report.spent.evaluations, report.spent.calls) == ("stopped", 3, 6)


def test_an_agents_answer_that_was_dropped_counts() -> None:
    from autogen_agentchat.agents import AssistantAgent

    recorder = AutoGenRecorder()
    drafting, writing = (AssistantAgent(name, Answering(), system_message="Be brief.") for name in ("drafts", "writes"))
    for agent in (drafting, writing):
        trace(agent, recorder, fresh=True)

    async def program(text: str) -> Any:
        await drafting.run(task=text)
        with recorder.run() as run:
            await writing.run(task=text)
        return run.output

    assert spent(program, expose_agents(writing), ["one", "two"], parallel=1) == Usage(4, 4, 4)


class Calls(BaseRecorder):
    """Records calls that are told to it."""

    def _flow(self, calls: list[Call], earlier: Sequence[Flow]) -> Flow:
        return Flow(calls, Ledger(lambda value: None, lambda value: None), earlier)

    def call(self) -> None:
        self._begin("a", None, "llm", "model", "question", {"info": {"usage": Usage(1, 2, 3)}})


async def test_a_task_that_outlives_the_work_is_not_counted_and_holds_nothing() -> None:
    go_on, recorder, account = asyncio.Event(), Calls(), Account(Spending(), "program")

    async def later() -> None:
        await go_on.wait()
        recorder.call()

    with account:
        task = asyncio.create_task(later())
    assert account.settle(None, 1) == Usage()
    go_on.set()
    await task
    assert account.settle(None, 1) == Usage()


def test_a_call_of_one_evaluation_is_in_no_block_of_another() -> None:
    recorder, one, other = Calls(), Account(Spending(), "program"), Account(Spending(), "program")

    def beside() -> None:
        with other:
            recorder.call()

    with one, recorder.run() as run:
        Context().run(beside)
    assert (one.settle(None, 1), other.settle(None, 1)) == (Usage(), Usage(1, 2, 3))
    assert not run.calls


def test_a_call_of_a_thread_that_knows_of_no_evaluation_is_in_the_only_block() -> None:
    recorder, account = Calls(), Account(Spending(), "program")
    with account, recorder.run():
        Context().run(recorder.call)
    assert account.settle(None, 1) == Usage(1, 2, 3)


def test_an_attempt_that_the_framework_reported_as_a_run_of_its_own_counts_once() -> None:
    recorder, account, question, answer = Calls(), Account(Spending(), "program"), ["question"], ["answer"]
    with account:
        recorder._begin("retry", None, "function", "retry", question, {})
        recorder._begin("attempt", None, "llm", "model", question, {"info": {"usage": Usage(1, 2, 3)}})
        recorder._end("attempt", answer)
        recorder._end("retry", answer)
    [run] = recorder.runs
    assert account.settle(run.output.graph(), 1) == Usage(1, 2, 3)


def test_a_run_whose_values_cannot_be_shown_costs_nothing_and_fails_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def redact(value: Any) -> Any:
        raise KeyError("secret")

    recorder, account = Calls(redact=redact), Account(Spending(), "program")
    output = MessageNode("x", Operation("llm", (), "llm()", None), (node(1),), None, False)
    with account:
        recorder.call()
    assert account.settle(output.graph(), 1) == Usage(1)
    assert "is not known" in caplog.text
