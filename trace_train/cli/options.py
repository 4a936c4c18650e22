"""What several commands take, and what they make of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from trace_train.cli import reading
from trace_train.cli.errors import BadPlan
from trace_train.cli.plan import Plan, read_plan
from trace_train.records import Candidate
from trace_train.store import Store, Training

Json = Annotated[bool, typer.Option("--json", help="Write JSON, for machines.")]
At = Annotated[str, typer.Option("--store", "--db", help="The store: a file, or a URL.")]
Run = Annotated[str, typer.Argument(help="Its id, as `trace-suite runs` lists it.")]
Settings = Annotated[Optional[list[str]], typer.Argument(help="KEY=VALUE, before what the file says.")]  # noqa: UP045
Chosen = Annotated[
    Optional[str],  # noqa: UP045 - older versions of typer read no other form
    typer.Option("--candidate", help="A candidate's id, or original, in place of the best one."),
]
Out = Annotated[Optional[Path], typer.Option("--out", help="The file to write.")]  # noqa: UP045
Progress = Annotated[
    Optional[bool],  # noqa: UP045
    typer.Option("--progress/--no-progress", help="By default in a terminal."),
]


def opened_at(place: str) -> Store:
    """The store of `--store`, which must be there.

    Raises:
        NotAStore: it is not.
    """
    return Store(place, create=False)


def at(place: str) -> str:
    """A store's URL, or its path from the current folder on."""
    return place if "://" in place else str(Path(place).resolve())


def plan_of(training: Training, store: str, settings: Any) -> Plan:
    """What a training was begun with, as the plan of its file, with other settings before it.

    Raises:
        BadPlan: it was not begun by the command.
    """
    known = {key: value for key, value in training.settings.items() if key != "examples"}
    if "program" not in known:
        raise BadPlan(
            f"training {training.id} was begun in Python, so its program is not known here. There, trainer.resume"
            f"({training.id!r}, …) goes on with it, and parameters.load_state_dict(…) takes what it learned: "
            f"`trace-suite show {training.id} --json` has the values of each candidate"
        )
    return read_plan(None, settings, {**known, "store": at(store)})


def chosen_of(run: str, candidate: str | None, store: str) -> tuple[Plan, Candidate]:
    """The plan of a training, and one of its candidates."""
    with opened_at(store) as opened:
        training = reading.find_training(opened, run)
        return plan_of(training, store, ()), reading.candidate_of(training, candidate)
