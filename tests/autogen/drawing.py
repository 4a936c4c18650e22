"""A run's graph as text, for comparing it with what it must be."""

from __future__ import annotations

from collections import Counter

from trace_core import MessageNode, Node
from trace_core.nodes import ExceptionNode
from trace_core.recording import Run

_BY_NAME = ("function", "tool", "memory")


def labels(run: Run) -> dict[int, str]:
    """`I` for an input; functions and tools by name, other calls by kind; numbered as they began."""
    nodes = [node for node in run.graph.nodes if isinstance(node, MessageNode)]
    began = {run.node_of(call).id: call.began for call in run.calls if run.node_of(call) is not None}
    nodes.sort(key=lambda node: began.get(node.id, 0))
    words = {node.id: _word(node) for node in nodes}
    total, seen = Counter(words.values()), Counter()
    named = {}
    for node in nodes:
        word = words[node.id]
        seen[word] += 1
        named[node.id] = word if total[word] == 1 else f"{word}{seen[word]}"
    return named | {p.id: p.name for p in run.graph.parameters}


def _word(node: MessageNode) -> str:
    return "I" if node.op == "input" else node.info["name"] if node.op in _BY_NAME else node.op


def drawn(run: Run, parameters: bool = False) -> dict[str, set[str]]:
    """Nodes, data and control edges, failed calls and outputs, as sets of words."""
    named = labels(run)
    edges = [e for e in run.graph.edges if parameters or e.why not in ("parameter", "code")]

    def arrow(source: Node, target: Node) -> str:
        return f"{named[source.id]}>{named[target.id]}"

    shown = [n for n in run.graph.nodes if isinstance(n, MessageNode)]
    return {
        "nodes": {named[node.id] for node in shown},
        "edges": {arrow(e.source, e.target) for e in edges if e.kind == "data"},
        "control": {arrow(e.source, e.target) for e in edges if e.kind == "control"},
        "failed": {named[node.id] for node in shown if isinstance(node, ExceptionNode)},
        "outputs": {named[node.id] for node in run.graph.outputs},
    }
