"""What was written to a channel of a LangGraph state, and which writes a value of it came from."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trace_core.recording import Origin
from trace_core.recording.ledger import equal_values
from trace_langchain import values

ROOT = "__root__"
"""The channel of a state that is one value."""


@dataclass(frozen=True, slots=True)
class Write:
    """A value that a channel was given, and where that came from."""

    value: Any
    origin: Callable[[], Origin]
    is_input: bool
    passed_on: frozenset[int] = frozenset()
    """Which items of a list were there already."""


def channel(value: Any, writes: Sequence[Write]) -> Origin:
    """Where a channel's value came from: its last write, or, where a reducer made it, its items' or all writes."""
    for write in reversed(writes):
        if _is_same(write.value, value) and not write.passed_on:
            return write.origin().because("state")
    if isinstance(value, list) and writes:
        return Origin(parts=dict(enumerate(_items(value, writes))))
    origin = Origin()
    for write in writes:
        origin = origin | write.origin().because("state")
    return origin


_Written = tuple[Write, int | None]


def _items(items: Sequence[Any], writes: Sequence[Write]) -> list[Origin]:
    """Where the items of a list came from that a reducer made; equal ones are taken in order."""
    written: dict[Hashable, list[_Written]] = {}
    for write in writes:
        listed = isinstance(write.value, (list, tuple))
        for index, item in enumerate(write.value if listed else [write.value]):
            if index in write.passed_on:
                continue
            written.setdefault(mark(item), []).append((write, index if listed else None))
    marks = [mark(item) for item in items]
    origins = []
    for place, (item, its) in enumerate(zip(items, marks, strict=True)):
        found = written.get(its, [])
        if len(found) > 1 and not values.key(item) and marks[place:].count(its) == len(found):
            origins.append(_origin_of(found.pop(0)))
        elif found:
            same = [each for each in found if _written_item(each) is item]
            origins.append(_origin_of(same[0] if same and values.key(item) else found[-1]))
        else:
            origins.append(_given(item, writes))
    return origins


def _written_item(written: _Written) -> Any:
    write, index = written
    return write.value if index is None else write.value[index]


def mark(item: Any) -> Hashable:
    """What two writings of an item have in common: a message's id, a text, or that it is the very same object."""
    return values.key(item) or ((type(item), item) if isinstance(item, (str, int, float, bool)) else id(item))


def _origin_of(written: _Written) -> Origin:
    write, index = written
    return (write.origin() if index is None else write.origin().at(index)).because("state")


def _given(item: Any, writes: Sequence[Write]) -> Origin:
    """The origin of an item that is not as anybody wrote it: an equal one's, else it was given, in another form."""
    for write in reversed(writes):
        for index, other in enumerate(write.value if isinstance(write.value, (list, tuple)) else ()):
            if index not in write.passed_on and _is_same(other, item):
                return _origin_of((write, index))
    given = [write for write in writes if write.is_input] or writes[:1]
    alike = [write for write in given if _holds_text(write.value, values.plain(item))]
    return (alike or given)[-1].origin().because("state")


def _holds_text(value: Any, text: Any) -> bool:
    """Whether a text is in what was given: `("user", "Hello")`, `{"role": "user", "content": "Hello"}`."""
    if isinstance(value, (list, tuple, dict)):
        return any(_holds_text(item, text) for item in (value.values() if isinstance(value, dict) else value))
    return isinstance(text, str) and value == text


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
