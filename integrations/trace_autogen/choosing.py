"""What chose that a call should run: the selection of a speaker, or an answer upon which a manager asked again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from trace_autogen.said import is_a
from trace_core.recording import Call

if TYPE_CHECKING:
    from trace_autogen.flow import AutoGenFlow


def chosen_by(flow: AutoGenFlow, call: Call, sources: Iterable[Call]) -> list[Call]:
    """The calls from which control came; what took in data of the same turn came through that.

    Args:
        flow: the flow.
        call: a node of it.
        sources: the nodes whose data it took in.
    """
    parent = flow.parent(call)
    if is_a(parent, "step") and call.kind == "llm":
        before = [other for other in flow.children[parent] if other.kind == "llm" and other.began < call.began]
        if before:
            return [] if _led_to(flow, before[-1], sources) else [before[-1]]
    scope: Call | None = call
    while scope is not None and scope.details.get("chosen_by") is None:
        scope = flow.parent(scope)
    if scope is None or any(_is_in(flow, source, scope) for source in sources):
        return []
    return [scope.details["chosen_by"]]


def _led_to(flow: AutoGenFlow, model: Call, sources: Iterable[Call]) -> bool:
    """Whether what a model said is in the data, perhaps by way of other nodes."""
    to_visit, seen = list(sources), set[Call]()
    while to_visit:
        call = to_visit.pop()
        if call is model:
            return True
        if call not in seen and call.kind != "input" and flow.is_of_this_run(call):
            seen.add(call)
            to_visit.extend(link.source for link in flow.linked(call))
    return False


def _is_in(flow: AutoGenFlow, call: Call, scope: Call) -> bool:
    inner: Call | None = call
    while inner is not None and inner is not scope:
        inner = flow.parent(inner)
    return inner is scope and call is not scope
