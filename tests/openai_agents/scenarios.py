"""Programs of agents and their exact graphs."""

from __future__ import annotations

import asyncio
from typing import Any

from agents import (
    Agent,
    GuardrailFunctionOutput,
    InputGuardrailTripwireTriggered,
    MaxTurnsExceeded,
    OutputGuardrailTripwireTriggered,
    RunContextWrapper,
    Runner,
    SQLiteSession,
    ToolGuardrailFunctionOutput,
    UserError,
    function_tool,
    handoff,
    input_guardrail,
    output_guardrail,
    tool_input_guardrail,
)
from agents.extensions.handoff_filters import remove_all_tools
from pydantic import BaseModel

from tests.openai_agents.programs import ADDS, MULTIPLIES, add, agent, asks, breaks, fails, multiply
from tests.openai_agents.scenario import Ask, Scenario, running

ONE_TOOL = "I>llm1 llm1>add I>llm2 llm1>llm2 add>llm2"


def single_turn() -> Scenario:
    asked = agent("a", "It is a tree.", instructions="Be brief.")
    return Scenario(running(asked, "What is an oak?"), nodes="I llm", edges="I>llm", outputs="llm")


def one_tool() -> Scenario:
    asked = agent("a", asks(ADDS), "It is 3.", tools=[add])
    return Scenario(running(asked, "1 + 2?"), nodes="I llm1 add llm2", edges=ONE_TOOL, outputs="llm2")


def two_tools_at_once() -> Scenario:
    asked = agent("a", asks(ADDS, MULTIPLIES), "3 and 12", tools=[add, multiply])
    return Scenario(
        running(asked, "1 + 2 and 3 * 4?"),
        nodes="I llm1 add multiply llm2",
        edges="I>llm1 llm1>add llm1>multiply I>llm2 llm1>llm2 add>llm2 multiply>llm2",
        outputs="llm2",
    )


def the_same_tool_twice_at_once() -> Scenario:
    asked = agent("a", asks(ADDS, ADDS), "3 and 3", tools=[add])
    return Scenario(
        running(asked, "1 + 2 and 1 + 2?"),
        nodes="I llm1 add1 add2 llm2",
        edges="I>llm1 llm1>add1 llm1>add2 I>llm2 llm1>llm2 add1>llm2 add2>llm2",
        outputs="llm2",
    )


def tool_loop() -> Scenario:
    asked = agent("a", asks(ADDS), asks(MULTIPLIES, text="Now times four."), "12", tools=[add, multiply])
    return Scenario(
        running(asked, "(1 + 2) * 4?"),
        nodes="I llm1 add llm2 multiply llm3",
        edges="I>llm1 llm1>add I>llm2 llm1>llm2 add>llm2 llm2>multiply "
        "I>llm3 llm1>llm3 add>llm3 llm2>llm3 multiply>llm3",
        outputs="llm3",
    )


def stops_at_a_tool() -> Scenario:
    asked = agent("a", asks(ADDS), tools=[add], tool_use_behavior="stop_on_first_tool")
    return Scenario(running(asked, "1 + 2?"), nodes="I llm add", edges="I>llm llm>add", outputs="add")


def a_tool_fails() -> Scenario:
    asked = agent("a", asks(("fails", '{"a": 7}')), "It cannot be had.", tools=[fails])
    return Scenario(
        running(asked, "7?"),
        nodes="I llm1 fails llm2",
        edges="I>llm1 llm1>fails I>llm2 llm1>llm2 fails>llm2",
        outputs="llm2",
    )


def arguments_that_are_no_json() -> Scenario:
    asked = agent("a", asks(("add", '{"a": ')), "It cannot be had.", tools=[add])
    return Scenario(running(asked, "1 + 2?"), nodes="I llm1 add llm2", edges=ONE_TOOL, outputs="llm2")


def a_tool_ends_the_run() -> Scenario:
    asked = agent("a", asks(("breaks", '{"a": 7}')), tools=[breaks])
    return Scenario(
        running(asked, "7?"),
        nodes="I llm breaks",
        edges="I>llm llm>breaks",
        outputs="breaks",
        failed="breaks",
        raises=UserError,
    )


