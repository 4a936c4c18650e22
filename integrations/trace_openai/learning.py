"""Texts that a client sends, and that are learned: on the wire, their parameters' values stand in their place.

The code that calls the client is not touched. What it sends is known by its words: a system message, the instructions,
the description of a tool or of a tool's argument.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

from trace_core.bindings import Isolation
from trace_core.exposing import read_now
from trace_core.parameter_nodes import ParameterNode
from trace_core.recording.call import ParameterRead
from trace_openai.endpoints import Endpoint, function_of
from trace_openai.resolving import Path, Resolved

SYSTEM_ROLES = ("system", "developer")
_MOST_SEEN = 200


class Slot(NamedTuple):
    """One text that a program sends: its kind, what it belongs to (a tool and its argument), and its words."""

    kind: str
    owner: tuple[str, ...]
    text: str


class SentText:
    """Where the value of a learned text lives: in the client's list of what it replaces."""

    isolation: Isolation = "overlay"

    def __init__(self, learned: Learned, slot: Slot) -> None:
        self.slot = slot
        self.lock = threading.Lock()
        self._learned = learned
        self._value = slot.text

    def get(self) -> str:
        """The value as it is written."""
        return self._value

    def set(self, value: str) -> None:
        """Another value, for the next request."""
        self._value = value

    def client(self) -> Any:
        """The client that sends it, if it is in use."""
        return self._learned.client()

    def known(self) -> ParameterNode | None:
        """The parameter that the text has already."""
        return self._learned.parameters.get(self.slot)

    def install(self, parameter: ParameterNode) -> None:
        """Send the parameter's value from now on."""
        self._learned.parameters = {**self._learned.parameters, self.slot: parameter}

    def release(self) -> None:
        """Send the program's own text again."""
        self._learned.parameters = {s: p for s, p in self._learned.parameters.items() if s != self.slot}


class Learned:
    """What a client has sent that could be learned, and the parameters of what is."""

    def __init__(self, client: Any) -> None:
        self.client = weakref.ref(client)
        self.parameters: dict[Slot, ParameterNode] = {}
        self.seen: dict[Slot, None] = {}

    def replaced(
        self, endpoint: Endpoint, body: dict[str, Any], nodes: Collection[Resolved]
    ) -> tuple[dict[str, Any], list[ParameterRead], list[Path]]:
        """What is sent in place of a body, the parameters that were read for that, and where their values stand."""
        reads: list[ParameterRead] = []
        paths: list[Path] = []
        for slot, path in slots(endpoint, body):
            if any(path[: len(each.path)] == each.path for each in nodes):  # the user's own node
                continue
            parameter = self.parameters.get(slot)
            if parameter is None:
                self._note(slot)
                continue
            read = read_now(parameter)
            body = _with(body, path, parameter.data)
            paths.append(path)
            reads.append((slot.kind, parameter, read))
        return body, reads, paths

    def _note(self, slot: Slot) -> None:
        if slot not in self.seen and len(self.seen) < _MOST_SEEN:
            self.seen[slot] = None


def slots(endpoint: Endpoint, body: dict[str, Any]) -> Iterator[tuple[Slot, Path]]:
    """The texts of a request that can be learned, and where each stands."""
    if endpoint.instructions is not None and isinstance(text := body.get(endpoint.instructions), str) and text:
        yield Slot("system_prompt", (), text), (endpoint.instructions,)
    asked = body.get(endpoint.asked)
    for index, item in enumerate(asked if isinstance(asked, list) else ()):
        if isinstance(item, dict) and item.get("role") in SYSTEM_ROLES:
            for text, at in _texts(item.get("content")):
                yield Slot("system_prompt", (), text), (endpoint.asked, index, "content", *at)
    for index, tool in enumerate(body.get("tools") or ()):
        function = function_of(tool)
        if function is not None:
            path: Path = ("tools", index) if function is tool else ("tools", index, "function")
            yield from slots_of_function(function, path)


def _texts(content: Any) -> Iterator[tuple[str, Path]]:
    """The texts of a message: it is one, or has parts of which some are."""
    if isinstance(content, str):
        yield content, ()
    for index, part in enumerate(content if isinstance(content, list) else ()):
        if isinstance(part, dict) and isinstance(text := part.get("text"), str):
            yield text, (index, "text")


def slots_of_function(function: dict[str, Any], path: Path) -> Iterator[tuple[Slot, Path]]:
    """A tool's description, and those of its arguments."""
    name = function["name"]
    if isinstance(text := function.get("description"), str):
        yield Slot("tool_description", (name,), text), (*path, "description")
    parameters = function.get("parameters")
    fields = parameters.get("properties") if isinstance(parameters, dict) else None
    for field, schema in (fields if isinstance(fields, dict) else {}).items():
        if isinstance(schema, dict) and isinstance(text := schema.get("description"), str):
            where = (*path, "parameters", "properties", field, "description")
            yield Slot("argument_description", (name, field), text), where


def _with(value: Any, path: Path, text: str) -> Any:
    """A copy of JSON with another text at a place; the rest is shared."""
    if not path:
        return text
    made: Callable[..., Any] = value.copy()
    made[path[0]] = _with(value[path[0]], path[1:], text)  # type: ignore[index]
    return made
