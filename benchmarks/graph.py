"""What building, propagating and freeing graphs costs, beside a bare object and, where it is installed, trace-opt.

    python benchmarks/graph.py

The peer is asked in an environment of its own: `python -m venv .venv-peer && .venv-peer/bin/pip install
trace-opt==0.1.3.8`. Prints JSON; times are the best of several repetitions, the ratios are within this run.
"""

from __future__ import annotations

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

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from trace_core import Batch, MessageNode, Node, OptoPrime, TraceGraph, bundle, node

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


@bundle
def same(value: Any) -> Any:
    """The value."""
    return value


def microseconds(function: Callable[[], Any], number: int = 20_000, repeat: int = 15) -> float:
    """One call, as the best of several repetitions."""
    return min(_timed(function, number) for _ in range(repeat)) / number * 1e6


def _timed(function: Callable[[], Any], number: int) -> float:
    start = time.perf_counter()
    for _ in range(number):
        function()
    return time.perf_counter() - start


def chain(start: Any, by: Any, length: int) -> Any:
    """`start + by + by + …`."""
    for _ in range(length):
        start = start + by
    return start


def operations() -> dict[str, float]:
    """Building: an operator beside the bare object's, a bundle call."""
    x, y, parameter, bare_x, bare_y = node(1), node(2), node(3, trainable=True), Bare(1, "", ()), Bare(2, "", ())
    bare = microseconds(lambda: bare_x + bare_y)
    add = microseconds(lambda: x + y)
    return {
        "bare_add_us": bare,
        "add_us": add,
        "add_ratio_to_bare": add / bare,
        "add_constant_us": microseconds(lambda: x + 1),
        "add_parameter_us": microseconds(lambda: parameter + y),
        "bundle_call_us": microseconds(lambda: same(x), 5_000),
    }


def backward(length: int, parameters: int = 1) -> dict[str, float]:
    """A chain of additions: backward with the minimal subgraph, memory of a node, and freeing all of it."""
    learned = [node(1, trainable=True) for _ in range(parameters)]
    start: Any = learned[0]
    for other in learned[1:]:
        start = start + other
    by = Node(1)
    best = []
    for _ in range(3):
        end = chain(start, by, length)
        begin = time.perf_counter()
        end.backward("better")
        graph = TraceGraph.between(learned, [end])
        best.append(time.perf_counter() - begin)
        assert len(graph.operations) == length + parameters - 1
        for parameter in learned:
            parameter.zero_feedback()
        del graph
        begin = time.perf_counter()
        del end
        freed = time.perf_counter() - begin
    return {"us_per_node": min(best) / length * 1e6, "free_s": freed}


def memory(length: int = 100_000) -> dict[str, float]:
    """Bytes of a node in a chain, and how many nodes are left once the output is dropped, without the collector."""
    by = Node(1)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    end = chain(by, by, length)
    size = (tracemalloc.get_traced_memory()[0] - before) / length
    tracemalloc.stop()
    del end
    left = sum(isinstance(each, MessageNode) for each in gc.get_objects())
    gc.enable()
    return {"bytes_per_node": size, "nodes_left": left}


def children(number: int = 800) -> dict[str, float]:
    """Milliseconds for feedback on so many children of one parameter, up to the text of the problem."""
    times = []
    for _ in range(5):
        parameter = node(1, trainable=True, name="x")
        optimizer = OptoPrime(parameter)
        outputs = [parameter + i for i in range(number)]
        begin = time.perf_counter()
        for output in outputs:
            output.backward("better")
        TraceGraph.between([parameter], [received.output for received in parameter.feedback])
        times.append(time.perf_counter() - begin)
    begin = time.perf_counter()
    str(optimizer.problem(Batch([*parameter.feedback])))
    return {"backward_and_subgraph_ms": min(times) * 1e3, "problem_text_ms": (time.perf_counter() - begin) * 1e3}


def import_seconds(python: str, module: str) -> float:
    """A fresh interpreter that imports the module, less one that imports nothing."""

    def run(code: str) -> float:
        begin = time.perf_counter()
        subprocess.run([python, "-c", code], check=True, cwd=ROOT, capture_output=True)
        return time.perf_counter() - begin

    return min(run(f"import {module}") for _ in range(7)) - min(run("pass") for _ in range(7))


def peer(python: Path) -> dict[str, Any] | None:
    """The same of trace-opt, where its environment is there."""
    if not python.exists():
        return None
    script = Path(__file__).with_name("peer_trace_opt.py")
    run = subprocess.run([python, script], capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return figures | {"import_s": import_seconds(str(python), "opto.optimizers")}


def main() -> None:
    """Measure and print."""
    figures: dict[str, Any] = {
        **operations(),
        "backward": {length: backward(length) for length in (100, 3_000, 100_000, 1_000_000)},
        "backward_50_parameters": backward(100_000, 50),
        **memory(),
        "800_children": children(),
        "import_s": import_seconds(sys.executable, "trace_core"),
    }
    other = peer(ROOT / ".venv-peer/bin/python")
    print(json.dumps({"trace_suite": figures, "trace_opt": other}, indent=2))


if __name__ == "__main__":
    main()
