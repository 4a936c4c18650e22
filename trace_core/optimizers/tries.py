"""What was tried and how it went, as text: the memory of OPRO and of OptoPrime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trace_core.optimizers.describing import in_json
from trace_core.parameters import ParameterSet
from trace_core.propagators import Feedback, Received
from trace_core.rendering import literal, without_headings
from trace_core.trace_graph import TraceGraph


def tries(variables: ParameterSet, received: Sequence[Received]) -> dict[str, float]:
    """The values that the runs read, with what was said about them, as a text each; and their mean scores."""
    said: dict[str, list[Feedback]] = {}
    for each in received:
        held = _held(variables, each)
        values = ", ".join(
            f"{name} = {literal(in_json(held[parameter.id], parameter.type))}" for name, parameter in variables.items()
        )
        said.setdefault(values, []).append(each.feedback)
    return {_text(values, feedbacks): _mean_score(feedbacks) for values, feedbacks in said.items()}


def _held(variables: ParameterSet, received: Received) -> dict[int, Any]:
    """What each variable held in a run, which may be an older version; the present value where it read none."""
    held = {parameter.id: parameter._peek() for parameter in variables.values()}
    for operation in TraceGraph.between(variables.values(), [received.output], received.blocked).operations:
        for index, parent in enumerate(operation.parents):
            if parent.id in held:
                held[parent.id] = operation.read_of(index).value
    return held


def _text(values: str, feedbacks: Sequence[Feedback]) -> str:
    said = "; ".join(" ".join(str(each).split()) for each in feedbacks)
    return without_headings(f"{values} got: {said}")


def _mean_score(feedbacks: Sequence[Feedback]) -> float:
    scores = [each.score for each in feedbacks if isinstance(each.score, (int, float))]
    return sum(scores) / len(scores) if scores else 0.0
