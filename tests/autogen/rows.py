"""What can be learned of AutoGen programs, row by row: how a new value is seen, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from autogen_agentchat.agents import AssistantAgent, MessageFilterAgent, SocietyOfMindAgent
from autogen_agentchat.agents._message_filter_agent import MessageFilterConfig
from autogen_agentchat.base import Handoff
from autogen_agentchat.conditions import MaxMessageTermination
from autogen_agentchat.teams import MagenticOneGroupChat, RoundRobinGroupChat, SelectorGroupChat
from autogen_agentchat.tools import AgentTool, TeamTool
from autogen_core.code_executor import ImportFromModule
from autogen_core.tools import FunctionTool, StaticStreamWorkbench, ToolOverride

from tests.autogen.programs import asks, assistant, client
from tests.autogen.team_scenarios import progress

ADD = ("add", '{"a": 2, "b": 3}')


@dataclass(frozen=True)
class Row:
    """A program, one parameter of it, another value, how that is seen when the program runs, and what is refused."""

    name: str
    make: Callable[[], Any]
    parameter: str
    value: Any
    seen: Callable[[Any, Any], str]
    """What a model or the caller was told, by the program and the result of its last run."""
    shown: str
    """What stands there with the value, and not before."""
    refused: Any = ""


def told(owner: Any, call: int = -1) -> str:
    """All that the model of an agent or a team was sent: messages and tools."""
    sent = owner._model_client.create_calls[call]
    tools = [tool if isinstance(tool, dict) else tool.schema for tool in sent["tools"]]
    return "\n".join(str(message.content) for message in sent["messages"]) + f"\n{tools}"


def add(a: Annotated[int, "the first"], b: int = 0) -> int:
    """Add two numbers."""
    return a - b


def adder(description: str = "Add two numbers.") -> FunctionTool:
    return FunctionTool(add, description, global_imports=[ImportFromModule("typing", ("Annotated",))])


def writer(*answers: Any, **options: Any) -> AssistantAgent:
    return assistant("writer", *(answers or ["Done."]) * 6, **options)


def adding(**options: Any) -> AssistantAgent:
    """An agent that adds each time it is asked."""
    return writer(asks(ADD), tools=[adder()], **options)


def people() -> list[AssistantAgent]:
    return [assistant(name, *["Fine."] * 9, description=f"{name} is kind.") for name in ("anna", "bert")]


def selector(**options: Any) -> SelectorGroupChat:
    end = MaxMessageTermination(2)
    return SelectorGroupChat(people(), client(*["anna"] * 9), termination_condition=end, **options)


def society() -> SocietyOfMindAgent:
    inner = RoundRobinGroupChat(people(), termination_condition=MaxMessageTermination(3))
    return SocietyOfMindAgent("society", inner, client(*["All."] * 9))


def magentic() -> MagenticOneGroupChat:
    answers = ["Facts.", "Plan.", progress(True), "Final."] * 6
    return MagenticOneGroupChat(people(), client(*answers))


def helped() -> AssistantAgent:
    helper = assistant("helper", *["Seven."] * 6, description="It helps.")
    return writer(asks(("helper", '{"task": "count"}')), tools=[AgentTool(helper)])


def filtered() -> MessageFilterAgent:
    return MessageFilterAgent("filter", writer(), MessageFilterConfig(per_source=[]))


def teamed() -> AssistantAgent:
    team = RoundRobinGroupChat(people(), termination_condition=MaxMessageTermination(2))
    return writer("Done.", tools=[TeamTool(team, "panel", "A panel.")])


def overridden() -> AssistantAgent:
    return writer("Done.", workbench=StaticStreamWorkbench([adder()], {"add": ToolOverride(description="Sum.")}))


def handing() -> AssistantAgent:
    return writer(asks(("transfer_to_bert", "{}")), handoffs=[Handoff(target="bert", message="Take over.")])


def by(path: str) -> Callable[[Any, Any], str]:
    """What the model was told of what is found at this path in the program."""

    def seen(program: Any, result: Any) -> str:
        for part in path.split(".") if path else ():
            program = program[int(part)] if part.isdigit() else getattr(program, part)
        return told(program)

    return seen


def answer(program: Any, result: Any) -> str:
    """The text that the program answered with."""
    return str(result.messages[-1].content)


AS_JSON = 'Return JSON {"a": 1}'

ROWS = [
    Row("system message", writer, "x.writer.system_prompt", AS_JSON, by(""), AS_JSON, "  "),
    Row("wrapped", filtered, "x.filter.writer.system_prompt", "Rhyme.", by("_wrapped_agent"), "Rhyme."),
    Row(
        "agent description, to a selector",
        selector,
        "x.bert.description",
        "bert is strict.",
        by(""),
        "bert: bert is strict.",
    ),
    Row(
        "agent description, to Magentic-One",
        magentic,
        "x.anna.description",
        "anna\nis strict.",
        lambda team, _: told(team, -3),
        "anna: anna is strict.",
    ),
    Row(
        "selector prompt",
        selector,
        "x.selector_prompt",
        f"Who is next of {{participants}}? {{roles}} {{history}} {AS_JSON}",
        by(""),
        "Who is next of ['anna', 'bert']? anna: anna is kind.\nbert: bert is kind. user: go\n\n" + f" {AS_JSON}",
        "Who is next of {participants}?",
    ),
    Row("instruction", society, "x.society.instruction", AS_JSON, by(""), AS_JSON),
    Row("response prompt", society, "x.society.response_prompt", AS_JSON, by(""), AS_JSON),
    Row("final answer prompt", magentic, "x.final_answer_prompt", AS_JSON, by(""), AS_JSON, "Answer {task}."),
    Row("tool", adding, "x.writer.add.description", AS_JSON, by(""), "Return JSON", " "),
    Row("tool in a workbench", overridden, "x.writer.add.description", "Plus.", by(""), "'description': 'Plus.'"),
    Row("agent as a tool", helped, "x.writer.helper.description", "Counts.", by(""), "'description': 'Counts.'"),
    Row("team as a tool", teamed, "x.writer.panel.description", "Many.", by(""), "'description': 'Many.'"),
    Row(
        "agent in a tool",
        helped,
        "x.writer.helper.system_prompt",
        "Count.",
        by("_workbench.0._tools.0._agent"),
        "Count.",
    ),
    Row("argument", adding, "x.writer.add.a", 'a "number"', by(""), """'description': 'a "number"'""", 3),
    Row("argument without a text", adding, "x.writer.add.b", "another", by(""), "'description': 'another'", 3),
    Row("handoff", handing, "x.writer.transfer_to_bert.description", "For sums.", by(""), "'description': 'For sums.'"),
    Row("handoff message", handing, "x.writer.transfer_to_bert.message", AS_JSON, answer, AS_JSON),
    Row(
        "summary format",
        adding,
        "x.writer.tool_call_summary_format",
        f"{{tool_name}} gave {{result}}. {AS_JSON}",
        answer,
        f"add gave -1. {AS_JSON}",
        "It gave {answer}: {result}",
    ),
    Row(
        "reflect",
        lambda: writer(asks(ADD), "Reflected.", tools=[adder()]),
        "x.writer.reflect_on_tool_use",
        True,
        answer,
        "Reflected.",
        "perhaps",
    ),
    Row(
        "iterations",
        lambda: writer(asks(ADD), "Again.", tools=[adder()]),
        "x.writer.max_tool_iterations",
        2,
        answer,
        "Again.",
        0,
    ),
]
