"""What was written to a channel of a LangGraph state, and which writes a value of it came from."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from trace_core.recording import Origin
from trace_core.recording.ledger import equal_values, unchanged
from trace_langchain import values

ROOT = "__root__"
"""The channel of a state that is one value."""


@dataclass(frozen=True, slots=True)
class Write:
    """A value that a channel was given, and where that came from."""

    value: Any
    origin: Callable[[], Origin]
    is_input: bool
    had: Mapping[int, Callable[[], Origin]]
    """Which items of a list its writer had been given itself, and where they came from."""


Outside = Callable[[Any], Origin]
"""Where a value came from that nobody in the graph wrote: somebody who changed the state between two turns."""


def channel(value: Any, writes: Sequence[Write], outside: Outside) -> Origin:
    """Where a channel's value came from: its last write, or, where a reducer made it, its items' or all writes."""
    for write in reversed(writes):
        if _is_same(write.value, value) and not write.had:
            return write.origin().because("state")
    if isinstance(value, list) and writes:
        return Origin(parts=dict(enumerate(_items(value, writes, outside))))
    if isinstance(value, dict) and any(isinstance(write.value, dict) for write in writes):
        return Origin(parts={key: _entry(key, item, writes, outside) for key, item in value.items()})
    if isinstance(value, str):
        writes = [write for write in writes if isinstance(write.value, str)]
        writes = [write for write in writes if write.value.strip() in value or value.strip() in write.value]
        if not writes:
            return outside(value)
    origin = Origin()
    for write in writes:
        origin = origin | write.origin().because("state")
    return origin


def _entry(key: Hashable, item: Any, writes: Sequence[Write], outside: Outside) -> Origin:
    """Where an entry of a dict came from that a reducer merged."""
    written = [write for write in writes if isinstance(write.value, dict) and key in write.value]
    inner = [Write(write.value[key], partial(_part_of, write.origin, key), write.is_input, {}) for write in written]
    return channel(item, inner, outside)


def _part_of(origin: Callable[[], Origin], key: Hashable) -> Origin:
    return origin().at(key)


_Written = tuple[Write, int | None]


def _listed(write: Write) -> list[tuple[_Written, Any]]:
    """What a write added to a list, each with its index, but for what its writer had been given."""
    if not isinstance(write.value, (list, tuple)):
        return [((write, None), write.value)]
    return [((write, index), item) for index, item in enumerate(write.value) if index not in write.had]


def _items(items: Sequence[Any], writes: Sequence[Write], outside: Outside) -> list[Origin]:
    """Where the items of a list came from that a reducer made; equal ones are taken in order."""
    written: dict[Hashable, list[tuple[_Written, Any]]] = {}
    for write in writes:
        for each in _listed(write):
            written.setdefault(mark(each[1]), []).append(each)
    marks = [mark(item) for item in items]
    origins = []
    for place, (item, its) in enumerate(zip(items, marks, strict=True)):
        found = written.get(its, [])
        if len(found) > 1 and not values.key(item) and marks[place:].count(its) == len(found):
            origins.append(_origin_of(found.pop(0)[0]))
        elif found:
            same = [each for each in found if each[1] is item]
            origins.append(_origin_of((same if same and values.key(item) else found[-1:])[0][0]))
        else:
            origins.append(_given(item, writes, outside))
    return origins


def mark(item: Any) -> Hashable:
    """What two writings of an item have in common: a message's id, a text, or that it is the very same object."""
    return values.key(item) or ((type(item), item) if isinstance(item, (str, int, float, bool)) else id(item))


def _origin_of(written: _Written) -> Origin:
    write, index = written
    return (write.origin() if index is None else write.origin().at(index)).because("state")


def _given(item: Any, writes: Sequence[Write], outside: Outside) -> Origin:
    """The origin of an item that is not as anybody wrote it.

    It was passed on by one who had it, or is an equal one, or a message that was written in another form; a text in
    none of them came from outside.
    """
    for write in reversed(writes):
        for index, origin in write.had.items():
            if _is_same(write.value[index], item):
                return origin().because("state")
    added = [each for write in reversed(writes) for each in reversed(_listed(write))]
    text = values.plain(item)
    alike = [each for each, other in added if _is_same(other, item)] or [
        each for each, other in added if _holds_text(other, text)
    ]
    if alike:
        return _origin_of(alike[0])
    if values.key(item) is not None and isinstance(text, str):
        return outside(item)
    given = [write for write in writes if write.is_input] or writes[:1]
    return given[-1].origin().because("state")


def _holds_text(value: Any, text: Any) -> bool:
    """Whether a text is in what was given: `("user", "Hello")`, `{"role": "user", "content": "Hello"}`, a message."""
    if isinstance(value, (list, tuple, dict)):
        return any(_holds_text(item, text) for item in (value.values() if isinstance(value, dict) else value))
    return isinstance(text, str) and values.plain(value) == text


def part(origin: Origin, path: tuple[Hashable, ...]) -> Origin:
    """The origin of a part of what a node gave."""
    for key in path:
        origin = origin.at(key)
    return origin


def fields(state: Any) -> Mapping[Hashable, Any] | None:
    """The channels of a state, or None for a state that is one value."""
    if isinstance(state, dict):
        return state
    return None if isinstance(state, (list, tuple, str)) or values.key(state) else values.opened(state)


def updates(output: Any, path: tuple[Hashable, ...]) -> list[tuple[Hashable, tuple[Hashable, ...], Any]]:
    """What a node's output writes: channel, where in the output it stands, and the value."""
    if output is None:
        return []
    if values.is_command(output):
        update = values.opened(output)["update"]  # type: ignore[index]
        return updates(update, (*path, "update"))
    if isinstance(output, (list, tuple)) and any(values.is_command(item) for item in output):
        return [each for i, item in enumerate(output) for each in updates(item, (*path, i))]
    if type(output).__name__ == "final" and type(output).__module__.startswith("langgraph"):
        return [(ROOT, (*path, "value"), output.value)]
    held = fields(output)
    if held is None:
        return [(ROOT, path, output)]
    return [(key, (*path, key), value) for key, value in held.items()]


def untouched(before: Any, value: Any) -> bool:
    """Whether a node gave back what it was given."""
    if type(before) is type(value) and isinstance(value, (list, dict)):
        return unchanged(before, value)
    return before is value or (isinstance(value, (str, int, float)) and equal_values(before, value))


def _is_same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    key = values.key(one)
    if key is not None:
        return key == values.key(other)
    return (
        not values.key(other) and one is not None and (equal_values(one, other) or (one == other and type(one) is bool))
    )
