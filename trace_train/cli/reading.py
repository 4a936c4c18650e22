"""`runs`, `show` and `diff`: what a store holds; neither the program nor its framework is needed."""

from __future__ import annotations

import difflib
import platform
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from trace_train.cli.errors import BadPlan, unknown
from trace_train.cli.showing import say, say_json, say_table
from trace_train.exporting import differences
from trace_train.records import Candidate
from trace_train.store import NoSuchRun, SavedRun, Store, Training


def find(store: Store, id: str) -> Training | SavedRun:
    """A training, or a run that was saved, by its id or a beginning that only one has.

    Raises:
        NoSuchRun: there is neither.
    """
    for look in (store.training, store.run):
        with suppress(NoSuchRun):
            return look(id)
    known = [*(each.id for each in store.trainings()), *(each.id for each in store.runs(1000))]
    return find(store, _meant(store, id, known))


def find_training(store: Store, id: str) -> Training:
    """A training, by its id or a beginning that only one has.

    Raises:
        NoSuchRun: there is none.
        BadPlan: it is a run that was saved.
    """
    try:
        return store.training(id)
    except NoSuchRun:
        with suppress(NoSuchRun):
            saved = store.run(id).id
            raise BadPlan(f"{saved} is a run that was saved, not a training; `trace-suite runs` lists both") from None
        return store.training(_meant(store, id, [each.id for each in store.trainings()]))


def _meant(store: Store, id: str, known: Sequence[str]) -> str:
    """The one id that begins so."""
    if id and len(meant := [each for each in known if each.startswith(id)]) == 1:
        return meant[0]
    near = [each for each in known if each.startswith(id)][:3] or difflib.get_close_matches(id, known)
    hint = f"did you mean {' or '.join(near)}?" if near else "`trace-suite runs` lists what there is"
    raise NoSuchRun(store.name, f"it holds no run {id!r}; {hint}")


def candidate_of(training: Training, id: str | None) -> Candidate:
    """The candidate of an id, or of "original" or "best"; by default the best one.

    Raises:
        BadPlan: there is none.
    """
    candidates = {tried.candidate.id: tried.candidate for tried in training.candidates()}
    if not candidates:
        raise BadPlan(f"training {training.id} holds no candidate yet")
    if id == "original":
        return next(iter(candidates.values()))
    wanted = (training.best or next(iter(candidates))) if id in (None, "best") else id
    meant = [each for each in candidates if wanted and each.startswith(wanted)]
    if wanted not in candidates and len(meant) == 1:
        return candidates[meant[0]]
    if wanted not in candidates:
        raise BadPlan(unknown(f"in training {training.id}, the candidate", str(wanted), candidates))
    return candidates[wanted]


def state_of(training: Training) -> str:
    """Its state as people are told: also "interrupted", one whose process is seen to be gone from this machine."""
    holder = training.holder if training.state == "running" else None
    is_lost = holder is not None and holder.host == platform.node() and not holder.lives
    return "interrupted" if is_lost else training.state


def list_all(store: Store, limit: int, as_json: bool) -> None:
    """`runs`."""
    trainings, saved = store.trainings(limit), store.runs(limit)
    if as_json:
        say_json({"trainings": [_training(each) for each in trainings], "saved": [_saved(each) for each in saved]})
        return
    if trainings:
        names = (
            "training",
            "state",
            "ended by",
            "begun",
            "steps",
            "evaluations",
            "calls",
            "validation",
            "held-out test",
        )
        say_table(names, [_row(training) for training in trainings])
    if saved:
        say(("\n" if trainings else "") + "runs that were saved")
        rows = [(r.id, r.saved, ", ".join(r.parameters), len(r.feedback)) for r in saved]
        say_table(("run", "saved", "parameters", "feedback"), rows)
    if not trainings and not saved:
        say("nothing yet", to_people=True)


def show_saved(run: SavedRun, as_json: bool) -> None:
    """`show` of a run that was saved."""
    if as_json:
        say_json({**_saved(run), "output": str(run.output.data), "error": run.error, "graph": run.graph.to_json()})
        return
    say(f"run {run.id}, saved {run.saved:%Y-%m-%d %H:%M:%S}\n\n{run.graph.to_text()}\n\noutput: {run.output.data}")
    for said in run.feedback:
        score = "" if said.feedback.score is None else f" (score {said.feedback.score})"
        used = "not learned from yet" if said.used is None else f"learned from {said.used:%Y-%m-%d %H:%M:%S}"
        say(f"feedback: {said.feedback.text or ''}{score}, {used}")


