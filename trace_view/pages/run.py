"""One training: whether it helped, what was tried, what was learned, and what it took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trace_train.cli.reading import state_of
from trace_train.records import Candidate
from trace_train.store import Store, Training
from trace_view.charts import best_so_far, score_chart
from trace_view.pages import reading
from trace_view.pages.reading import best_of, changed_words, dollars, examples_of, is_same, outcomes, verdict
from trace_view.rendering import amount
from trace_view.trees import lineage, tree

_MOST_SEEN_AT_ONCE = 20


def run(store: Store, id: str) -> dict[str, Any]:
    """What the page shows.

    Raises:
        NoSuchRun: there is no training of this id.
    """
    training = store.training(id)
    decisions = training.decisions()
    tried = training.candidates()
    candidates = {each.candidate.id: each.candidate for each in tried}
    best = best_of(training, candidates)
    became = outcomes(decisions)
    return {
        "training": training,
        "name": reading.name(training, best.values.keys() if best else ()),
        "state": state_of(training),
        "verdict": verdict(training, best_so_far(decisions)),
        "chart": score_chart(decisions, [step for step, what in became.items() if what == "nothing tried"]),
        "decisions": decisions,
        "outcomes": became,
        "decision_of": {each.candidate: each for each in reversed(decisions)},
        "tree": tree([*candidates.values()], {each.candidate for each in decisions if each.accepted}),
        "lineage": lineage(best, candidates) if best and len(candidates) > _MOST_SEEN_AT_ONCE else [],
        "best": best,
        "failures": training.failures(),
        "learned": [] if best is None else changes(next(iter(candidates.values())), best),
        "spent": spent(training),
        "running": len(training.in_flight()) if training.state == "running" else 0,
        "settings": _settings(training),
    }


def changes(before: Candidate, after: Candidate) -> list[dict[str, Any]]:
    """Each parameter, with what changed from one candidate to another."""
    found = []
    for name, value in after.values.items():
        old = before.values.get(name)
        is_new = not is_same(old, value)
        pieces = changed_words(old, value) if is_new else []
        found.append({"name": name, "changed": is_new, "value": value, "pieces": pieces})
    return found


def _settings(training: Training) -> dict[str, Any]:
    """What it was begun with, and its limits, which whoever resumes it may change."""
    limits = ", ".join(f"{what} {amount(limit, what)}" for what, limit in (training.budget or {}).items())
    known: dict[str, Any] = {} if training.budget is None else {"limits": limits or "none"}
    known |= {key: value for key, value in training.settings.items() if value not in (None, [], {})}
    if examples := examples_of(training):
        known["examples"] = {kind: f"{count}, fingerprint {digits}" for kind, (count, digits) in examples.items()}
    return known


def spent(training: Training) -> list[tuple[str, float, float | None]]:
    """What was spent, and its limit."""
    limits: Mapping[str, float | None] = training.budget or {}
    used = {
        "calls": training.usage.calls,
        "tokens": training.usage.tokens,
        "evaluations": training.evaluation_count,
        "dollars": dollars(training),
    }
    return [(what, amount, limits.get(what)) for what, amount in used.items() if amount is not None]
