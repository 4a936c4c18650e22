"""Hooks are put in and taken out of single objects, and errors, messages and results have nodes."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from trace_autogen.classic import Recorder, private, trace, untrace

from tests.autogen_classic.agents import ConversableAgent, add, asks, assistant, group, user, with_tools
from trace_core.errors import TraceError


def state(agent: Any) -> tuple[set[str], dict[str, list[Any]]]:
    return set(vars(agent)), {name: list(hooks) for name, hooks in agent.hook_lists.items()}


def test_untrace_puts_everything_back() -> None:
    manager = group(assistant("writer"), assistant("critic"), rounds=2)
    agents = [manager, *manager.groupchat.agents]
    before, of_class = [state(agent) for agent in agents], dict(vars(ConversableAgent))
    groups = [set(vars(each)) for each in private.groups_of(manager)]
    trace(manager)
    assert all(agent.hook_lists["process_message_before_send"] for agent in agents)
    assert dict(vars(ConversableAgent)) == of_class
    untrace(manager)
    untrace(manager)
    assert [state(agent) for agent in agents] == before
    assert [set(vars(each)) for each in private.groups_of(manager)] == groups


def test_tracing_twice_is_tracing_once() -> None:
    asking, answering = user(), assistant("helper", "Hello.")
    recorder = trace(answering)
    assert trace(answering) is trace(answering, recorder) is recorder
    with pytest.raises(TraceError, match="another recorder"):
        trace(answering, Recorder())
    asking.initiate_chat(answering, message="Hi!", max_turns=1, silent=True)
    assert len([call for call in recorder.last.calls if call.kind == "llm"]) == 1


def test_where_one_side_alone_is_traced() -> None:
    asking, answering = user(default_auto_reply="Go on."), assistant("helper", "One.", "Two.")
    recorder = trace(answering)
    asking.initiate_chat(answering, message="Count.", max_turns=2, silent=True)
    first, second = recorder.runs
    assert first.output in second.output.parents


def test_what_is_no_agent_is_refused() -> None:
    with pytest.raises(TypeError, match="an agent or a group chat"):
        trace("helper")


def test_results_and_messages_have_nodes() -> None:
    asking, answering = user(), assistant("helper", asks(("1", "add", {"a": 1, "b": 2})), "3.")
    with_tools(answering, asking, add)
    recorder = trace(answering, trace(asking))
    result = asking.initiate_chat(answering, message="Add!", max_turns=2, silent=True)
    assert recorder.output(result) is recorder.last.output
    said = [recorder.node_of(message) for message in result.chat_history]
    assert [node.op for node in said] == ["input", "llm", "tool", "llm"]
    assert [node.data for node in said][2:] == ["3", "3."]
    assert said[1].data == {"tool_calls": [{"name": "add", "args": {"a": 1, "b": 2}}]}


def chats(*recipients: Any) -> list[dict[str, Any]]:
    shared = {"max_turns": 1, "summary_method": "last_msg", "silent": True}
    return [{"chat_id": i, "recipient": each, "message": each.name, **shared} for i, each in enumerate(recipients)]


async def test_each_of_several_chats_has_a_node() -> None:
    asking, oaks, elms = user(), assistant("oaks", "Oak.", "Oak!"), assistant("elms", "Elm.", "Elm!")
    recorder = trace(oaks, trace(elms, trace(asking)))
    results = asking.initiate_chats(chats(oaks, elms))
    assert [recorder.output(each).data for each in results] == ["Oak.", "Elm."]
    assert recorder.output(results).data == ["Oak.", "Elm."]
    results = await asking.a_initiate_chats(chats(oaks, elms))
    assert [recorder.output(each).data for each in results.values()] == ["Oak!", "Elm!"]
    assert recorder.output(results).data == {0: "Oak!", 1: "Elm!"}


def test_a_chat_within_a_reply_has_a_node() -> None:
    asking, fronting, helping = user(), assistant("front"), assistant("back", "Hello.")
    recorder, results = trace(asking, trace(fronting)), []
    trace(helping, recorder)

    def reply(recipient: Any, messages: Any, sender: Any, config: Any) -> tuple[bool, str]:
        results.append(recipient.initiate_chat(helping, message=messages[-1]["content"], max_turns=1, silent=True))
        return True, "Done."

    fronting.register_reply([ConversableAgent, None], reply)
    asking.initiate_chat(fronting, message="Hi!", max_turns=1, silent=True)
    assert recorder.output(results[0]).data == "Hello."


def test_what_a_hook_made_of_a_reply_is_what_was_said() -> None:
    asking, answering = user(), assistant("helper", "Yes.", "No.")
    answering.register_hook(
        "process_message_before_send", lambda sender, message, recipient, silent: f"{message} [signed]"
    )
    recorder = trace(answering, trace(asking))
    result = asking.initiate_chat(answering, message="Hi!", max_turns=1, silent=True)
    for node in (recorder.output(result), recorder.last.output, recorder.node_of(result.chat_history[-1])):
        assert node.data == result.summary == "Yes. [signed]"
        assert [parent.data for parent in node.parents] == ["Yes."]
    ask = recorder.program(lambda task: asking.initiate_chat(answering, message=task, max_turns=1, silent=True))
    assert ask("Really?").data == "No. [signed]"


@pytest.mark.parametrize(
    ("summarize", "expected"), [("last_msg", "All of them. "), (lambda *_: "a summary", "a summary")]
)
def test_the_output_is_the_summary_that_the_user_gets(summarize: Any, expected: str) -> None:
    asking, answering = user(), assistant("helper", "All of them. TERMINATE")
    recorder = trace(answering, trace(asking))
    result = asking.initiate_chat(answering, message="Hi!", max_turns=1, summary_method=summarize, silent=True)
    assert recorder.output(result).data == result.summary == expected
    assert recorder.node_of(result.chat_history[-1]).data == "All of them. TERMINATE"


def test_what_a_nested_chat_ended_with_is_the_reply() -> None:
    asking, fronting, helping = user(), assistant("front"), assistant("back", "Hello. TERMINATE")
    inner = {"recipient": helping, "max_turns": 1, "summary_method": "last_msg", "silent": True}
    fronting.register_nested_chats([inner], trigger=asking)
    recorder = trace(asking, trace(fronting))
    trace(helping, recorder)
    result = asking.initiate_chat(fronting, message="Hi!", max_turns=1, silent=True)
    assert recorder.output(result).data == result.summary == "Hello. "


def test_error_has_its_node() -> None:
    asking, answering = user(), assistant("helper", ValueError("no model"))
    recorder = trace(answering, trace(asking))
    with pytest.raises(ValueError, match="no model") as raised:
        asking.initiate_chat(answering, message="Hi!", max_turns=1, silent=True)
    assert recorder.error(raised.value).op == "llm"
    assert not recorder.last.is_active


def test_values_are_redacted() -> None:
    asking, answering = user(), assistant("helper", "secret")
    recorder = trace(answering, Recorder(redact=lambda value: str(value).replace("secret", "***")))
    asking.initiate_chat(answering, message="Hi!", max_turns=1, silent=True)
    assert recorder.last.output.data == "***"


async def test_an_awaited_group_chat_has_the_same_graph() -> None:
    asking, writer, critic = user(), assistant("writer", "Poem."), assistant("critic")
    manager = group(writer, critic, assistant("editor"), rounds=2, script=["writer"])
    recorder = trace(manager, trace(asking))
    await asking.a_initiate_chat(manager, message="Write.", silent=True)
    given, select = recorder.last.output.parents
    assert (given.op, select.op, select.data) == ("input", "llm", "writer")


async def test_one_agent_in_three_chats_at_once() -> None:
    askings, answering, recorder = [user(f"user{i}") for i in range(3)], assistant("helper", "A", "B", "C"), Recorder()
    for each in [*askings, answering]:
        trace(each, recorder)
    chats = [each.a_initiate_chat(answering, message=each.name, max_turns=1, silent=True) for each in askings]
    results = await asyncio.gather(*chats)
    for asking, result in zip(askings, results, strict=True):
        [given] = recorder.output(result).parents
        assert given.data == asking.name


def test_runs_that_are_let_go_are_gone() -> None:
    asking, answering = user(), assistant("helper", *["Hello."] * 40)
    recorder = trace(answering, trace(asking, Recorder(max_runs=2)))
    for _ in range(40):
        asking.initiate_chat(answering, message="Hi!", max_turns=1, silent=True, clear_history=False)
        assert recorder.last.output.data == "Hello."
    gc.collect()
    assert sum(type(each).__name__ == "ClassicFlow" for each in gc.get_objects()) <= 3