def the_model_fails() -> Scenario:
    asked = agent("a", KeyError("gone"))
    return Scenario(running(asked, "What?"), nodes="I llm", edges="I>llm", outputs="llm", failed="llm", raises=KeyError)


def too_many_turns() -> Scenario:
    asked = agent("a", asks(ADDS), "It is 3.", tools=[add])
    return Scenario(
        running(asked, "1 + 2?", max_turns=1),
        nodes="I llm add run",
        edges="I>llm llm>add add>run",
        outputs="run",
        failed="run",
        raises=MaxTurnsExceeded,
    )


def handed_over() -> Scenario:
    spanish = agent("Spanish", "Hola.", instructions="Speak Spanish.")
    triage = agent("Triage", asks(("transfer_to_spanish", "{}")), handoffs=[spanish])
    return Scenario(
        running(triage, "Say hello in Spanish."),
        nodes="I llm1 handoff llm2",
        edges="I>llm1 llm1>handoff I>llm2 llm1>llm2",
        control="handoff>llm2",
        outputs="llm2",
    )


def handed_over_without_the_history() -> Scenario:
    spanish = agent("Spanish", "Hola.", instructions="Speak Spanish.")
    filtered = handoff(spanish, input_filter=remove_all_tools, tool_name_override="speak_spanish")
    triage = agent("Triage", asks(("speak_spanish", "{}")), handoffs=[filtered])
    return Scenario(
        running(triage, "Say hello in Spanish."),
        nodes="I llm1 handoff llm2",
        edges="I>llm1 llm1>handoff I>llm2",
        control="handoff>llm2",
        outputs="llm2",
    )


def a_tool_and_then_handed_over() -> Scenario:
    spanish = agent("Spanish", "Tres.", instructions="Speak Spanish.")
    triage = agent("Triage", asks(ADDS), asks(("transfer_to_spanish", "{}")), tools=[add], handoffs=[spanish])
    return Scenario(
        running(triage, "1 + 2 in Spanish?"),
        nodes="I llm1 add llm2 handoff llm3",
        edges="I>llm1 llm1>add I>llm2 llm1>llm2 add>llm2 llm2>handoff I>llm3 llm1>llm3 add>llm3 llm2>llm3",
        control="handoff>llm3",
        outputs="llm3",
    )


def an_agent_is_a_tool() -> Scenario:
    helper = agent("Helper", "Hola, mundo.", instructions="Translate.")
    tool = helper.as_tool("translate", "Translate a text.")
    asked = agent("a", asks(("translate", '{"input": "Hello, world."}')), "It is Hola, mundo.", tools=[tool])
    return Scenario(
        running(asked, "How do I greet the world in Spanish?"),
        nodes="I llm1 translate llm2 llm3",
        edges="I>llm1 llm1>translate llm1>llm2 llm2>translate I>llm3 llm1>llm3 translate>llm3",
        outputs="llm3",
    )


def agents_are_tools_at_once() -> Scenario:
    helpers = [agent(name, f"{name} says so.") for name in ("One", "Two")]
    tools = [helper.as_tool(helper.name.lower(), "Ask.") for helper in helpers]
    calls = asks(("one", '{"input": "What does the first say?"}'), ("two", '{"input": "What does the second say?"}'))
    asked = agent("a", calls, "They agree.", tools=tools)
    return Scenario(
        running(asked, "What do they say?"),
        nodes="I llm1 one two llm2 llm3 llm4",
        edges="I>llm1 llm1>one llm1>two llm1>llm2 llm1>llm3 llm2>one llm3>two I>llm4 llm1>llm4 one>llm4 two>llm4",
        outputs="llm4",
    )


def a_tool_runs_agents() -> Scenario:
    writer, critic = agent("Writer", "Whales sing in the deep."), agent("Critic", "It could be shorter.")

    @function_tool
    async def report(topic: str) -> str:
        """Write, and have it judged."""
        draft = (await Runner.run(writer, f"Write about {topic}.")).final_output
        verdict = (await Runner.run(critic, f"Judge this: {draft}")).final_output
        return f"{draft}\n\n{verdict}"

    asked = agent("a", asks(("report", '{"topic": "whales at sea"}')), "Here it is.", tools=[report])
    return Scenario(
        running(asked, "A report, please."),
        nodes="I llm1 report llm2 llm3 llm4",
        edges="I>llm1 llm1>report llm1>llm2 llm2>llm3 llm2>report llm3>report I>llm4 llm1>llm4 report>llm4",
        outputs="llm4",
    )


