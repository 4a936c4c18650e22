"""The same seed and the same answers give the same result: in whatever order runs end, and however often a run dies."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from tests.train.synthetic import AnyOrder, HashChat, closeness, digits, examples, fit, program, result
from trace_core import OPRO
from trace_train import MaxSteps, MemoryJournal, Trainer


@pytest.fixture(scope="module")
def alone() -> Any:
    """What comes out one evaluation at a time."""
    return result(fit(digits(), parallel=1))


@pytest.mark.parametrize("seed", range(8))
def test_the_order_in_which_runs_end_changes_nothing(seed: int, alone: Any) -> None:
    parameters = digits()
    run = AnyOrder(program(parameters), seed)
    assert result(fit(parameters, run, parallel=1 + seed)) == alone
    if seed > 2:
        assert run.order[:8] != sorted(run.order[:8])


def test_threads_change_nothing(alone: Any) -> None:
    assert result(fit(digits(), parallel=16)) == alone


def test_another_seed_is_another_run(alone: Any) -> None:
    assert result(fit(digits(), seed=1))[3] != alone[3]


class Killed(RuntimeError):
    pass


class Mortal:
    """A journal that dies at its nth call, before that is done or after."""

    def __init__(self, kept: MemoryJournal, life: int, after: bool) -> None:
        self.kept = kept
        self.calls = 0
        self._life = life
        self._after = after

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self.kept, name)
        if not callable(inner):
            return inner

        def call(*arguments: Any) -> Any:
            if name == "begin":
                assert arguments[0] not in self.kept.evaluations, "what was kept is run again"
            if name == "keep_proposed":
                assert arguments[0] not in self.kept.proposals, "what was proposed is asked again"
            self.calls += 1
            if self.calls == self._life and not self._after:
                raise Killed
            given = inner(*arguments)
            if self.calls >= self._life:
                raise Killed
            return given

        return call


def calls_of_a_whole_run() -> int:
    whole = Mortal(MemoryJournal(), 10_000, after=False)
    fit(digits(), journal=whole)
    return whole.calls


def killed_and_resumed(lives: Iterable[int], after: bool) -> tuple[Any, int]:
    """What a run comes to that dies after so many calls, again and again, and how many evaluations it began again."""
    kept = MemoryJournal()
    for life in lives:
        with suppress(Killed):
            fit(digits(), journal=Mortal(kept, life, after))
    report = fit(digits(), journal=Mortal(kept, 10_000, after=False))
    return result(report), report.repeated


@pytest.mark.parametrize(
    ("first", "step", "after"),
    [
        (1, 8, False),
        (5, 8, True),
        pytest.param(1, 1, False, marks=pytest.mark.long),
        pytest.param(1, 1, True, marks=pytest.mark.long),
    ],
)
def test_a_run_that_is_killed_at_any_call_of_its_journal_comes_to_the_same(
    first: int, step: int, after: bool, alone: Any
) -> None:
    calls = calls_of_a_whole_run()
    assert calls > 200
    for life in range(first, calls + 1, step):
        came_to, repeated = killed_and_resumed([life], after)
        assert came_to == alone
        assert repeated <= 4  # one for each that went on at once


def test_a_run_that_is_killed_25_times_comes_to_the_same(alone: Any) -> None:
    random = Random(0)
    came_to, repeated = killed_and_resumed([random.randrange(20, 120) for _ in range(25)], after=True)
    assert came_to == alone
    assert repeated <= 25 * 4


def test_a_run_that_is_whole_is_given_back_without_running_anything(alone: Any) -> None:
    kept = MemoryJournal()
    fit(digits(), journal=kept)

    def never(i: int) -> Any:
        raise AssertionError

    assert result(fit(digits(), never, journal=kept)) == alone


def test_a_run_goes_on_from_where_it_began_also_where_the_best_is_applied_by_now(alone: Any) -> None:
    parameters, kept = digits(), MemoryJournal()
    fit(parameters, journal=kept)
    assert parameters.state_dict() != digits().state_dict()
    assert result(fit(parameters, journal=kept)) == alone


@pytest.mark.parametrize("life", [60, 110])
def test_an_optimizer_with_a_memory_is_told_what_it_proposed_before_the_interruption(life: int) -> None:
    def opro(journal: Any) -> Any:
        parameters = digits()
        chat = HashChat()
        made = Trainer(program(parameters), OPRO(parameters, chat), closeness, inputs="i", progress=False)
        report = made.fit(examples(8), journal=journal, batch_size=8, stopping=[MaxSteps(8)])
        return result(report), chat.questions

    whole, questions = opro(MemoryJournal())
    kept = MemoryJournal()
    with pytest.raises(Killed):
        opro(Mortal(kept, life, after=True))
    resumed, asked = opro(kept)
    assert resumed == whole
    assert 0 < len(asked) < len(questions)
    assert asked == questions[-len(asked) :]
