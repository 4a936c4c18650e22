"""A training as a page in one file: whether it helped, what was learned, each step, and what the program did with it.

Of the traces it holds two: of the example whose score changed most from the original values to the best ones.
"""

from __future__ import annotations

from typing import Any

from trace_train.records import Candidate, Evaluation, EvaluationKey
from trace_train.store import Step, Store, Training
from trace_view.graphs import graph_data
from trace_view.pages.given import given, trace_of
from trace_view.pages.reading import by_id
from trace_view.pages.run import run
from trace_view.pages.step import changes_of, parent_of
from trace_view.standalone import Page, page

_MOST_COMPARED = 2_000
"""Evaluations of a candidate among which the example is looked for."""


def report(store: Store, id: str) -> Page:
    """A training as a page in one file.

    Args:
        store: the store that holds it.
        id: the training's id.

    Raises:
        NoSuchRun: there is none of this id.
        MissingExtra: the extra `view` is not installed.

    Example:
        Path("report.html").write_text(report(store, "1a2b3c4d5e6f"))
    """
    context = run(store, id)
    training: Training = context["training"]
    candidates = by_id(training)
    steps = [_step(each, candidates, context["outcomes"].get(each.number)) for each in training.steps() if each.number]
    example, shown = _telling(training, next(iter(candidates.values()), None), context["best"])
    graphs = [each.pop("graph") for each in shown]
    return page("report.html", context | {"steps": steps, "example": example, "shown": shown}, graphs)


def _step(step: Step, candidates: dict[str, Candidate], outcome: str | None) -> dict[str, Any]:
    changes = changes_of(step, parent_of(step, candidates, outcome), candidates)
    decision = next(iter(step.decisions), None)
    found = {"number": step.number, "decision": decision, "outcome": outcome}
    return found | {"proposed": step.proposed, "changes": changes}


def _telling(training: Training, before: Candidate | None, after: Candidate | None) -> tuple[str, list[dict[str, Any]]]:
    """The example that tells most, and its evaluations by the original and by the best values, with their graphs."""
    if before is None or after is None:
        return "", []
    old, new = _evaluations(training, before), _evaluations(training, after)
    both = sorted(old.keys() & new.keys(), key=lambda key: (-abs(new[key].score - old[key].score), key))
    sides = [("Before", before, old), ("After", after, new)] if before.id != after.id else [("Now", after, new)]
    found = []
    for key in both[:1]:
        for what, candidate, evaluations in sides:
            trace = training.trace(EvaluationKey(candidate.id, *key))
            if trace is not None:
                graph = graph_data(trace, evaluations[key].feedback, candidate.values.keys())
                found.append({"what": what, "evaluation": evaluations[key], "graph": graph})
    others = [key for key in both if key[0] != both[0][0]]  # beside which it is seen what an example gives
    traces = [trace_of(training, EvaluationKey(after.id, *key)) for key in (*both[:1], *others[:1])]
    return next(iter(given(traces, after.values.keys())), ""), found


def _evaluations(training: Training, candidate: Candidate) -> dict[tuple[str, int], Evaluation]:
    found = training.evaluations(candidate.id, limit=_MOST_COMPARED)
    return {(key.example, key.repeat): evaluation for key, evaluation in found}
