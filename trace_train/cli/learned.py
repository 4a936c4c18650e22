"""`apply`, `export` and `feedback`: what was learned goes where it is used, and what users say is learned from."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from typer.core import TyperCommand

from trace_core.optimizers.base import Optimizer
from trace_core.parameters import ParameterSet
from trace_core.propagators import Feedback
from trace_train.cli import reading
from trace_train.cli.building import optimizer_of, program_of
from trace_train.cli.errors import BadPlan
from trace_train.cli.importing import importable, imported
from trace_train.cli.options import At, Chosen, Json, Out, Run, chosen_of, opened_at
from trace_train.cli.plan import Plan, read_plan
from trace_train.cli.showing import say, say_json
from trace_train.exporting import as_json, as_patch, differences, in_framework
from trace_train.records import Candidate
from trace_train.report import Learned
from trace_train.store import Store, Training


def learned_of(plan: Plan, candidate: Candidate) -> Learned:
    """A candidate with the parameters of its program, as that is now.

    Raises:
        BadPlan: the program has other parameters by now.
    """
    _, parameters = program_of(plan)
    missing = [name for name in candidate.values if name not in parameters]
    if missing:
        raise BadPlan(
            f"the program has no parameter {', '.join(missing)} any more, only {', '.join(parameters)}; "
            "name it as it was, or train again"
        )
    return Learned(candidate, parameters)


def export_json(parameters: ParameterSet) -> bytes:
    """What was learned, with diffs."""
    return json.dumps(as_json(parameters), indent=2, ensure_ascii=False).encode() + b"\n"


def export_framework(path: str) -> bytes:
    """An object of the program, as its framework writes it."""
    return json.dumps(in_framework(imported("--of", path)), indent=2, ensure_ascii=False).encode() + b"\n"


def export_patch(plan: Plan, parameters: ParameterSet, files: Sequence[Path], write: bool) -> tuple[bytes, bool]:
    """The patch to the source, and whether it has all that was learned; written to the files if that is wanted."""
    patch = as_patch(parameters, files or _own_files(plan))
    text = patch.diff(Path.cwd())
    for name, why in patch.refusals.items():
        say(f"not in the patch: {name}: {why}", to_people=True)
    if write:
        patch.write()
        for name, place in patch.places.items():
            say(f"written: {name} at {place}", to_people=True)
    return text, not patch.refusals


def _own_files(plan: Plan) -> list[Path]:
    """The files of the modules that the program brought from its folder."""
    folder = Path(plan.folder)
    files = [Path(file) for module in [*sys.modules.values()] if (file := getattr(module, "__file__", None))]
    own = {file for file in files if file.suffix == ".py" and file.is_relative_to(folder)}
    return sorted(file for file in own if "site-packages" not in file.parts)


def write_out(data: bytes, out: Path | None) -> None:
    """To a file, or to stdout as it is."""
    if out is None:
        typer.echo(data, nl=False)
    else:
        out.write_bytes(data)


def learn_from_feedback(plan: Plan, store: Store, limit: int | None, machine: bool) -> None:
    """One step from what was said and not learned from yet, on top of what was learned before."""
    _, parameters = program_of(plan)
    out = plan.path(plan.out)
    if out.exists():
        parameters.load(out)
    before = parameters.state_dict()
    optimizer = optimizer_of(plan, parameters)
    if not isinstance(optimizer, Optimizer):
        raise BadPlan(f"optimizer: a step from feedback needs an optimizer of trace_core, not {plan.optimizer.use}")
    with store.batch(parameters, limit) as batch:
        count = len(batch)
        if count:
            optimizer.step(batch)
            parameters.save(out)
    diffs = differences(before, parameters.state_dict())
    if machine:
        say_json({"learned_from": count, "diffs": diffs, "out": str(out) if count else None})
    elif not count:
        say("there is no feedback that was not learned from yet", to_people=True)
    else:
        say("\n".join(diffs.values()) or "nothing was changed")
        say(f"learned from {count} pieces of feedback; the values are in {out}", to_people=True)


def _send_traces(run: str, store: str, endpoint: str | None) -> None:
    exporting = importlib.import_module("trace_view.exporting")  # by name: training depends on no viewer
    with opened_at(store) as opened:
        try:
            to = exporting.collector(endpoint)
        except ValueError as error:
            raise BadPlan(f"--otlp: {error}") from error
        sent = exporting.export(reading.find(opened, run), to)
    say(f"{sent} {'trace' if sent == 1 else 'traces'} sent", to_people=True)


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
    with opened_at(place) as opened:
        if run is not None:
            found = reading.find(opened, run)
            if isinstance(found, Training):
                raise BadPlan(f"{run} is a training; feedback is given on runs that were saved: store.save(run)")
            found.backward(Feedback(text, score))
            say(f"kept, for run {run}", to_people=True)
        if plan is not None:
            with importable(plan.folder):
                learn_from_feedback(plan, opened, limit, as_json)


def apply(run: Run, candidate: Chosen = None, out: Out = None, store: At = "trace-suite.db") -> None:
    """Write a training's values to the file that the program loads: its learned.json."""
    plan, chosen = chosen_of(run, candidate, store)
    with importable(plan.folder):
        target = out or plan.path(plan.out)
        learned_of(plan, chosen).save(target)
    say(f"candidate {chosen.id} is in {target}", to_people=True)


