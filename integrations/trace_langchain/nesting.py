"""Inside which call another ran, where LangChain does not say so: fallbacks, own threads, resumed nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trace_core.recording import Call
from trace_langchain.places import graph_step, metadata, place_in_parent

_INTERRUPTS = ("GraphInterrupt", "NodeInterrupt")


def adopted(calls: Sequence[Call], known: Mapping[Any, Call]) -> dict[Call, Call]:
    """Attempts of fallbacks, by the fallback: LangChain reports them beside it (langchain issue 36072).

    So does `create_react_agent` with the sequence inside its model's function. They ran within the other's time, at the
    same place, or on the same input with the same result.
    """
    by_parent: dict[Any, list[Call]] = {}
    for call in calls:
        by_parent.setdefault(call.parent if call.parent in known else None, []).append(call)
    parents = {call.parent for call in calls}
    adopted: dict[Call, Call] = {}
    for siblings in by_parent.values():
        if len(siblings) < 2:
            continue
        for outer in siblings:
            if outer.kind != "function" or outer.id in parents or outer.ended is None or outer in adopted:
                continue
            for inner in siblings:
                within = outer.began < inner.began and inner.ended is not None and inner.ended < outer.ended
                if within and inner not in adopted and _is_attempt(inner, outer):
                    adopted[inner] = outer
    return adopted


def resumed(calls: Sequence[Call], earlier: Sequence[Call]) -> tuple[list[Call], dict[Call, Call], set[Call]]:
    """The calls without those that were interrupted and ran again; what ran in these, by the new ones; the new ones.

    A node of a graph that runs again has the same `langgraph_checkpoint_ns`, a tool the same arguments there.
    """
    latest: dict[Any, Call] = {name: call for call in calls if (name := _name_of(call)) is not None}
    interrupted = [call for call in (*earlier, *calls) if call.details.get("bubbled") in _INTERRUPTS]
    again = {call: latest[name] for call in interrupted if (name := _name_of(call)) in latest}
    dropped = {call: new for call, new in again.items() if new is not call}
    by_id = {call.id: call for call in dropped}
    kept = [call for call in calls if call not in dropped]
    moved = {call: dropped[by_id[call.parent]] for call in kept if call.parent in by_id}
    return kept, moved, set(dropped.values())


def _name_of(call: Call) -> Any:
    """What stays the same when a node or a tool runs again."""
    if graph_step(call) is not None:
        return metadata(call, "langgraph_checkpoint_ns")
    # Not by its tool call: langchain-core 1.0 tells that only with the answer, which an interrupted tool never gave.
    where = metadata(call, "langgraph_checkpoint_ns")
    return (call.name, str(call.inputs), where) if call.kind == "tool" and where else None


def strays(calls: Sequence[Call], known: Mapping[Any, Call]) -> dict[Call, Call]:
    """Calls from a thread that knew of no parent, by the innermost function that ran all the while."""
    found = {}
    for stray in calls:
        if stray.details.get("strayed") and stray.parent not in known and stray.ended is not None:
            around = [
                c for c in calls if c.began < stray.began and (c.ended or 0) > stray.ended and c.kind == "function"
            ]
            around = [call for call in around if not call.details.get("strayed")]
            if around:
                found[stray] = max(around, key=lambda call: call.began)
    return found


def _is_attempt(inner: Call, outer: Call) -> bool:
    if place_in_parent(inner) or place_in_parent(outer):
        return place_in_parent(inner) == place_in_parent(outer)
    same_input = inner.given is outer.given or (isinstance(inner.given, str) and inner.given == outer.given)
    return same_input and (inner.error is not None or inner.gave is outer.gave)
