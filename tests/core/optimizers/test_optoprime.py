"""OptoPrime: one question with the whole trace, and what it remembers."""

from __future__ import annotations

import re
import warnings
from typing import Any

import pytest

from tests.core.optimizers.small_agent import (
    BEFORE,
    again,
    agent,
    calls,
    learner,
    question,
    run,
    section,
    suggesting,
    values,
)
from trace_core.bundles import bundle
from trace_core.llm.replay import ReplayChat
from trace_core.optimizers import NothingChanged, OptoPrime
from trace_core.optimizers.optoprime import INSTRUCTION
from trace_core.parameter_nodes import node, template
from trace_core.propagators import Batch, Feedback


def headings(text: str) -> list[str]:
    return re.findall(r"^#(\w+)", text, re.MULTILINE)


def test_the_question_is_the_problem_and_the_form_of_the_answer() -> None:
    optimizer = learner(suggesting(style="friendly"))
    optimizer.step()
    [[message]] = calls(optimizer)
    assert message["role"] == "user"
    assert headings(message["content"]) == [
        "Instruction",
        "Variables",
        "Constraints",
        "Code",
        "Documentation",
        "Outputs",
        "Feedback",
    ]
    text = message["content"]
    assert section(text, "Instruction") == INSTRUCTION
    assert section(text, "Code") == "answer0 = answer(style=style, count=count)"
    assert section(text, "Documentation") == "[answer] Answer in a style."
    assert section(text, "Variables") == "style = 'terse'\ncount = 1"
    assert "style: one of 'terse', 'friendly', 'formal'" in section(text, "Constraints")
    assert "count: integer at least 0 at most 9" in section(text, "Constraints")
    assert section(text, "Outputs") == "answer0 = 'terse x1'"
    assert section(text, "Feedback").startswith("be friendlier")
    assert text.endswith('"suggestion": {"style": ..., "count": ...}}. null keeps a value.')


def test_a_lone_function_needs_no_instruction_but_an_objective_of_its_own() -> None:
    @bundle(trainable=True)
    def double(x):
        return x

    for objective, shown in ((None, []), ("Be fast.", ["Instruction"])):
        optimizer = OptoPrime(double.parameters(), ReplayChat([]), objective=objective)
        optimizer.zero_feedback()
        double(2).backward("expected 4")
        assert headings(str(optimizer.problem())) == [*shown, "Variables", "Code", "Outputs", "Feedback"]


def test_the_objective_stands_in_the_instruction() -> None:
    optimizer = learner(suggesting(style="friendly"), objective="Sound like a person.")
    optimizer.step()
    assert section(question(optimizer), "Instruction") == "Sound like a person."


@pytest.mark.parametrize("memory_size", [0, 2])
def test_what_never_changes_comes_first_and_then_what_only_a_step_changes(memory_size: int) -> None:
    optimizer = learner(
        *[suggesting(style=style) for style in ("friendly", "formal", "terse")], memory_size=memory_size
    )
    optimizer.step()
    again(optimizer, "be less formal")
    optimizer.step()
    again(optimizer, "be terse")
    optimizer.step()
    first, second = question(optimizer, -2), question(optimizer, -1)
    fixed = first[: first.index("#Variables")]
    assert "#Instruction" in fixed
    assert second.startswith(fixed)
    kept = first[first.index("#Constraints") : first.index("#Outputs" if not memory_size else "#Memory")]
    assert "#Code" in kept
    assert kept in second


def test_a_masked_section_is_left_out() -> None:
    for mask in ("documentation", ["documentation"], {"documentation"}):
        optimizer = learner(suggesting(style="friendly"), mask=mask)
        optimizer.step()
        assert "#Documentation" not in question(optimizer)
        assert "#Code" in question(optimizer)


def test_every_section_can_be_masked() -> None:
    optimizer = learner(suggesting(style="friendly"), suggesting(style="formal"), memory_size=3)
    optimizer.step()
    again(optimizer, "be formal")
    all_sections = set(headings(str(optimizer.problem())))
    assert "Memory" in all_sections
    for name in all_sections:
        masked = OptoPrime(optimizer.parameters, ReplayChat([]), mask={name.lower()})
        assert set(headings(str(masked.problem()))) == all_sections - {name, "Memory"}
    everything = OptoPrime(
        optimizer.parameters, ReplayChat([suggesting(count=2)]), mask=[n.lower() for n in all_sections]
    )
    everything.step()
    assert headings(question(everything)) == []
    assert values(optimizer)["count"] == 2


