"""Texts that plain code carries from one agent to another lead from where they were made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from trace_autogen.classic import Recorder, trace

from tests.autogen.drawing import drawn
from tests.autogen_classic.agents import ConversableAgent, asks, assistant, user, with_tools

PARIS = "The capital of France is Paris, on the Seine."


def ask(agent: Any, text: str) -> str:
    return str(agent.generate_reply(messages=[{"role": "user", "content": text}]))


def chat(agent: Any, text: str, **arguments: Any) -> Any:
    return user().initiate_chat(agent, message=text, max_turns=1, silent=True, **arguments)


def edges(agents: list[Any], program: Callable[[], Any]) -> set[str]:
    recorder = Recorder()
    for each in agents:
        trace(each, recorder)
    with recorder.run() as run:
        program()
    return drawn(run)["edges"]


def test_a_reply_is_carried_into_what_another_agent_is_asked() -> None:
    one, other = assistant("one", PARIS), assistant("other", "Fine.")
    assert edges([one, other], lambda: ask(other, f"Summarize: {ask(one, 'Which city?')}")) == {"I>llm1", "llm1>llm2"}


@pytest.mark.parametrize("first", [ask, chat])
@pytest.mark.parametrize("second", [ask, chat])
def test_what_was_asked_before_is_asked_again(first: Callable[..., Any], second: Callable[..., Any]) -> None:
    one, other = assistant("one", "Oak."), assistant("other", "Elm.")

    def program() -> None:
        first(one, "Which is the tallest tree of all?")
        second(other, "Which is the tallest tree of all?")

    made = edges([one, other], program)
    assert "llm1>llm2" not in made
    assert any(each.startswith("I") and each.endswith(">llm2") for each in made)


def test_any_message_of_a_chat_may_be_carried_on() -> None:
    asking, one, other = assistant("asking", "And Spain?"), assistant("one", PARIS, "It is Madrid."), assistant("other")
    other.script.append("Fine.")

    def program() -> None:
        result = asking.initiate_chat(one, message="France?", max_turns=2, silent=True)
        ask(other, f"Is this true? {result.chat_history[1]['content']}")

    assert {each for each in edges([asking, one, other], program) if each.endswith(">llm4")} == {"llm1>llm4"}


def test_an_agent_is_asked_within_a_tool() -> None:
    expert = assistant("expert", "It is Paris.", "A river.")

    def look_up(country: str) -> str:
        """Look it up."""
        return f"{ask(expert, f'The capital of {country}?')} {ask(expert, 'And what is the Seine?')}"

    asking, helper = user(), assistant("helper", asks(("1", "look_up", {"country": "the United States"})), "Paris.")
    with_tools(helper, asking, look_up)
    made = edges(
        [asking, helper, expert], lambda: asking.initiate_chat(helper, message="Hi!", max_turns=2, silent=True)
    )
    assert {"llm1>look_up", "llm1>llm2", "I2>llm3", "llm2>look_up", "llm3>look_up", "look_up>llm4"} <= made
    assert not {"I1>llm2", "I1>llm3"} & made


def test_a_reply_function_asks_twice() -> None:
    asking, writer = user(), assistant("writer", "A poem of the oak.", "Too short.")

    def reply(recipient: Any, messages: Any, sender: Any, config: Any) -> tuple[bool, str]:
        draft = recipient.generate_oai_reply(messages)[1]
        return True, recipient.generate_oai_reply([{"role": "user", "content": f"Criticize this: {draft}"}])[1]

    writer.register_reply([ConversableAgent, None], reply, position=0)
    made = edges([asking, writer], lambda: asking.initiate_chat(writer, message="Write.", max_turns=1, silent=True))
    assert made == {"I>llm1", "llm1>llm2"}


def going_on(first: str, asking: Any, one: Any, other: Any, recorder: Recorder) -> None:
    if first == "chats":
        shared = {"max_turns": 1, "summary_method": "last_msg", "silent": True}
        asking.initiate_chats([{"recipient": each, "message": each.name, **shared} for each in (one, other)])
        return
    with recorder.run():
        for each in (one, other):
            asking.initiate_chat(each, message=each.name, max_turns=1, silent=True)


@pytest.mark.parametrize("first", ["chats", "block"])
def test_a_chat_that_goes_on_after_several_is_a_further_turn(first: str) -> None:
    asking, recorder = user(), Recorder()
    one, other = assistant("one", "Oak.", "Birch.", "Ash."), assistant("other", "Elm.", "Beech.")
    for each in (asking, one, other):
        trace(each, recorder)
    going_on(first, asking, one, other, recorder)
    for each, said in ((one, "Oak."), (other, "Elm.")):
        asking.initiate_chat(each, message="And then?", max_turns=1, silent=True, clear_history=False)
        assert said in [node.data for node in recorder.last.output.parents]
    asking.initiate_chat(one, message="Again!", max_turns=1, silent=True)
    assert [node.op for node in recorder.last.output.parents] == ["input"]


def test_a_nested_chat_that_keeps_its_history_goes_on() -> None:
    asking, fronting, helping = user(), assistant("front"), assistant("back", "Oak.", "Elm.")
    inner = {"recipient": helping, "max_turns": 1, "summary_method": "last_msg", "silent": True}
    fronting.register_nested_chats([{**inner, "clear_history": False}], trigger=asking)
    recorder = trace(asking, trace(fronting))
    trace(helping, recorder)
    for text in ("One?", "Two?"):
        asking.initiate_chat(fronting, message=text, max_turns=1, silent=True)
    assert [node.data for node in recorder.last.output.parents] == ["One?", "Oak.", "Two?"]
