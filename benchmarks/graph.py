"""What building, propagating and freeing graphs costs, beside a bare object and, where it is installed, trace-opt.

    python benchmarks/graph.py [--peer PYTHON]      # PYTHON: an interpreter in whose environment trace-opt is

Prints JSON: microseconds, bytes and seconds as the best of several repetitions, and ratios within this run.
"""

from __future__ import annotations

import argparse
import gc
import json
import operator
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

_new_id = count().__next__


class Bare:
    """The least that a traced value can be: data, id, operation, parents."""

    __slots__ = ("data", "id", "op", "parents")

    def __init__(self, data: Any, op: str, parents: tuple[Any, ...]) -> None:
        self.data = data
        self.id = _new_id()
        self.op = op
        self.parents = parents

    def __add__(self, other: Bare) -> Bare:
        return Bare(operator.add(self.data, other.data), "add", (self, other))


def microseconds(function: Callable[[], Any], number: int, repeat: int = 7) -> float:
    """The best of several repetitions, for one call."""
    best = float("inf")
    for _ in range(repeat):
        start = time.perf_counter()
        for _ in range(number):
            function()
        best = min(best, time.perf_counter() - start)
    return best / number * 1e6


def seconds(function: Callable[[], Any]) -> float:
    """One call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def chain(start: Any, by: Any, length: int) -> Any:
    """`start + by + by + …`."""
    for _ in range(length):
        start = start + by
    return start


def ours() -> dict[str, Any]:
    """Our figures."""
    from trace_core import TraceGraph, bundle, node

    x, y, parameter = node(1), node(2), node(3, trainable=True, name="x")
    bare_x, bare_y = Bare(1, "", ()), Bare(2, "", ())

    @bundle
    def same(value: Any) -> Any:
        return value

    bare, add = (
        min(microseconds(f, 50_000, 3) for _ in range(4)) for f in (lambda: bare_x + bare_y, lambda: x + y)
    )
    figures: dict[str, Any] = {
        "bare_add_us": bare,
        "add_us": add,
        "add_ratio_to_bare": add / bare,
        "add_constant_us": microseconds(lambda: x + 1, 50_000),
        "add_parameter_us": microseconds(lambda: parameter + y, 50_000),
        "bundle_call_us": microseconds(lambda: same(x), 20_000),
        "backward_us_per_node": {},
        "free_s": {},
    }
    for length in (100, 3_000, 100_000, 1_000_000):
        end = chain(parameter, y, length)

        def backward(end: Any = end) -> None:
            end.backward("better")
            TraceGraph.between([parameter], [end])

        figures["backward_us_per_node"][length] = min(seconds(backward) for _ in range(3)) / length * 1e6
        parameter.zero_feedback()
        del backward
        figures["free_s"][length] = seconds(lambda: globals().update(_end=None)) if False else _freed(locals().pop("end"))
    return figures


if __name__ == "__main__":
    pass
