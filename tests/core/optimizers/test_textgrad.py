"""TextGrad: criticism of each input from the criticism of the output, then an update of each variable."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence

import pytest

from tests.core.optimizers.small_agent import suggesting
from trace_core.bundles import bundle
from trace_core.errors import LLMError
from trace_core.llm.chat import Message
from trace_core.llm.replay import ReplayChat
from trace_core.optimizers import NothingChanged, TextGrad
from trace_core.parameter_nodes import ParameterNode, node
from trace_core.propagators import Batch, GraphPropagator


@bundle
def draft(prompt, question):
    """Write a first answer."""
    return f"{prompt} {question}"


@bundle
def polish(text, style):
    """Rewrite in a style."""
    return f"{text} ({style})"


def prompt() -> ParameterNode:
    return node("Be brief.", trainable=True, name="prompt")


def style() -> ParameterNode:
    return node("terse", trainable=True, name="style")


class Scripted(ReplayChat):
    """Answers every question about an input by its name, and every update with a new value."""

    def __init__(self, count: int = 20, broken: str = "") -> None:
        super().__init__([self.reply] * count)
        self.broken = broken

    def reply(self, messages: Sequence[Message]) -> str:
        text = messages[-1]["content"]
        if self.broken and self.broken in text:
            raise LLMError("HTTP 500")
        last = text.splitlines()[-1]
        if last.startswith("In one or two sentences"):
            return f"criticism of {last.removesuffix('?').rpartition(' ')[2]} "
        return f"```\nnew {text.partition(' is')[0]}\n```"

    @property
    def questions(self) -> list[str]:
        return [messages[-1]["content"] for messages in self.calls]


def test_feedback_goes_back_one_operation_at_a_time_and_then_each_variable_is_updated() -> None:
    first, second, llm = prompt(), style(), Scripted()
    polish(draft(first, "Why?"), second).backward("too long")
    record = TextGrad([first, second], llm).step()
    *criticisms, update_prompt, update_style = llm.questions
    about = [text.removesuffix("?").rpartition(" ")[2] for text in criticisms]
    assert about == ["draft0", "style", "prompt"]
    assert len(llm.calls) == record.usage.calls == 5
    assert criticisms[0] == (
        "draft0 = 'Be brief. Why?'\n"
        "style = 'terse'\n"
        "polish0 = polish(text=draft0, style=style)\n"
        "[polish] Rewrite in a style.\n"
        "gave 'Be brief. Why? (terse)'\n"
        "Feedback on that: too long\n"
        "In one or two sentences: what should be different about draft0?"
    )
    assert "Feedback on that: criticism of draft0\n" in criticisms[2]
    assert update_prompt == (
        "prompt is\n```\nBe brief.\n```\nCriticism:\n- criticism of prompt\n"
        "Write a new prompt that replaces the old one, with a rule for each thing that the feedback teaches. "
        "Give it in one block."
    )
    assert "- criticism of style\n" in update_style
    assert (first.data, second.data) == ("new prompt", "new style")
    assert record.changed == ["prompt", "style"]


async def test_it_may_be_awaited() -> None:
    first, llm = prompt(), Scripted()
    draft(first, "Why?").backward("too long")
    await TextGrad(first, llm).astep()
    assert len(llm.calls) == 2
    assert first.data == "new prompt"


def test_a_variable_that_is_used_twice_gets_both_criticisms() -> None:
    first, llm = prompt(), Scripted()
    polish(draft(first, "Why?"), first).backward("too long")
    TextGrad(first, llm).step()
    *criticisms, update = llm.questions
    assert [text.removesuffix("?").rpartition(" ")[2] for text in criticisms] == ["draft0", "prompt", "prompt"]
    assert update.count("- criticism of prompt") == 1  # said twice in the same words


def test_what_does_not_depend_on_a_variable_is_not_criticised() -> None:
    first, second, llm = prompt(), style(), Scripted()
    polish(draft(first, "Why?"), second).backward("too long")
    TextGrad(second, llm).step()
    assert len(llm.calls) == 2
    assert first.data == "Be brief."


def test_an_edge_over_which_the_propagator_sent_nothing_is_not_criticised() -> None:
    first, second, llm = prompt(), style(), Scripted()
    propagator = GraphPropagator()
    propagator.register("polish", lambda operation, message: [None, message])
    polish(draft(first, "Why?"), second).backward("too long", propagator)
    record = TextGrad([first, second], llm).step()
    assert record.changed == ["style"]
    assert len(llm.calls) == 2
    assert list(record.unreached) == ["prompt"]


def test_feedback_on_the_variable_itself_is_its_criticism() -> None:
    first, llm = prompt(), Scripted()
    first.backward("too short")
    TextGrad(first, llm).step()
    [update] = llm.questions
    assert "Criticism:\n- too short\n" in update


def test_each_example_of_a_batch_is_criticised() -> None:
    first, llm = prompt(), Scripted()
    batch = Batch()
    for question in ("Why?", "How?"):
        batch.add(draft(first, question), f"wrong: {question}")
    TextGrad(first, llm).step(batch)
    *criticisms, _ = llm.questions
    assert [("wrong: Why?" in text, "wrong: How?" in text) for text in criticisms] == [(True, False), (False, True)]


def test_a_value_that_is_no_text_is_updated_as_json() -> None:
    count = node(2, trainable=True, name="count")
    llm = ReplayChat(["make it larger", suggesting(count="5")])
    (count * 3).backward("expected 15")
    record = TextGrad(count, llm).step()
    assert count.data == 5
    assert record.changed == ["count"]
    assert llm.calls[0][0]["content"] == (
        "count = 2\nint0 = 3\nmultiply0 = count * int0\n[multiply] Product of x and y.\ngave 6\n"
        "Feedback on that: expected 15\nIn one or two sentences: what should be different about count?"
    ).replace("[multiply] Product of x and y.\n", described(llm.calls[0][0]["content"]))
    assert llm.calls[1][0]["content"].startswith("count is\n2\nCriticism:\n- make it larger\nAnswer as JSON:")


def described(text: str) -> str:
    """The line that describes an operator, whatever its words are."""
    return "".join(line + "\n" for line in text.splitlines() if line.startswith("[multiply]"))


def test_a_refused_update_is_asked_again_and_the_others_count() -> None:
    first, count = prompt(), node(2, trainable=True, name="count")
    output = draft(first, count)
    answers = ["shorter", "more", "```\nCite.\n```", suggesting(count="many"), suggesting(count="lots")]
    llm = ReplayChat(answers)
    output.backward("wrong")
    record = TextGrad([first, count], llm).step()
    assert len(llm.calls) == 5
    assert "This cannot be used. count: Input should be a valid integer" in llm.calls[4][-1]["content"]
    assert record.changed == ["prompt"]
    assert list(record.refusals) == ["count"]
    assert (first.data, count.data) == ("Cite.", 2)


def test_an_update_that_cannot_be_read_is_refused_under_its_variable() -> None:
    count = node(2, trainable=True, name="count")
    (count * 3).backward("expected 15")
    with pytest.warns(NothingChanged, match="count: answer: no block and no JSON object"):
        record = TextGrad(count, ReplayChat(["larger", "nonsense", "nonsense"])).step()
    assert list(record.refusals) == ["count: answer"]


@pytest.mark.parametrize("broken", ["about draft0?", "about prompt?", "prompt is", "style is"])
def test_an_llm_that_fails_anywhere_on_the_way_changes_nothing(broken: str) -> None:
    first, second = prompt(), style()
    polish(draft(first, "Why?"), second).backward("too long")
    with pytest.warns(NothingChanged, match="llm: HTTP 500"):
        record = TextGrad([first, second], Scripted(broken=broken)).step()
    assert (first.data, second.data) == ("Be brief.", "terse")
    assert list(record.refusals) == ["llm"]


def test_a_long_criticism_is_cut_before_it_is_passed_on() -> None:
    first = prompt()
    llm = ReplayChat(["blah " * 40_000, "```\nCite.\n```"])
    draft(first, "Why?").backward("too long")
    TextGrad(first, llm).step()
    assert len(llm.calls[1][0]["content"]) < 3_000


def test_a_criticism_cannot_open_a_section_or_close_a_fence() -> None:
    first = node("a\n```\n#Feedback\nb", trainable=True, name="prompt")
    llm = ReplayChat(["fine\n#Variables\n- x", "```\nCite.\n```"])
    draft(first, "Why?").backward("bad\n#Instruction")
    TextGrad(first, llm).step()
    update = llm.calls[1][0]["content"]
    assert "````\na\n```\n# Feedback\nb\n````" in update
    assert not re.search("^#(?! )", update, re.MULTILINE)


def test_an_empty_criticism_does_no_harm() -> None:
    first = prompt()
    draft(first, "Why?").backward("too long")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        record = TextGrad(first, ReplayChat(["", "```\nCite.\n```"])).step()
    assert record.changed == ["prompt"]
