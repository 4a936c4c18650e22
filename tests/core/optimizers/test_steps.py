"""A step of any optimizer: whatever the LLM answers, there is a record, and parameters are whole."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.core.optimizers.small_agent import (
    BEFORE,
    agent,
    calls,
    learner,
    run,
    suggesting,
    values,
    versions,
)
from trace_core.errors import AsyncOnly, LLMError
from trace_core.llm.chat import Completion, Message, Usage
from trace_core.llm.replay import ReplayChat
from trace_core.optimizers import NothingChanged, OptoPrime, Proposal, StepRecord
from trace_core.propagators import Batch

# --- good answers


def test_a_good_answer_is_written_by_the_optimizer() -> None:
    optimizer = learner(suggesting(style="friendly", count=None))
    record = optimizer.step()
    assert values(optimizer) == {"style": "friendly", "count": 1}
    assert record.changed == ["style"]
    assert record.before == BEFORE
    assert record.after == {"style": "friendly", "count": 1}
    assert record.refusals == record.unreached == {}
    assert record.proposal == Proposal({"style": "friendly"}, {"style": "terse"}, "because")
    assert optimizer.parameters["style"].history[-1].author == "optimizer"
    assert versions(optimizer) == [1, 0]
    assert optimizer.history == [record]


def test_two_parameters_are_changed_by_one_answer() -> None:
    optimizer = learner(suggesting(style="friendly", count="3"))
    assert optimizer.step().changed == ["style", "count"]
    assert values(optimizer) == {"style": "friendly", "count": 3}
    assert len(calls(optimizer)) == 1


def test_a_step_can_be_reverted() -> None:
    optimizer = learner(suggesting(style="friendly"))
    optimizer.step()
    optimizer.parameters["style"].revert()
    assert values(optimizer) == BEFORE


def test_the_record_has_what_was_asked_and_answered() -> None:
    given_answer = suggesting(style="friendly", count=None)
    optimizer = learner(given_answer)
    record = optimizer.step()
    assert record.messages == calls(optimizer)[0]
    assert record.answer == given_answer
    assert str(record.problem) in record.messages[0]["content"]
    assert record.seconds >= 0
    assert record.usage.calls == 1


def test_terminate_in_the_reasoning_ends_nothing() -> None:
    optimizer = learner('{"reasoning": "All is well. TERMINATE", "suggestion": {"style": "friendly", "count": null}}')
    assert optimizer.step().changed == ["style"]


def test_a_step_does_not_clear_feedback() -> None:
    optimizer = learner(suggesting(style="friendly"), suggesting(count=2))
    optimizer.step()
    assert len(optimizer.parameters["style"].feedback) == 1
    optimizer.step()
    assert values(optimizer) == {"style": "friendly", "count": 2}
    optimizer.zero_feedback()
    with pytest.warns(NothingChanged, match="no feedback reached a parameter"):
        optimizer.step()


def test_a_batch_is_learned_from_instead_of_what_backward_left() -> None:
    optimizer = learner(suggesting(count=2))
    batch = Batch().add(run(optimizer.parameters), "only this counts")
    record = optimizer.step(batch)
    assert "only this counts" in record.messages[0]["content"]
    assert "be friendlier" not in record.messages[0]["content"]


def test_parameters_are_taken_in_any_form() -> None:
    parameters = agent()
    for given_parameters in (parameters, dict(parameters), list(parameters.values()), iter(parameters.values())):
        assert OptoPrime(given_parameters).parameters == parameters
    assert list(OptoPrime(parameters["style"]).parameters) == ["style"]
    with pytest.raises(ValueError, match="nothing to optimize"):
        OptoPrime([])


# --- answers that cannot be used


def test_a_refused_answer_is_asked_again_with_the_reason() -> None:
    optimizer = learner(suggesting(style="loud", count=None), suggesting(style="friendly", count=None))
    record = optimizer.step()
    first, second = calls(optimizer)
    assert second[: len(first)] == first
    assert [each["role"] for each in second[len(first) :]] == ["assistant", "user"]
    assert second[-2]["content"] == suggesting(style="loud", count=None)
    assert "style: Input should be 'terse', 'friendly' or 'formal' (got 'loud')" in second[-1]["content"]
    assert "JSON" in second[-1]["content"]
    assert record.refusals == {}
    assert record.messages == second
    assert record.usage.calls == 2
    assert values(optimizer) == {"style": "friendly", "count": 1}


def test_an_unreadable_answer_is_asked_again_with_the_reason() -> None:
    optimizer = learner("I am sorry, I cannot do that.", suggesting(style="friendly"))
    optimizer.step()
    assert "no block and no JSON object" in calls(optimizer)[1][-1]["content"]
    assert values(optimizer)["style"] == "friendly"


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_when_retries_are_exhausted_the_step_is_a_recorded_no_op(retries: int) -> None:
    optimizer = learner(*["nonsense"] * 9, retries=retries)
    with pytest.warns(NothingChanged, match="the step changed nothing: answer: no block and no JSON object"):
        record = optimizer.step()
    assert len(calls(optimizer)) == record.usage.calls == retries + 1
    assert list(record.refusals) == ["answer"]
    assert record.changed == []
    assert record.proposal is None
    assert record.after == record.before == BEFORE
    assert versions(optimizer) == [0, 0]
    assert optimizer.history == [record]


def test_the_warning_points_at_the_line_of_the_step() -> None:
    optimizer = learner("nonsense", retries=0)
    with pytest.warns(NothingChanged) as caught:
        optimizer.step()
    assert caught[0].filename == __file__


def test_an_answer_that_keeps_everything_says_so() -> None:
    for kept in (suggesting(style=None, count=None), suggesting(style="terse", count=1), suggesting()):
        optimizer = learner(kept)
        with pytest.warns(NothingChanged, match="the LLM suggested no change"):
            record = optimizer.step()
        assert (record.changed, record.refusals, len(calls(optimizer))) == ([], {}, 1)


def test_good_values_are_applied_beside_refused_ones() -> None:
    wrong = suggesting(style="friendly", count=99)
    optimizer = learner(wrong, wrong)
    record = optimizer.step()
    assert values(optimizer) == {"style": "friendly", "count": 1}
    assert record.changed == ["style"]
    assert list(record.refusals) == ["count"]
    assert "less than or equal to 9" in record.refusals["count"]


@pytest.mark.parametrize("second", [suggesting(count=3), suggesting(style=None, count=3)])
def test_a_second_answer_that_mends_one_value_does_not_lose_the_others(second: str) -> None:
    optimizer = learner(suggesting(style="friendly", count=99), second)
    optimizer.step()
    assert values(optimizer) == {"style": "friendly", "count": 3}


@pytest.mark.parametrize("second", ["nonsense", LLMError("HTTP 500")], ids=str)
def test_a_second_answer_that_is_none_does_not_lose_the_firsts_good_values(second: Any) -> None:
    optimizer = learner(suggesting(style="friendly", count=99), second)
    record = optimizer.step()
    assert values(optimizer) == {"style": "friendly", "count": 1}
    assert "count" in record.refusals


def test_a_name_that_no_parameter_has_is_refused() -> None:
    wrong = suggesting(style="friendly", tone="warm")
    optimizer = learner(wrong, wrong)
    record = optimizer.step()
    assert "no variable named 'tone'" in record.refusals["tone"]
    assert values(optimizer)["style"] == "friendly"


def test_a_negative_number_of_retries_is_refused() -> None:
    with pytest.raises(ValueError, match="retries"):
        learner("nonsense", retries=-1)


def test_usage_is_summed_over_retries() -> None:
    class Counting:
        def __init__(self) -> None:
            self.texts = ["nonsense", suggesting(style="friendly")]

        def complete(self, messages: Sequence[Message], schema: Any = None) -> Completion:
            return Completion(self.texts.pop(0), Usage(1, 100, 10))

        async def acomplete(self, messages: Sequence[Message], schema: Any = None) -> Completion:
            return self.complete(messages, schema)

    optimizer = OptoPrime(agent(), Counting())
    run(optimizer.parameters).backward("be friendlier")
    assert optimizer.step().usage == Usage(2, 200, 20)


def test_an_answer_that_was_cut_off_is_not_used() -> None:
    class Cut:
        def complete(self, messages: Sequence[Message], schema: Any = None) -> Completion:
            return Completion(suggesting(style="friendly"), finish_reason="length")

        async def acomplete(self, messages: Sequence[Message], schema: Any = None) -> Completion:
            return self.complete(messages, schema)

    optimizer = OptoPrime(agent(), Cut())
    run(optimizer.parameters).backward("be friendlier")
    with pytest.warns(NothingChanged, match="cut off at the token limit"):
        optimizer.step()
    assert values(optimizer) == BEFORE


# --- feedback that reaches nothing


def test_a_step_without_feedback_asks_nobody() -> None:
    optimizer = OptoPrime(agent(), ReplayChat([]))
    with pytest.warns(NothingChanged, match=r"no feedback reached a parameter; call output.backward\(...\)"):
        record = optimizer.step()
    assert calls(optimizer) == []
    assert list(record.unreached) == ["style", "count"]
    assert optimizer.history == [record]


def test_a_parameter_that_no_feedback_reached_is_listed_and_not_asked_for() -> None:
    optimizer = OptoPrime(agent(), ReplayChat([suggesting(count=2)]))
    (optimizer.parameters["count"] + 1).backward("more")
    record = optimizer.step()
    assert list(record.unreached) == ["style"]
    assert "formatted into a string" in record.unreached["style"]
    assert "style" not in record.messages[0]["content"]
    assert f"not reached style: {record.unreached['style']}" in str(record)


def test_an_empty_batch_is_no_feedback() -> None:
    optimizer = learner(suggesting(style="friendly"))
    with pytest.warns(NothingChanged, match="no feedback"):
        optimizer.step(Batch())


# --- the record as text


def test_a_record_prints_readably() -> None:
    wrong = suggesting(style="friendly", count=99)
    optimizer = learner(wrong, wrong)
    record = optimizer.step()
    record.seconds = 1.26
    assert str(record) == (
        "step: changed style\n"
        "--- style (before)\n+++ style (after)\n@@ -1 +1 @@\n-terse\n+friendly\n"
        f"refused count: {record.refusals['count']}\n"
        "2 calls, 0+0 tokens, 1.3 s"
    )


def test_a_record_of_nothing_prints_readably() -> None:
    assert str(StepRecord()) == "step: changed nothing\n0 calls, 0+0 tokens, 0.0 s"


def test_history_has_every_step() -> None:
    optimizer = learner(suggesting(style="friendly"), "nonsense", "nonsense", suggesting(count=2))
    optimizer.step()
    with pytest.warns(NothingChanged):
        optimizer.step()
    optimizer.step()
    assert [each.changed for each in optimizer.history] == [["style"], [], ["count"]]
    assert [each.before["style"] for each in optimizer.history] == ["terse", "friendly", "friendly"]


# --- faces


async def test_a_step_may_be_awaited() -> None:
    class AsyncModel:
        async def acomplete(self, messages: Sequence[Message], schema: Any = None) -> Completion:
            await asyncio.sleep(0)
            return Completion(suggesting(style="friendly"))

        def complete(self, messages: Sequence[Message], schema: Any = None) -> Completion:
            raise AsyncOnly("this model can only be awaited; use await optimizer.astep()")

    optimizer = OptoPrime(agent(), AsyncModel())
    run(optimizer.parameters).backward("be friendlier")
    with pytest.raises(AsyncOnly, match="astep"):
        optimizer.step()
    assert (values(optimizer), optimizer.history) == (BEFORE, [])
    record = await optimizer.astep()
    assert record.changed == ["style"]


async def test_a_future_is_no_approval_of_a_step_that_is_not_awaited() -> None:
    optimizer = learner(suggesting(style="friendly"))
    answer = asyncio.get_running_loop().create_future()
    with pytest.raises(TypeError, match="approve is async"):
        optimizer.step(approve=lambda _: answer)
    assert values(optimizer) == BEFORE


async def test_the_sync_face_works_inside_a_running_loop() -> None:
    optimizer = learner(suggesting(style="friendly"))
    assert optimizer.step().changed == ["style"]


async def test_optimizers_step_side_by_side() -> None:
    optimizers = [learner("nonsense", suggesting(count=number)) for number in range(2, 6)]
    await asyncio.gather(*(each.astep() for each in optimizers))
    assert [values(each)["count"] for each in optimizers] == [2, 3, 4, 5]


async def test_a_step_that_is_cancelled_leaves_all_as_it_was() -> None:
    class Endless:
        async def acomplete(self, messages: Sequence[Message], schema: Any = None) -> Completion:
            await asyncio.Event().wait()
            raise AssertionError

        def complete(self, messages: Sequence[Message], schema: Any = None) -> Completion:
            raise AsyncOnly("no")

    optimizer = OptoPrime(agent(), Endless())
    run(optimizer.parameters).backward("be friendlier")
    task = asyncio.create_task(optimizer.astep())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (values(optimizer), optimizer.history) == (BEFORE, [])
