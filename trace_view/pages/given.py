"""What went into evaluations, each in a line: a store keeps of an example only a hash, and its trace what it read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

from trace_core.errors import InvalidTrace
from trace_core.trace_graph import TraceGraph
from trace_train.records import EvaluationKey
from trace_train.store import Training
from trace_view.graphs.values import label


def trace_of(training: Training, key: EvaluationKey) -> TraceGraph | None:
    """The trace of an evaluation, if there is one that can be read."""
    with suppress(InvalidTrace):  # said where the trace should be; the rest can be read
        return training.trace(key)
    return None


def given(traces: Sequence[TraceGraph | None], parameters: Collection[str]) -> list[str]:
    """What went into each of some traces: of what came from nowhere, the first that is not the same in all.

    Args:
        traces: of one program, on different examples.
        parameters: the names of its parameters, which are no inputs.
    """
    roots = [[] if trace is None else _roots(trace, parameters) for trace in traces]
    together = zip(*filter(None, roots), strict=False)
    place = next((place for place, values in enumerate(together) if len({*values}) > 1), 0)
    return [each[place] if place < len(each) else "" for each in roots]


def _roots(trace: TraceGraph, parameters: Collection[str]) -> list[str]:
    return [_line(trace.read(each).value) for each in trace.nodes if not each.parents and each.name not in parameters]


def _line(value: Any) -> str:
    """A value in a line; of a mapping of one key, what it holds."""
    return label(next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else value)
