"""What is learned of agents and group chats lives in them, and is used from the next reply on."""

from __future__ import annotations

from typing import Any

import pytest
from trace_autogen.classic import NothingToLearn, Recorder, expose, private, trace, unexpose

from tests.autogen_classic.agents import add, asks, assistant, broken, double, group, user, with_tools
from trace_core.errors import InvalidValue


def told(agent: Any) -> str:
    """The system message that the model was sent last."""
    return agent.sent[-1]["messages"][0]["content"]


def test_system_prompt_is_sent_and_read() -> None:
    asking, answering = user(), assistant("helper", "One.", "Two.", "Three.")
    recorder = trace(answering, trace(asking))
    parameters = expose(answering)
    assert dict(parameters.items()).keys() == {"helper.system_prompt"}
    prompt = parameters["helper.system_prompt"]
    prompt.set("Be brief.")
    asking.initiate_chat(answering, message="Hi!", max_turns=1, silent=True)
    assert told(answering) == "Be brief."
    assert recorder.last.graph.parameters == [prompt] or list(recorder.last.graph.parameters) == [prompt]
    with parameters.candidate({"helper.system_prompt": "Be long."}) as candidate:
        asking.initiate_chat(answering, message="Hi!", max_turns=1, silent=True)
    candidate.verify(recorder.last.output)
    assert told(answering) == "Be long."
    prompt.revert()
    asking.initiate_chat(answering, message="Hi!", max_turns=1, silent=True)
    assert told(answering) == "You are helper."


def test_tool_texts_are_sent_in_the_same_order() -> None:
    asking, answering = user(), assistant("helper", "One.")
    with_tools(answering, asking, add, double)
    recorder = trace(answering)
    parameters = expose(answering, kinds=["tool_description", "argument_description"])
    assert list(parameters) == [
        "helper.add.description",
        "helper.add.a",
        "helper.add.b",
        "helper.double.description",
        "helper.double.a",
    ]
    parameters["helper.add.description"].set("Sum of two.")
    parameters["helper.add.b"].set("the second")
    asking.initiate_chat(answering, message="Hi!", max_turns=1, silent=True)
    first, second = [tool["function"] for tool in answering.sent[-1]["tools"]]
    assert (first["name"], first["description"], second["name"]) == ("add", "Sum of two.", "double")
    assert first["parameters"]["properties"]["b"]["description"] == "the second"
    assert {each.name for each in recorder.last.graph.parameters} == set(parameters)


def test_code_of_a_tool_is_called_and_read() -> None:
    asked = asks(("1", "double", {"a": 4}))
    asking, answering = user(), assistant("helper", asked, "8.", asked, "12.", asked, "8.")
    with_tools(answering, asking, double)
    before = asking._function_map["double"]
    recorder = trace(answering, trace(asking))
    parameters = expose([asking, answering], kinds="code")
    code = parameters["user.double.code"]
    for text, expected in ((None, "8"), ("def double(a: int) -> int:\n    return 3 * a\n", "12")):
        if text is not None:
            code.set(text)
        asking.initiate_chat(answering, message="Go!", max_turns=2, silent=True)
        assert answering.sent[-1]["messages"][-1]["content"] == expected
        [tool] = [node for node in recorder.last.graph.nodes if getattr(node, "op", None) == "tool"]
        assert code in tool.parents
    unexpose(parameters)
    assert asking._function_map["double"] is before
    asking.initiate_chat(answering, message="Go!", max_turns=2, silent=True)
    assert answering.sent[-1]["messages"][-1]["content"] == "8"


def test_descriptions_and_prompts_of_a_selection() -> None:
    asking, writer, critic = user(), assistant("writer", "Poem."), assistant("critic")
    manager = group(writer, critic, assistant("editor"), rounds=2, script=["writer"])
    recorder = trace(manager, trace(asking))
    parameters = expose(manager, kinds=["prompt", "description"])
    parameters["writer.description"].set("writes poems")
    message = parameters["chat_manager.select_speaker_message"]
    message.set('Choose of {agentlist}: {roles}. Not JSON {"a": 1}.')
    asking.initiate_chat(manager, message="Write.", silent=True)
    sent = manager.sent[-1]["messages"][0]["content"]
    assert "writer: writes poems" in sent
    assert 'Not JSON {"a": 1}.' in sent
    select = recorder.last.output.parents[-1]
    assert {parent.name for parent in select.parents if parent.name in parameters} == set(parameters)
    with pytest.raises(InvalidValue, match="roles"):
        message.set("Choose of {agentlist}.")


def test_the_prompt_of_a_selection_keeps_its_placeholder() -> None:
    asking, writer = user(), assistant("writer", "Poem.", "Poem.")
    manager = group(writer, assistant("critic"), assistant("editor"), rounds=2, script=["writer"] * 2)
    prompt = expose(manager, kinds="prompt")["chat_manager.select_speaker_prompt"]
    for text in ("Choose one.", "Choose of {agentlist} for {task}.", "Choose of {agentlist!r}."):
        with pytest.raises(InvalidValue):
            prompt.set(text)
    prompt.set('Choose of {agentlist}. Not JSON {"a": 1}.')
    asking.initiate_chat(manager, message="Write.", silent=True)
    assert manager.sent[-1]["messages"][-1]["content"].startswith("Choose of ['writer', 'critic', 'editor']. Not JSON")
    assert manager.sent[-1]["messages"][-1]["content"].endswith('{"a": 1}.')


def test_a_prompt_of_a_selection_that_names_no_agents_need_not() -> None:
    manager = group(assistant("writer"), assistant("critic"), rounds=2, script=[])
    for each in private.groups_of(manager):
        each.select_speaker_prompt_template = "Who is next?"
    prompt = expose(manager, kinds="prompt")["chat_manager.select_speaker_prompt"]
    prompt.set("Whose turn is it?")
    assert manager.groupchat.select_speaker_prompt_template == "Whose turn is it?"


def test_the_same_parameters_again() -> None:
    answering = assistant("helper")
    assert expose(answering) == expose(answering)


def test_nothing_to_learn() -> None:
    with pytest.raises(NothingToLearn):
        expose(user())
    with pytest.raises(TypeError):
        expose("helper")


def test_tool_that_raises_has_read_its_code() -> None:
    asking, answering = user(), assistant("helper", asks(("1", "broken", {"a": 4})), "Sorry.")
    with_tools(answering, asking, broken)
    recorder = trace(answering, trace(asking))
    parameters = expose(asking, kinds="code")
    asking.initiate_chat(answering, message="Go!", max_turns=2, silent=True)
    recorder.last.output.backward("no tool may fail")
    assert parameters["user.broken.code"].feedback


def test_a_function_from_a_task_to_a_node() -> None:
    answering = assistant("helper", "One.", "Two.", ValueError("no model"))
    recorder = trace(answering, Recorder())
    answer = recorder.program(answering)
    assert [answer("a").data, answer("b").data] == ["One.", "Two."]
    assert [len(each["messages"]) for each in answering.sent] == [2, 2]
    assert "no model" in answer("c").data
