"""What a run of an agent is a turn of: a session, a conversation that the server keeps, or what is sent back to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agents import RunState
from agents.models.fake_id import FAKE_RESPONSES_ID

from trace_openai.agents.items import call_id, field

Key = tuple[str, Any]


def conversation(given: Any, options: Mapping[str, Any]) -> set[Key]:
    """What a run is a turn of.

    Args:
        given: its input.
        options: what else `Runner.run` was given.
    """
    keys = {
        ("session", getattr(options.get("session"), "session_id", None)),
        ("conversation_id", options.get("conversation_id")),
        ("previous_response_id", options.get("previous_response_id")),
    }
    sent_back = _ids(given if isinstance(given, list) else ())
    return {key for key in keys if key[1] is not None} | waits_for(waiting(given)) | sent_back


def answered(response: Any) -> set[Key]:
    """What a run with this answer of a model is a turn of, and so is one that it is sent back to."""
    keys = _ids(response.output)
    return keys if response.response_id is None else {*keys, ("previous_response_id", response.response_id)}


def _ids(items: Iterable[Any]) -> set[Key]:
    found = (field(item, "id") or call_id(item) for item in items)
    return {("item", each) for each in found if each is not None and each != FAKE_RESPONSES_ID}


def kept_by_server(options: Mapping[str, Any]) -> Key | None:
    """By what the server knows what was said before, if it does: then only what is new is sent."""
    for name in ("conversation_id", "previous_response_id"):
        if options.get(name) is not None:
            return name, options[name]
    return ("previous_response_id", None) if options.get("auto_previous_response_id") else None


def waiting(given: Any) -> list[Any]:
    """The calls of tools that a run which goes on was waiting for somebody to approve."""
    return given.get_interruptions() if isinstance(given, RunState) else []


def waits_for(items: Iterable[Any]) -> set[Key]:
    """What a run that waits for these is a turn of, and so is the one that goes on."""
    return {("approval", found) for item in items if (found := call_id(item.raw_item)) is not None}
