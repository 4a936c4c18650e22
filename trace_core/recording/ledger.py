"""Which call produced this value? The answer comes by a framework's own id, then by identity, equality and containment.

A framework's hooks say which call ran inside which, and not where its inputs came from. Where its structure does not
tell either (the body of a function is plain Python), the values do: the very object that one call gave and another got,
an equal text, a text within a text. Small and interned values prove nothing by identity.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trace_core.failures import error_text
from trace_core.recording.call import Call

_SCALARS = (int, float, complex, bool, bytes, type(None))
_LONGEST_JSON = 20_000
_DEEPEST = 6

Path = tuple[Hashable, ...]
Opened = Callable[[Any], "Mapping[Hashable, Any] | None"]


class Origin:
    """Where a value came from: as a whole, or each of its parts (a dict's values, a list's items)."""

    __slots__ = ("_all", "_sources", "parts")

    def __init__(self, sources: Mapping[Call, str] | None = None, parts: Mapping[Hashable, Origin] | None = None):
        self._sources = dict(sources or {})
        self.parts = parts
        self._all: dict[Call, str] | None = None if parts else self._sources

    def __bool__(self) -> bool:
        return bool(self._sources) or any(self.parts.values() if self.parts else ())

    @property
    def sources(self) -> dict[Call, str]:
        """All sources, each with how it is known."""
        if self._all is None:
            self._all = dict(self._sources)
            for part in (self.parts or {}).values():
                for source, why in part.sources.items():
                    self._all.setdefault(source, why)
        return self._all

    @property
    def own(self) -> dict[Call, str]:
        """The sources of the whole, without its parts'."""
        return self._sources

    def at(self, key: Hashable) -> Origin:
        """The origin of one part; of a whole whose parts are not told apart, its own."""
        if self.parts is not None and key in self.parts:
            return self.parts[key]
        return Origin(self._sources)

    def because(self, why: str) -> Origin:
        """The same sources, known by something else."""
        parts = None if self.parts is None else {key: part.because(why) for key, part in self.parts.items()}
        return Origin(dict.fromkeys(self._sources, why), parts)

    def over(self, other: Origin | None) -> Origin:
        """This, and for the parts that are not known here, another one's."""
        if other is None or other.parts is None or self.parts is None:
            return self
        mine = {key: part.over(other.parts.get(key)) for key, part in self.parts.items()}
        return Origin(other.own, {**other.parts, **mine})

    def __or__(self, other: Origin) -> Origin:
        return Origin({**other.sources, **self.sources})


@dataclass(frozen=True, slots=True)
class Found:
    """A part of what a call gave."""

    call: Call
    path: Path
    value: Any