def show_training(training: Training, as_json: bool) -> None:
    """`show` of a training."""
    if as_json:
        steps = [{"step": s.number, "proposed": s.proposed, "decisions": list(s.decisions)} for s in training.steps()]
        candidates = [{"id": tried.candidate.id, **tried._asdict()} for tried in training.candidates()]
        say_json({**_training(training), "settings": training.settings, "candidates": candidates, "steps": steps})
        return
    say(f"training {training.id}: {state_of(training)}, {training.step_count} steps, {training.usage.calls} calls,")
    say(f"{training.evaluation_count} evaluations ({training.repeated} repeated after interruptions)")
    for line in _course(training):
        say(line)
    say("")
    tried = training.candidates()
    rows = [(t.candidate.id, t.candidate.how, t.evaluations, t.score, t.candidate.id == training.best) for t in tried]
    say_table(("candidate", "how", "evaluations", "mean score", "best"), rows)
    say("")
    decided = [(d.step, d.candidate, d.accepted, d.validation, d.reason) for s in training.steps() for d in s.decisions]
    say_table(("step", "candidate", "accepted", "validation", "why"), decided)


def show_step(training: Training, number: int, as_json: bool) -> None:
    """`show` of one step: what the optimizer was shown, and what it answered.

    Raises:
        BadPlan: there is no such step.
    """
    steps = {step.number: step for step in training.steps()}
    if number not in steps:
        raise BadPlan(unknown(f"in training {training.id}, the step", str(number), map(str, steps)))
    step = steps[number]
    if as_json:
        say_json({"step": number, "proposed": step.proposed, "decisions": list(step.decisions)})
        return
    if step.proposed is not None:
        said = step.proposed
        if said.parent:
            say(f"made from candidate {said.parent} and the traces of {len(said.seen)} evaluations\n")
        say(f"{said.problem}\n\nanswer:\n{said.answer}\n")
        for name, why in said.refusals.items():
            say(f"refused: {name}: {why}")
    for decision in step.decisions:
        say(f"{decision.candidate} {'accepted' if decision.accepted else 'refused'}: {decision.reason}")


def show_diff(before: Candidate, after: Candidate, as_json: bool) -> None:
    """`diff`."""
    diffs = differences(before.values, after.values)
    if as_json:
        say_json({"before": before.id, "after": after.id, "diffs": diffs})
    elif diffs:
        say("\n".join(diffs.values()))
    else:
        say("no difference", to_people=True)


def _training(training: Training) -> dict[str, Any]:
    names = ("id", "state", "ended_by", "reason", "seed", "best", "best_score", "test", "budget", "holder")
    counts = ("started", "updated", "ended", "step_count", "evaluation_count", "repeated", "usage")
    found = {name: getattr(training, name) for name in (*names, *counts)}
    return found | {"interrupted": state_of(training) == "interrupted"}


def _row(training: Training) -> tuple[Any, ...]:
    test, counts = training.test, (training.step_count, training.evaluation_count, training.usage.calls)
    held_out = None if test is None or test.after is None else f"{test.before:.3f} -> {test.after:.3f}"
    begun = training.id, state_of(training), training.ended_by, training.started
    return (*begun, *counts, training.best_score, held_out)


def _course(training: Training) -> Iterator[str]:
    """Where it goes on or why it ended, what it may spend, and what came of it."""
    if training.reason is not None:
        yield f"ended by {training.ended_by}: {training.reason}"
    if training.holder is not None:
        yield f"in {training.holder}" + ("" if training.holder.lives else ", which is not seen to run here")
    if training.budget is not None:
        limits = [f"{limit:,} {name}" for name, limit in training.budget.items()]
        yield f"budget: {', '.join(limits) or 'no limit'}"
    if training.test is not None:
        yield str(training.test)


def _saved(run: SavedRun) -> dict[str, Any]:
    said = [
        {"text": s.feedback.text, "score": s.feedback.score, "given": s.given, "used": s.used} for s in run.feedback
    ]
    return {"id": run.id, "saved": run.saved, "parameters": dict(run.parameters), "feedback": said}
