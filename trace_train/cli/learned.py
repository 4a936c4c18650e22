"""`apply`, `export` and `feedback`: what was learned goes where it is used, and what users say is learned from."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from trace_core.optimizers.base import Optimizer
from trace_core.parameters import ParameterSet
from trace_train.cli.building import optimizer_of, program_of
from trace_train.cli.errors import BadPlan
from trace_train.cli.importing import imported
from trace_train.cli.plan import Plan
from trace_train.cli.showing import say, say_json
from trace_train.exporting import as_json, as_patch, differences, in_framework
from trace_train.records import Candidate
from trace_train.report import Learned
from trace_train.store import Store


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
