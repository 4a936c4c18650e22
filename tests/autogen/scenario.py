"""What a scenario is: a program, and what must be in its graph.

Nodes: `I` is an input; functions, tools and memories go by their name, other calls by their kind; a number tells
several of the same apart, in the order in which they began. Every edge is data unless it stands in `control`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from trace_autogen import Recorder


@dataclass
class Scenario:
    """A program that is run with a recorder, and the graph of its last run; of the last `runs`, if it has several."""

    run: Callable[[Recorder], Awaitable[Any]]
    nodes: str
    edges: str
    outputs: str
    control: str = ""
    failed: str = ""
    runs: int = 1
