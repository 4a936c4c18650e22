"""Chats at once are recorded apart; two agents that talk already are refused."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from trace_autogen.classic import ConcurrentTurns, Recorder, clone, trace

from tests.autogen_classic.agents import add, answering, asks, assistant, group, user, with_tools


class Waiting:
    """An answer that is not given before it is allowed."""

    def __init__(self) -> None:
        self.begun, self.allowed = threading.Event(), threading.Event()

    def __call__(self, messages: list[Any]) -> str:
        self.begun.set()
        assert self.allowed.wait(30)
        return f"{messages[-1]['content']}!"


def echo(messages: list[Any]) -> str:
    return f"{messages[-1]['content']}!"


def test_a_second_chat_of_two_agents_in_another_thread_is_refused() -> None:
    asking, waiting, recorder = user(), Waiting(), Recorder()
    helper, _ = answering("helper", waiting)
    for each in (asking, helper):
        trace(each, recorder)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(asking.initiate_chat, helper, message="One", max_turns=1, silent=True)
        try:
            assert waiting.begun.wait(30)
            with pytest.raises(ConcurrentTurns, match="use clones of them"):
                asking.initiate_chat(helper, message="Two", max_turns=1, silent=True)
            with pytest.raises(ConcurrentTurns):
                helper.initiate_chat(asking, message="Two", max_turns=1, silent=True)
        finally:
            waiting.allowed.set()
        result = first.result()
    assert [message["content"] for message in result.chat_history] == ["One", "One!"]
    assert recorder.output(result).data == "One!"
    assert asking.initiate_chat(helper, message="Three", max_turns=1, silent=True).summary == "Three!"
    assert [run.output.data for run in recorder.runs] == ["One!", "Three!"]


async def test_a_second_chat_of_two_agents_in_another_task_is_refused() -> None:
    asking, waiting, recorder = user(), Waiting(), Recorder()
    helper, _ = answering("helper", waiting)
    for each in (asking, helper):
        trace(each, recorder)
    first = asyncio.create_task(asking.a_initiate_chat(helper, message="One", max_turns=1, silent=True))
    try:
        assert await asyncio.to_thread(waiting.begun.wait, 30)
        with pytest.raises(ConcurrentTurns):
            await asking.a_initiate_chat(helper, message="Two", max_turns=1, silent=True)
    finally:
        waiting.allowed.set()
    assert recorder.output(await first).data == "One!"


def test_a_chat_that_failed_is_over() -> None:
    asking, helper = user(), assistant("helper", ValueError("no model"), "Yes.")
    trace(helper, trace(asking))
    with pytest.raises(ValueError, match="no model"):
        asking.initiate_chat(helper, message="One", max_turns=1, silent=True)
    assert asking.initiate_chat(helper, message="Two", max_turns=1, silent=True).summary == "Yes."


def test_a_chat_within_their_chat_is_a_part_of_it() -> None:
    asking, helper = user(), assistant("helper", "One.", "Two.")
    recorder = trace(helper, trace(asking))

    def ask_again(recipient: Any, messages: Any, sender: Any, config: Any) -> tuple[bool, str]:
        again = recipient.initiate_chat(helper, message="Again?", max_turns=1, clear_history=False, silent=True)
        return True, again.summary

    asking.register_reply([type(helper), None], ask_again, position=0)
    asking.initiate_chat(helper, message="Count.", max_turns=1, silent=True)
    asking.generate_reply(messages=asking.chat_messages[helper], sender=helper)
    assert recorder.last.output.data == "Two."


def test_one_agent_in_chats_with_several_in_threads() -> None:
    recorder = Recorder()
    helper, _ = answering("helper", echo)
    askings = [user(f"user{i}") for i in range(8)]
    for each in (helper, *askings):
        trace(each, recorder)

    def chat(asking: Any) -> bool:
        result = asking.initiate_chat(helper, message=asking.name, max_turns=1, silent=True)
        [given] = recorder.output(result).parents
        return (given.data, recorder.output(result).data) == (asking.name, f"{asking.name}!")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(chat, askings))


async def test_replies_to_the_very_same_messages_at_once() -> None:
    helper, _ = answering("helper", echo)
    recorder, messages = trace(helper), [{"role": "user", "content": "Hi"}]
    await asyncio.gather(*(helper.a_generate_reply(messages=messages) for _ in range(4)))
    assert [len([call for call in run.calls if call.kind == "llm"]) for run in recorder.runs] == [1] * 4


def test_clones_have_their_own_history_and_the_same_tools() -> None:
    asking, helper = user(), assistant("helper", "Hello.", asks(("1", "add", {"a": 1, "b": 2})), "3.")
    with_tools(helper, asking, add)
    trace(helper, trace(asking))
    asking.initiate_chat(helper, message="Hi!", max_turns=1, silent=True)
    other, copy = clone([asking, helper])
    assert not copy.chat_messages
    result = other.initiate_chat(copy, message="Add!", max_turns=2, silent=True)
    assert result.summary == "3."
    assert len(asking.chat_messages[helper]) == 2
    assert not copy.hook_lists["process_message_before_send"]
    assert "generate_reply" not in vars(copy)


@pytest.mark.skipif(not hasattr(user(), "context_variables"), reason="AutoGen 0.2 has none")
def test_context_variables_of_clones_are_their_own() -> None:
    asking, helper, other = user(), assistant("helper"), assistant("other")
    helper.context_variables = asking.context_variables
    asking.context_variables["trees"] = ["oak"]
    one, two, three = clone([asking, helper, other])
    assert one.context_variables is two.context_variables is not three.context_variables
    two.context_variables["trees"].append("elm")
    three.context_variables["birds"] = 1
    assert asking.context_variables.data == {"trees": ["oak"]}
    assert one.context_variables.data == {"trees": ["oak", "elm"]}
    assert not other.context_variables.data


def test_clones_of_a_group_chat_talk_to_each_other() -> None:
    asking, writer, critic = user(), assistant("writer", "Poem."), assistant("critic", "Bad.")

    def choose(last_speaker: Any, chat: Any) -> Any:
        return critic if last_speaker is writer else writer

    manager = group(writer, critic, rounds=3, script=[], speaker_selection_method=choose)
    copy = clone(manager)
    asking.initiate_chat(copy, message="Write.", silent=True)
    assert [message["content"] for message in copy.groupchat.messages] == ["Write.", "Poem.", "Bad."]
    assert not manager.groupchat.messages
    assert not writer.chat_messages


def test_only_agents_and_group_chats_are_cloned() -> None:
    with pytest.raises(TypeError, match="an agent or a group chat"):
        clone("helper")


def test_a_program_of_a_group_chat_runs_at_once() -> None:
    writer, _ = answering("writer", echo)
    critic, _ = answering("critic", echo)
    recorder = Recorder()
    answer = recorder.program(group(writer, critic, rounds=3))
    with ThreadPoolExecutor(4) as pool:
        given = [*pool.map(lambda number: answer(str(number)).data, range(4))]
    assert given == ["0!!", "1!!", "2!!", "3!!"]
    assert not writer.chat_messages


async def test_a_program_in_async_code() -> None:
    helper, _ = answering("helper", echo)
    answer = trace(helper).program(helper)
    nodes = await asyncio.gather(*(answer.acall(str(number)) for number in range(4)))
    assert [node.data for node in nodes] == ["0!", "1!", "2!", "3!"]


async def test_clones_share_the_agents_of_nested_chats() -> None:
    asking, fronting, (helping, _) = user(), assistant("front"), answering("back", echo)
    fronting.register_nested_chats([{"recipient": helping, "max_turns": 1, "silent": True}], trigger=asking)
    recorder = trace(helping)

    async def asked(number: int) -> str:
        one, other = clone([asking, fronting])
        trace(other, trace(one, recorder))
        result = await asyncio.to_thread(one.initiate_chat, other, message=str(number), max_turns=1, silent=True)
        return str(recorder.output(result).data)

    assert await asyncio.gather(*(asked(number) for number in range(4))) == ["0!", "1!", "2!", "3!"]
