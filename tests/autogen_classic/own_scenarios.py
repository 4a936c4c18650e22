"""Ten programs as users write them, and what must be in their graphs; written down before any of them was run.

As in `scenarios`: `I` is an input, tools go by their name, other calls by their kind, numbered as they began.
"""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest

from tests.autogen_classic.agents import asks, assistant, group, user, with_tools
from tests.autogen_classic.scenarios import TWO_TURNS, Scenario


def search_flights(city: str) -> str:
    """Search flights."""
    return "XY12 at 9:00"


def book(flight: str) -> str:
    """Book a flight."""
    return f"booked {flight}"


def a_travel_desk() -> Scenario:
    """The user proxy runs a tool, then another with what the first gave, until the assistant is done."""
    asking = user(is_termination_msg=lambda message: "DONE" in (message.get("content") or ""))
    desk = assistant(
        "desk",
        asks(("1", "search_flights", {"city": "Oslo"})),
        asks(("2", "book", {"flight": "XY12"})),
        "You fly at 9:00. DONE",
    )
    with_tools(desk, asking, search_flights, book)
    before_2, before_3 = "I>llm2 llm1>llm2 search_flights>llm2", "I>llm3 llm1>llm3 search_flights>llm3 llm2>llm3"
    return Scenario(
        [asking, desk],
        lambda: asking.initiate_chat(desk, message="To Oslo, please.", silent=True),
        nodes="I llm1 search_flights llm2 book llm3",
        edges=f"I>llm1 llm1>search_flights {before_2} llm2>book {before_3} book>llm3",
        outputs="llm3",
    )


def a_function_selects_or_leaves_it_to_a_model() -> Scenario:
    asking = user()
    planner, writer, critic = assistant("planner", "Plan."), assistant("writer", "Poem."), assistant("critic", "Bad.")

    def choose(last_speaker: Any, chat: Any) -> Any:
        if last_speaker is writer:
            return critic
        return "auto" if last_speaker is planner else planner

    manager = group(planner, writer, critic, rounds=4, script=["writer"], speaker_selection_method=choose)
    return Scenario(
        [asking, manager],
        lambda: asking.initiate_chat(manager, message="Write.", silent=True),
        nodes="I llm1 llm2 llm3 llm4",
        edges="I>llm1 I>llm2 llm1>llm2 I>llm3 llm1>llm3 I>llm4 llm1>llm4 llm3>llm4",
        control="llm2>llm3",
        outputs="llm4",
    )


def a_person_selects() -> Scenario:
    asking, writer, critic = user(), assistant("writer", "Poem."), assistant("critic", "Bad.")
    manager = group(writer, critic, rounds=3, script=[], speaker_selection_method="manual")

    def run() -> Any:
        with patch("builtins.input", side_effect=["1", "2"]):
            return asking.initiate_chat(manager, message="Write.", silent=True)

    return Scenario([asking, manager], run, nodes="I llm1 llm2", edges="I>llm1 I>llm2 llm1>llm2", outputs="llm2")


def chats_one_after_the_other_with_a_reflection() -> Scenario:
    """The first chat is summed up by a model, and the summary is carried over to the second one."""
    asking = user()
    researcher, writer = assistant("researcher", "Oaks are old.", "Old trees."), assistant("writer", "A poem.")
    chats = [
        {"recipient": researcher, "message": "Facts?", "max_turns": 1, "summary_method": "reflection_with_llm"},
        {"recipient": writer, "message": "A poem, please.", "max_turns": 1, "summary_method": "last_msg"},
    ]
    return Scenario(
        [asking, researcher, writer],
        lambda: asking.initiate_chats([{**each, "silent": True} for each in chats]),
        nodes="I1 I2 llm1 llm2 llm3",
        edges="I1>llm1 I1>llm2 llm1>llm2 I2>llm3 llm2>llm3",
        outputs="llm3",
    )


def a_nested_chat_reflects() -> Scenario:
    """The user proxy asks a critic before it answers the writer."""
    asking, writer, critic = user(), assistant("writer", "Poem.", "Better poem."), assistant("critic", "Too short.")

    def reflection(recipient: Any, messages: Any, sender: Any, config: Any) -> str:
        return f"Review this: {recipient.chat_messages_for_summary(sender)[-1]['content']}"

    inner = {"recipient": critic, "message": reflection, "max_turns": 1, "summary_method": "last_msg", "silent": True}
    asking.register_nested_chats([inner], trigger=writer)
    return Scenario(
        [asking, writer, critic],
        lambda: asking.initiate_chat(writer, message="Write.", max_turns=2, silent=True),
        nodes="I llm1 llm2 llm3",
        edges="I>llm1 llm1>llm2 I>llm3 llm1>llm3 llm2>llm3",
        outputs="llm3",
    )


