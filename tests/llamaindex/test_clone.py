"""Clones: what they share, and what is their own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.memory import BaseMemory, ChatSummaryMemoryBuffer
from llama_index.core.workflow import StartEvent, StopEvent, Workflow, step
from trace_llamaindex import Recorder, clone, expose, unexpose

from tests.llamaindex.programs import Scripted, memory
from tests.llamaindex.rows import QUESTION, condense_plus, engine, functions, team, telling

pytestmark = [pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")]


@pytest.fixture(autouse=True)
def no_loop() -> None:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open


def chat(llm: Any = None, memory: Any = memory) -> SimpleChatEngine:
    return SimpleChatEngine.from_defaults(llm=llm or telling(), memory=memory(), system_prompt="Be brief.")


def test_what_it_is_made_of_is_shared() -> None:
    program = engine()
    made = clone(program.target)
    assert made is not program.target
    assert type(made) is type(program.target)
    assert made.retriever is program.target.retriever


def test_a_chat_engine_gets_a_fresh_memory() -> None:
    original = chat()
    original.chat(QUESTION)
    made = clone(original)
    assert made.chat_history == []
    made.chat("And fish?")
    assert [len(each.chat_history) for each in (original, made)] == [2, 2]


def test_a_memory_that_is_not_known() -> None:
    class Own(BaseMemory):
        @classmethod
        def from_defaults(cls, **kwargs: Any) -> BaseMemory:
            return cls()

        def get(self, input: str | None = None, **kwargs: Any) -> Any:
            return []

        get_all = get

        def put(self, message: Any) -> None: ...

        def set(self, messages: Any) -> None: ...

        def reset(self) -> None: ...

    with pytest.raises(
        TypeError, match="no fresh Own can be made for a clone; give the chat engine a ChatMemoryBuffer"
    ):
        clone(chat(memory=Own))


def test_a_memory_with_a_store_of_its_own_kind() -> None:
    made = clone(chat(memory=lambda: ChatSummaryMemoryBuffer.from_defaults(llm=telling())))
    assert made.chat_history == []


@pytest.mark.parametrize("make", [engine, condense_plus, functions, team], ids=lambda make: make.__name__)
def test_the_parameters_are_shared(make: Any) -> None:
    program = make()
    parameters = expose(program.target, name="x")
    name = next(name for name in parameters if name.endswith(("text_qa.system", "system_prompt")))
    made = clone(program.target)
    again = expose(made, name="y")
    assert list(again.values()) == list(parameters.values())
    parameters[name].set("Be kind.")
    unexpose(parameters)
    assert type(program.target) is type(make().target)


def test_what_is_written_or_tried_holds_for_a_clone() -> None:
    llm = telling()
    agent = FunctionAgent(llm=llm, system_prompt="Be brief.", tools=[])
    parameters = expose(agent, name="x")
    made = clone(agent)

    async def ask() -> str:
        await made.run(user_msg="go")
        return llm.sent[-1]

    parameters["x.system_prompt"].set("Be kind.")
    assert "system: Be kind." in asyncio.run(ask())
    with parameters.candidate({"x.system_prompt": "Be quick."}):
        assert "system: Be quick." in asyncio.run(ask())


def test_put_back_a_clone_is_plain_too_with_the_values_of_then() -> None:
    agent = FunctionAgent(llm=telling(), system_prompt="Be brief.", tools=[])
    parameters = expose(agent, name="x")
    made = clone(agent)
    parameters["x.system_prompt"].set("Be kind.")
    unexpose(parameters)
    assert (type(made), made.system_prompt) == (FunctionAgent, "Be kind.")
    made.system_prompt = "Be quick."
    assert agent.system_prompt == "Be kind."


def test_chat_engines_in_a_workflow_are_cloned_with_it() -> None:
    class Chatting(Workflow):
        def __init__(self) -> None:
            super().__init__()
            self.chat = chat()

        @step
        async def answer(self, event: StartEvent) -> StopEvent:
            return StopEvent(result=str(self.chat.chat(event.get("input"))))

    original = Chatting()

    async def ask() -> str:
        return str(await clone(original).run(input=QUESTION))

    assert asyncio.run(ask()) == "Whales."
    assert original.chat.chat_history == []


def test_a_function_is_given_back() -> None:
    def program(question: str) -> str:
        return question

    assert clone(program) is program


def test_a_recorded_program_of_a_chat_engine_has_a_conversation_for_each_example() -> None:
    llm = Scripted(lambda text: text)
    answer = Recorder().program(chat(llm))
    assert [str(answer(text).data) for text in ("one", "two")] == ["one", "two"]
    assert [len(told) for told in llm.told] == [2, 2]


def test_chat_engines_in_lists_dicts_and_inner_workflows_are_cloned() -> None:
    class Chatting(Workflow):
        def __init__(self, **held: Any) -> None:
            super().__init__()
            vars(self).update(held)

        @step
        async def answer(self, event: StartEvent) -> StopEvent:
            return StopEvent(result=None)

    one, data = chat(), {"a": 1}
    original: Any = Chatting(chats={"one": one}, all=[one, (chat(),)], inner=Chatting(chat=one), data=data)
    vars(original)["chats"]["chats"] = original.chats
    made = clone(original)
    assert made.chats["one"] is made.all[0] is made.inner.chat
    assert made.chats["one"] is not one
    assert made.all[1][0] is not original.all[1][0]
    assert original.chats["one"] is original.inner.chat is one
    assert made.data is data
