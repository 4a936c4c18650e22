"""Eight further programs as users write them, and what must be in their graphs; written down before they were run.

As in `scenarios`: `I` is an input, tools go by their name, other calls by their kind, numbered as they began.
"""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from trace_autogen.classic import trace

from tests.autogen_classic.agents import ConversableAgent, add, asks, assistant, group, user, with_tools
from tests.autogen_classic.scenarios import Scenario


def an_agent_is_a_tool() -> Scenario:
    """A tool has a chat with an expert, and gives what that ended with."""
    asking, expert = user(), assistant("expert", "Leaf miners make such tunnels.")
    helper = assistant("helper", asks(("1", "consult", {"question": "what makes tunnels in oak leaves?"})), "Moths.")

    def consult(question: str) -> str:
        """Consult the expert."""
        result = user("desk").initiate_chat(expert, message=f"Question: {question}", max_turns=1, silent=True)
        return str(result.summary)

    with_tools(helper, asking, consult)
    return Scenario(
        [asking, helper, expert],
        lambda: asking.initiate_chat(helper, message="My oak is ill.", max_turns=2, silent=True),
        nodes="I llm1 llm2 consult llm3",
        edges="I>llm1 llm1>consult llm1>llm2 llm2>consult I>llm3 llm1>llm3 consult>llm3",
        outputs="llm3",
    )


def who_may_speak_after_whom_is_given() -> Scenario:
    """A model is asked only where several may speak."""
    asking, writer, critic = user(), assistant("writer", "Poem.", "Better poem."), assistant("critic", "Bad.")
    manager = group(
        asking,
        writer,
        critic,
        rounds=4,
        script=["writer"],
        allowed_or_disallowed_speaker_transitions={asking: [writer], writer: [critic], critic: [writer, asking]},
        speaker_transitions_type="allowed",
    )
    return Scenario(
        [manager],
        lambda: asking.initiate_chat(manager, message="Write.", silent=True),
        nodes="I llm1 llm2 llm3 llm4",
        edges="I>llm1 I>llm2 llm1>llm2 I>llm3 llm1>llm3 llm2>llm3 I>llm4 llm1>llm4 llm2>llm4",
        control="llm3>llm4",
        outputs="llm4",
    )


def a_person_answers() -> Scenario:
    asking = ConversableAgent("user", llm_config=False, human_input_mode="ALWAYS")
    writer = assistant("writer", "A long poem.", "A poem.")

    def run() -> Any:
        with patch("builtins.input", side_effect=["Make it shorter.", "exit"]):
            return asking.initiate_chat(writer, message="Write.", silent=True)

    return Scenario(
        [asking, writer],
        run,
        nodes="I llm1 reply llm2",
        edges="I>llm1 llm1>reply I>llm2 llm1>llm2 reply>llm2",
        outputs="llm2",
    )


def a_summary_of_ones_own_is_carried_on() -> Scenario:
    """A function of the user's puts all answers together, and the program tells another agent of them."""
    asking = user(default_auto_reply="Go on.")
    researcher = assistant("researcher", "Oaks live for a thousand years.", "Jays plant oaks in autumn.")
    writer = assistant("writer", "A poem.")

    def summed_up(sender: Any, recipient: Any, arguments: Any) -> str:
        said = [message for message in sender.chat_messages[recipient] if message.get("name") == "researcher"]
        return " / ".join(message["content"] for message in said)

    def run() -> Any:
        with trace(asking).run():
            facts = asking.initiate_chat(
                researcher, message="Facts, please.", max_turns=2, summary_method=summed_up, silent=True
            )
            return asking.initiate_chat(writer, message=f"Write of this: {facts.summary}", max_turns=1, silent=True)

    return Scenario(
        [asking, researcher, writer],
        run,
        nodes="I llm1 llm2 llm3",
        edges="I>llm1 I>llm2 llm1>llm2 llm1>llm3 llm2>llm3",
        outputs="llm3",
    )


