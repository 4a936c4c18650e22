"""What a step writes: what was approved, all of it or nothing, into objects that may refuse."""

from __future__ import annotations

import asyncio
import contextlib
import warnings
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from tests.core.optimizers.small_agent import (
    BEFORE,
    answer,
    calls,
    learner,
    suggesting,
    values,
    versions,
)
from trace_core.bindings import bind
from trace_core.errors import InconsistentParameters, InvalidValue
from trace_core.llm.replay import ReplayChat
from trace_core.optimizers import NothingChanged, OptoPrime, Proposal

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
        with contextlib.suppress(InvalidValue):
            optimizer.step()
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
