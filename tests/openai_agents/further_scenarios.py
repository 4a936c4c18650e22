"""More programs of agents and their exact graphs: approvals, filters, nested histories, several handoffs, streams."""

from __future__ import annotations

import asyncio
from typing import Any

from agents import (
    Agent,
    GuardrailFunctionOutput,
    InputGuardrailTripwireTriggered,
    MaxTurnsExceeded,
    ModelBehaviorError,
    RunConfig,
    RunContextWrapper,
    RunErrorHandlerResult,
    Runner,
    ShellTool,
    SQLiteSession,
    StopAtTools,
    ToolsToFinalOutputResult,
    function_tool,
    handoff,
    input_guardrail,
)
from agents.mcp import MCPServer
from agents.testing import function_call
from mcp.types import CallToolResult, TextContent
from mcp.types import Tool as MCPTool
from openai.types.responses import ResponseOutputItem
from pydantic import BaseModel, TypeAdapter

from tests.openai_agents.programs import ADDS, MULTIPLIES, Answering, add, agent, asks, multiply
from tests.openai_agents.scenario import Ask, Scenario, running
from tests.openai_agents.scenarios import ONE_TOOL


def a_tool_is_approved() -> Scenario:
    @function_tool(needs_approval=True, name_override="add")
    def approved(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    asked = agent("a", asks(ADDS), "It is 3.", tools=[approved])

    async def run(ask: Ask) -> Any:
        result = await ask(asked, "1 + 2?")
        state = result.to_state()
        state.approve(result.interruptions[0])
        return await ask(asked, state)

    return Scenario(run, nodes="I llm1 add llm2", edges=ONE_TOOL, outputs="llm2")


def a_tool_is_not_approved() -> Scenario:
    @function_tool(needs_approval=True, name_override="add")
    def approved(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    asked = agent("a", asks(ADDS), "Not today.", tools=[approved])

    async def run(ask: Ask) -> Any:
        result = await ask(asked, "1 + 2?")
        state = result.to_state()
        state.reject(result.interruptions[0])
        return await ask(asked, state)

    return Scenario(run, nodes="I llm1 add llm2", edges=ONE_TOOL, outputs="llm2")


def several_handoffs_at_once() -> Scenario:
    spanish, french = agent("Spanish", "Hola."), agent("French", "Salut.")
    calls = asks(("transfer_to_spanish", "{}"), ("transfer_to_french", "{}"))
    triage = agent("Triage", calls, handoffs=[spanish, french])
    return Scenario(
        running(triage, "Hello?"),
        nodes="I llm1 handoff transfer_to_french llm2",
        edges="I>llm1 llm1>handoff llm1>transfer_to_french I>llm2 llm1>llm2 transfer_to_french>llm2",
        control="handoff>llm2",
        outputs="llm2",
    )


class Reason(BaseModel):
    why: str


def a_handoff_with_a_reason() -> Scenario:
    spanish = agent("Spanish", "Hola.")
    transfer = handoff(spanish, input_type=Reason, on_handoff=lambda context, given: None, tool_name_override="pass_on")
    triage = agent("Triage", asks(("pass_on", '{"why": "the user speaks Spanish"}')), handoffs=[transfer])
    return Scenario(
        running(triage, "Hola?"),
        nodes="I llm1 handoff llm2",
        edges="I>llm1 llm1>handoff I>llm2 llm1>llm2",
        control="handoff>llm2",
        outputs="llm2",
    )


def a_nested_history() -> Scenario:
    spanish = agent("Spanish", "Tres.")
    calls = asks(("transfer_to_spanish", "{}"), text="It is three, and so I pass on.")
    triage = agent("Triage", calls, handoffs=[spanish])
    return Scenario(
        running(triage, "What is one plus two?", run_config=RunConfig(nest_handoff_history=True)),
        nodes="I llm1 handoff llm2",
        edges="I>llm1 llm1>handoff I>llm2 llm1>llm2",
        control="handoff>llm2",
        outputs="llm2",
    )


def handed_over_and_back() -> Scenario:
    triage, spanish = agent("Triage"), agent("Spanish", asks(("transfer_to_triage", "{}"), text="No entiendo."))
    triage = agent("Triage", asks(("transfer_to_spanish", "{}")), "Sorry.", handoffs=[spanish])
    spanish.handoffs.append(triage)
    return Scenario(
        running(triage, "Hello?"),
        nodes="I llm1 handoff1 llm2 handoff2 llm3",
        edges="I>llm1 llm1>handoff1 I>llm2 llm1>llm2 llm2>handoff2 I>llm3 llm1>llm3 llm2>llm3",
        control="handoff1>llm2 handoff2>llm3",
        outputs="llm3",
    )


def stops_at_one_of_its_tools() -> Scenario:
    stop = StopAtTools(stop_at_tool_names=["multiply"])
    asked = agent("a", asks(ADDS, MULTIPLIES), tools=[add, multiply], tool_use_behavior=stop)
    return Scenario(
        running(asked, "1 + 2 and 3 * 4?"),
        nodes="I llm add multiply",
        edges="I>llm llm>add llm>multiply",
        outputs="multiply",
    )


def code_sums_tools_up() -> Scenario:
    def both(context: RunContextWrapper[Any], results: list[Any]) -> ToolsToFinalOutputResult:
        said = " and ".join(f"{each.tool.name} gave {each.output}" for each in results)
        return ToolsToFinalOutputResult(is_final_output=True, final_output=said)

    asked = agent("a", asks(ADDS, MULTIPLIES), tools=[add, multiply], tool_use_behavior=both)
    return Scenario(
        running(asked, "1 + 2 and 3 * 4?"),
        nodes="I llm add multiply",
        edges="I>llm llm>add llm>multiply",
        outputs="add multiply",
    )


def a_tool_that_is_not_there() -> Scenario:
    asked = agent("a", asks(("subtract", "{}")), tools=[add])
    return Scenario(
        running(asked, "1 - 2?"),
        nodes="I llm run",
        edges="I>llm llm>run",
        outputs="run",
        failed="run",
        raises=ModelBehaviorError,
    )


def too_many_turns_are_handled() -> Scenario:
    asked = agent("a", asks(ADDS), tools=[add])
    handlers = {"max_turns": lambda data: RunErrorHandlerResult(final_output="I gave up.")}
    return Scenario(
        running(asked, "1 + 2?", max_turns=1, error_handlers=handlers),
        nodes="I llm add",
        edges="I>llm llm>add",
        outputs="add",
    )


def refused_while_the_model_thinks() -> Scenario:
    asked_now = asyncio.Event()

    @input_guardrail
    async def check(context: RunContextWrapper[Any], agent: Agent[Any], given: Any) -> GuardrailFunctionOutput:
        await asked_now.wait()
        return GuardrailFunctionOutput(output_info="homework", tripwire_triggered=True)

    async def never() -> None:
        asked_now.set()
        await asyncio.Event().wait()

    class Thinking(Answering):
        async def get_response(self, *args: Any, **kwargs: Any) -> Any:
            await never()

        async def stream_response(self, *args: Any, **kwargs: Any) -> Any:
            await never()
            yield None

    asked = agent("a", Thinking(lambda call: ""), input_guardrails=[check])
    return Scenario(
        running(asked, "What is an oak?"),
        nodes="I llm check",
        edges="I>llm I>check",
        outputs="check",
        failed="check",
        raises=InputGuardrailTripwireTriggered,
        ways=("run", "run_sync"),  # streamed, the SDK waits for the model first
    )


def an_agent_that_is_a_tool_streams() -> Scenario:
    helper = agent("Helper", "Hola, mundo.")
    events: list[Any] = []
    tool = helper.as_tool("translate", "Translate a text.", on_stream=events.append)
    asked = agent("a", asks(("translate", '{"input": "Hello, world."}')), "It is Hola, mundo.", tools=[tool])
    return Scenario(
        running(asked, "How do I greet the world in Spanish?"),
        nodes="I llm1 translate llm2 llm3",
        edges="I>llm1 llm1>translate llm1>llm2 llm2>translate I>llm3 llm1>llm3 translate>llm3",
        outputs="llm3",
    )


def a_tool_runs_an_agent_in_a_thread() -> Scenario:
    helper = agent("Helper", "Hola, mundo.")

    @function_tool
    def translate(text: str) -> str:
        """Translate."""
        return str(Runner.run_sync(helper, text).final_output)

    asked = agent("a", asks(("translate", '{"text": "Hello, world."}')), "It is Hola, mundo.", tools=[translate])
    return Scenario(
        running(asked, "How do I greet the world in Spanish?"),
        nodes="I llm1 translate llm2 llm3",
        edges="I>llm1 llm1>translate llm1>llm2 llm2>translate I>llm3 llm1>llm3 translate>llm3",
        outputs="llm3",
    )


def tools_that_run_agents_at_once() -> Scenario:
    helpers = {name: agent(name, f"{name} has seen a whale.") for name in ("Anna", "Bert")}

    @function_tool
    async def ask_someone(name: str) -> str:
        """Ask."""
        return str((await Runner.run(helpers[name], f"{name}, what have you seen?")).final_output)

    calls = asks(("ask_someone", '{"name": "Anna"}'), ("ask_someone", '{"name": "Bert"}'))
    asked = agent("a", calls, "Whales.", tools=[ask_someone])
    return Scenario(
        running(asked, "What have they seen?"),
        nodes="I llm1 ask_someone1 ask_someone2 llm2 llm3 llm4",
        edges="I>llm1 llm1>ask_someone1 llm1>ask_someone2 llm1>llm2 llm1>llm3 llm2>ask_someone1 llm3>ask_someone2 "
        "I>llm4 llm1>llm4 ask_someone1>llm4 ask_someone2>llm4",
        outputs="llm4",
    )


def a_list_that_grows() -> Scenario:
    asked = agent("a", "It is a tree.", "In forests.")

    async def run(ask: Ask) -> Any:
        items: list[Any] = [{"role": "user", "content": "What is an oak?"}]
        result = await ask(asked, items)
        items += [each.to_input_item() for each in result.new_items]
        items.append({"role": "user", "content": "Where are they?"})
        return await ask(asked, items)

    return Scenario(
        run, nodes="I1 llm1 I2 llm2", edges="I1>llm1 I1>llm2 llm1>llm2 I2>llm2", outputs="llm2", in_block=True
    )


def a_session_that_is_cut() -> Scenario:
    asked = agent("a", "It is a tree.", "In forests.", "Green.")
    config = RunConfig(session_input_callback=lambda history, new: [*history[-1:], *new])
    tasks = "What is an oak?", "Where are they?", "And how?"
    return Scenario(
        running(asked, *tasks, session=SQLiteSession("cut"), run_config=config),
        nodes="I1 llm1 I2 llm2 I3 llm3",
        edges="I1>llm1 llm1>llm2 I2>llm2 llm2>llm3 I3>llm3",
        outputs="llm3",
    )


def the_same_question_twice() -> Scenario:
    asked = agent("a", "Yes.", "Yes.", "No.")
    return Scenario(
        running(asked, "Is it so?", "Is it so?", "Is it so?", session=SQLiteSession("same")),
        nodes="I1 llm1 I2 llm2 I3 llm3",
        edges="I1>llm1 I1>llm2 llm1>llm2 I2>llm2 I1>llm3 llm1>llm3 I2>llm3 llm2>llm3 I3>llm3",
        outputs="llm3",
    )


def a_routed_story() -> Scenario:
    """The SDK's own example `deterministic.py`: a gate of code between three agents."""
    outliner = agent("Outliner", "A robot learns to paint the sea.")
    checker = agent("Checker", '{"name": "good", "height": 7}')
    writer = agent("Writer", "Once there was a robot.")

    async def run(ask: Ask) -> Any:
        outline = await ask(outliner, "A story about a robot.")
        verdict = await ask(checker, outline.final_output)
        assert verdict.final_output
        return await ask(writer, outline.final_output)

    return Scenario(
        run,
        nodes="I llm1 llm2 llm3",
        edges="I>llm1 llm1>llm2 llm1>llm3",
        outputs="llm3",
        in_block=True,
    )


def ids_that_are_used_again() -> Scenario:
    """Servers that number the calls of each answer anew."""
    asked = Agent("a", model=Numbered(), tools=[add])

    async def run(ask: Ask) -> Any:
        await asyncio.gather(ask(asked, "What is 1 + 2?"), ask(asked, "What is 1 + 2 again?"))
        return await ask(asked, "And once more?")

    edges = (f"I{i}>llm{a} llm{a}>add{i} I{i}>llm{b} llm{a}>llm{b} add{i}>llm{b}" for i, a, b in NUMBERS)
    return Scenario(
        run,
        nodes="I1 I2 I3 llm1 llm2 llm3 llm4 llm5 llm6 add1 add2 add3",
        edges=" ".join(edges),
        outputs="llm6",
        in_block=True,
        ways=("run", "run_streamed"),  # threads take turns as they like
    )


NUMBERS = ((1, 1, 3), (2, 2, 4), (3, 5, 6))


class Numbered(Answering):
    """A model that gives all its calls the same id."""

    def __init__(self) -> None:
        super().__init__(lambda call: "It is 3." if len(call.input) > 1 else [function_call(*ADDS, call_id="call_0")])


def only_the_handoff_is_passed_on() -> Scenario:
    spanish = agent("Spanish", "Hola.")
    transfer = handoff(spanish, input_filter=lambda data: data.clone(input_history=()), tool_name_override="pass_on")
    triage = agent("Triage", asks(("pass_on", "{}")), handoffs=[transfer])
    return Scenario(
        running(triage, "Hello?"),
        nodes="I llm1 handoff llm2",
        edges="I>llm1 llm1>handoff llm1>llm2",
        control="handoff>llm2",
        outputs="llm2",
    )


def an_image() -> Scenario:
    image = {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "auto"}
    asked = agent("a", "A tree.", "An oak.")
    return Scenario(
        running(asked, [{"role": "user", "content": [image]}], "Of which kind?", session=SQLiteSession("image")),
        nodes="I1 llm1 I2 llm2",
        edges="I1>llm1 I1>llm2 llm1>llm2 I2>llm2",
        outputs="llm2",
    )


class Remote(MCPServer):
    """A server of tools in this process."""

    name = "remote"

    async def connect(self) -> None: ...

    async def cleanup(self) -> None: ...

    async def list_tools(self, *args: Any) -> Any:
        schema = {"type": "object", "properties": {"city": {"type": "string"}}}
        return [MCPTool(name="weather", description="The weather.", input_schema=schema)]

    async def call_tool(self, *args: Any, **kwargs: Any) -> Any:
        return CallToolResult(content=[TextContent(type="text", text="It rains in Paris.")])

    async def list_prompts(self) -> Any: ...

    async def get_prompt(self, *args: Any) -> Any: ...


def a_tool_of_a_server() -> Scenario:
    asked = agent("a", asks(("weather", '{"city": "Paris"}')), "It rains.", mcp_servers=[Remote()])
    return Scenario(
        running(asked, "How is it in Paris?"),
        nodes="I llm1 weather llm2",
        edges="I>llm1 llm1>weather I>llm2 llm1>llm2 weather>llm2",
        outputs="llm2",
    )


def a_shell() -> Scenario:
    async def run(request: Any) -> str:
        return "two files"

    action = {"commands": ["ls"], "timeout_ms": None, "max_output_length": None}
    call = {"type": "shell_call", "id": "sh_1", "call_id": "call_sh", "action": action, "status": "completed"}
    asked = agent("a", [TypeAdapter(ResponseOutputItem).validate_python(call)], "Two.", tools=[ShellTool(executor=run)])
    return Scenario(
        running(asked, "How many files?"),
        nodes="I llm1 shell llm2",
        edges="I>llm1 llm1>shell I>llm2 llm1>llm2 shell>llm2",
        outputs="llm2",
        ways=("run", "run_sync"),  # the SDK's scripted model streams no such calls
    )


def an_agent_that_is_a_tool_fails() -> Scenario:
    helper = agent("Helper", KeyError("gone"))
    asked = agent("a", asks(("help", '{"input": "Hello?"}')), "No.", tools=[helper.as_tool("help", "Helps.")])
    return Scenario(
        running(asked, "Is anybody there?"),
        nodes="I llm1 help llm2 llm3",
        edges="I>llm1 llm1>help llm1>llm2 llm2>help I>llm3 llm1>llm3 help>llm3",
        outputs="llm3",
        failed="llm2",
    )


def a_tool_catches_what_an_agent_raised() -> Scenario:
    helper = agent("Helper", asks(ADDS), tools=[add])

    @function_tool
    async def careful(text: str) -> str:
        """Ask, and do without an answer."""
        try:
            return str((await Runner.run(helper, text, max_turns=1)).final_output)
        except MaxTurnsExceeded:
            return "nobody knows"

    asked = agent("a", asks(("careful", '{"text": "Hello?"}')), "No.", tools=[careful])
    return Scenario(
        running(asked, "Is anybody there?"),
        nodes="I llm1 careful llm2 add llm3",
        edges="I>llm1 llm1>careful llm1>llm2 llm2>add add>careful I>llm3 llm1>llm3 careful>llm3",
        outputs="llm3",
    )


def a_guardrail_fails() -> Scenario:
    guard = agent("Guard", "It is fair.")

    @input_guardrail(run_in_parallel=False)
    async def check(context: RunContextWrapper[Any], asked: Agent[Any], given: Any) -> GuardrailFunctionOutput:
        await Runner.run(guard, given)
        raise LookupError("no rules")

    asked = agent("a", "It is a tree.", input_guardrails=[check])
    return Scenario(
        running(asked, "What is an oak?"),
        nodes="I check llm",
        edges="I>check I>llm llm>check",
        outputs="check",
        failed="check",
        raises=LookupError,
    )


def two_turns_that_the_server_keeps() -> Scenario:
    asked = agent("a", "It is a tree.", "In forests.")
    return Scenario(
        running(asked, "What is an oak?", "Where are they?", conversation_id="conv_2"),
        nodes="I1 llm1 I2 llm2",
        edges="I1>llm1 llm1>llm2 I2>llm2",
        outputs="llm2",
    )


def answers_that_the_server_keeps_by_itself() -> Scenario:
    asked = agent("a", asks(ADDS), "It is 3.", tools=[add])
    return Scenario(
        running(asked, "1 + 2?", auto_previous_response_id=True),
        nodes="I llm1 add llm2",
        edges="I>llm1 llm1>add llm1>llm2 add>llm2",
        outputs="llm2",
    )


FURTHER = [
    two_turns_that_the_server_keeps,
    answers_that_the_server_keeps_by_itself,
    an_agent_that_is_a_tool_fails,
    a_tool_catches_what_an_agent_raised,
    a_guardrail_fails,
    ids_that_are_used_again,
    only_the_handoff_is_passed_on,
    an_image,
    a_tool_of_a_server,
    a_shell,
    a_tool_is_approved,
    a_tool_is_not_approved,
    several_handoffs_at_once,
    a_handoff_with_a_reason,
    a_nested_history,
    handed_over_and_back,
    stops_at_one_of_its_tools,
    code_sums_tools_up,
    a_tool_that_is_not_there,
    too_many_turns_are_handled,
    refused_while_the_model_thinks,
    an_agent_that_is_a_tool_streams,
    a_tool_runs_an_agent_in_a_thread,
    tools_that_run_agents_at_once,
    a_list_that_grows,
    a_session_that_is_cut,
    the_same_question_twice,
    a_routed_story,
]
