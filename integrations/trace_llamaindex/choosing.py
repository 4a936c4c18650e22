"""What chose that a call should run, where its data came from elsewhere: selectors, and steps that only routed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from trace_core.recording import Call

if TYPE_CHECKING:
    from trace_llamaindex.flow import LlamaIndexFlow

SELECTING = ("select", "questions")


class Choosing:
    """The choices of a flow.

    Args:
        flow: the flow.
    """

    def __init__(self, flow: LlamaIndexFlow) -> None:
        self._flow = flow

    def of(self, node: Call) -> list[Call]:
        """What chose that a node should run."""
        return self._chosen.get(node, [])

    @cached_property
    def _chosen(self) -> dict[Call, list[Call]]:
        made = [*self._by_selectors(), *self._by_steps()]
        heads = [self._heads(selected) for _, selected in made]
        chosen: dict[Call, list[Call]] = {}
        for number, (deciders, selected) in enumerate(made):
            inner = [
                h for (other, _), each in zip(made, heads, strict=True) if set(other) & set(selected) for h in each
            ]
            for head in heads[number]:
                if head not in inner:  # else one of those that were selected selected it
                    chosen.setdefault(head, []).extend(deciders)
        return chosen

    def _by_selectors(self) -> Iterator[tuple[list[Call], list[Call]]]:
        """What selectors decided: what was called after them, up to the next one."""
        for call in self._flow.calls:
            if call.details.get("what") in SELECTING and call.succeeded:
                siblings = self._flow.children[self._flow.parent(call)]
                later = [other for other in siblings if other.began > (call.ended or 0)]
                again = next((i for i, o in enumerate(later) if o.details["what"] in SELECTING), len(later))
                yield self._deciders(call), [node for other in later[:again] for node in self._flow.nodes_in(other)]

    def _by_steps(self) -> Iterator[tuple[list[Call], list[Call]]]:
        """What steps decided of whose results nothing went into the next step."""
        for step in self._flow.calls:
            if step.details.get("what") != "step":
                continue
            selected = self._flow.nodes_in(step)
            data = {link.source for node in selected for link in self._flow.data_links(node)}
            for event in step.details["events"]:
                made = self._flow.routing.maker(event)
                deciders = [] if made is None else self._deciders(made[0])
                if deciders and data.isdisjoint(deciders):
                    yield deciders, selected

    def _deciders(self, call: Call) -> list[Call]:
        if self._flow.is_node(call):
            return [call]
        return list(self._flow.sinks(self._flow.children[call]).sources)

    def _heads(self, selected: Sequence[Call]) -> list[Call]:
        """Those that were not given anything by others of them."""
        among = set(selected)
        return [n for n in selected if among.isdisjoint(link.source for link in self._flow.data_links(n))]
