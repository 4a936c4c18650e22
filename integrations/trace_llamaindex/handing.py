"""At which node a parameter is shown that was read around it: an agent reads its prompt, and a model is sent it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trace_core.recording import Call
from trace_core.recording.call import ParameterRead
from trace_llamaindex.values import was_sent

if TYPE_CHECKING:
    from trace_llamaindex.flow import LlamaIndexFlow


def handed_down(flow: LlamaIndexFlow) -> dict[Call, list[ParameterRead]]:
    """What each node read itself, and what calls around it, or steps before it, read for it."""
    found: dict[Call, list[ParameterRead]] = {}
    if not any(call.reads for call in flow.everything.values()):
        return found
    nodes = {call for call in flow.calls if flow.is_node(call)}
    under: dict[Call, list[Call]] = {}
    for node in nodes:
        at = flow.everything.get(node.parent)
        while at is not None:
            under.setdefault(at, []).append(node)
            at = flow.everything.get(at.parent)
    for call in flow.everything.values():
        for read in call.reads:
            for node in _readers(flow, call, read, under, call in nodes):
                if all(read[1] is not known for _, known, _ in found.get(node, ())):
                    found.setdefault(node, []).append(read)
    return found


def _readers(
    flow: LlamaIndexFlow, call: Call, read: ParameterRead, under: dict[Call, list[Call]], is_node: bool
) -> list[Call]:
    """The nodes to which a value was sent; the call itself, if it is one and sent it to nobody."""
    inside = under.get(call, [])
    if is_node:
        return (_sent(inside, read) if isinstance(read[2].value, str) else []) or [call]
    return _sent(inside, read) or _sent(_after(flow, call, under), read)


def _sent(nodes: list[Call], read: ParameterRead) -> list[Call]:
    return [node for node in nodes if was_sent(node, read[0], read[2].value)]


def _after(flow: LlamaIndexFlow, step: Call, under: dict[Call, list[Call]]) -> list[Call]:
    """The nodes in the next steps that a step led to, and that have any."""
    to_visit, seen = [step], {step}
    for before in to_visit:  # which grows
        event = before.details.get("returned")
        for after in flow.everything.values() if event is not None else ():
            if after not in seen and any(each is event for each in after.details.get("events", ())):
                if after in under:
                    return under[after]
                seen.add(after)
                to_visit.append(after)
    return []
