"""What chose that a call should run: control, not data.

A branch's condition, a function that only picks a chain, a graph's router, a node that names the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from trace_core.recording import Call, Origin
from trace_langchain import values
from trace_langchain.places import graph_step, is_body, tagged
from trace_langchain.writes import part, updates

if TYPE_CHECKING:
    from trace_langchain.resolver import LangChainFlow

_LONGEST_WORD = 40


class Choices:
    """The choices in a flow."""

    def __init__(self, flow: LangChainFlow) -> None:
        self._flow = flow

    def of(self, call: Call, known: Sequence[Call]) -> list[Call]:
        """The nodes that a choice depended on, if the call is where the chosen way begins.

        Args:
            call: a node.
            known: what it took in; a call that took in what was made on the same way is not where that begins.
        """
        flow = self._flow
        chosen: list[Call] = []
        inner, scope = call, flow.parent(call)
        while scope is not None and not any(self._is_inside(source, inner) for source in known):
            for router in flow.children[scope]:
                if router in flow.routers and router is not inner and (router.ended or 0) < inner.began:
                    chosen += flow.sinks([router]).sources if graph_step(scope) is None else ()
            if self._forwards(scope, inner):
                chosen += flow.origin_in(scope).sources
            if graph_step(inner) is not None and not is_body(inner, scope):
                chosen += self._in_graph(inner, scope)
            inner, scope = scope, flow.parent(scope)
        return [source for source in chosen if source.kind != "input"]

    def _is_inside(self, call: Call, scope: Call) -> bool:
        parent = self._flow.parent(call)
        while parent is not None and parent is not scope:
            parent = self._flow.parent(parent)
        return parent is scope

    def _forwards(self, scope: Call, inner: Call) -> bool:
        """Whether a function only chose what should run on its input."""
        return (
            scope.kind == "function"
            and self._flow.children[scope] == [inner]
            and not tagged(inner, "seq:step:", "map:key:", "branch:", "retry:attempt:", "graph:step:")
            and not self._flow.is_attempt(inner)
            and inner.given is scope.given
            and inner.gave is scope.gave
            and isinstance(scope.given, (dict, list))
        )

    def _in_graph(self, node: Call, graph: Call) -> Iterable[Call]:
        """What a graph's choice of a node depended on.

        The calls in a router; what the node before it wrote, which a router that called nothing may have read; those in
        a node that named it as the next (`Command(goto=...)`).
        """
        flow = self._flow
        origins: list[Origin] = []
        names = {call.name for call in flow.children[graph] if graph_step(call) == graph_step(node)}

        def led_here(router: Call) -> bool:
            """Whether it named the node, or, where its answers stand for nodes (a path map), none of this step."""
            named = values.named(router.output)
            return node.name in named or named.isdisjoint(names)

        for before in flow.children[graph]:
            if graph_step(before) != (graph_step(node) or 0) - 1 or not before.succeeded:
                continue
            origins += [flow.sinks([r]) for r in flow.routers if flow.parent(r) is before and led_here(r)]
            if any(led_here(router) for router in flow.silent_routers.get(before, ())):
                origins += self._deciding(before)
            if node.name in values.goes_to(before.gave):
                origins.append(flow.sinks(flow.nodes_in(before)))
        return [source for origin in origins for source in origin.sources]

    def _deciding(self, node: Call) -> list[Origin]:
        """Where the words and numbers came from that a node wrote; where it wrote none, all that it wrote."""
        out = self._flow.origin_out(node)
        written = [(part(out, path), value) for _, path, value in updates(node.output, ())]
        return [origin for origin, value in written if _is_word(value)] or [origin for origin, _ in written]


def _is_word(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value) and all(map(_is_word, value))
    return isinstance(value, (bool, int, float)) or (isinstance(value, str) and len(value) <= _LONGEST_WORD)
