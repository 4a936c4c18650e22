"""Two processes of one machine do not go on with one training at once; one that is gone holds nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.train.synthetic import digits, examples, trainer
from trace_train.records import Ending, Evaluation, EvaluationKey
from trace_train.store import Store, StoreBusy, holding
from trace_train.store.holding import this_process

REPOSITORY = Path(__file__).parents[3]
HOLDING = """
import sys
from trace_train.store import Store

store = Store(sys.argv[1])
print(store.journal(*sys.argv[2:]).run_id, flush=True)
sys.stdin.read()
"""


@contextmanager
def started(place: str, *run_id: str) -> Iterator[subprocess.Popen[str]]:
    """A process that wants to go on with a training, and says its id once it does."""
    command = [sys.executable, "-c", HOLDING, place, *run_id]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=REPOSITORY, text=True, **pipes) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def held(place: str, *run_id: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that goes on with a training, and the training's id."""
    with started(place, *run_id) as process:
        yield process, said(process)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_training_that_goes_on_in_another_process_is_not_gone_on_with(place: str) -> None:
    with Store(place) as store, held(place) as (process, id):
        with pytest.raises(StoreBusy, match=rf"training {id} goes on in process {process.pid} on .*Wait until it ends"):
            store.journal(id)
        training = store.training(id)
        assert training.holder is not None
        assert training.holder.lives


def test_one_whose_process_was_killed_is_gone_on_with(place: str) -> None:
    with Store(place) as store, held(place) as (process, id):
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it is gone, and nobody was told yet
        before = store.training(id).holder
        assert before is not None
        assert not before.lives
        store.journal(id)
        assert store.training(id).holder == this_process()


def test_one_that_ended_is_gone_on_with_wherever_it_was(place: str) -> None:
    with Store(place) as store:
        journal = store.journal()
        assert store.training(journal.run_id).holder == this_process()
        assert this_process().lives
        journal.finish(Ending("stop", "it was interrupted"))
        assert store.training(journal.run_id).holder is None
        with held(place, journal.run_id) as (process, id):
            assert id == journal.run_id
            with pytest.raises(StoreBusy):  # nor by one who had it before
                trainer(digits()).fit(examples(2), journal=journal)
            training = store.training(id)
            assert training.holder is not None
            assert (training.state, training.holder.process) == ("running", process.pid)


def test_of_two_that_want_the_same_one_gets_it(place: str) -> None:
    with Store(place) as store:
        journal = store.journal()
        journal.finish(Ending("stop", "it was interrupted"))
        with started(place, journal.run_id) as first, started(place, journal.run_id) as second:
            assert sorted([said(first), said(second)]) == ["", journal.run_id]


def test_the_same_process_may_go_on(place: str) -> None:
    with Store(place) as store:
        id = store.journal().run_id
        store.journal(id).keep_evaluation(EvaluationKey("c0", "e0"), Evaluation(1.0))
    with Store(place) as store:
        assert store.journal(id).evaluation(EvaluationKey("c0", "e0")) == Evaluation(1.0)


@pytest.mark.parametrize("other", [{"began": "1"}, {"began": None}, {"among": "another boot"}])
def test_another_process_with_the_same_id_is_another(other: dict[str, str | None]) -> None:
    assert not replace(this_process(), **other).lives  # type: ignore[arg-type]


@pytest.mark.skipif(shutil.which("ps") is None, reason="there is no ps")
def test_where_there_is_no_proc_ps_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(holding, "_PROC", tmp_path / "none")
    began = holding._began(os.getpid())
    assert began
    assert holding._began(os.getpid()) == began
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        assert holding._began(process.pid) is None
