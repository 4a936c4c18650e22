"""The commands of `trace-suite`, with what each takes (https://typer.tiangolo.com)."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from typer.core import TyperGroup

from trace_core.errors import TraceError
from trace_train.cli import learned, reading
from trace_train.cli.errors import BadPlan
from trace_train.cli.options import At, Json, Progress, Run, Settings, at, opened_at, plan_of
from trace_train.cli.plan import read_plan
from trace_train.cli.showing import say
from trace_train.cli.training import run_training
from trace_train.store import SavedRun


class Commands(TyperGroup):
    """Commands whose errors are a message and an exit code: 2 where the command is wrong, else 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except (TraceError, OSError) as error:
            if ctx.params.get("traceback"):
                say(traceback.format_exc(), to_people=True)
            is_wrong = isinstance(error, BadPlan)
            say(str(error) if is_wrong else f"{type(error).__name__}: {error}", to_people=True)
            raise typer.Exit(2 if is_wrong else 1) from error


app = typer.Typer(
    cls=Commands,
    name="trace-suite",
    help="Learn the prompts, settings and code of LLM workflows from examples and from feedback.",
    epilog="Exit codes: 0 done; 1 it failed; 2 the command or its file is wrong; 3 the budget is used up; "
    "4 a model could not be reached; 128 + a signal's number: it was stopped by that.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
model = typer.Typer(help="The model on this machine.", no_args_is_help=True)
app.add_typer(model, name="model")


@app.callback()
def options(
    traceback: Annotated[bool, typer.Option("--traceback", help="Of an error, show where it was raised.")] = False,
) -> None:
    """What holds for all commands."""


@app.command()
def train(
    settings: Settings = None,
    store: Annotated[Optional[str], typer.Option(help="The store; by default the file's.")] = None,  # noqa: UP045
    as_json: Json = False,
    progress: Progress = None,
) -> None:
    """Train: [FILE.toml] [KEY=VALUE]…; what is learned is written to learned.json.

    trace-suite train train.toml budget.calls=100 seed=1
    """
    given = list(settings or ())
    file = Path(given.pop(0)) if given and "=" not in given[0] else None
    plan = read_plan(file, given)
    placed = plan if store is None else plan.model_copy(update={"store": at(store)})
    raise typer.Exit(run_training(placed, None, as_json, progress))


@app.command()
def resume(
    run: Run, settings: Settings = None, store: At = "trace-suite.db", as_json: Json = False, progress: Progress = None
) -> None:
    """Go on with a training: what was paid for is not paid for again.

    trace-suite resume 1a2b3c4d5e6f budget.calls=600
    """
    for setting in settings or ():
        store = setting.removeprefix("store=") if setting.startswith("store=") else store
    others = [setting for setting in settings or () if not setting.startswith("store=")]
    with opened_at(store) as opened:
        begun = reading.find_training(opened, run)
    raise typer.Exit(run_training(plan_of(begun, store, others), begun, as_json, progress))


@app.command()
def runs(
    store: At = "trace-suite.db",
    limit: Annotated[int, typer.Option(min=1, help="How many of each at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List trainings, and runs that were saved for feedback; the last ones first."""
    with opened_at(store) as opened:
        reading.list_all(opened, limit, as_json)


@app.command()
def show(
    run: Run,
    step: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="A step's number: what the optimizer was shown and answered."),
    ] = None,
    store: At = "trace-suite.db",
    as_json: Json = False,
) -> None:
    """Show a training with its candidates and steps, or a saved run with what was said about it."""
    with opened_at(store) as opened:
        found = reading.find(opened, run)
        if isinstance(found, SavedRun):
            reading.show_saved(found, as_json)
        elif step is None:
            reading.show_training(found, as_json)
        else:
            reading.show_step(found, step, as_json)


@app.command()
def diff(
    run: Run,
    after: Annotated[str, typer.Argument(help="A candidate, or best or original.")] = "best",
    before: Annotated[str, typer.Argument(help="The one that it is compared with.")] = "original",
    store: At = "trace-suite.db",
    as_json: Json = False,
) -> None:
    """Show what a training learned, as a unified diff of each value."""
    with opened_at(store) as opened:
        training = reading.find_training(opened, run)
        old, new = reading.candidate_of(training, before), reading.candidate_of(training, after)
        reading.show_diff(old, new, as_json)


for command in (learned.feedback, learned.apply):
    app.command()(command)
app.command(cls=learned.Export)(learned.export)
importlib.import_module("trace_view.commands").add_to(app)  # by name: training depends on no viewer


@model.command()
def fetch() -> None:
    """Bring the default model into the cache folder (1.1 GB, once)."""
    _local("fetch")


@model.command()
def where() -> None:
    """Say where its file is; exit code 1 where it is not there."""
    _local("where")


def _local(command: str) -> None:
    from trace_core.errors import MissingExtra

    try:
        local = importlib.import_module("trace_local.__main__")  # by name: training depends on no integration
    except ImportError as error:
        raise MissingExtra("the local model", "local") from error
    raise typer.Exit(local.main([command]))
