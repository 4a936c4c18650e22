"""The commands of `trace-suite`, with what each takes (https://typer.tiangolo.com)."""

from __future__ import annotations

import importlib
import traceback
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from typer.core import TyperGroup

from trace_core.errors import TraceError
from trace_core.propagators import Feedback
from trace_train.cli import learned, reading
from trace_train.cli.building import program_of
from trace_train.cli.errors import BadPlan
from trace_train.cli.importing import importable
from trace_train.cli.plan import Plan, read_plan
from trace_train.cli.showing import say
from trace_train.cli.training import run_training
from trace_train.store import SavedRun, Store, Training


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
    epilog="Exit codes: 0 done; 1 it failed; 2 the command or its file is wrong; 3 the search was stopped early.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
model = typer.Typer(help="The model on this machine.", no_args_is_help=True)
app.add_typer(model, name="model")

Json = Annotated[bool, typer.Option("--json", help="Write JSON, for machines.")]
At = Annotated[str, typer.Option("--store", help="The store: a file, or a URL.")]
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


@app.callback()
def options(
    traceback: Annotated[bool, typer.Option("--traceback", help="Of an error, show where it was raised.")] = False,
) -> None:
    """What holds for all commands."""


@app.command()
def train(settings: Settings = None, as_json: Json = False, progress: Progress = None) -> None:
    """Train: [FILE.toml] [KEY=VALUE]…; what is learned is written to learned.json.

    trace-suite train train.toml budget.calls=100 seed=1
    """
    given = list(settings or ())
    file = Path(given.pop(0)) if given and "=" not in given[0] else None
    raise typer.Exit(run_training(read_plan(file, given), None, as_json, progress))


@app.command()
def resume(
    run: Run, settings: Settings = None, store: At = "trace-suite.db", as_json: Json = False, progress: Progress = None
) -> None:
    """Go on with a training: what was paid for is not paid for again.

    trace-suite resume 1a2b3c4d5e6f budget.calls=600
    """
    with _opened(store) as opened:
        begun = reading.find_training(opened, run)
    raise typer.Exit(run_training(_plan_of(begun, store, settings or ()), begun, as_json, progress))


@app.command()
def runs(
    store: At = "trace-suite.db",
    limit: Annotated[int, typer.Option(min=1, help="How many of each at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List trainings, and runs that were saved for feedback; the last ones first."""
    with _opened(store) as opened:
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
    with _opened(store) as opened:
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
    with _opened(store) as opened:
        training = reading.find_training(opened, run)
        old, new = reading.candidate_of(training, before), reading.candidate_of(training, after)
        reading.show_diff(old, new, as_json)


@app.command()
def feedback(
    run: Annotated[Optional[str], typer.Argument(help="A saved run's id.")] = None,  # noqa: UP045
    text: Annotated[Optional[str], typer.Argument(help="What was good or bad about it.")] = None,  # noqa: UP045
    score: Annotated[Optional[float], typer.Option(help="How good it was.")] = None,  # noqa: UP045
    learn: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="A training's TOML file: take one step from all feedback that was not learned from yet."),
    ] = None,
    limit: Annotated[Optional[int], typer.Option(min=1, help="How much of it at most.")] = None,  # noqa: UP045
    store: Annotated[Optional[str], typer.Option(help="The store; by default the file's.")] = None,  # noqa: UP045
    as_json: Json = False,
) -> None:
    """Say how a saved run was, hours or days later; and learn from what was said.

    trace-suite feedback RUN "the customer wanted a refund"
    trace-suite feedback --learn train.toml
    """
    plan = None if learn is None else read_plan(learn, ())
    if run is None and plan is None:
        raise BadPlan("say which run, and how it was: trace-suite feedback RUN TEXT; or --learn FILE.toml")
    if run is not None and text is None and score is None:
        raise BadPlan(f'say how run {run} was: trace-suite feedback {run} "too long", or --score 0.5')
    place = store or (plan.place if plan else "trace-suite.db")
    with _opened(place) as opened:
        if run is not None:
            found = reading.find(opened, run)
            if isinstance(found, Training):
                raise BadPlan(f"{run} is a training; feedback is given on runs that were saved: store.save(run)")
            found.backward(Feedback(text, score))
            say(f"kept, for run {run}", to_people=True)
        if plan is not None:
            with importable(plan.folder):
                learned.learn_from_feedback(plan, opened, limit, as_json)


@app.command()
def apply(run: Run, candidate: Chosen = None, out: Out = None, store: At = "trace-suite.db") -> None:
    """Write a training's values to the file that the program loads: its learned.json."""
    plan, chosen = _chosen(run, candidate, store)
    with importable(plan.folder):
        target = out or plan.path(plan.out)
        learned.learned_of(plan, chosen).save(target)
    say(f"candidate {chosen.id} is in {target}", to_people=True)


class Form(StrEnum):
    """The forms of an export."""

    json = "json"
    patch = "patch"
    framework = "framework"


@app.command()
def export(
    what: Annotated[str, typer.Argument(help="A training's id, or a TOML file, whose learned.json is exported.")],
    form: Annotated[Form, typer.Option("--as", help="JSON with diffs, a patch to the source, or the framework's own.")],
    of: Annotated[Optional[str], typer.Option(help="module:name of the framework's object.")] = None,  # noqa: UP045
    source: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(help="A source file to look in; by default those of the program in its folder."),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Change the source files, too.")] = False,
    candidate: Chosen = None,
    out: Out = None,
    store: At = "trace-suite.db",
) -> None:
    """Write what was learned in another form, to stdout or a file.

    trace-suite export RUN --as patch | git apply
    """
    if write and form is not Form.patch:
        raise BadPlan("--write goes with --as patch")
    if (of is None) == (form is Form.framework):
        raise BadPlan("--as framework needs --of module:name, the framework's object; no other form takes it")
    is_file = what.endswith(".toml")
    plan, chosen = (read_plan(Path(what), ()), None) if is_file else _chosen(what, candidate, store)
    with importable(plan.folder):
        if chosen is None:
            parameters = program_of(plan)[1].load(plan.path(plan.out))
        else:
            values = learned.learned_of(plan, chosen)
            values.apply()
            parameters = values.parameters
        whole = True
        if form is Form.json:
            data = learned.export_json(parameters)
        elif of is not None:
            data = learned.export_framework(of)
        else:
            data, whole = learned.export_patch(plan, parameters, source or (), write)
        learned.write_out(data, out)
    raise typer.Exit(0 if whole else 1)


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


def _opened(place: str) -> Store:
    return Store(place, create=False)


def _plan_of(training: Training, store: str, settings: Any) -> Plan:
    known = {key: value for key, value in training.settings.items() if key != "examples"}
    if "program" not in known:
        raise BadPlan(f"training {training.id} was begun in Python, not by trace-suite train; resume it there")
    place = store if "://" in store else str(Path(store).resolve())
    return read_plan(None, settings, {**known, "store": place})


def _chosen(run: str, candidate: str | None, store: str) -> tuple[Plan, Any]:
    """The plan of a training, and one of its candidates."""
    with _opened(store) as opened:
        training = reading.find_training(opened, run)
        return _plan_of(training, store, ()), reading.candidate_of(training, candidate)