class FakeExecutor:
    """Runs nothing."""

    def __init__(self) -> None:
        from autogen.coding import MarkdownCodeExtractor

        self.code_extractor = MarkdownCodeExtractor()

    def execute_code_blocks(self, code_blocks: list[Any]) -> Any:
        from autogen.coding.base import CodeResult

        return CodeResult(exit_code=0, output=f"ran {len(code_blocks)}: 42")

    def restart(self) -> None:
        pass


def code_is_run() -> Scenario:
    coder = assistant("coder", "```python\nprint(42)\n```", "It is 42.")
    runner = user("runner", code_execution_config={"executor": FakeExecutor()})
    return Scenario(
        [coder, runner],
        lambda: runner.initiate_chat(coder, message="What is 6 x 7?", max_turns=2, silent=True),
        nodes="I llm1 reply llm2",
        edges="I>llm1 llm1>reply I>llm2 llm1>llm2 reply>llm2",
        outputs="llm2",
    )


def history_is_limited() -> Scenario:
    """What was cut is no parent."""
    from autogen.agentchat.contrib.capabilities.transform_messages import TransformMessages
    from autogen.agentchat.contrib.capabilities.transforms import MessageHistoryLimiter

    a, b = assistant("a", "Two."), assistant("b", "One.", "Three.")
    TransformMessages(transforms=[MessageHistoryLimiter(max_messages=2)], verbose=False).add_to_agent(b)
    return Scenario(
        [a, b],
        lambda: a.initiate_chat(b, message="Count.", max_turns=2, silent=True),
        nodes="I llm1 llm2 llm3",
        edges="I>llm1 I>llm2 llm1>llm2 llm1>llm3 llm2>llm3",
        outputs="llm3",
    )


def a_memory_adds_to_the_last_message() -> Scenario:
    """As a teachable agent does: what it is told last is told to its model with memories."""
    a, b = assistant("a", "And a beech?"), assistant("b", "A tree.", "A tree too.")
    b.register_hook("process_last_received_message", lambda text: f"{text}\n\n# Memories\nOaks are trees.")
    return Scenario(
        [a, b],
        lambda: a.initiate_chat(b, message="What is an oak?", max_turns=2, silent=True),
        nodes="I llm1 llm2 llm3",
        edges=TWO_TURNS,
        outputs="llm3",
    )


def a_tool_hands_over() -> Scenario:
    """AG2's group chat by a pattern, in which what a tool gives says who goes on."""
    pytest.importorskip("autogen.agentchat.group", reason="AutoGen 0.2 has no patterns")
    from autogen.agentchat import initiate_group_chat
    from autogen.agentchat.group import AgentTarget, ReplyResult
    from autogen.agentchat.group.patterns import DefaultPattern

    asking, expert = user(), assistant("expert", "It is a leaf miner.")

    def ask_expert(question: str) -> Any:
        """Ask the expert."""
        return ReplyResult(message="The expert takes over.", target=AgentTarget(expert))

    triage = assistant("triage", asks(("1", "ask_expert", {"question": "holes"})), functions=[ask_expert])
    with_tools(triage, asking)
    pattern = DefaultPattern(initial_agent=triage, agents=[triage, expert], user_agent=asking)
    return Scenario(
        [asking, triage, expert],
        lambda: initiate_group_chat(pattern=pattern, messages="My oak has holes.", max_rounds=4),
        nodes="I llm1 ask_expert llm2",
        edges="I>llm1 llm1>ask_expert I>llm2 llm1>llm2 ask_expert>llm2",
        outputs="llm2",
    )


def chats_at_once_and_one_that_needs_them() -> Scenario:
    asking = user()
    trees, birds = assistant("trees", "Oaks."), assistant("birds", "Jays.")
    writer = assistant("writer", "Jays plant oaks.")
    chats = [
        {"chat_id": 1, "recipient": trees, "message": "Which trees?"},
        {"chat_id": 2, "recipient": birds, "message": "Which birds?"},
        {"chat_id": 3, "recipient": writer, "message": "Write.", "prerequisites": [1, 2]},
    ]
    shared = {"max_turns": 1, "summary_method": "last_msg", "silent": True}
    return Scenario(
        [asking, trees, birds, writer],
        lambda: asking.a_initiate_chats([{**each, **shared} for each in chats]),
        nodes="I1 I2 I3 llm1 llm2 llm3",
        edges="I1>llm1 I2>llm2 I3>llm3 llm1>llm3 llm2>llm3",
        outputs="llm3",
    )


OWN_SCENARIOS = [
    a_travel_desk,
    a_function_selects_or_leaves_it_to_a_model,
    a_person_selects,
    chats_one_after_the_other_with_a_reflection,
    a_nested_chat_reflects,
    code_is_run,
    history_is_limited,
    a_memory_adds_to_the_last_message,
    a_tool_hands_over,
    chats_at_once_and_one_that_needs_them,
]
