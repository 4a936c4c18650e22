"""A trainer with a store: runs are kept there, and gone on with in another process, as they were begun."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.train.synthetic import HashChat, closeness, digits, examples, program, result, trainer
from trace_core import OPRO, Feedback, OptoPrime
from trace_core.errors import LLMError
from trace_core.llm import Completion
from trace_train import (
    Best,
    Budget,
    Exact,
    InvalidData,
    Judge,
    Margin,
    MaxSteps,
    MemoryJournal,
    OnSignal,
    Pareto,
    Patience,
    Prices,
    Strict,
    Trainer,
    TrainingError,
    Weighted,
)
from trace_train.budget import ROLES
from trace_train.settings import described

pytest.importorskip("sqlalchemy")

from trace_train.store import NoSuchRun, NotAStore, SettingsDiffer, Store

REPOSITORY = Path(__file__).parents[2]
SETTINGS: dict[str, Any] = {"test": examples(4, 40), "stopping": [MaxSteps(6)]}


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "trace-suite.db")


def test_a_run_is_kept_and_gone_on_with_by_another_trainer(place: str) -> None:
    whole = trainer(digits()).fit(examples(8), examples(8, 20), batch_size=3, seed=5, **SETTINGS)
    begun = trainer(digits(), store=place).fit(
        examples(8), examples(8, 20), batch_size=3, seed=5, budget=Budget(evaluations=30), parallel=1, **SETTINGS
    )
    assert begun.ended_by == "budget"
    assert begun.run is not None
    assert str(begun).startswith(f"training {begun.run} stopped: the budget of 30 evaluations is used up")
    resumed = trainer(digits(), store=place).resume(begun.run, examples(8), examples(8, 20), **SETTINGS)
    assert result(resumed) == result(whole)
    assert resumed.run == begun.run
    with Store(place) as store:
        [training] = store.trainings()
        assert (training.id, training.state, training.seed, training.budget) == (begun.run, "finished", 5, {})
        assert training.test == whole.test
        assert training.best == whole.best.id


KILLED = """
import os, sys
from tests.train.synthetic import digits, examples, program, trainer
from trace_train import MaxSteps

parameters, left = digits(), [40]
inner = program(parameters)

def run(i):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), 9)
    return inner(i)