def two_nested_chats_of_which_the_first_is_summed_up() -> Scenario:
    asking, front = user(), assistant("front")
    critic, editor = assistant("critic", "It has no rhymes.", "Rhymes are missing."), assistant("editor", "A new poem.")

    def criticize(recipient: Any, messages: Any, sender: Any, config: Any) -> str:
        return f"Criticize this: {messages[-1]['content']}"

    shared = {"max_turns": 1, "silent": True}
    inner = [
        {"recipient": critic, "message": criticize, "summary_method": "reflection_with_llm", **shared},
        {"recipient": editor, "message": "Mend what is named below.", "summary_method": "last_msg", **shared},
    ]
    front.register_nested_chats(inner, trigger=asking)
    return Scenario(
        [asking, front, critic, editor],
        lambda: asking.initiate_chat(front, message="The oak is old, the wind is cold", max_turns=1, silent=True),
        nodes="I1 I2 llm1 llm2 llm3",
        edges="I1>llm1 I1>llm2 llm1>llm2 I2>llm3 llm2>llm3",
        outputs="llm3",
    )


def replies_in_plain_async_code() -> Scenario:
    """A draft, a check of it, and another attempt that is told all of it, with no chat at all."""
    writer, checker = assistant("writer", "The oak is old.", "The oak is very old."), assistant("checker", "Too short!")

    async def run() -> Any:
        task = {"role": "user", "content": "Write a line on an oak."}
        with trace(writer).run():
            draft = await writer.a_generate_reply(messages=[task])
            check = await checker.a_generate_reply(messages=[{"role": "user", "content": f"Is this good? {draft}"}])
            drafted = {"role": "assistant", "content": draft}
            return await writer.a_generate_reply(messages=[task, drafted, {"role": "user", "content": check}])

    return Scenario(
        [writer, checker],
        run,
        nodes="I llm1 llm2 llm3",
        edges="I>llm1 llm1>llm2 I>llm3 llm1>llm3 llm2>llm3",
        outputs="llm3",
    )


def chats_in_a_row_of_which_the_second_goes_on() -> Scenario:
    asking = user()
    helper = assistant("helper", asks(("1", "add", {"a": 1, "b": 2})), "It is three.", "It is six.")
    with_tools(helper, asking, add)
    chats = [
        {"recipient": helper, "message": "Add 1 and 2.", "max_turns": 2},
        {"recipient": helper, "message": "And now double that.", "max_turns": 1, "clear_history": False},
    ]
    return Scenario(
        [asking, helper],
        lambda: asking.initiate_chats([{**each, "summary_method": "last_msg", "silent": True} for each in chats]),
        nodes="I1 I2 llm1 add llm2 llm3",
        edges="I1>llm1 llm1>add I1>llm2 llm1>llm2 add>llm2 I1>llm3 llm1>llm3 add>llm3 llm2>llm3 I2>llm3",
        outputs="llm3",
    )


def a_selection_is_asked_again() -> Scenario:
    """The model that selects names nobody at first."""
    asking, writer, critic = user(), assistant("writer", "Poem."), assistant("critic")
    manager = group(writer, critic, assistant("editor"), rounds=2, script=["nobody", "writer"])
    return Scenario(
        [asking, manager],
        lambda: asking.initiate_chat(manager, message="Write.", silent=True),
        nodes="I llm1 llm2 llm3",
        edges="I>llm1 I>llm2 llm1>llm2 I>llm3",
        control="llm2>llm3",
        outputs="llm3",
    )


FURTHER_SCENARIOS = [
    an_agent_is_a_tool,
    who_may_speak_after_whom_is_given,
    a_person_answers,
    a_summary_of_ones_own_is_carried_on,
    two_nested_chats_of_which_the_first_is_summed_up,
    replies_in_plain_async_code,
    chats_in_a_row_of_which_the_second_goes_on,
    a_selection_is_asked_again,
]
