"""Where a call stands in its program: what LangChain's tags and LangGraph's metadata say of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trace_core.recording import Call

HISTORY = "load_history"
"""What `RunnableWithMessageHistory` calls the run that loads the earlier messages."""
_HOOKS = (".before_agent", ".before_model", ".after_model", ".after_agent")
PROMPT = "Prompt"
"""What `create_react_agent` calls the run that puts its system prompt before the messages."""


def graph_step(call: Call) -> int | None:
    """The step of the graph in which a node ran; None for what is no node of a graph."""
    details = call.details
    if "step" not in details:
        details["step"] = number(call, "graph:step:")
    step: int | None = details["step"]
    return step


def metadata(call: Call, key: str) -> Any:
    """What LangGraph says of a call, such as its `langgraph_checkpoint_ns`."""
    return (call.details.get("metadata") or {}).get(key)


def is_body(call: Call, parent: Call) -> bool:
    """Whether a run tagged as a graph's step is inside the run of that step, not the step itself."""
    return tagged(parent, "graph:step:") == tagged(call, "graph:step:") is not None


_PREFIXES = ("seq:step:", "map:key:", "branch:", "condition:", "retry:attempt:", "graph:step:")


def places(call: Call) -> dict[str, str]:
    """Where a call stands in its parent, by the tags that LangChain gives: `{"seq:step:": "2"}`."""
    known: dict[str, str] | None = call.details.get("places")
    if known is None:
        known = call.details["places"] = {
            prefix: tag[len(prefix) :]
            for tag in call.details.get("tags") or ()
            for prefix in _PREFIXES
            if tag.startswith(prefix)
        }
    return known


def is_pushed(call: Call) -> bool:
    """Whether the node was sent an input of its own (`Send`), instead of the state."""
    path: Sequence[Any] = metadata(call, "langgraph_path") or ()
    return len(path) > 0 and path[0] == "__pregel_push"


def is_plumbing(call: Call) -> bool:
    """Whether the framework made the run for itself, or it did nothing.

    That is a graph's entry, an older agent's prompt, loading a history, a middleware's hook that changed nothing.
    """
    if call.name == HISTORY:
        return tagged(call, "seq:step:") == "1" or tagged(call, "map:key:") is not None
    if call.name == "__start__":
        return graph_step(call) is not None
    if call.name.endswith(_HOOKS):
        return graph_step(call) is not None and call.output is None
    return call.name == PROMPT and metadata(call, "langgraph_node") is not None and isinstance(call.output, list)


def tagged(call: Call, *prefixes: str) -> str | None:
    """What stands behind one of these prefixes in the call's tags."""
    known = places(call)
    return next((known[prefix] for prefix in prefixes if prefix in known), None) if known else None


def number(call: Call, prefix: str) -> int | None:
    """The number behind a prefix in the call's tags."""
    text = tagged(call, prefix)
    return int(text) if text is not None and text.isdigit() else None


def place_in_parent(call: Call) -> dict[str, str]:
    """Where it stands in what it ran in; a graph's step is inherited by all that runs in it."""
    return {prefix: text for prefix, text in places(call).items() if prefix != "graph:step:"}