trainer(parameters, run, store=sys.argv[1]).fit(examples(8), stopping=[MaxSteps(6)])
"""


def test_a_run_whose_process_was_killed_is_gone_on_with(place: str) -> None:
    assert subprocess.run([sys.executable, "-c", KILLED, place], cwd=REPOSITORY, check=False).returncode == -9
    with Store(place) as store:
        [training] = store.trainings()
    assert (training.state, training.ended_by) == ("running", None)
    report = trainer(digits(), store=place).resume(training.id, examples(8), stopping=[MaxSteps(6)])
    assert result(report) == result(trainer(digits()).fit(examples(8), stopping=[MaxSteps(6)]))
    assert 1 <= report.repeated <= 8


class CutOff(HashChat):
    """Answers what no step can use, and each second call does not come through."""

    async def acomplete(self, messages: Any, schema: Any = None) -> Completion:
        self.questions.append("")
        if len(self.questions) % 2 == 0:
            raise LLMError("the endpoint is away")
        return Completion("no answer", self.usage)


@pytest.mark.parametrize("in_store", [True, False])
def test_a_step_that_was_cut_off_is_paid_for_by_the_run_that_is_gone_on_with(place: str, in_store: bool) -> None:
    journal: Any = Store(place).journal() if in_store else MemoryJournal()

    def gone_on(llm: HashChat, **settings: Any) -> Any:
        made = trainer(digits(), llm=llm)
        return made.fit(examples(8), journal=journal, stopping=[MaxSteps(2)], **settings)

    for calls in (1, 2, 3):
        report = gone_on(CutOff())
        assert (report.ended_by, report.spent.calls) == ("unreachable", calls)
        assert not in_store or Store(place).training(journal.run_id).usage.calls == calls
    assert gone_on(HashChat(), budget=Budget(calls=3)).ended_by == "budget"
    whole = gone_on(HashChat())
    alone = trainer(digits()).fit(examples(8), stopping=[MaxSteps(2)])
    assert (whole.best.id, whole.spent.calls) == (alone.best.id, alone.spent.calls + 3)
    assert gone_on(HashChat()).spent == whole.spent  # also where all of it is known
    if in_store:
        training = Store(place).training(journal.run_id)
        assert (training.usage.calls, training.usage.tokens) == (whole.spent.calls, whole.spent.tokens)


async def test_async_code_does_the_same(place: str) -> None:
    with Store(place) as store:
        made = trainer(digits(), store=store)
        begun = await made.afit(examples(8), budget=Budget(evaluations=20), stopping=[MaxSteps(3)])
        assert begun.run is not None
        report = await made.aresume(begun.run, examples(8), stopping=[MaxSteps(3)])
        assert (report.run, report.ended_by) == (begun.run, "rule")
        assert len(store.trainings()) == 1  # it is still open


def test_each_fit_is_a_training_of_its_own(place: str) -> None:
    made = trainer(digits(), store=place)
    runs = [made.fit(examples(4), stopping=[MaxSteps(1)]).run for _ in range(2)]
    assert [training.id for training in Store(place).trainings()] == runs[::-1]
    assert trainer(digits()).fit(examples(4), stopping=[MaxSteps(0)]).run is None


def mine(example: Any, output: Any) -> Feedback:
    return Feedback("mine", 0.5)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"train": examples(7)}, "examples.train: 8 examples, .* then, 7 examples, .* now"),
        ({"train": examples(8)[::-1]}, "examples.train: 8 examples, .* then, 8 examples, .* now"),
        ({"validation": examples(3)}, "examples.validation: 8 examples, .* then, 3 examples, .* now"),
        ({"test": examples(2, 30)}, "examples.test: None then, 2 examples, .* now"),
        ({"repeats": 2}, "repeats: 1 then, 2 now"),
        ({"failing": -1.0}, "failing: 0.0 then, -1.0 now"),
        ({"inputs": "right"}, "inputs: i then, right now"),
        ({"guide": mine}, "guide: closeness then, mine now"),
        ({"optimizer": OPRO}, "strategies.proposing: OptoPrime then, OPRO now"),
        ({"accepting": Margin(validation=0.1)}, r"strategies.accepting.validation: 0.02 then, 0.1 now"),
        ({"choosing": Pareto()}, "strategies.choosing.use: Best then, Pareto now"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_makes_it_another_run_is_refused_and_listed(place: str, changed: dict[str, Any], said: str) -> None:
    def made(given: dict[str, Any]) -> tuple[Trainer, dict[str, Any], Any]:
        parameters = digits()
        optimizer = given.pop("optimizer", OptoPrime)(parameters, HashChat())
        of_trainer = {name: given.pop(name) for name in ("repeats", "failing") if name in given}
        settings = {"inputs": given.pop("inputs", "i"), "progress": False, "store": place, **of_trainer}
        guide = given.pop("guide", closeness)
        train = given.pop("train", examples(8))
        return Trainer(program(parameters), optimizer, guide, **settings), {"stopping": [MaxSteps(2)], **given}, train

    before, settings, train = made({"validation": examples(8, 20)})
    run = before.fit(train, **settings).run
    assert run is not None
    after, settings, train = made({"validation": examples(8, 20), **changed})
    with pytest.raises(SettingsDiffer, match=rf"{run} was begun with other settings \({said}\)"):
        after.resume(run, train, **settings)
    assert Store(place).training(run).state == "finished"


def test_a_finished_run_can_be_taken_further(place: str) -> None:
    run = trainer(digits(), store=place).fit(examples(8), stopping=[MaxSteps(2)]).run
    assert run is not None
    further = trainer(digits(), store=place).resume(run, examples(8), stopping=[MaxSteps(6)])
    assert result(further) == result(trainer(digits()).fit(examples(8), stopping=[MaxSteps(6)]))


def test_budget_parallel_and_who_watches_may_differ(place: str) -> None:
    run = trainer(digits(), store=place).fit(examples(8), budget=Budget(evaluations=9), stopping=[MaxSteps(2)]).run
    assert run is not None
    made = trainer(digits(), store=place, observers=[lambda event: None])
    settings: dict[str, Any] = {"parallel": 3, "stopping": [MaxSteps(2)], "budget": Budget(calls=50)}
    assert made.resume(run, examples(8), **settings).ended_by == "rule"
    assert Store(place).training(run).budget == {"calls": 50}


def test_prices_are_kept_for_who_looks_at_a_run_and_may_differ(place: str) -> None:
    budget = Budget(evaluations=9, prices=Prices(0.4, 1.6))
    run = trainer(digits(), store=place).fit(examples(8), budget=budget, stopping=[MaxSteps(2)]).run
    assert run is not None
    kept = {"prices": {"prompt": 0.4, "completion": 1.6, "cached": None}}
    for prices in (None, Prices(2, 8), {role: Prices(2, 8) for role in ROLES}):
        more = Budget(calls=50, prices=prices)
        trainer(digits(), store=place).resume(run, examples(8), budget=more, stopping=[MaxSteps(2)])
        assert Store(place).training(run).settings["budget"] == kept


def test_what_cannot_be_resumed_says_how_it_can(place: str) -> None:
    with pytest.raises(TrainingError, match=r"no store to resume 1234 from: Trainer\(…, store="):
        trainer(digits()).resume("1234", examples(2))
    made = trainer(digits(), store=place)
    with pytest.raises(NotAStore, match="there is no such file"):
        made.resume("1234", examples(2))
    with Store(place) as store:
        command = store.journal(settings={"program": {"use": "support:program"}, "batch_size": 4}, seed=0).run_id
        journal = store.journal(settings={"batch_size": 4}, seed=0)
    with pytest.raises(NoSuchRun):
        made.resume("1234", examples(2))
    with pytest.raises(SettingsDiffer, match=f"by the command; go on with it there: trace-suite resume {command}"):
        made.resume(command, examples(2))
    with pytest.raises(SettingsDiffer, match=rf"fit\(…, journal=store.journal\('{journal.run_id}'\)\)"):
        made.resume(journal.run_id, examples(2))
    report = made.fit(examples(2), stopping=[MaxSteps(1)], journal=journal)
    assert report.run == journal.run_id
    assert len(Store(place).trainings()) == 2


def test_nothing_is_begun_with_examples_that_cannot_be_used(place: str) -> None:
    with pytest.raises(InvalidData):
        trainer(digits(), store=place).fit([])
    assert not Path(place).exists()


def test_without_a_store_sqlalchemy_is_not_imported() -> None:
    code = "import sys, trace_train.trainer; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == 0


class Secretive:
    """A guide of a user's."""

    def __init__(self) -> None:
        self.api_key = "sentinel-key"

    def __call__(self, example: Any, output: Any) -> float:
        return 1.0

    def __repr__(self) -> str:
        return f"Secretive({self.api_key!r})"


def test_what_is_ours_is_kept_with_what_it_was_made_with_and_what_is_a_users_by_its_name() -> None:
    assert described([Patience(5), mine, Best(), Secretive()]) == [
        {"use": "Patience", "steps": 5},
        "mine",
        {"use": "Best"},
        "Secretive",
    ]
    weighted = described(Weighted({"right": (Exact(lambda each: each["queue"]), 3), "own": Secretive()}))
    exact, weight = weighted["guides"]["right"]
    assert (weighted["use"], exact["use"], weight) == ("Weighted", "Exact", 3)
    assert "<lambda>" in exact["field"]
    judge = described(Judge("polite", llm=Secretive(), most=3))  # type: ignore[arg-type]
    assert (judge["rubric"], judge["llm"], judge["most"]) == ({"quality": "polite"}, "Secretive", 3)
    assert described(Strict()) == described(Strict())
    assert described(OnSignal())["use"] == "OnSignal"
