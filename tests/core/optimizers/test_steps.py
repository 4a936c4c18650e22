"""A step of any optimizer: whatever the LLM answers, there is a record, and parameters are whole."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from tests.core.optimizers import answers_table as table
from trace_core.bindings import bind
from trace_core.bundles import bundle
from trace_core.errors import AsyncOnly, BudgetExceeded, InconsistentParameters, InvalidValue, LLMError, NoLLM
from trace_core.llm.chat import Completion, Message, Usage
from trace_core.llm.replay import ReplayChat
from trace_core.nodes import Node
from trace_core.optimizers import OPRO, NothingChanged, Optimizer, OptoPrime, Proposal, StepRecord, TextGrad
from trace_core.parameter_nodes import ParameterNode, node
from trace_core.parameters import ParameterSet
from trace_core.propagators import Batch
from trace_core.validators import Placeholders


@bundle
def answer(style, count):
    """Answer in a style."""
    return f"{style} x{count}"


def agent() -> ParameterSet:
    return ParameterSet(
        [
            node("terse", trainable=True, name="style", type=Literal["terse", "friendly"]),
            node(1, trainable=True, name="count", type=Annotated[int, Field(ge=0, le=9)]),
        ]
    )


def run(parameters: Mapping[str, ParameterNode]) -> Node:
    return answer(parameters["style"], parameters["count"])


def suggesting(**values: Any) -> str:
    return json.dumps({"reasoning": "because", "suggestion": values})


def learner(*answers: str | Exception | Callable[..., str], kind: type[Optimizer] = OptoPrime, **options: Any) -> Any:
    """An optimizer of an agent that has run once and was told that it was wrong."""
    optimizer = kind(agent(), ReplayChat(answers), **options)
    run(optimizer.parameters).backward("be friendlier")
    return optimizer


def values(optimizer: Optimizer) -> dict[str, Any]:
    return optimizer.parameters.state_dict()


def versions(optimizer: Optimizer) -> list[int | str]:
    return [each.version for each in optimizer.parameters.values()]


def calls(optimizer: Any) -> list[list[Message]]:
    return optimizer.llm.calls


BEFORE = {"style": "terse", "count": 1}


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
    assert "style: Input should be 'terse' or 'friendly' (got 'loud')" in second[-1]["content"]
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


@pytest.mark.xfail(strict=True, reason="a second answer replaces the first one's good values")
@pytest.mark.parametrize("second", [suggesting(count=3), suggesting(style=None, count=3)])
def test_a_second_answer_that_mends_one_value_does_not_lose_the_others(second: str) -> None:
    optimizer = learner(suggesting(style="friendly", count=99), second)
    optimizer.step()
    assert values(optimizer) == {"style": "friendly", "count": 3}


@pytest.mark.xfail(strict=True, reason="what failed last hides what was good")
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


@pytest.mark.xfail(strict=True, reason="the loop is not entered, and its result not bound")
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


# --- approval, proposing, applying


def test_a_proposal_that_is_not_approved_is_not_written() -> None:
    shown: list[Proposal] = []
    optimizer = learner(suggesting(style="friendly"))
    with pytest.warns(NothingChanged, match="approve: the proposal was not approved"):
        record = optimizer.step(approve=lambda proposal: bool(shown.append(proposal)))
    assert shown[0].values == {"style": "friendly"}
    assert record.proposal is shown[0]
    assert values(optimizer) == BEFORE
    assert optimizer.history == [record]


def test_a_proposal_that_is_approved_is_written() -> None:
    optimizer = learner(suggesting(style="friendly"))
    optimizer.step(approve=lambda proposal: proposal.values["style"] == "friendly")
    assert values(optimizer)["style"] == "friendly"


def test_nobody_is_asked_about_nothing() -> None:
    optimizer = learner("nonsense", "nonsense")
    with pytest.warns(NothingChanged):
        optimizer.step(approve=lambda proposal: pytest.fail("there is no proposal"))


@pytest.mark.parametrize("verdict", [True, False])
async def test_approval_may_be_awaited(verdict: bool) -> None:
    async def approve(proposal: Proposal) -> bool:
        await asyncio.sleep(0)
        return verdict

    optimizer = learner(suggesting(style="friendly"))
    with warnings.catch_warnings():
        warnings.simplefilter("default" if verdict else "ignore", NothingChanged)
        await optimizer.astep(approve=approve)
    assert values(optimizer)["style"] == ("friendly" if verdict else "terse")


async def test_a_plain_approval_is_taken_in_async_code() -> None:
    optimizer = learner(suggesting(style="friendly"))
    with pytest.warns(NothingChanged):
        await optimizer.astep(approve=lambda proposal: False)
    assert values(optimizer) == BEFORE


@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.xfail(strict=True, reason="a coroutine is true, so everything is approved")
def test_an_approval_that_must_be_awaited_is_an_error_in_the_sync_face() -> None:
    async def approve(proposal: Proposal) -> bool:
        return False

    optimizer = learner(suggesting(style="friendly"))
    with pytest.raises(TypeError, match="astep"):
        optimizer.step(approve=approve)
    assert values(optimizer) == BEFORE


def test_an_error_while_approving_leaves_all_as_it_was() -> None:
    optimizer = learner(suggesting(style="friendly"))
    with pytest.raises(ZeroDivisionError):
        optimizer.step(approve=lambda proposal: 1 / 0)
    assert values(optimizer) == BEFORE


def test_proposing_writes_nothing_and_applying_does() -> None:
    optimizer = learner(suggesting(style="friendly", count=2))
    proposal = optimizer.propose()
    assert (values(optimizer), versions(optimizer)) == (BEFORE, [0, 0])
    assert optimizer.history == []
    assert proposal.values == {"style": "friendly", "count": 2}
    assert proposal.before == BEFORE
    optimizer.apply(proposal)
    assert values(optimizer) == {"style": "friendly", "count": 2}


async def test_a_proposal_may_be_awaited() -> None:
    optimizer = learner(suggesting(style="friendly"))
    proposal = await optimizer.apropose()
    assert proposal.values == {"style": "friendly"}
    assert values(optimizer) == BEFORE


def test_what_cannot_be_used_is_an_empty_proposal() -> None:
    optimizer = learner("nonsense", "nonsense")
    proposal = optimizer.propose()
    assert proposal == Proposal({}, {})
    assert proposal.diff() == ""
    optimizer.apply(proposal)
    assert versions(optimizer) == [0, 0]


def test_a_proposal_of_ones_own_is_checked() -> None:
    optimizer = learner()
    with pytest.raises(InvalidValue, match="count"):
        optimizer.apply(Proposal({"style": "friendly", "count": 99}, BEFORE))
    with pytest.raises(KeyError, match="tone"):
        optimizer.apply(Proposal({"style": "friendly", "tone": 1}, BEFORE))
    assert values(optimizer) == BEFORE


def test_a_proposal_shows_its_difference() -> None:
    proposal = Proposal({"prompt": "Be brief.\nCite.", "count": 2}, {"prompt": "Be brief.", "count": 1})
    assert proposal.diff() == (
        "--- prompt (before)\n+++ prompt (after)\n@@ -1 +1,2 @@\n Be brief.\n+Cite.\n"
        "--- count (before)\n+++ count (after)\n@@ -1 +1 @@\n-1\n+2"
    )


def test_the_problem_can_be_looked_at_before_anything_is_asked() -> None:
    optimizer = learner()
    assert "be friendlier" in str(optimizer.problem())
    assert calls(optimizer) == []


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


# --- LLMs that fail


@pytest.mark.parametrize("kind", [OptoPrime, OPRO, TextGrad])
@pytest.mark.parametrize("error", [NoLLM, AsyncOnly, BudgetExceeded])
def test_where_no_llm_may_be_asked_the_step_raises_and_leaves_all_as_it_was(kind: Any, error: type[LLMError]) -> None:
    optimizer = learner(error("not allowed"), suggesting(style="friendly"), kind=kind)
    with pytest.raises(error, match="not allowed"):
        optimizer.step()
    assert (values(optimizer), versions(optimizer), optimizer.history) == (BEFORE, [0, 0], [])
    assert len(optimizer.parameters["style"].feedback) == 1


def test_a_budget_that_ends_between_two_questions_raises() -> None:
    optimizer = learner(suggesting(style="friendly", count=99), BudgetExceeded("spent"))
    with pytest.raises(BudgetExceeded):
        optimizer.step()
    assert values(optimizer) == BEFORE


def test_without_any_llm_the_step_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trace_core.llm.default.default_llm", lambda: (_ for _ in ()).throw(NoLLM("three ways")))
    optimizer = OptoPrime(agent())
    run(optimizer.parameters).backward("be friendlier")
    with pytest.raises(NoLLM, match="three ways"):
        optimizer.step()


def test_the_llm_is_found_at_the_first_step_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[ReplayChat] = []

    def default() -> ReplayChat:
        found.append(ReplayChat([suggesting(count=2), suggesting(count=3)]))
        return found[-1]

    monkeypatch.setattr("trace_core.llm.default.default_llm", default)
    optimizer = OptoPrime(agent())
    run(optimizer.parameters).backward("be friendlier")
    assert found == []
    optimizer.step()
    optimizer.step()
    assert len(found) == 1
    assert values(optimizer)["count"] == 3


@pytest.mark.parametrize("kind", [OptoPrime, OPRO, TextGrad])
@pytest.mark.parametrize("face", ["sync", "async"])
async def test_an_llm_that_fails_makes_a_recorded_no_op(kind: Any, face: str) -> None:
    optimizer = learner(LLMError("m: HTTP 500, the server failed"), kind=kind)
    with pytest.warns(NothingChanged, match="llm: m: HTTP 500, the server failed"):
        record = await optimizer.astep() if face == "async" else optimizer.step()
    assert record.refusals == {"llm": "m: HTTP 500, the server failed"}
    assert record.messages == calls(optimizer)[-1]
    assert (values(optimizer), versions(optimizer)) == (BEFORE, [0, 0])
    assert optimizer.history == [record]
    assert "refused llm: m: HTTP 500" in str(record)


@pytest.mark.parametrize("kind", [OptoPrime, OPRO, TextGrad])
@pytest.mark.parametrize("face", ["sync", "async"])
async def test_any_other_error_of_a_users_model_is_the_users(kind: Any, face: str) -> None:
    optimizer = learner(ZeroDivisionError("mine"), kind=kind)
    with pytest.raises(ZeroDivisionError, match="mine"):
        await optimizer.astep() if face == "async" else optimizer.step()
    assert (values(optimizer), versions(optimizer), optimizer.history) == (BEFORE, [0, 0], [])


def test_after_a_failure_the_next_step_works() -> None:
    optimizer = learner(LLMError("HTTP 500"), suggesting(style="friendly"))
    with pytest.warns(NothingChanged):
        optimizer.step()
    assert optimizer.step().changed == ["style"]


# --- objects that do not take their values


class Model(BaseModel):
    model_config = ConfigDict(validate_assignment=True)
    temperature: float = Field(default=0.7, le=1)


class Agent:
    prompt = "Be brief."
    broken: BaseException | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        if self.broken is not None and value != self.prompt:
            raise self.broken
        object.__setattr__(self, name, value)


def bound(first: Agent, model: Model, *answers: str) -> OptoPrime:
    prompt, temperature = bind(first, "prompt", kind="setting"), bind(model, "temperature")
    optimizer = OptoPrime([prompt, temperature], ReplayChat(answers))
    answer(prompt, temperature).backward("warmer")
    return optimizer


@pytest.mark.xfail(strict=True, reason="raised out of the step")
def test_an_object_that_refuses_an_llms_value_makes_a_recorded_no_op() -> None:
    first, model = Agent(), Model()
    optimizer = bound(first, model, suggesting(prompt="Cite.", temperature=1.5))
    with pytest.warns(NothingChanged, match="temperature: the value could not be written: ValidationError"):
        record = optimizer.step()
    assert (first.prompt, model.temperature) == ("Be brief.", 0.7)
    assert [each.version for each in optimizer.parameters.values()] == [0, 0]
    assert optimizer.history == [record]


def test_an_object_that_refuses_leaves_the_other_objects_as_they_were() -> None:
    first, model = Agent(), Model()
    optimizer = bound(first, model, suggesting(prompt="Cite.", temperature=1.5))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NothingChanged)
        try:
            optimizer.step()
        except InvalidValue:
            pass
    assert (first.prompt, model.temperature) == ("Be brief.", 0.7)
    assert [each.version for each in optimizer.parameters.values()] == [0, 0]
    assert optimizer.history[-1].changed == []


def test_ctrl_c_in_a_write_leaves_all_as_it_was() -> None:
    first, model = Agent(), Model()
    optimizer = bound(first, model, suggesting(prompt="Cite.", temperature=0.1))
    object.__setattr__(first, "broken", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        optimizer.step()
    assert (first.prompt, model.temperature) == ("Be brief.", 0.7)


def test_what_could_not_be_put_back_is_raised_and_recorded() -> None:
    class Once:
        def __init__(self) -> None:
            self.writes = 0

        def __setattr__(self, name: str, value: Any) -> None:
            if name == "prompt" and getattr(self, "writes", 0) > 0:
                raise OSError("stuck")
            object.__setattr__(self, name, value)
            if name == "prompt":
                object.__setattr__(self, "writes", 1)

    once, model = Once(), Model()
    object.__setattr__(once, "prompt", "Be brief.")
    optimizer = bound(once, model, suggesting(prompt="Cite.", temperature=1.5))  # type: ignore[arg-type]
    with pytest.raises(InconsistentParameters) as caught:
        optimizer.step()
    assert caught.value.states["prompt"] == {"before": "Be brief.", "wanted": "Cite.", "now": "Cite."}
    assert len(optimizer.history) == 1


# --- whatever is answered

GOOD = [
    case for case in table.CASES if case.values and not case.reason and case.asked in ("settings", "prompt", "agent")
]


def asked(which: str) -> ParameterSet:
    prompt = node("Answer {question}", trainable=True, name="support.prompt", validators=[Placeholders({"question"})])
    temperature = node(0.7, trainable=True, name="temperature", type=Annotated[float, Field(ge=0, le=2)])
    if which == "prompt":
        return ParameterSet([prompt])
    if which == "agent":
        code = node(table.CURRENT, trainable=True, name="strange_sort.code", kind="code", type=str)
        return ParameterSet([prompt, code, temperature])
    return ParameterSet(
        [
            temperature,
            node("terse", trainable=True, name="style", type=Literal["terse", "friendly"]),
            node(3, trainable=True, name="retries"),
            node(False, trainable=True, name="stream"),
            node(["END", "."], trainable=True, name="stops", type=list[str]),
            node("Hello", trainable=True, name="greeting", type=str | None),
        ]
    )


def damaged(text: str, data: st.DataObject) -> str:
    for _ in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 40)))
        pieces = [
            "",
            text[start:end] * 2,
            "}",
            '"',
            "```",
            "\n",
            "\\",
            "null",
            "NaN",
            "1e999",
            "<",
            "\ud800",
            "\0",
            "{x}",
        ]
        middle = data.draw(st.sampled_from(pieces) | st.text(max_size=5))
        text = text[:start] + middle + text[end if data.draw(st.integers(0, 9)) else len(text) :]
    return text


@settings(max_examples=250, deadline=None)
@given(case=st.sampled_from(GOOD), data=st.data(), kind=st.sampled_from([OptoPrime, OPRO, TextGrad]))
def test_whatever_is_answered_nothing_crashes_and_every_parameter_is_whole(
    case: table.Case, data: st.DataObject, kind: Any
) -> None:
    parameters = asked(case.asked)
    texts = [damaged(case.text, data) for _ in range(2)]
    count = 0

    def reply(messages: Sequence[Message]) -> str:
        nonlocal count
        count += 1
        return texts[count % 2]

    optimizer = kind(parameters, ReplayChat([reply] * 50))
    before = parameters.state_dict()
    gathered([*parameters.values()]).backward("do better")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NothingChanged)
        record = optimizer.step()
    for name, parameter in parameters.items():
        assert parameter.data is before[name] or parameter.check(parameter.data) == parameter.data
        assert len(parameter.history) == 1 + (name in record.changed)
    assert record.after == parameters.state_dict()
    assert bool(record.changed) == bool(record.proposal and record.proposal.values)
    str(record).encode()


@bundle
def gathered(values):
    """Put together."""
    return list(values)
