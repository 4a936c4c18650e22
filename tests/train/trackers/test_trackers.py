"""Trackers: what they are told of a run, in each library's own files; and that a run never waits or fails for them."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from trace_core.errors import MissingExtra
from trace_train.budget import Spent
from trace_train.events import Decided, ProposalMade, RunBegan, RunEnded
from trace_train.records import Candidate, Decision, Proposed
from trace_train.trackers import MLflow, TensorBoard, Tracker, Wandb

FIRST, BEST = Candidate({"rules": "Be kind."}), Candidate({"rules": "Be brief."})
SPENT = Spent(calls=3, tokens=40, evaluations=12, picodollars=5_000_000_000)
RUN = [
    RunBegan(FIRST, train=3, validation=2, test=0, seed=7),
    ProposalMade(1, FIRST.id, Proposed(reasoning="it was long"), known=False),
    Decided(Decision(1, BEST.id, False, "worse"), 0.25, SPENT),
    Decided(Decision(2, BEST.id, True, "better", validation=0.75), 0.75, SPENT),
    RunEnded("finished", "2 steps are done", BEST, SPENT),
]


class Listed(Tracker):
    """Notes what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Any] = []

    def begin(self, settings: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        self.told.append(("begin", settings, values))

    def say(self, step: int, text: str) -> None:
        self.told.append(("say", step, text))

    def measure(self, step: int, numbers: Mapping[str, float]) -> None:
        self.told.append(("measure", step, numbers["validation/best"], numbers.get("validation/candidate")))

    def end(self, state: str, reason: str, values: Mapping[str, Any]) -> None:
        self.told.append(("end", state, reason, values))


def watched(tracker: Tracker, events: list[Any] = RUN) -> None:
    for event in events:
        tracker(event)
    tracker.close()


def test_a_tracker_is_told_the_course_of_a_run_in_order() -> None:
    tracker = Listed()
    watched(tracker)
    assert tracker.told == [
        ("begin", {"seed": 7, "train": 3, "validation": 2, "test": 0}, {"rules": "Be kind."}),
        ("say", 1, "it was long"),
        ("measure", 1, 0.25, None),
        ("measure", 2, 0.75, 0.75),
        ("end", "finished", "2 steps are done", {"rules": "Be brief."}),
    ]


def test_a_run_that_did_not_end_is_closed_as_failed() -> None:
    tracker = Listed()
    watched(tracker, RUN[:2])
    assert tracker.told[-1][:2] == ("end", "failed")
    unused = Listed()
    unused.close()
    assert unused.told == []


def test_a_run_neither_waits_for_a_tracker_nor_fails_with_it(caplog: Any) -> None:
    held = threading.Event()

    class Slow(Listed):
        def begin(self, settings: Mapping[str, Any], values: Mapping[str, Any]) -> None:
            held.wait(10)
            raise ConnectionError("the server is down")

    tracker = Slow()
    with caplog.at_level(logging.WARNING):
        for event in RUN:
            tracker(event)  # returns at once
        held.set()
        tracker.close()
    assert "Slow: the server is down" in caplog.text
    assert [each[0] for each in tracker.told] == ["say", "measure", "measure", "end"]


@pytest.mark.parametrize(("kind", "extra"), [(TensorBoard, "tensorboard"), (MLflow, "mlflow"), (Wandb, "wandb")])
def test_a_library_that_is_missing_is_named_with_its_extra(kind: Any, extra: str, monkeypatch: Any) -> None:
    import sys

    for name in ("tensorboardX", "mlflow", "wandb"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match=rf"trace-suite\[{extra}\]"):
        kind()


@pytest.mark.filterwarnings("ignore")
def test_tensorboard_shows_numbers_and_texts(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    watched(TensorBoard(str(tmp_path)))
    written = reading.EventAccumulator(str(tmp_path))
    written.Reload()
    assert [(each.step, each.value) for each in written.Scalars("validation/best")] == [(1, 0.25), (2, 0.75)]
    assert [each.value for each in written.Scalars("spent/dollars")] == [pytest.approx(0.005)] * 2
    texts = {tag: written.Tensors(tag)[0].tensor_proto.string_val[0].decode() for tag in written.Tags()["tensors"]}
    assert "Be brief." in texts["best/rules/text_summary"]
    assert "it was long" in texts["reasoning/text_summary"]


@pytest.mark.filterwarnings("ignore")
def test_mlflow_has_a_run_with_metrics_and_files(tmp_path: Path) -> None:
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.create_experiment("greetings", artifact_location=(tmp_path / "files").as_uri())
    watched(MLflow("greetings", uri, "first"))
    (run,) = client.search_runs([experiment])
    assert (run.info.run_name, run.info.status) == ("first", "FINISHED")
    assert run.data.params["seed"] == "7"
    history = client.get_metric_history(run.info.run_id, "validation/best")
    assert [(each.step, each.value) for each in history] == [(1, 0.25), (2, 0.75)]
    (best,) = tmp_path.rglob("best.json")
    assert json.loads(best.read_text()) == {"rules": "Be brief."}
    assert mlflow.active_run() is None


@pytest.mark.filterwarnings("ignore")
def test_wandb_writes_an_offline_run(tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    watched(Wandb("greetings", str(tmp_path)))
    (written,) = tmp_path.rglob("*.wandb")
    assert written.parent.name.startswith("offline-run-")


def test_wandb_is_given_numbers_and_texts_by_step(monkeypatch: Any) -> None:
    import sys
    from unittest.mock import MagicMock, call

    monkeypatch.setitem(sys.modules, "wandb", wandb := MagicMock())
    watched(Wandb("greetings"))
    run = wandb.init.return_value
    assert wandb.init.call_args.kwargs["mode"] == "offline"
    assert wandb.init.call_args.kwargs["config"]["original"] == {"rules": "Be kind."}
    assert run.log.call_args_list[0] == call({"reasoning": "it was long"}, step=1, commit=False)
    assert [each.kwargs["step"] for each in run.log.call_args_list] == [1, 1, 2]
    run.summary.update.assert_called_once_with(
        {"state": "finished", "reason": "2 steps are done", "best": {"rules": "Be brief."}}
    )
    run.finish.assert_called_once_with(exit_code=0)
