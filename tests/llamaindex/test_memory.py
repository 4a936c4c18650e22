"""Prompts of what a memory keeps beside the conversation: its blocks have models of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.memory import FactExtractionMemoryBlock, Memory, StaticMemoryBlock
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool
from trace_llamaindex import Recorder, expose, unexpose

from tests.llamaindex.rows import telling
from trace_core.errors import InvalidValue

pytestmark = [pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")]
FACTS = "x.memory.fact_extraction_prompt"
FACT = "<fact>She likes green tea.</fact>"
# So much that the first turn no longer fits into the conversation.
TURNS = ("I like green tea so much that I drink it all day, and all night too, if I may.", "Which tea shall I buy?")
ANSWERS = ("Hello.", f"<facts>{FACT}</facts>", "Green tea, surely.")


@pytest.fixture
def database() -> Iterator[AsyncEngine]:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open
    made = create_async_engine("sqlite+aiosqlite:///:memory:", poolclass=StaticPool)
    yield made
    asyncio.run(made.dispose())


def remembering(database: AsyncEngine, llm: Any, *more: Any) -> Memory:
    return Memory.from_defaults(
        token_limit=300,
        token_flush_size=10,
        chat_history_token_ratio=0.05,
        memory_blocks=[FactExtractionMemoryBlock(llm=llm), *more],
        async_engine=database,
    )


def chat(database: AsyncEngine, llm: Any, *more: Any) -> SimpleChatEngine:
    return SimpleChatEngine.from_defaults(llm=llm, memory=remembering(database, llm, *more))


def ask(engine: SimpleChatEngine) -> None:
    for text in TURNS:
        engine.chat(text)


def test_how_facts_are_found_is_learned_where_they_lead_to_the_answer(database: AsyncEngine) -> None:
    llm = telling(*ANSWERS)
    engine = chat(database, llm)
    parameters = expose(engine, name="x")
    assert list(parameters) == [FACTS, "x.memory.fact_condense_prompt", "x.memory.memory_blocks"]
    parameters[FACTS].set(parameters[FACTS].data.replace("INSTRUCTIONS", "WHAT TO DO"))
    with Recorder().run() as run:
        ask(engine)
    assert "WHAT TO DO" in llm.sent[1]
    assert FACT in llm.sent[2]
    run.output.backward("she said which one")
    assert parameters[FACTS].feedback, run.explain()
    assert not parameters["x.memory.fact_condense_prompt"].feedback
    with pytest.raises(InvalidValue, match="these tags must stay as they are"):
        parameters[FACTS].set("Find facts.")


def test_an_agents_memory_is_learned_beside_it(database: AsyncEngine) -> None:
    llm = telling(*ANSWERS)
    agent = FunctionAgent(llm=llm, system_prompt="Be brief.", streaming=False)
    kept = remembering(database, llm)
    parameters = expose([agent, kept], name="x", exclude="*condense*")
    assert list(parameters) == ["x.system_prompt", "x.fact_extraction_prompt", "x.memory_blocks"]

    async def ask() -> None:
        for text in TURNS:
            await agent.run(user_msg=text, memory=kept)

    with Recorder().run() as run:
        asyncio.run(ask())
    assert FACT in llm.sent[2]
    run.output.backward("she said which one")
    assert all(parameter.feedback for parameter in parameters.values()), run.explain()


def test_a_candidate_is_used(database: AsyncEngine) -> None:
    llm = telling(*ANSWERS)
    engine = chat(database, llm)
    parameters = expose(engine, name="x")
    with parameters.candidate({FACTS: parameters[FACTS].data.replace("INSTRUCTIONS", "WHAT TO DO")}):
        ask(engine)
    assert "WHAT TO DO" in llm.sent[1]


def test_what_is_put_around_the_blocks_is_learned_where_there_are_any(database: AsyncEngine) -> None:
    llm = telling("Hello.")
    engine = chat(database, llm, StaticMemoryBlock(static_content="She is from Ceylon."))
    parameters = expose(engine, name="x")
    parameter = parameters["x.memory.memory_blocks"]
    parameter.set(f"What is known: {parameter.data}")
    engine.chat("Hello?")
    assert "What is known:" in llm.sent[-1]
    assert "She is from Ceylon." in llm.sent[-1]
    unexpose(parameters)


def test_a_memory_without_blocks_has_no_prompts() -> None:
    assert list(expose([telling(), Memory.from_defaults()], kinds="all")) == ["temperature", "max_tokens"]