class Form(StrEnum):
    """The forms of an export."""

    json = "json"
    patch = "patch"
    framework = "framework"


class Export(TyperCommand):
    """`export`, whose `--otlp` may stand without an address: typer knows no such option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the words of the command line."""
        for place, word in [*enumerate(args)][::-1]:
            if word == "--otlp" and "://" not in "".join(args[place + 1 : place + 2]):
                args.insert(place + 1, "")
        return super().parse_args(ctx, args)


def export(
    what: Annotated[str, typer.Argument(help="A training's id, or a TOML file, whose learned.json is exported.")],
    form: Annotated[
        Optional[Form],  # noqa: UP045
        typer.Option("--as", help="JSON with diffs, a patch to the source, or the framework's own."),
    ] = None,
    of: Annotated[Optional[str], typer.Option(help="module:name of the framework's object.")] = None,  # noqa: UP045
    source: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(help="A source file to look in; by default those of the program in its folder."),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Change the source files, too.")] = False,
    otlp: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar="[ADDRESS]",
            help="Send the run's traces to a collector of OpenTelemetry: to http://localhost:4318, or where "
            "OTEL_EXPORTER_OTLP_ENDPOINT says; with the headers of OTEL_EXPORTER_OTLP_HEADERS.",
        ),
    ] = None,
    candidate: Chosen = None,
    out: Out = None,
    store: At = "trace-suite.db",
) -> None:
    """Write what was learned in another form, to stdout or a file; or send traces to a viewer.

    trace-suite export RUN --as patch | git apply
    trace-suite export RUN --otlp http://localhost:6006
    """
    if (form is None) == (otlp is None):
        raise BadPlan("say in which form: --as json, patch or framework; or --otlp, for its traces")
    if otlp is not None:
        _send_traces(what, store, otlp or None)
        return
    if write and form is not Form.patch:
        raise BadPlan("--write goes with --as patch")
    if (of is None) == (form is Form.framework):
        raise BadPlan("--as framework needs --of module:name, the framework's object; no other form takes it")
    is_file = what.endswith(".toml")
    plan, chosen = (read_plan(Path(what), ()), None) if is_file else chosen_of(what, candidate, store)
    with importable(plan.folder):
        if chosen is None:
            file = plan.path(plan.out)
            if not file.exists():
                raise BadPlan(f"{file} is not there yet: trace-suite train {what} writes it")
            parameters = program_of(plan)[1].load(file)
        else:
            values = learned_of(plan, chosen)
            values.apply()
            parameters = values.parameters
        whole = True
        if form is Form.json:
            data = export_json(parameters)
        elif of is not None:
            data = export_framework(of)
        else:
            data, whole = export_patch(plan, parameters, source or (), write)
        write_out(data, out)
    raise typer.Exit(0 if whole else 1)