def checking(trips: bool, **options: Any) -> Any:
    def check(context: RunContextWrapper[Any], agent: Agent[Any], given: Any) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(output_info="homework" if trips else "fine", tripwire_triggered=trips)

    return input_guardrail(**options)(check)


def input_is_checked() -> Scenario:
    asked = agent("a", "It is a tree.", input_guardrails=[checking(False)])
    return Scenario(running(asked, "What is an oak?"), nodes="I llm check", edges="I>check I>llm", outputs="llm")


def input_is_refused() -> Scenario:
    asked = agent("a", "It is a tree.", input_guardrails=[checking(True, run_in_parallel=False)])
    return Scenario(
        running(asked, "What is an oak?"),
        nodes="I check",
        edges="I>check",
        outputs="check",
        failed="check",
        raises=InputGuardrailTripwireTriggered,
    )


def an_agent_checks_the_input() -> Scenario:
    guard = agent("Guard", "It is a fair question.", instructions="Is it homework?")

    @input_guardrail(run_in_parallel=False)
    async def check(context: RunContextWrapper[Any], asked: Agent[Any], given: Any) -> GuardrailFunctionOutput:
        result = await Runner.run(guard, given, context=context.context)
        return GuardrailFunctionOutput(output_info=result.final_output, tripwire_triggered=False)

    asked = agent("a", "It is a tree.", input_guardrails=[check])
    return Scenario(
        running(asked, "What is an oak?"),
        nodes="I check llm1 llm2",
        edges="I>check I>llm1 llm1>check I>llm2",
        outputs="llm2",
    )


def output_is_refused() -> Scenario:
    @output_guardrail
    def check(context: RunContextWrapper[Any], agent: Agent[Any], output: Any) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(output_info=len(output), tripwire_triggered=True)

    asked = agent("a", "It is a tree.", output_guardrails=[check])
    return Scenario(
        running(asked, "What is an oak?"),
        nodes="I llm check",
        edges="I>llm llm>check",
        outputs="check",
        failed="check",
        raises=OutputGuardrailTripwireTriggered,
    )