class Ledger:
    """What calls gave, by id, identity and equality.

    Args:
        opened: the parts of a framework's value (a message's content, a document's text) by key; None for one that
            has none, or is opened as any list, tuple or dict is.
        key: a framework's own id of a value, such as a message's, or None.
    """

    def __init__(self, opened: Opened, key: Callable[[Any], Hashable | None]) -> None:
        self._opened = opened
        self._key = key
        self._by_identity: dict[int, list[Found]] = {}
        self._by_key: dict[Hashable, list[Found]] = {}
        self._by_text: dict[str, list[Found]] = {}
        self._texts: dict[Call, list[Found]] = {}
        self._originals: dict[int, Any] = {}
        self._opened_before: dict[int, tuple[Any, Mapping[Hashable, Any] | None]] = {}

    def copied(self, copies: Iterable[tuple[Any, Any]]) -> None:
        """Take in which values are copies, made when they were seen, and of what."""
        self._originals.update((id(copy), original) for copy, original in copies if copy is not original)

    def original(self, value: Any) -> Any:
        """The very object of which a value is a copy, or itself."""
        return self._originals.get(id(value), value)

    def add(self, call: Call, passed_on: Collection[int] = ()) -> None:
        """Take in what a call gave; calls are added in the order in which they ended.

        Args:
            call: the call.
            passed_on: ids of objects (of the originals, not of copies) that it was given itself, which it did not make.
        """
        given = self.parts(call.output) if call.error is None else _said_by(call.error)
        for path, value in given:
            found = Found(call, path, value)
            if isinstance(value, str):
                self._by_text.setdefault(value.strip(), []).append(found)
                if value.strip():
                    self._texts.setdefault(call, []).append(found)
            elif not isinstance(value, _SCALARS) and not (path and id(self.original(value)) in passed_on):
                self._by_identity.setdefault(id(self.original(value)), []).append(found)
                key = self._key(value)
                if key is not None:
                    self._by_key.setdefault(key, []).append(found)

    def parts(self, value: Any) -> Iterator[tuple[Path, Any]]:
        """The value and what is in it, level by level."""
        to_visit: list[tuple[Path, Any]] = [((), value)]
        seen: set[int] = set()
        for path, part in to_visit:  # which grows
            yield path, part
            if len(path) >= _DEEPEST or id(part) in seen:
                continue
            inner = self.opened(part)
            if inner:
                seen.add(id(part))
                to_visit.extend(((*path, key), item) for key, item in inner.items())

    def opened(self, value: Any) -> Mapping[Hashable, Any] | None:
        """The parts of a value by key, or None."""
        if isinstance(value, str):
            return _json(value)
        if isinstance(value, _SCALARS):
            return None
        known = self._opened_before.get(id(value))
        if known is not None and known[0] is value:
            return known[1]
        inner = self._opened(value)
        if inner is None and isinstance(value, dict):
            return value
        if inner is None and isinstance(value, (list, tuple)):
            return dict(enumerate(value))
        self._opened_before[id(value)] = value, inner
        return inner

    # --- looking up

    def identical(self, value: Any, before: int, among: Collection[Call] | None = None) -> Found | None:
        """The last call that gave this very object, or one with its id."""
        if isinstance(value, (str, *_SCALARS)):
            return None
        found = _last(self._by_identity.get(id(self.original(value)), ()), before, among)
        key = self._key(value) if found is None else None
        found = found if key is None else _last(self._by_key.get(key, ()), before, among)
        return found if found is None or unchanged(found.value, value) else None

    def equal_texts(self, text: str, before: int, among: Collection[Call] | None = None) -> list[Found]:
        """Where calls gave this text, white space around it aside, in the order in which they ended."""
        return [found for found in self._by_text.get(text.strip(), ()) if _eligible(found, before, among)]

    def equal_wholes(self, value: Any, among: Iterable[Call]) -> list[Call]:
        """Those of the calls whose whole output is equal to a number or a record."""
        return [call for call in among if call.succeeded and equal_values(call.output, value)]

    def texts_of(self, among: Iterable[Call], before: int) -> list[Found]:
        """The texts that these calls gave before."""
        return [found for call in among if _ended_before(call, before) for found in self._texts.get(call, ())]

    def all_texts(self, before: int) -> list[Found]:
        """The texts that any call gave before."""
        return self.texts_of(self._texts, before)


def _said_by(error: BaseException) -> Iterator[tuple[Path, Any]]:
    """What code gets of a call that raised: the exception, and its message."""
    yield (), error
    yield (), error_text(error).removeprefix(f"({type(error).__name__})")


def _json(text: str) -> Mapping[Hashable, Any] | None:
    """What is in a text that is JSON: models answer so, and programs parse it."""
    if text[:1] not in "{[" or len(text) > _LONGEST_JSON:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else dict(enumerate(value))


def _eligible(found: Found, before: int, among: Collection[Call] | None) -> bool:
    return _ended_before(found.call, before) and (among is None or found.call in among)


def _ended_before(call: Call, before: int) -> bool:
    return call.ended is not None and call.ended < before


def _last(matches: Sequence[Found], before: int, among: Collection[Call] | None) -> Found | None:
    return next((found for found in reversed(matches) if _eligible(found, before, among)), None)


def when(found: Found) -> int:
    """When a value was there."""
    return found.call.ended or 0


def unchanged(before: Any, now: Any) -> bool:
    """Whether what is the same list or dict still holds the same; other values are not looked into."""
    if type(before) is list and type(now) is list:
        return len(before) == len(now) and all(map(operator.is_, before, now))
    if type(before) is dict and type(now) is dict:
        return before.keys() == now.keys() and all(before[key] is now[key] or before[key] == now[key] for key in now)
    return True


def equal_values(one: Any, other: Any) -> bool:
    """Whether two values are the same or equal; True, False and None are too common for that to mean anything."""
    if one is other:
        return True
    if isinstance(one, str) and isinstance(other, str):  # a framework may have a class of its own for texts
        return str(one) == str(other)
    if isinstance(other, bool) or other is None or type(one) is not type(other):
        return False
    try:
        return bool(one == other)
    except Exception:  # noqa: BLE001 - a value's own comparison may raise anything; then it proves nothing
        return False
