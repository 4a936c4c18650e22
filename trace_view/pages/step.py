"""One step: what the optimizer was shown, what it answered, what became of that; and the traces that it was shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from trace_core.trace_graph import TraceGraph
from trace_train.records import Candidate, Evaluation, EvaluationKey
from trace_train.store import Step, Store, Training
from trace_view.errors import NotThere
from trace_view.pages.given import given, trace_of
from trace_view.pages.reading import by_id, name, outcomes
from trace_view.pages.run import changes
from trace_view.rendering import as_text


def step(store: Store, id: str, number: int, key: int = 0) -> dict[str, Any]:
    """What the page shows; `key` is the place of an evaluation among those that the optimizer was shown.

    Raises:
        NoSuchRun: there is no such training.
        NotThere: it has no such step or evaluation.
    """
    training = store.training(id)
    found = _find(training, number)
    candidates = by_id(training)
    decision, decisions = next(iter(found.decisions), None), training.decisions()
    outcome = outcomes(decisions).get(number)
    parent = parent_of(found, candidates, outcome)
    seen = _seen(found)
    traces = [trace_of(training, each) for each in seen]
    if key and key >= len(seen):
        raise NotThere(f"the optimizer was shown {len(seen)} evaluations in step {number}")
    evaluations = [training.evaluation(each) for each in seen]
    parameters = parent.values.keys() if parent else ()
    return {
        "training": training,
        "name": name(training, next((each.values.keys() for each in candidates.values()), ())),
        "number": number,
        "last": max((each.step for each in decisions), default=number),
        "proposed": found.proposed,
        "decision": decision,
        "outcome": outcome,
        "failures": training.failures().get(decision.candidate) if decision and outcome != "nothing tried" else None,
        "parent": parent,
        "changes": changes_of(found, parent, candidates),
        "seen": [*zip(evaluations, given(traces, parameters), strict=True)],
        "key": key,
        "evaluation": evaluations[key] if seen else None,
        "told": _told(evaluations[key]) if seen else {},
        "reached": _reached(traces[key], parameters) if seen else [],
    }


def step_texts(context: Mapping[str, Any]) -> dict[str, str]:
    """The texts of a step that may be too long for its page, by their names."""
    records = {"problem": "proposed", "answer": "proposed", "reasoning": "proposed"}
    records |= {"output": "evaluation", "feedback": "evaluation", "error": "evaluation"}
    return {
        part: as_text(value)
        for part, record in records.items()
        if context[record] is not None and (value := getattr(context[record], part)) is not None
    }


def shown_evaluation(store: Store, id: str, number: int, key: int) -> tuple[TraceGraph, Evaluation, list[str]]:
    """The trace of an evaluation that the optimizer was shown, what came of it, and the names of its parameters.

    Raises:
        NoSuchRun: there is no such training.
        NotThere: it has no such step or evaluation, or that has no trace.
    """
    training = store.training(id)
    seen = _seen(_find(training, number))
    if key < len(seen):
        trace, evaluation = training.trace(seen[key]), training.evaluation(seen[key])
        if trace is not None and evaluation is not None:
            return trace, evaluation, [*by_id(training)[seen[key].candidate].values]
    raise NotThere(
        f"step {number} has no evaluation {key} with a trace: a program gives one where its output is a node"
    )


def _find(training: Training, number: int) -> Step:
    found = training.step(number)
    if found is None:
        raise NotThere(f"training {training.id} has no step {number}")
    return found


def _seen(step: Step) -> list[EvaluationKey]:
    return [] if step.proposed is None else list(step.proposed.seen)


def parent_of(step: Step, candidates: Mapping[str, Candidate], outcome: str | None) -> Candidate | None:
    """The candidate that a step began from; a decision of a step that tried nothing is on that one itself."""
    decided = [candidates[each.candidate] for each in step.decisions if each.candidate in candidates]
    is_own = outcome == "nothing tried"
    parents = [id for each in decided for id in ((each.id,) if is_own else each.parents)]
    ids = [step.proposed.parent if step.proposed else "", *parents]
    return next((candidates[id] for id in ids if id in candidates), None)


def changes_of(step: Step, parent: Candidate | None, candidates: Mapping[str, Candidate]) -> list[dict[str, Any]]:
    """Each parameter before the step, and as it was proposed or merged."""
    if parent is None:
        return []
    if step.proposed is not None:
        return changes(parent, Candidate({**parent.values, **step.proposed.values}))
    return changes(parent, candidates.get(step.decisions[0].candidate, parent)) if step.decisions else []


def _told(evaluation: Evaluation | None) -> dict[str, Any]:
    """What came of an evaluation; an error stands once, though it is the feedback on it, too, and the output."""
    found: dict[str, Any] = {}
    for part in ("error", "feedback", "output"):
        value = getattr(evaluation, part, None)
        if value is not None and value not in found.values():
            found[part] = value
    return found


def _reached(trace: TraceGraph | None, parameters: Iterable[str]) -> list[str]:
    """The parameters that the output came from."""
    names = set() if trace is None else {node.name for node in trace.nodes}
    return [name for name in parameters if name in names]
