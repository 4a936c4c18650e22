"""Conversations, and what must be in their graphs; written down before there was a recorder.

Nodes: `I` is an input, tools go by their name, other calls by their kind; a number tells several of the same apart, in
the order in which they began. Every edge is data unless it stands in `control`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.autogen_classic.agents import ConversableAgent, add, asks, assistant, broken, double, group, user, with_tools


@dataclass
class Scenario:
    """Who is traced, what runs, and the graph of the last run."""

    traced: list[Any]
    run: Callable[[], Any | Awaitable[Any]]
    nodes: str
    edges: str
    outputs: str
    control: str = ""
    failed: str = ""
    raises: str = ""


TWO_TURNS = "I>llm1 I>llm2 llm1>llm2 I>llm3 llm1>llm3 llm2>llm3"


def one_turn() -> Scenario:
    asking, answering = user(), assistant("helper", "Hello.")
    return Scenario(
        [asking, answering],
        lambda: asking.initiate_chat(answering, message="Hi!", max_turns=1, silent=True),
        nodes="I llm",
        edges="I>llm",
        outputs="llm",
    )


def two_assistants() -> Scenario:
    a, b = assistant("a", "Two."), assistant("b", "One.", "Three.")
    return Scenario(
        [a, b],
        lambda: a.initiate_chat(b, message="Count.", max_turns=2, silent=True),
        nodes="I llm1 llm2 llm3",
        edges=TWO_TURNS,
        outputs="llm3",
    )


def awaited() -> Scenario:
    a, b = assistant("a", "Two."), assistant("b", "One.", "Three.")
    return Scenario(
        [a, b],
        lambda: a.a_initiate_chat(b, message="Count.", max_turns=2, silent=True),
        nodes="I llm1 llm2 llm3",
        edges=TWO_TURNS,
        outputs="llm3",
    )


def goes_on() -> Scenario:
    asking, answering = user(), assistant("helper", "Hello.", "Bye.")

    def run() -> Any:
        asking.initiate_chat(answering, message="Hi!", max_turns=1, silent=True)
        return asking.initiate_chat(answering, message="Bye!", max_turns=1, silent=True, clear_history=False)

    return Scenario(
        [asking, answering],
        run,
        nodes="I1 I2 llm1 llm2",
        edges="I1>llm1 I1>llm2 llm1>llm2 I2>llm2",
        outputs="llm2",
    )


def starts_again() -> Scenario:
    asking, answering = user(), assistant("helper", "Hello.", "Bye.")

    def run() -> Any:
        asking.initiate_chat(answering, message="Hi!", max_turns=1, silent=True)
        return asking.initiate_chat(answering, message="Bye!", max_turns=1, silent=True)

    return Scenario([asking, answering], run, nodes="I llm", edges="I>llm", outputs="llm")


def two_tools() -> Scenario:
    asked = asks(("1", "add", {"a": 1, "b": 2}), ("2", "double", {"a": 4}))
    asking, answering = user(), assistant("helper", asked, "3 and 8.")
    with_tools(answering, asking, add, double)
    return Scenario(
        [asking, answering],
        lambda: asking.initiate_chat(answering, message="Calculate!", max_turns=2, silent=True),
        nodes="I llm1 add double llm2",
        edges="I>llm1 llm1>add llm1>double I>llm2 llm1>llm2 add>llm2 double>llm2",
        outputs="llm2",
    )


def tools_that_fail() -> Scenario:
    asked = asks(("1", "broken", {"a": 1}), ("2", "missing", {}))
    asking, answering = user(), assistant("helper", asked, "Sorry.")
    with_tools(answering, asking, broken)
    return Scenario(
        [asking, answering],
        lambda: asking.initiate_chat(answering, message="Calculate!", max_turns=2, silent=True),
        nodes="I llm1 broken missing llm2",
        edges="I>llm1 llm1>broken llm1>missing I>llm2 llm1>llm2 broken>llm2 missing>llm2",
        outputs="llm2",
        failed="broken missing",
    )


def code_of_ones_own() -> Scenario:
    asking, answering = user(), assistant("helper", "Hello.", "Bye.")

    def shout(recipient: Any, messages: Any, sender: Any, config: Any) -> tuple[bool, str]:
        return True, messages[-1]["content"].upper()

    asking.register_reply([ConversableAgent, None], shout, position=0)
    return Scenario(
        [asking, answering],
        lambda: asking.initiate_chat(answering, message="Hi!", max_turns=2, silent=True),
        nodes="I llm1 reply llm2",
        edges="I>llm1 llm1>reply I>llm2 llm1>llm2 reply>llm2",
        outputs="llm2",
    )


def round_robin() -> Scenario:
    asking, writer, critic = user(), assistant("writer", "Poem.", "Better poem."), assistant("critic", "Bad.")
    manager = group(writer, critic, rounds=4)
    return Scenario(
        [asking, manager],
        lambda: asking.initiate_chat(manager, message="Write.", silent=True),
        nodes="I llm1 llm2 llm3",
        edges=TWO_TURNS,
        outputs="llm3",
    )


def selected() -> Scenario:
    asking, writer, critic = user(), assistant("writer", "Poem."), assistant("critic", "Bad.")
    manager = group(writer, critic, assistant("editor"), rounds=3, script=["critic", "writer"])
    return Scenario(
        [asking, manager],
        lambda: asking.initiate_chat(manager, message="Write.", silent=True),
        nodes="I llm1 llm2 llm3 llm4",
        edges="I>llm1 I>llm2 I>llm3 llm2>llm3 I>llm4 llm2>llm4",
        control="llm1>llm2 llm3>llm4",
        outputs="llm4",
    )


def nested() -> Scenario:
    asking, fronting, helping = user(), assistant("front"), assistant("back", "Hello.")
    inner = {"recipient": helping, "max_turns": 1, "summary_method": "last_msg", "silent": True}
    fronting.register_nested_chats([inner], trigger=asking)
    return Scenario(
        [asking, fronting, helping],
        lambda: asking.initiate_chat(fronting, message="Hi!", max_turns=1, silent=True),
        nodes="I llm",
        edges="I>llm",
        outputs="llm",
    )


def nested_with_a_message_of_its_own() -> Scenario:
    """What a nested chat is told by its configuration is not what the user asked."""
    asking, fronting = user(), assistant("front")
    one, other = assistant("one", "It rains."), assistant("other", "It still rains.")
    told = [(one, "Say 3 things about the weather"), (other, "And 4 of the rain")]
    shared = {"max_turns": 1, "summary_method": "last_msg", "silent": True}
    inner = [{"recipient": each, "message": message, **shared} for each, message in told]
    fronting.register_nested_chats(inner, trigger=asking)
    return Scenario(
        [asking, fronting, one, other],
        lambda: asking.initiate_chat(
            fronting, message="Please say 3 things about the weather of May", max_turns=1, silent=True
        ),
        nodes="I1 I2 llm1 llm2",
        edges="I1>llm1 I2>llm2 llm1>llm2",
        outputs="llm2",
    )


def model_that_fails() -> Scenario:
    asking, answering = user(), assistant("helper", ValueError("no model"))
    return Scenario(
        [asking, answering],
        lambda: asking.initiate_chat(answering, message="Hi!", max_turns=1, silent=True),
        nodes="I llm",
        edges="I>llm",
        outputs="llm",
        failed="llm",
        raises="no model",
    )


SCENARIOS = [
    one_turn,
    two_assistants,
    awaited,
    goes_on,
    starts_again,
    two_tools,
    tools_that_fail,
    code_of_ones_own,
    round_robin,
    selected,
    nested,
    nested_with_a_message_of_its_own,
    model_that_fails,
]