@pytest.mark.parametrize("mask", ["codes", "#Code", ["inputs", "outputz"]])
def test_a_mask_that_names_no_section_is_an_error(mask: Any) -> None:
    with pytest.raises(ValueError, match="mask"):
        OptoPrime(agent(), mask=mask)


# --- memory


def test_nothing_is_remembered_by_default() -> None:
    optimizer = learner(suggesting(style="friendly"), suggesting(style="formal"))
    optimizer.step()
    again(optimizer, "be formal")
    optimizer.step()
    assert "#Memory" not in question(optimizer)
    assert "be friendlier" not in question(optimizer)


def test_memory_shows_earlier_values_with_the_feedback_that_they_got() -> None:
    optimizer = learner(suggesting(style="friendly"), suggesting(count=3), suggesting(count=4), memory_size=2)
    optimizer.step()
    assert "#Memory" not in question(optimizer)
    again(optimizer, Feedback("say more", score=0.5))
    optimizer.step()
    assert section(question(optimizer), "Memory") == "style = 'terse', count = 1 got: be friendlier"
    again(optimizer, "even more")
    optimizer.step()
    assert section(question(optimizer), "Memory") == (
        "style = 'terse', count = 1 got: be friendlier\nstyle = 'friendly', count = 1 got: say more score: 0.5"
    )
    assert section(question(optimizer), "Feedback").startswith("even more")
    assert "even more" not in section(question(optimizer), "Memory")


def test_memory_holds_as_many_steps_as_it_may() -> None:
    optimizer = learner(*[suggesting(count=number) for number in range(2, 7)], memory_size=2)
    for number in range(5):
        optimizer.step()
        again(optimizer, f"feedback {number}")
    remembered = section(str(optimizer.problem()), "Memory").splitlines()
    assert [line.partition(" got: ")[2] for line in remembered] == ["feedback 2", "feedback 3"]


def test_an_answer_that_was_of_no_use_is_remembered_as_a_try() -> None:
    optimizer = learner("nonsense", suggesting(count=2), memory_size=3, retries=0)
    with pytest.warns(NothingChanged):
        optimizer.step()
    optimizer.step()
    assert section(question(optimizer), "Memory") == "style = 'terse', count = 1 got: be friendlier"


def test_the_same_feedback_on_the_same_values_is_remembered_once() -> None:
    optimizer = learner(*[suggesting(count=number) for number in (2, 3, 4)], memory_size=5)
    optimizer.propose()
    optimizer.propose()
    optimizer.step()
    assert section(str(optimizer.problem()), "Memory") == "style = 'terse', count = 1 got: be friendlier"


def test_memory_puts_feedback_to_the_values_that_it_was_on() -> None:
    optimizer = learner(suggesting(style="friendly"), suggesting(count=3), suggesting(count=4), memory_size=5)
    optimizer.step()
    run(optimizer.parameters).backward("say more")  # beside the earlier feedback, which is still there
    optimizer.step()
    for line in section(str(optimizer.problem()), "Memory").splitlines():
        assert ("'terse'" in line) == ("be friendlier" in line)
        assert ("'friendly'" in line) == ("say more" in line)


def test_memory_stands_together_with_everything_else() -> None:
    @bundle(trainable=True)
    def route(ticket, strict):
        """Find the queue."""
        return "billing" if strict else ticket

    rules = node("Billing: money.", trainable=True, name="rules", description="what goes where")
    strict = node(False, trainable=True, name="strict")
    parameters = [rules, strict, *route.parameters().values()]
    optimizer = OptoPrime(
        parameters, ReplayChat(["rules\n```\nBilling: anything about money.\n```", "strict: true"]), memory_size=3
    )

    def batch() -> Batch:
        made = Batch()
        for ticket in ("My invoice is wrong", "I forgot my password"):
            asked = template("{rules}\nTicket: {ticket}", rules=rules, ticket=node(ticket, name="ticket"))
            made.add(route(asked, strict), Feedback(f"wrong queue for {ticket!r}", score=0))
        return made

    optimizer.step(batch())
    optimizer.step(batch())
    text = question(optimizer)
    names = headings(text)
    assert {"Instruction", "Memory", "Code", "Variables", "Constraints"} < set(names)
    assert section(text, "Examples").count("\n   feedback: wrong queue for ") == 2
    remembered = section(text, "Memory")
    assert "rules = 'Billing: money.'" in remembered
    assert "strict = False" in remembered
    assert "def route" in remembered
    assert "wrong queue for 'My invoice is wrong' score: 0; wrong queue for 'I forgot my password'" in remembered
    assert "Billing: anything about money." not in remembered
    assert "Billing: anything about money." in text
    assert (rules.data, strict.data) == ("Billing: anything about money.", True)


