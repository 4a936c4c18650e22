"""What goes between a driver and its workers: JSON texts, and nothing that would have to be trusted to be read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from typing import Any

from trace_core.errors import BudgetExceeded, CandidateNotSeen
from trace_core.graph_json import encode
from trace_core.llm.chat import Usage
from trace_train.budget import Spending
from trace_train.data.examples import Example
from trace_train.errors import InvalidFactory, InvalidGuide, NotPlain, TrainingError
from trace_train.executors.factories import task_in_words
from trace_train.records import Evaluation
from trace_train.retrying import Backoff
from trace_train.running import Result, Runner
from trace_train.values import as_data

_ERRORS: dict[str, type[Exception]] = {
    each.__name__: each for each in (BudgetExceeded, CandidateNotSeen, InvalidFactory, InvalidGuide)
}


def settings_text(factory: str, arguments: Mapping[str, Any], runner: Runner) -> str:
    """What a worker needs to know before its first evaluation.

    Raises:
        NotPlain: an argument of the factory is no plain data, or the trainer's `retry` is a function of the user's.
    """
    if not isinstance(runner.retry, Backoff):
        raise NotPlain(f"retry: {type(runner.retry).__name__} cannot be sent to workers; Backoff can")
    return json.dumps(
        {
            "factory": factory,
            "arguments": plain(arguments, "an argument of the factory"),
            "expected": task_in_words(runner.parameters, runner.guide, runner.inputs),
            "failing": runner.failing,
            "retry": {name: getattr(runner.retry, name) for name in ("tries", "first", "longest")},
            "prefer_async": runner.prefer_async,
        }
    )


def job_text(runner: Runner, example: Example, values: Mapping[str, Any]) -> str:
    """One evaluation to be made.

    Raises:
        NotPlain: the example is no plain data.
    """
    data = plain(example.data, f"the example {example.id}")
    return json.dumps({"id": example.id, "example": data, "values": as_data(runner.parameters, values)})


def plain(value: Any, what: str) -> Any:
    """A value as JSON data from which `decode` makes it again.

    Raises:
        NotPlain: it cannot be; with the place of what is in the way.
    """
    encoded = encode(value)
    for place, kind in _opaque(encoded):
        raise NotPlain(
            f"{what}{place} is of type {kind}, which is no plain data and so cannot be sent to a worker; "
            "give text, numbers, lists, dicts, tuples or sets"
        )
    return encoded


def _opaque(encoded: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Where values stand that could not be encoded, and their types."""
    if isinstance(encoded, list):
        for index, item in enumerate(encoded):
            yield from _opaque(item, f"{place}[{index}]")
    elif isinstance(encoded, dict):
        if encoded.get("$") == "opaque":
            yield place, str(encoded["type"])
        for key, item in encoded.items():
            yield from _opaque(item, place if "$" in encoded else f"{place}[{key!r}]")


# --- what comes back


def reply_text(result: Result | Exception, spending: Spending) -> str:
    """What came of it, and what it used."""
    used = {role: asdict(usage) for role, usage in spending.by_role.items()}
    if isinstance(result, Exception):
        return json.dumps({"error": type(result).__name__, "text": str(result), "used": used})
    made = result.evaluation
    data = {each.name: getattr(made, each.name) for each in fields(made)}
    data |= {"usage": asdict(made.usage), "guide_usage": asdict(made.guide_usage)}
    return json.dumps({"evaluation": data, "kept": result.kept, "guide_failed": result.guide_failed, "used": used})


def result_of(reply: str, spending: Spending) -> Result:
    """The result that a worker sent, after what it used was charged.

    Raises:
        CandidateNotSeen, BudgetExceeded, InvalidGuide, InvalidFactory: as it was there.
        TrainingError: the worker failed in another way.
    """
    data = json.loads(reply)
    used = {role: Usage(**usage) for role, usage in data["used"].items()}
    cost = spending.charge("program", used["program"], evaluations=1) + spending.charge("guide", used["guide"])
    if "error" in data:
        known = _ERRORS.get(data["error"])
        raise (
            TrainingError(f"a worker failed: ({data['error']}) {data['text']}")
            if known is None
            else known(data["text"])
        )
    made = data["evaluation"]
    made |= {"usage": Usage(**made["usage"]), "guide_usage": Usage(**made["guide_usage"])}
    return Result(Evaluation(**made), cost, data["kept"], data["guide_failed"])
