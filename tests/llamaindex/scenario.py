"""What a scenario is: a program, and what must be in its graph.

A graph is written as its edges: `retr>llm1` for data, `llm1~>retr` for control; a node without an edge stands alone.
Retrievers and postprocessors are `retr` and `post`, tools and functions go by their name, all others by their kind. A
number tells several of the same apart, in the order in which they began, and `!` marks a call that failed.

What the expectations mean:

- Edges say what a call was really told: a model's parents are the input, nodes, answers and results of tools in its
  messages, a retriever's where its query text came from. Only what was sent counts. A message that asks for tools came
  from the model that wrote it, and a result from the tool.
- `input` is what a program was given: a question, the variables of a prompt. What a second program in the same run is
  given is another one, but for what was made of what the first was given or gave. Prompts and system prompts that stand
  in engines and agents are parameters, no inputs.
- Prompts, embeddings, engines, synthesizers, chat engines and agents are no nodes. What comes out of them came out of
  the calls in them. Reading what a model wrote (output parsers, pydantic) is none either.
- A tool that has calls in it, and a retriever that has others in it, are nodes also: what it was given leads into it
  and into those calls, what came out of these and went into no other of them leads into it, and only it leads on.
- What selected (a model, or a selector without one, which is a `select` node) has a control edge to what the chosen
  began with: the calls that follow on no other call of it. There is no control edge where data went the same way: a
  question that a model wrote is data for what is asked with it.
- A step of the user's own workflow is a `function` if no recorded call is in it. Where there is one, the step is
  transparent: what it was given leads to its calls, and what they gave to what it returned or kept in `ctx.store`. A
  model whose answer went into nothing decided which step came next: a control edge to what that began with. A step that
  returned and sent nothing (it still collects) is no node.
- `output` is what the run gave: where the result of the outermost call that ended last came from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trace_core import MessageNode
from trace_core.nodes import ExceptionNode
from trace_core.recording import Run

_SHORT = {"retriever": "retr", "postprocessor": "post"}


@dataclass
class Scenario:
    """A program, of which each run must give this graph; `at_once` of them run together, each in a run of its own."""

    program: Callable[[], Any]
    edges: str
    output: str
    at_once: int = 1


def drawn(run: Run) -> set[str]:
    """A run's graph, without parameters, as a set of words."""
    named = labels(run)
    edges = [e for e in run.graph.edges if e.source.id in named and e.target.id in named]
    joined = {id for e in edges for id in (e.source.id, e.target.id)}
    arrows = {f"{named[e.source.id]}{'~>' if e.kind == 'control' else '>'}{named[e.target.id]}" for e in edges}
    return arrows | {name for id, name in named.items() if id not in joined}


def outputs(run: Run) -> set[str]:
    """What the run gave."""
    named = labels(run)
    return {named[node.id] for node in run.graph.outputs}


def labels(run: Run) -> dict[int, str]:
    """The names of the nodes by their ids."""
    began = {node.id: call.began for call in run.calls if (node := run.node_of(call)) is not None}
    nodes = [node for node in run.graph.nodes if isinstance(node, MessageNode)]
    nodes.sort(key=lambda node: began.get(node.id, 0))
    total, seen, named = Counter(map(_word, nodes)), Counter[str](), {}
    for node in nodes:
        word = _word(node)
        seen[word] += 1
        name = word if total[word] == 1 else f"{word}{seen[word]}"
        named[node.id] = f"{name}!" if isinstance(node, ExceptionNode) else name
    return named


def _word(node: MessageNode) -> str:
    return node.info["name"] if node.op in ("tool", "function") else _SHORT.get(node.op, node.op)
