"""The figures of graph.py for trace-opt; run by the interpreter in whose environment trace-opt is. Prints JSON."""

import json
import time
from functools import reduce

from opto.trace import bundle, node


def microseconds(function, number=500):
    """One call, as the best of several repetitions."""
    best = float("inf")
    for _ in range(5):
        begin = time.perf_counter()
        for _ in range(number):
            function()
        best = min(best, time.perf_counter() - begin)
    return best / number * 1e6


@bundle()
def same(value):
    """[same] The value."""
    return value


def backward(length):
    """Microseconds for a node of a chain of additions."""
    end, by = node(1, trainable=True), node(1)
    for _ in range(length):
        end = end + by
    begin = time.perf_counter()
    end.backward("better")
    return (time.perf_counter() - begin) / length * 1e6


def children(number):
    """Milliseconds for feedback on so many children of one parameter, put together at the parameter."""
    parameter = node(1, trainable=True)
    outputs = [parameter + 1 for _ in range(number)]
    begin = time.perf_counter()
    for output in outputs:
        output.backward("better")
    reduce(lambda one, other: one + other, [each for some in parameter.feedback.values() for each in some])
    return (time.perf_counter() - begin) * 1e3


x, y = node(1), node(2)
print(
    json.dumps(
        {
            "add_us": microseconds(lambda: x + y),
            "bundle_call_us": microseconds(lambda: same(x)),
            "backward_us_per_node": {length: backward(length) for length in (100, 1_000, 3_000)},
            "children_ms": {number: children(number) for number in (100, 200, 400, 800)},
        }
    )
)
