"""What can be learned of agents, row by row: where the API is told of a new value, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from agents import Agent, FunctionTool, ModelSettings, RunContextWrapper, function_tool, handoff


@dataclass(frozen=True)
class Row:
    """Agents, one parameter of them, another value, and what of it is in what the API is sent."""

    name: str
    make: Callable[[Any], Agent[Any]]
    """The agent that is asked, for a model."""
    parameter: str
    value: Any
    shown: str
    """What is sent with the value, and not before."""
    asks: tuple[str, dict[str, Any]] | None = None
    """The tool or handoff that the model asks for first."""
    refused: Any = ""


def adder() -> FunctionTool:
    @function_tool
    def add(a: Annotated[int, "the first"], b: int = 0) -> int:
        """Add two numbers."""
        return a - b

    return add


def plain(model: Any) -> Agent[Any]:
    return Agent("Helper", model=model, instructions="Be brief.", tools=[adder()])


def triage(model: Any) -> Agent[Any]:
    spanish = Agent("Spanish agent", model=model, instructions="Speak Spanish.", handoff_description="Knows Spanish.")
    return Agent("Triage", model=model, instructions="Choose.", handoffs=[spanish])


def undescribed(model: Any) -> Agent[Any]:
    return Agent("Triage", model=model, instructions="Choose.", handoffs=[Agent("French", model=model)])


def overridden(model: Any) -> Agent[Any]:
    spanish = Agent("Spanish agent", model=model, instructions="Speak Spanish.")
    transfer = handoff(spanish, tool_description_override="For Spanish.", tool_name_override="speak_spanish")
    return Agent("Triage", model=model, instructions="Choose.", handoffs=[transfer])


def boss(model: Any) -> Agent[Any]:
    inner = Agent("Translator", model=model, instructions="Translate.")
    return Agent("Boss", model=model, instructions="Lead.", tools=[inner.as_tool("translate", "Translates.")])


def set_up(model: Any) -> Agent[Any]:
    settings = ModelSettings(temperature=0.5, top_p=0.5, parallel_tool_calls=False)
    return Agent("Helper", model=model, instructions="Be brief.", model_settings=settings, tools=[adder()])


def briefed(context: RunContextWrapper[Any], agent: Agent[Any]) -> str:
    return f"You are {agent.name}."


def dynamic(model: Any) -> Agent[Any]:
    return Agent("Helper", model=model, instructions=briefed)


def told_the_user(model: Any) -> Agent[Any]:
    @function_tool
    def whoami(context: RunContextWrapper[Any], greeting: str) -> str:
        """Say who the user is."""
        return f"{greeting} {context.context}"

    return Agent("Helper", model=model, instructions="Be brief.", tools=[whoami])


ADD = ("add", {"a": 2, "b": 3})
CODE = 'def add(a: Annotated[int, "the first"], b: int = 0) -> int:\n    return a + b'
BRIEFED = "def briefed(context, agent):\n    return f'You shall be {agent.name}.'"
WHOAMI = (
    "def whoami(context: RunContextWrapper[Any], greeting: str) -> str:\n    return f'{greeting}, {context.context}!'"
)

ROWS = [
    Row("instructions", plain, "x.Helper.system_prompt", "Be kind.", "Be kind.", refused={"no": "text"}),
    Row("tool", plain, "x.Helper.add.description", "Sum it up.", "Sum it up."),
    Row("argument", plain, "x.Helper.add.a", "the summand", "the summand", refused=7),
    Row("argument without a description", plain, "x.Helper.add.b", "the other summand", "the other summand", refused=7),
    Row("code", plain, "x.Helper.add.code", CODE, '"5"', ADD, "def add(a): return a"),
    Row(
        "code that is given the context",
        told_the_user,
        "x.Helper.whoami.code",
        WHOAMI,
        "Hello, Ada!",
        ("whoami", {"greeting": "Hello"}),
        "def whoami(a): return a",
    ),
    Row(
        "instructions of one that is handed over to",
        triage,
        "x.Spanish_agent.system_prompt",
        "Speak slowly.",
        "Speak slowly.",
        ("transfer_to_spanish_agent", {}),
    ),
    Row("handoff description", triage, "x.Spanish_agent.handoff_description", "Speaks it well.", "Speaks it well."),
    Row("handoff without one", undescribed, "x.French.handoff_description", "Knows it.", "Knows it.", refused=7),
    Row("handoff", overridden, "x.Triage.speak_spanish.description", "For Spaniards.", "For Spaniards."),
    Row("agent as tool", boss, "x.Boss.translate.description", "Turns it around.", "Turns it around."),
    Row(
        "instructions of an agent that is a tool",
        boss,
        "x.Translator.system_prompt",
        "Translate well.",
        "Translate well.",
        ("translate", {"input": "Hello"}),
    ),
    Row("temperature", set_up, "x.Helper.temperature", 0.25, '"temperature": 0.25', refused=3),
    Row("top_p", set_up, "x.Helper.top_p", 0.25, '"top_p": 0.25', refused=0),
    Row("parallel", set_up, "x.Helper.parallel_tool_calls", True, '"parallel_tool_calls": true', refused="perhaps"),
    Row(
        "a function that writes instructions",
        dynamic,
        "x.Helper.instructions.code",
        BRIEFED,
        "You shall be Helper.",
        refused="def briefed(agent): return ''",
    ),
]


def sent(requests: list[Any]) -> str:
    """All that the API was sent."""
    return "\n".join(json.dumps(request.body, ensure_ascii=False) for request in requests)
