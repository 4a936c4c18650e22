"""From calls and links to nodes: each call that does something becomes an operation of the graph."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from trace_core.context import Read
from trace_core.failures import error_text
from trace_core.nodes import ExceptionNode, MessageNode, Node, message
from trace_core.operators import Argument, Operation, literal_text
from trace_core.parameter_nodes import ParameterNode
from trace_core.recording.call import Call, Link, ParameterRead
from trace_core.recording.flow import Flow
from trace_core.recording.ledger import equal_values
from trace_core.rendering import identifier
from trace_core.trace_graph import free_name

Shown = Callable[[Any], Any]


def build(flow: Flow, shown: Shown, earlier: Mapping[Call, Node] | None = None) -> dict[Call, Node]:
    """The nodes of a run by call, made in topological order; inputs too, where they are used.

    Args:
        flow: where the calls' inputs came from.
        shown: a value of the framework as plain data.
        earlier: nodes of calls of earlier runs that are linked to.
    """
    nodes = [call for call in flow.calls if flow.is_node(call)]
    links = {call: flow.linked(call) for call in nodes}
    scopes = flow.scopes()
    made: dict[Call, Node] = {}
    history = earlier or {}
    for call in _in_order(nodes, links):
        sources = []
        for link in links[call]:
            node = made.get(link.source, history.get(link.source))
            if node is None and link.source.kind == "input":
                node = made[link.source] = MessageNode(shown(link.source.output), _INPUT, (), None, False)
            if node is not None:  # else the two would lead to each other
                sources.append((node, link))
        made[call] = node = operation_node(call, sources, flow.reads_of(call), shown)
        node.info["scope"] = scopes.get(call, [])
    return made


def operation_node(
    call: Call, sources: Sequence[tuple[Node, Link]], read_parameters: Sequence[ParameterRead], shown: Shown
) -> MessageNode:
    """The node of one call."""
    arguments = [Argument(name, link.why, link.kind) for name, (_, link) in zip(_names(sources), sources, strict=True)]
    parents: list[Node] = [node for node, _ in sources]
    reads: list[Read | None] = [None] * len(parents)
    named = all(argument.name.isidentifier() for argument in arguments)
    places = [
        f"{argument.name}={{{i}}}{_part(call, link)}" if named else f"{{{i}}}"
        for i, (argument, (_, link)) in enumerate(zip(arguments, sources, strict=True))
    ]
    taken = {argument.name for argument in arguments}
    for wanted, parameter, read in read_parameters:
        name = free_name(wanted, taken)
        why = "code" if name == "code" else "parameter" if isinstance(parameter, ParameterNode) else "argument"
        arguments.append(Argument(name, why))
        parents.append(parameter)
        reads.append(read)
        if name != "code":
            places.append(f"{identifier(name)}={{{len(parents) - 1}}}")
    template = f"{identifier(call.name or call.kind)}({', '.join(places)})"
    operation = Operation(call.kind, tuple(arguments), template, call.details.get("description"))
    info = {"name": call.name, "start": call.start, "seconds": call.seconds, **call.details.get("info", {})}
    if call.error is not None:
        return message(shown(error_text(call.error)), operation, tuple(parents), reads, info, ExceptionNode)
    return message(shown(call.output) if call.succeeded else None, operation, tuple(parents), reads, info)


def _part(call: Call, link: Link) -> str:
    """Which part of a dict a call took in, where it took in one: `['question']`."""
    given, taken = link.source.output, call.inputs
    key = link.argument
    both = isinstance(given, dict) and isinstance(taken, dict) and key in given and key in taken
    return f"[{literal_text(key)}]" if both and equal_values(given[key], taken[key]) else ""


_INPUT = Operation("input", (), "input", "what the program was given")


def _names(sources: Sequence[tuple[Node, Link]]) -> list[str]:
    """The links' arguments; several sources of one argument are told apart as its items."""
    wanted = Counter(link.argument for _, link in sources)
    numbers: Counter[str] = Counter()
    names = []
    for _, link in sources:
        name = link.argument
        names.append(f"{name}[{numbers[name]}]" if wanted[name] > 1 else name)
        numbers[name] += 1
    return names


def _in_order(nodes: Iterable[Call], links: Mapping[Call, Sequence[Link]]) -> list[Call]:
    """Sources before what they lead to, else as they began; links that would close a circle do not count."""
    nodes = list(nodes)
    waiting = {call: {link.source for link in links[call] if link.source in links} for call in nodes}
    leads_to: dict[Call, list[Call]] = {call: [] for call in nodes}
    for call, sources in waiting.items():
        for source in sources:
            leads_to[source].append(call)
    ready = [(call.began, id(call), call) for call in nodes if not waiting[call]]
    heapq.heapify(ready)
    ordered: list[Call] = []
    while ready or len(ordered) < len(nodes):
        if not ready:
            stuck = min((call for call in nodes if waiting[call]), key=lambda call: call.began)
            waiting[stuck] = set()
            ready = [(stuck.began, id(stuck), stuck)]
        *_, call = heapq.heappop(ready)
        ordered.append(call)
        for target in leads_to[call]:
            if call in waiting[target]:
                waiting[target].discard(call)
                if not waiting[target]:
                    heapq.heappush(ready, (target.began, id(target), target))
    return ordered
