"""A candidate's texts reach models, and are written nowhere."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from trace_autogen.classic import clone, expose, trace, unexpose

from tests.autogen_classic.agents import (
    Answering,
    ConversableAgent,
    ScriptedModel,
    answering,
    asks,
    assistant,
    config,
    group,
    user,
    with_tools,
)


def echo(messages: list[Any]) -> str:
    return str(messages[0]["content"])


def double(a: int) -> int:
    """Double a number."""
    return 2 * a


async def adouble(a: int) -> int:
    """Double a number."""
    return 2 * a


def test_texts_of_tools_are_sent_and_not_written() -> None:
    asking, helper = user(), assistant("helper", "One.")
    with_tools(helper, asking, double)
    recorder = trace(helper, trace(asking))
    parameters = expose(helper, kinds=["tool_description", "argument_description"])
    values = {"helper.double.description": "Twice.", "helper.double.a": "a number"}
    before = repr(helper.llm_config["tools"])
    with parameters.candidate(values) as candidate:
        asking.initiate_chat(helper, message="Go!", max_turns=1, silent=True)
        assert repr(helper.llm_config["tools"]) == before
    candidate.verify(recorder.last.output)
    [tool] = [each["function"] for each in helper.sent[-1]["tools"]]
    assert tool["description"] == "Twice."
    assert tool["parameters"]["properties"]["a"]["description"] == "a number"


async def test_texts_of_a_selection_in_tasks() -> None:
    writer, critic = assistant("writer", *["Poem."] * 4), assistant("critic")
    manager = group(writer, critic, assistant("editor"), rounds=2, script=["writer"] * 4)
    recorder = trace(manager)
    parameters = expose(manager, kinds=["prompt", "description"])

    async def tried(number: int) -> str:
        asking, copy = clone([user(), manager])
        trace(copy, trace(asking, recorder))
        values = {
            "chat_manager.select_speaker_message": f"{number} Choose of {{agentlist}}: {{roles}}. Not {{1}}.",
            "writer.description": f"writes {number}",
        }
        with parameters.candidate(values) as candidate, recorder.run() as run:
            await asking.a_initiate_chat(copy, message="Write.", silent=True)
        candidate.verify(run.output)
        return f"{number} Choose of ['writer', 'critic', 'editor']: writer: writes {number}"

    expected = await asyncio.gather(*(tried(number) for number in range(4)))
    sent = [each["messages"][0]["content"] for each in manager.sent]
    assert all(any(text.startswith(each) and text.endswith("Not {1}.") for text in sent) for each in expected)
    assert writer.description == "You are writer."


@pytest.mark.parametrize("is_traced", [True, False])
async def test_system_prompts_in_tasks(is_traced: bool) -> None:
    helper, _ = answering("helper", echo, system_message="Be brief.")
    if is_traced:
        trace(helper)
    parameters = expose(helper)

    async def tried(number: int) -> str:
        with parameters.candidate({"helper.system_prompt": str(number)}):
            said = await helper.a_generate_reply(messages=[{"role": "user", "content": "Hi"}])
            assert helper.system_message == "Be brief."
            return str(said)

    assert await asyncio.gather(*(tried(number) for number in range(4))) == ["0", "1", "2", "3"]


@pytest.mark.parametrize("function", [double, adouble])
@pytest.mark.parametrize("is_traced", [True, False])
def test_code_of_tools_that_are_awaited_and_not(function: Any, is_traced: bool) -> None:
    asked = asks(("1", function.__name__, {"a": 4}))
    asking, helper = user(), assistant("helper", asked, "8.", asked, "12.")
    with_tools(helper, asking, function)
    recorder = trace(helper, trace(asking)) if is_traced else None
    name = function.__name__
    parameters = expose(asking, kinds="code")
    text = str(parameters[f"user.{name}.code"].data).replace("2 * a", "3 * a")
    with parameters.candidate({f"user.{name}.code": text}) as candidate:
        asking.initiate_chat(helper, message="Go!", max_turns=2, silent=True)
    assert helper.sent[-1]["messages"][-1]["content"] == "12"
    if recorder is not None:
        candidate.verify(recorder.last.output)
        assert "tool" in {call.kind for call in recorder.last.calls}
    asking.initiate_chat(helper, message="Go!", max_turns=2, silent=True)
    assert helper.sent[-1]["messages"][-1]["content"] == "8"


async def test_introductions_are_of_the_candidate() -> None:
    writer, critic = assistant("writer", *["Poem."] * 4), assistant("critic", *["Bad."] * 4)
    manager = group(writer, critic, rounds=3, send_introductions=True)
    recorder = trace(manager)
    parameters = expose(manager, kinds="description")

    async def tried(number: int) -> str:
        asking, copy = clone([user(), manager])
        trace(copy, trace(asking, recorder))
        with parameters.candidate({"writer.description": f"writes {number}"}) as candidate, recorder.run() as run:
            await asking.a_initiate_chat(copy, message="Write.", silent=True)
        candidate.verify(run.output)
        assert all(
            set(parameters.values()) <= set(run.node_of(each).parents) for each in run.calls if each.kind == "llm"
        )
        return f"writer: writes {number}\ncritic: You are critic."

    expected = await asyncio.gather(*(tried(number) for number in range(3)))
    for agent in (writer, critic):
        sent = [each["messages"][1]["content"] for each in agent.sent]
        assert all(any(text.endswith(each) for text in sent) for each in expected)
    assert writer.description == "You are writer."


def test_introductions_are_read_as_they_were_when_they_were_sent() -> None:
    asking, writer, critic = user(), assistant("writer", "Poem.", "Poem."), assistant("critic", "Bad.", "Bad.")
    manager = group(writer, critic, rounds=3, send_introductions=True)
    recorder, parameters = trace(manager, trace(asking)), expose(manager, kinds="description")
    for text in ("writes", "writes verse"):
        parameters["writer.description"].set(text)
        asking.initiate_chat(manager, message="Write.", silent=True)
        recorder.last.output.backward("who is who?")
        assert f"writer: {text}\n" in writer.sent[-1]["messages"][1]["content"]
    assert [each.feedback != [] for each in parameters.values()] == [True, True]


def test_a_clone_follows_what_is_written() -> None:
    helper, _ = answering("helper", echo, system_message="Be brief.")
    before = set(vars(helper))
    parameters = expose(helper)
    copy = clone(helper)
    parameters["helper.system_prompt"].set("Be kind.")
    assert copy.generate_reply(messages=[{"role": "user", "content": "Hi"}]) == "Be kind."
    with parameters.candidate({"helper.system_prompt": "Be long."}):
        assert copy.generate_reply(messages=[{"role": "user", "content": "Hi"}]) == "Be long."
    assert copy.system_message == "Be kind."
    recorder = trace(copy)
    copy.generate_reply(messages=[{"role": "user", "content": "Hi"}])
    assert recorder.last.graph.parameters == tuple(parameters.values())
    unexpose(parameters)
    assert set(vars(helper)) == before


def test_a_clone_has_nothing_of_what_was_learned_after_unexpose() -> None:
    asking, helper = user(), assistant("helper", *["Yes."] * 4)
    with_tools(helper, asking, double)
    parameters = expose([asking, helper], kinds="all")
    copies = clone([asking, helper])
    again = clone(copies[0])
    parameters["user.double.code"].set("def double(a: int) -> int:\n    return 3 * a\n")
    call = {"name": "double", "arguments": '{"a": 4}'}
    assert [each.execute_function(call)[1]["content"] for each in (asking, copies[0], again)] == ["12"] * 3
    unexpose(parameters)
    assert [each.execute_function(call)[1]["content"] for each in (asking, copies[0], again)] == ["8"] * 3
    assert not [name for each in (*copies, again) for name in vars(each) if name.startswith("_trace")]


class Counting(ScriptedModel):
    """A model whose answers have a price."""

    @staticmethod
    def get_usage(response: Any) -> dict[str, Any]:
        return {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "cost": 1, "model": "scripted"}


def test_what_a_candidate_costs_is_counted() -> None:
    helper = ConversableAgent("helper", llm_config=config("Counting"), human_input_mode="NEVER")
    helper.register_for_llm(description="Double.")(double)
    helper.register_model_client(Counting, script=["One.", "Two.", "Three."], sent=[])
    parameters = expose(helper, kinds="tool_description")
    for expected in (2, 4):
        with parameters.candidate({"helper.double.description": "Twice."}):
            helper.generate_reply(messages=[{"role": "user", "content": "Hi"}])
        assert helper.client.total_usage_summary["scripted"]["total_tokens"] == expected


@pytest.mark.skipif(not hasattr(ConversableAgent, "run"), reason="AutoGen 0.2 has no run")
@pytest.mark.parametrize("has_recipient", [True, False])
def test_a_chat_in_a_thread_of_its_own_is_in_the_block_and_sees_the_candidate(has_recipient: bool) -> None:
    from autogen.tools import Tool

    def answer(messages: list[Any]) -> Any:
        return echo(messages) if messages[-1]["role"] == "tool" else asks(("1", "double", {"a": 4}))

    asking, (helper, told) = user(), answering("helper", answer, system_message="Be brief.")
    tool = Tool(name="double", description="Double.", func_or_tool=double)
    tool.register_for_llm(helper)
    tool.register_for_execution(asking)
    helper.register_model_client(Answering, answer=answer, told=told)
    recorder, parameters = trace(helper, trace(asking)), expose(helper)
    with recorder.run() as other, recorder.run() as run:
        with parameters.candidate({"helper.system_prompt": "Be kind."}) as candidate:
            if has_recipient:
                response = asking.run(helper, message="Hi", max_turns=2)
            else:
                response = helper.run(message="Hi", max_turns=2)
        for _ in response.events:
            pass
    candidate.verify(run.output)
    assert run.output.data == "Be kind."
    assert [call.name for call in run.calls if call.kind == "tool"] == ["double"]
    assert not other.calls
