"""Parts of the data that have no example in common: to learn from, to decide on, to measure with."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from trace_train.data.examples import Data
from trace_train.errors import InvalidData


def split(data: Data, sizes: Sequence[float], seed: int | None = 0) -> list[list[Any]]:
    """Parts of these sizes, drawn at random; the same seed gives the same parts.

    Args:
        data: the examples.
        sizes: how many in each part, or which share of all (numbers below 1; together at most 1).
        seed: of the shuffling; None takes them in order.

    Raises:
        InvalidData: there are too few examples, or a part would be empty.

    Example:
        train, validation, test = split(read_data("tickets.jsonl"), (60, 24, 40))
        train, validation = split(examples, (0.8, 0.2), seed=1)
    """
    counts = _counts(len(data), sizes)
    order = list(range(len(data)))
    if seed is not None:
        Random(f"{seed}:split").shuffle(order)  # noqa: S311 - no secret
    parts, start = [], 0
    for count in counts:
        parts.append([data[index] for index in order[start : start + count]])
        start += count
    return parts


def _counts(total: int, sizes: Sequence[float]) -> list[int]:
    if not sizes or any(size <= 0 for size in sizes):
        raise InvalidData(f"sizes of parts must be above 0, not {sizes}")
    if all(size < 1 for size in sizes) or sizes == (1.0,):
        if sum(sizes) > 1 + 1e-9:
            raise InvalidData(f"shares of the data must be at most 1 together, not {sum(sizes):g}")
        ends = [round(total * sum(sizes[: index + 1])) for index in range(len(sizes))]
        counts = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    elif any(size != int(size) for size in sizes):
        raise InvalidData(f"sizes are all numbers of examples, or all shares below 1, not {sizes}")
    else:
        counts = [int(size) for size in sizes]
    if sum(counts) > total or not all(counts):
        raise InvalidData(f"{total} examples cannot be split into parts of {sizes}: each part needs at least one")
    return counts
