"""What a scenario is: a program on the plain OpenAI SDK, and what must be in its graph.

A graph is written as its edges: `llm1>llm2`; a node without an edge stands alone. A number tells several of the same
apart, in the order in which they began, and `!` marks a call that failed. Tools go by their name, embeddings are
`embed`, parameters and nodes of the user's go by their name, what operators and bundles made by theirs; values without
a name that stand beside a node are left out.

What the expectations mean:

- Edges say what a call was really told. A model's parents are those whose texts are in its messages: answers of other
  calls, whole or in pieces or as fields of their JSON, what tools gave, and the input. What an answer only decided
  (which prompt comes next, which draft is taken, how often something is asked) is no edge, and there is no control
  edge.
- In a block, a message that holds nothing of an earlier call is an `input`, one for each call that has such a message;
  what is sent again, or is a piece of what was sent, is the input that it was. The words around an answer in a message
  (`f"Revise: {draft}"`) are none. In `recorder.program(fn)` there is one input, the example, and what stands in the
  program's own code is none.
- System and developer messages and `instructions` are never inputs, but an answer in one is an edge.
- A message that asks for tools, sent again, came from the model that wrote it. The result of a tool that was asked for
  is a node of its own, which came from the model that asked, and from the calls and nodes that it was made of.
- `previous_response_id` and `conversation` lead from the call that they name, and only from that: what went before
  was not sent.
- `output` is what the last call of a block gave, and what the function of a program returned, without the calls that
  led to others of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.openai.api_server import fails
from trace_core import MessageNode, Node, ParameterNode
from trace_core.nodes import ExceptionNode
from trace_core.recording import Run

MODEL = "gpt-4o-mini"
SYNC, ASYNC, STREAMED, ASYNC_STREAMED = WAYS = ("sync", "async", "streamed", "async_streamed")
BLOCK, PROGRAM = FORMS = ("block", "program")
_CALLS = ("llm", "tool", "function", "input")


@dataclass
class Scenario:
    """A function of one argument that asks a client, what the API answers, and the graph.

    `in_program` is the graph of `recorder.program`, if more differs than that it has one input, and `returned` its
    output where that is another. `forms` says which of both are run, `after` is done with what the program returned
    when the block is over, and `partial` is a call of which only a part was read.
    """

    program: Callable[[Any], Any]
    example: Any
    answers: Sequence[Any] | Callable[[dict[str, Any]], Any]
    edges: str
    output: str
    in_program: str | None = None
    returned: str | None = None
    ways: Sequence[str] = WAYS
    forms: Sequence[str] = FORMS
    after: Callable[[Any], Any] | None = None
    raises: type[Exception] | tuple[()] = ()
    partial: str = ""

    def __post_init__(self) -> None:
        self._left = iter(()) if callable(self.answers) else iter(self.answers)

    def answer(self, body: dict[str, Any]) -> Any:
        """What the API answers."""
        if callable(self.answers):
            return self.answers(body)
        return next(self._left, None) or fails(400, "The scenario has no further answer.")

    def expected(self, form: str) -> tuple[set[str], set[str]]:
        """The graph, and its output."""
        edges, output = self.edges, self.output
        if form == PROGRAM:
            edges, output = self.in_program or _with_one_input(edges), self.returned or output
        return set(edges.split()), set(output.split())


def _with_one_input(edges: str) -> str:
    words = [[("input" if end.startswith("input") else end) for end in edge.split(">")] for edge in edges.split()]
    return " ".join(map(">".join, words))


def drawn(run: Run) -> set[str]:
    """A run's graph as a set of words."""
    named = labels(run)
    edges = [e for e in run.graph.edges if e.source.id in named and e.target.id in named]
    joined = {id for e in edges for id in (e.source.id, e.target.id)}
    arrows = {f"{named[e.source.id]}{'~>' if e.kind == 'control' else '>'}{named[e.target.id]}" for e in edges}
    return arrows | {name for id, name in named.items() if id not in joined}


def outputs(run: Run) -> set[str]:
    """What the run gave, without what led to others of it."""
    named, ends, inner = labels(run), {}, set()
    to_visit = [(node, True) for node in run.graph.outputs]
    seen = set()
    while to_visit:
        node, is_end = to_visit.pop()
        if (node.id, is_end) in seen:
            continue
        seen.add((node.id, is_end))
        stays = is_end and node.id not in named  # what holds what several gave
        if is_end and not stays:
            ends[node.id] = named[node.id]
        elif not stays:
            inner.add(node.id)
        to_visit += [(parent, stays) for parent in node.parents]
    return {name for id, name in ends.items() if id not in inner}


def labels(run: Run) -> dict[int, str]:
    """The names of the nodes by their ids; the node of what a program returned has none if it is no call's."""
    began = {node.id: call.began for call in run.calls if (node := run.node_of(call)) is not None}
    made = run.output.id if isinstance(run.output, MessageNode) and run.output.op not in _CALLS else None
    nodes = [node for node in run.graph.nodes if node.id != made and (node.name or isinstance(node, MessageNode))]
    nodes.sort(key=lambda node: began.get(node.id, 0))
    words = {node.id: _word(run, node) for node in nodes}
    total, seen, named = Counter(words.values()), Counter[str](), {}
    for node in nodes:
        word = words[node.id]
        seen[word] += 1
        name = word if total[word] == 1 else f"{word}{seen[word]}"
        named[node.id] = f"{name}!" if isinstance(node, ExceptionNode) else name
    return named


def _word(run: Run, node: Node) -> str:
    if isinstance(node, ParameterNode) or not isinstance(node, MessageNode):
        return run.graph.name(node)
    return {"tool": node.info.get("name", ""), "function": "embed"}.get(node.op, node.op)
