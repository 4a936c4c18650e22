"""Records of a training as rows of its tables, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from trace_core.llm.chat import Usage
from trace_train.records import Candidate, Decision, Ending, Evaluation, EvaluationKey, Proposed

Row = Mapping[str, Any]


def from_evaluation(evaluation: Evaluation) -> dict[str, Any]:
    """What came out, without its key."""
    return {
        "score": evaluation.score,
        "scores": dict(evaluation.scores),
        "feedback": evaluation.feedback,
        "output": evaluation.output,
        "error": evaluation.error,
        "usage": asdict(evaluation.usage),
        "guide_usage": asdict(evaluation.guide_usage),
        "seconds": evaluation.seconds,
        "trace": None if evaluation.trace is None else dict(evaluation.trace),
    }


def to_evaluation(row: Row) -> Evaluation:
    """The evaluation of a row; without its trace, if that was not read."""
    names = ("score", "scores", "feedback", "output", "error", "seconds")
    made = {name: row[name] for name in names} | {"trace": row.get("trace")}
    return Evaluation(**made, usage=Usage(**row["usage"]), guide_usage=Usage(**row["guide_usage"]))


def to_key(row: Row) -> EvaluationKey:
    """Which evaluation a row is of."""
    return EvaluationKey(row["candidate"], row["example"], row["repeat"])


def from_proposed(proposed: Proposed) -> dict[str, Any]:
    """What a step came to."""
    return {
        "values": dict(proposed.values),
        "problem": proposed.problem,
        "answer": proposed.answer,
        "reasoning": proposed.reasoning,
        "refusals": dict(proposed.refusals),
        "usage": asdict(proposed.usage),
        "seconds": proposed.seconds,
        "parent": proposed.parent,
        "seen": [list(key) for key in proposed.seen],
    }


def to_proposed(row: Row) -> Proposed:
    """What a step came to."""
    names = ("values", "problem", "answer", "reasoning", "refusals", "seconds", "parent")
    seen = tuple(EvaluationKey(*key) for key in row["seen"])
    return Proposed(**{name: row[name] for name in names}, usage=Usage(**row["usage"]), seen=seen)


def from_candidate(candidate: Candidate) -> dict[str, Any]:
    """A candidate with its id."""
    parents = list(candidate.parents)
    return {"id": candidate.id, "values": dict(candidate.values), "parents": parents, "how": candidate.how}


def to_candidate(row: Row) -> Candidate:
    """A candidate."""
    return Candidate(row["values"], tuple(row["parents"]), row["how"])


def from_decision(decision: Decision) -> dict[str, Any]:
    """A decision."""
    return asdict(decision)


def to_decision(row: Row) -> Decision:
    """A decision."""
    names = ("step", "candidate", "accepted", "reason", "validation")
    minibatch = row["minibatch"]
    return Decision(**{name: row[name] for name in names}, minibatch=None if minibatch is None else tuple(minibatch))


def from_ending(ending: Ending) -> dict[str, Any]:
    """How a training ended."""
    return {
        "state": ending.state,
        "ended_by": ending.ended_by,
        "reason": ending.reason,
        "best": ending.best,
        "test": None if ending.test is None else asdict(ending.test),
    }