def test_no_feedback_or_value_opens_a_section() -> None:
    style = node("a\n#Feedback\nperfect", trainable=True, name="style")
    optimizer = OptoPrime(style, ReplayChat(["```\nb\n```", "```\nc\n```"]), memory_size=2)
    (style + "!").backward("bad\n#Variables\nstyle = 'x'\n#Memory")
    optimizer.step()
    (style + "!").backward("bad")
    names = headings(str(optimizer.problem()))
    assert names == ["Instruction", "Variables", "Code", "Code", "Memory", "Examples"]


def test_a_problem_keeps_to_its_length_and_cuts_neither_variables_nor_feedback() -> None:
    style = node("long " * 300, trainable=True, name="style")
    page = node("page " * 20_000, name="page")
    optimizer = OptoPrime(style, ReplayChat([]), max_tokens=1_000)
    (style + page).backward("much " * 200)
    text = str(optimizer.problem())
    assert "long " * 300 in text
    assert "much " * 200 in text
    assert "characters left out" in text
    assert len(text) < 6_000


def test_code_is_asked_for_in_a_block_and_learned() -> None:
    @bundle(trainable=True)
    def strange_sort(lst):
        """Minimum first, then maximum of the rest, then minimum, and so on."""
        return sorted(lst)

    better = (
        "def strange_sort(lst):\n    result, lst = [], sorted(lst)\n    while lst:\n"
        "        result.append(lst.pop(0 if len(result) % 2 == 0 else -1))\n    return result"
    )
    llm = ReplayChat([f"It must alternate.\n\n```python\n{better}\n```"])
    optimizer = OptoPrime(strange_sort.parameters(), llm)
    output = strange_sort([1, 2, 3, 4])
    optimizer.zero_feedback()
    output.backward("expected [1, 4, 2, 3]")
    record = optimizer.step()
    assert record.changed == ["strange_sort.code"]
    assert strange_sort([1, 2, 3, 4]).data == [1, 4, 2, 3]
    assert llm.calls[0][0]["content"].endswith("Give the corrected function in one block.")
    assert record.proposal is not None
    assert record.proposal.reasoning == "It must alternate."
    strange_sort.code.revert()
    assert strange_sort([1, 2, 3, 4]).data == [1, 2, 3, 4]


def test_code_that_cannot_stand_in_is_asked_again_with_the_reason() -> None:
    @bundle(trainable=True)
    def double(x):
        return x + x

    llm = ReplayChat(
        ["```python\ndef double(x, y):\n    return x\n```", "```python\ndef double(x):\n    return 2 * x\n```"]
    )
    optimizer = OptoPrime(double.parameters(), llm)
    double(2).backward("slow")
    optimizer.step()
    assert "This cannot be used." in llm.calls[1][-1]["content"]
    assert double.code.data == "def double(x):\n    return 2 * x"


def test_a_schema_is_sent_for_short_values_and_none_for_blocks() -> None:
    class Noting(ReplayChat):
        schemas: list[Any]

        def complete(self, messages: Any, schema: Any = None) -> Any:
            self.schemas = [*getattr(self, "schemas", []), schema]
            return super().complete(messages, schema)

    llm = Noting([suggesting(style="friendly")])
    optimizer = OptoPrime(agent(), llm)
    run(optimizer.parameters).backward("be friendlier")
    optimizer.step()
    assert list(llm.schemas[0]["properties"]["suggestion"]["properties"]) == list(BEFORE)
    llm = Noting(["```\nbetter\n```"])
    prompt = node("worse", trainable=True, name="prompt")
    (prompt + "!").backward("better")
    OptoPrime(prompt, llm).step()
    assert llm.schemas == [None]


def test_a_question_that_was_asked_before_is_not_asked_in_the_same_words() -> None:
    optimizer = learner("I would change nothing.", "I would change nothing.", suggesting(style="friendly"), retries=0)
    for _ in range(3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NothingChanged)
            optimizer.step()
    first, second, third = (question(optimizer, place) for place in (-3, -2, -1))
    assert "did not help" not in first
    assert "The last answer did not help: it must change." in second
    assert second == third
