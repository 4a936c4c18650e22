"""A key in any object is nowhere in what a recorder shows, keeps or writes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.query_engine import RetrieverQueryEngine, RouterQueryEngine
from llama_index.core.selectors import LLMSingleSelector
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import Event, StartEvent, StopEvent, Workflow, step
from pydantic import BaseModel, ConfigDict, SecretStr
from trace_llamaindex import Recorder
from trace_llamaindex.exposing import expose, unexpose
from trace_llamaindex.values import plain

from tests.llamaindex.known_scenarios import PAGES, QUESTION, kb
from tests.llamaindex.programs import Answer, Cut, Scripted, Shelf, memory
from trace_core import OptoPrime, ReplayChat
from trace_core.optimizers.records import NothingChanged
from trace_core.recording import Run

pytestmark = [
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:is_running called from within a step"),
]

KEY = "sk-sentinel-77aa31"


def keyed(*answers: Answer) -> Scripted:
    return Scripted(*answers, api_key=KEY, additional_kwargs={"headers": {"Authorization": KEY}})


class Client:
    """What holds a key, and shows it."""

    def __init__(self) -> None:
        self.key = KEY

    def __repr__(self) -> str:
        return f"Client({self.key})"


@dataclass
class Order:
    """A record of the user's that holds what it needs."""

    item: str
    client: Any
    model: Any


class Carried(Event):
    """An event that carries its model about."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    order: Order
    secret: SecretStr


class Carrying(Workflow):
    """Hands objects with keys from step to step."""

    @step
    async def begin(self, ev: StartEvent) -> Carried:
        return Carried(order=Order("a whale", ev.client, ev.llm), secret=SecretStr(KEY))

    @step
    async def end(self, ev: Carried) -> StopEvent:
        answer = await ev.order.model.acomplete(f"Sell {ev.order.item}.", client=ev.order.client, api_key=KEY)
        return StopEvent(result={"answer": answer.text, "order": ev.order, "clients": [ev.order.client]})


class Price(BaseModel):
    """What a tool gives: a record in which a model is."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    amount: int
    model: Any


def price(item: str) -> Price:
    """What something costs."""
    return Price(amount=7, model=keyed())


def fails(item: str) -> str:
    """Raises."""
    raise RuntimeError(f"no {item}")


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open
    made = Recorder()
    yield made
    made.uninstrument()


def engine(*answers: Answer, **options: Any) -> RetrieverQueryEngine:
    return RetrieverQueryEngine.from_args(Shelf(*PAGES), llm=keyed(*answers), node_postprocessors=[Cut(n=2)], **options)


def agent() -> FunctionAgent:
    calls: Answer = [("price", {"item": "whale"}), ("fails", {"item": "shark"}), ("kb", {"input": "Which have lungs?"})]
    quiet = FunctionTool.from_defaults(price, callback=lambda result: f"{result.amount} coins")
    return FunctionAgent(tools=[quiet, fails, kb(engine("Cetaceans do."))], llm=keyed(calls, "Seven."))


PROGRAMS: dict[str, Any] = {
    "model": lambda: keyed("A mammal.").complete(QUESTION, api_key=KEY, client=Client()),
    "engine": lambda: engine("Cetaceans do.").query(QUESTION),
    "stream": lambda: list(engine("Cetaceans do.", streaming=True).query(QUESTION).response_gen),
    "failing": lambda: failing(),
    "router": lambda: RouterQueryEngine(
        LLMSingleSelector.from_defaults(llm=keyed('[{"choice": 1, "reason": "alive"}]')),
        [kb(engine("Cetaceans do.")), kb(engine(), "stones", "Minerals.")],
        llm=keyed(),
    ).query(QUESTION),
    "agent": lambda: asyncio.run(asked(agent(), user_msg="What is it worth?", memory=memory())),
    "react": lambda: asyncio.run(
        asked(ReActAgent(tools=[price], llm=keyed("Thought: Done.\nAnswer: Seven.")), user_msg="What is it worth?")
    ),
    "team": lambda: asyncio.run(
        asked(AgentWorkflow(agents=[agent()], root_agent="Agent"), user_msg="What is it worth?")
    ),
    "workflow": lambda: asyncio.run(asked(Carrying(), client=Client(), llm=keyed("Sold."))),
}


async def asked(program: Any, **given: Any) -> Any:
    return await program.run(**given)


def failing() -> None:
    with pytest.raises(RuntimeError):
        engine(RuntimeError("out of quota")).query(QUESTION)


def shown(run: Run) -> str:
    """All that a run can show."""
    graph = run.graph
    parts: list[Any] = [run.explain(), run.explain("mermaid"), json.dumps(graph.to_json()), graph.to_text()]
    parts += [(node, node.data, getattr(node, "info", None)) for node in graph.nodes]
    return "\n".join(map(repr, [*parts, run, run.calls, run.lacks]))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_key_is_nowhere(name: str, recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), recorder.run() as run:
        PROGRAMS[name]()
        text = shown(run)
    assert run.graph.nodes
    assert KEY not in text
    assert KEY not in caplog.text


def test_a_key_is_in_no_problem_and_no_record_of_a_step(recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    program = agent()
    parameters = expose(program, name="shop", kinds="all")
    optimizer = OptoPrime(parameters, ReplayChat(["nothing to say"] * 3))
    try:
        with caplog.at_level(logging.DEBUG), recorder.run() as run:
            asyncio.run(asked(program, user_msg="What is it worth?"))
        run.output.backward("say it in dollars")
        with pytest.warns(NothingChanged):
            record = optimizer.step()
    finally:
        unexpose(parameters)
    assert KEY not in repr((record, record.problem, record.messages, record.answer))
    assert KEY not in caplog.text


def test_what_is_not_known_is_shown_by_its_type(recorder: Recorder) -> None:
    with recorder.run() as run:
        PROGRAMS["workflow"]()
    whale = {"item": "a whale", "client": "<Client>", "model": "<Scripted>"}
    begin = next(node for node in run.graph.nodes if getattr(node, "info", {}).get("name") == "begin")
    assert begin.data == {"order": whale, "secret": "<SecretStr>"}
    result = next(call.output for call in run.calls if call.details["what"] == "workflow")
    assert plain(result) == {"answer": "Sold.", "order": whale, "clients": ["<Client>"]}
