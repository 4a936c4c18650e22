"""`trace-suite report`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from tests.view.scripted import train
from trace_train.cli.app import app
from trace_train.store import Store


def asked(folder: Path, run: str) -> Any:
    command = ["report", run, "-o", str(folder / "report.html"), "--store", str(folder / "trainings.db")]
    return CliRunner().invoke(app, command)


def test_a_training_is_written_as_one_file(tmp_path: Path) -> None:
    with Store(tmp_path / "trainings.db") as store:
        run = train(store)
    assert asked(tmp_path, run[:6]).exit_code == 0
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_training_that_is_not_there_is_an_error_without_a_file(tmp_path: Path) -> None:
    Store(tmp_path / "trainings.db").close()
    said = asked(tmp_path, "nothing")
    assert said.exit_code == 1
    assert "it holds no run 'nothing'; `trace-suite runs` lists what there is" in said.output
    assert not (tmp_path / "report.html").exists()
