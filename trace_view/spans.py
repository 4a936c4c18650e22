"""A trace as spans: what ran within what, and which gave data to which.

A span's parent is the scope in which it ran (`info["scope"]`), its links are the edges of the graph, each with its
`why`. Ids are made of the run's id, so that a run that is exported twice is the same trace. Needs no OpenTelemetry:
`exporting` turns these into its spans.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from trace_core.nodes import ExceptionNode, MessageNode, Node
from trace_core.parameter_nodes import ParameterNode
from trace_core.trace_graph import TraceGraph
from trace_view import attributes
from trace_view.attributes import Attributes, Said

Times = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a span; `at` is in seconds since 1970."""

    name: str
    at: float
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Span:
    """One span; `parent` and the first of each link are ids of spans of the same trace, times seconds since 1970."""

    id: int
    parent: int | None
    name: str
    times: Times
    attributes: Attributes
    links: Sequence[tuple[int, Attributes]] = ()
    events: Sequence[Event] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """What ran once: the id of its trace, its spans, the outermost first, and how that was judged.

    Viewers show the ids in hexadecimal: `f"{trace.id:032x}"`, `f"{trace.spans[0].id:016x}"`.
    """

    id: int
    spans: Sequence[Span]
    said: Sequence[Said] = ()


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a run beside its graph.

    Args:
        key: its id; the ids of its trace and spans are made of it.
        name: what its outermost span is called.
        ended: when it ended, in seconds since 1970, for what says nothing of when it ran.
        seconds: how long it took, as far as that is known.
        said: how it was judged.
        parameters: the names of parameters, which stand as values in a graph that was kept.
        metadata: what else is told of it.
        session: what it belongs to.
    """

    key: str
    name: str
    ended: float
    seconds: float = 0.0
    said: Sequence[Said] = ()
    parameters: Collection[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    session: str | None = None
    output: Any = None
    error: str | None = None


def trace_of(graph: TraceGraph | None, about: About) -> Trace:
    """The trace of a run; without a graph, one span.

    Example:
        trace = trace_of(run.graph, About(run.id, "run", time.time()))
    """
    return _Traced(graph or TraceGraph((), (), ()), about).trace()


def _id(*key: str, size: int) -> int:
    return int.from_bytes(hashlib.sha256("\0".join(("trace-suite", *key)).encode("utf-8", "replace")).digest()[:size])


class _Traced:
    """One graph being turned into spans."""

    def __init__(self, graph: TraceGraph, about: About) -> None:
        self.graph = graph
        self.about = about
        called = [node for node in graph.nodes if isinstance(node, MessageNode)]
        self.ran = [node for node in called if node.op != "input"]
        self.given = [node._made().value for node in called if node.op == "input"]
        numbers = {node.id: number for number, node in enumerate(graph.nodes)}
        self.ids = {node.id: self._span("node", str(numbers[node.id])) for node in self.ran}
        self.times = self._times()
        self.names = {node.id: graph.name(node) for node in graph.nodes if self._is_parameter(node)}

    def _span(self, *key: str) -> int:
        return _id(self.about.key, *key, size=8)

    def _is_parameter(self, node: Node) -> bool:
        return isinstance(node, ParameterNode) or (not node.parents and node.name in self.about.parameters)

    def trace(self) -> Trace:
        """All of it."""
        root = self._span("root")
        within = {node.id: _scope(node) for node in self.ran}
        spans = [self._root(root)]
        for path, times in self._scopes(within).items():
            parent = self._span("scope", *path[:-1]) if path[:-1] else root
            about: Attributes = {"openinference.span.kind": "CHAIN"}
            spans.append(Span(self._span("scope", *path), parent, path[-1], times, about))
        for node in self.ran:
            path = within[node.id]
            spans.append(self._node(node, self._span("scope", *path) if path else root))
        return Trace(_id(self.about.key, size=16), spans, self.about.said)

    # --- when

    def _times(self) -> dict[int, Times]:
        """When each node ran; of one that does not say, when all that it took in was there."""
        times: dict[int, Times] = {}
        known = [start for node in self.ran if (start := _seconds(node.info.get("start"))) > 0]
        first = min(known, default=max(0.0, self.about.ended - self.about.seconds))
        for node in self.ran:
            sources = [times[parent.id][1] for parent in node.parents if parent.id in times]
            start = _seconds(node.info.get("start")) or max(sources, default=first)
            times[node.id] = (start, start + _seconds(node.info.get("seconds")))
        return times

    def _scopes(self, within: Mapping[int, tuple[str, ...]]) -> dict[tuple[str, ...], Times]:
        """The scopes, outer ones before inner ones, each from when the first in it began to when the last one ended."""
        found: dict[tuple[str, ...], Times] = {}
        for id, path in within.items():
            for length in range(1, len(path) + 1):
                times = self.times[id]
                found[path[:length]] = _together([found.get(path[:length], times), times])
        return found

    # --- what

    def _root(self, id: int) -> Span:
        about = self.about
        start, end = _together(list(self.times.values()) or [(about.ended - about.seconds, about.ended)])
        end = max(end, start + about.seconds)
        made: Attributes = {"openinference.span.kind": "CHAIN", **attributes.judgements(about.said)}
        if self.given:
            attributes.put(made, "input", self.given[0] if len(self.given) == 1 else self.given)
        elif self.ran:  # of a program of plain operations, what the first one took in
            first = attributes.attributes_of(self.ran[0], {})
            made |= {name: value for name, value in first.items() if name.startswith("input.")}
        last = [node for node in self.graph.outputs if not isinstance(node, ExceptionNode)]
        if about.output is not None or last:
            attributes.put(made, "output", last[-1]._made().value if about.output is None else about.output)
        session = about.session or next((s for node in self.ran if (s := node.info.get("session_id"))), None)
        if session:
            made["session.id"] = attributes.line_of(str(session))
        if about.metadata:
            made["metadata"] = attributes.text_of(about.metadata)
        events = [Event("gen_ai.evaluation.result", each.at or end, attributes.judgement(each)) for each in about.said]
        span = Span(id, None, attributes.line_of(about.name), (start, end), made, (), events)
        failed = [str(node._made().value) for node in self.graph.outputs if isinstance(node, ExceptionNode)]
        error = about.error or next(iter(failed), None)
        return span if error is None else replace(span, error=attributes.line_of(error))

    def _node(self, node: MessageNode, parent: int) -> Span:
        read = attributes.parameters_read(node, self.names)
        links = [
            (self.ids[source.id], _why(argument.name, argument.why, argument.kind))
            for argument, source in zip(node.operation.arguments, node.parents, strict=True)
            if source.id in self.ids
        ]
        times = self.times[node.id]
        name = attributes.line_of(str(node.info.get("name") or node.op))
        span = Span(self.ids[node.id], parent, name, times, attributes.attributes_of(node, read), links)
        if not isinstance(node, ExceptionNode):
            return span
        error = str(node._made().value)
        raised = Event("exception", times[1], attributes.exception(error))
        return replace(span, events=[raised], error=attributes.line_of(error))


def _scope(node: MessageNode) -> tuple[str, ...]:
    named = node.info.get("scope")
    return tuple(attributes.line_of(str(each)) for each in named) if isinstance(named, (list, tuple)) else ()


def _why(argument: str, why: str, kind: str) -> Attributes:
    named = {"argument": argument, "why": why, "kind": kind}
    return {name: attributes.line_of(text) for name, text in named.items()}


def _seconds(value: Any) -> float:
    """A time that a graph tells, which may come from anybody: 0 unless it is one that OpenTelemetry can hold."""
    return float(value) if isinstance(value, (int, float)) and 0 <= value < 9e9 else 0.0


def _together(times: Sequence[Times]) -> Times:
    return min(start for start, _ in times), max(end for _, end in times)
