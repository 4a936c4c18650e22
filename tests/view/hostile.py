"""Trainings in which whatever can be text is hostile, or too much."""

from __future__ import annotations

from typing import Any

from trace_core.trace_graph import TraceGraph
from trace_train.records import Candidate, Decision, Ending, Evaluation, EvaluationKey, Proposed
from trace_train.store import Store

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>\" onload='x' {{7*7}} &lt;b&gt; "
    "\x00\x1b[31m \u202ereversed \ud800"
)
LONG = "x" * 10_000_000


def hostile(store: Store, trace: TraceGraph | None = None) -> str:
    """A training whose texts, names and settings are hostile; gives its id."""
    journal = store.journal(settings={"program": {"use": HOSTILE}, HOSTILE: HOSTILE}, seed=0)
    name = HOSTILE.encode(errors="replace").decode()  # no address can hold half a character
    first = Candidate({name: HOSTILE, "rules": "a"})
    second = Candidate({name: HOSTILE + "x", "rules": "a"}, (first.id,), "<script>")
    key = EvaluationKey(first.id, "<script>")
    for candidate in (first, second):
        journal.keep_candidate(candidate)
    journal.keep_decision(Decision(0, first.id, True, HOSTILE, 0.5))
    said: dict[str, Any] = {"feedback": HOSTILE, "output": {HOSTILE: [HOSTILE] * 2}, "error": HOSTILE}
    said |= {"scores": {HOSTILE: 1.0}, "trace": None if trace is None else trace.to_json()}
    journal.keep_evaluation(key, Evaluation(float("nan"), **said))
    refusals = {HOSTILE: HOSTILE}
    proposed = Proposed(second.values, HOSTILE, HOSTILE, HOSTILE, refusals, parent=first.id, seen=(key,))
    journal.keep_proposed(1, proposed)
    journal.keep_decision(Decision(1, second.id, False, HOSTILE, 0.25, (0.5, float("inf"))))
    journal.finish(Ending("stop", HOSTILE, first.id))
    return journal.run_id


def long_and_deep(store: Store) -> tuple[str, Candidate]:
    """A training of values that are long or deep; its id, and its second candidate."""
    journal = store.journal()
    deep: list[object] = []
    for _ in range(200):
        deep = [deep]
    first = Candidate({"long": "word " * 2_000_000, "deep": deep})
    second = Candidate({"long": "word " * 2_000_000 + "end", "deep": deep}, (first.id,), "proposed")
    for step, candidate in enumerate((first, second)):
        journal.keep_candidate(candidate)
        journal.keep_decision(Decision(step, candidate.id, True, LONG, step / 2))
    journal.keep_proposed(1, Proposed(second.values, LONG, LONG, LONG, {}, parent=first.id))
    return journal.run_id, second