def a_tool_is_refused() -> Scenario:
    @tool_input_guardrail
    def no_sums(data: Any) -> ToolGuardrailFunctionOutput:
        return ToolGuardrailFunctionOutput.reject_content("no sums today")

    @function_tool(tool_input_guardrails=[no_sums], name_override="add")
    def refused(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    asked = agent("a", asks(ADDS), "Not today.", tools=[refused])
    return Scenario(running(asked, "1 + 2?"), nodes="I llm1 add llm2", edges=ONE_TOOL, outputs="llm2")


class Tree(BaseModel):
    name: str
    height: int


def an_output_of_a_type() -> Scenario:
    asked = agent("a", '{"name": "oak", "height": 30}', output_type=Tree)
    return Scenario(running(asked, "What is an oak?"), nodes="I llm", edges="I>llm", outputs="llm")


def two_turns_in_a_session() -> Scenario:
    asked = agent("a", "It is a tree.", "In forests.")
    return Scenario(
        running(asked, "What is an oak?", "Where are they?", session=SQLiteSession("one")),
        nodes="I1 llm1 I2 llm2",
        edges="I1>llm1 I1>llm2 llm1>llm2 I2>llm2",
        outputs="llm2",
        runs=1,
    )


def a_tool_in_the_turn_before() -> Scenario:
    asked = agent("a", asks(ADDS), "It is 3.", "It is 6.", tools=[add])
    return Scenario(
        running(asked, "1 + 2?", "And twice that?", session=SQLiteSession("two")),
        nodes="I1 llm1 add llm2 I2 llm3",
        edges="I1>llm1 llm1>add I1>llm2 llm1>llm2 add>llm2 I1>llm3 llm1>llm3 add>llm3 llm2>llm3 I2>llm3",
        outputs="llm3",
    )


def the_answer_is_sent_back_by_hand() -> Scenario:
    asked = agent("a", "It is a tree.", "In forests.")

    async def run(ask: Ask) -> Any:
        first = await ask(asked, "What is an oak?")
        return await ask(asked, [*first.to_input_list(), {"role": "user", "content": "Where are they?"}])

    return Scenario(
        run, nodes="I1 llm1 I2 llm2", edges="I1>llm1 I1>llm2 llm1>llm2 I2>llm2", outputs="llm2", in_block=True
    )


def the_server_keeps_the_answer() -> Scenario:
    asked = agent("a", "It is a tree.", "In forests.")

    async def run(ask: Ask) -> Any:
        first = await ask(asked, "What is an oak?")
        return await ask(asked, "Where are they?", previous_response_id=first.last_response_id)

    return Scenario(run, nodes="I1 llm1 I2 llm2", edges="I1>llm1 llm1>llm2 I2>llm2", outputs="llm2")


def the_server_keeps_what_was_asked() -> Scenario:
    asked = agent("a", asks(ADDS), "It is 3.", tools=[add])
    return Scenario(
        running(asked, "1 + 2?", conversation_id="conv_1"),
        nodes="I llm1 add llm2",
        edges="I>llm1 llm1>add llm1>llm2 add>llm2",
        outputs="llm2",
    )


def one_after_the_other() -> Scenario:
    outliner, writer = agent("Outliner", "Whales, the sea, a storm."), agent("Writer", "Once upon a time.")

    async def run(ask: Ask) -> Any:
        outline = await ask(outliner, "Outline a story.")
        return await ask(writer, outline.final_output)

    return Scenario(run, nodes="I llm1 llm2", edges="I>llm1 llm1>llm2", outputs="llm2", in_block=True)


def several_and_the_best() -> Scenario:
    speakers = [agent("Speaker", f"Hola número {number}.") for number in (1, 2)]
    picker = agent("Picker", "The first.")

    async def run(ask: Ask) -> Any:
        given = "Say hello in Spanish."
        found = await asyncio.gather(*(ask(speaker, given) for speaker in speakers))
        said = "\n\n".join(str(each.final_output) for each in found)
        return await ask(picker, f"Input: {given}\n\nTranslations:\n{said}")

    return Scenario(
        run,
        nodes="I llm1 llm2 llm3",
        edges="I>llm1 I>llm2 I>llm3 llm1>llm3 llm2>llm3",
        outputs="llm3",
        in_block=True,
    )


def judged_until_it_is_good() -> Scenario:
    writer = agent("Writer", "A whale, and the end.", "A whale, a storm, and the end.")
    judge = agent("Judge", "There is no storm in the story.")

    async def run(ask: Ask) -> Any:
        draft = await ask(writer, [{"role": "user", "content": "Outline a story."}])
        verdict = await ask(judge, draft.to_input_list())
        items = [*draft.to_input_list(), {"role": "user", "content": f"Feedback: {verdict.final_output}"}]
        return await ask(writer, items)

    return Scenario(
        run,
        nodes="I llm1 llm2 llm3",
        edges="I>llm1 I>llm2 llm1>llm2 I>llm3 llm1>llm3 llm2>llm3",
        outputs="llm3",
        in_block=True,
    )


SCENARIOS = [
    single_turn,
    one_tool,
    two_tools_at_once,
    the_same_tool_twice_at_once,
    tool_loop,
    stops_at_a_tool,
    a_tool_fails,
    arguments_that_are_no_json,
    a_tool_ends_the_run,
    the_model_fails,
    too_many_turns,
    handed_over,
    handed_over_without_the_history,
    a_tool_and_then_handed_over,
    an_agent_is_a_tool,
    agents_are_tools_at_once,
    a_tool_runs_agents,
    input_is_checked,
    input_is_refused,
    an_agent_checks_the_input,
    output_is_refused,
    a_tool_is_refused,
    an_output_of_a_type,
    two_turns_in_a_session,
    a_tool_in_the_turn_before,
    the_answer_is_sent_back_by_hand,
    the_server_keeps_the_answer,
    the_server_keeps_what_was_asked,
    one_after_the_other,
    several_and_the_best,
    judged_until_it_is_good,
]
