"""Where a value came from that plain Python put together: found by the values themselves.

The body of a function is opaque. What it handed to a call, or returned, is compared with what it had: what calls beside
gave, what it was given itself, and, where a value is telling enough, what any call gave before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from trace_core.recording.call import Call
from trace_core.recording.ledger import Found, Ledger, Origin, Path, equal_values, last_around, longest_within

SCALARS = (int, float, complex, bool, bytes, type(None))
_DEEPEST = 6
_TELLING_TEXT = 16
_TELLING_NUMBER = 3
_TELLING_WORDS = 8
_NUMBER = re.compile(r"(?<![\w.])\d[\d.]*\d(?!\w)")
_WORD = re.compile(r"[^\W_]+")


class Given:
    """Something that code was given, and where it came from, which is worked out when it is asked for."""

    def __init__(self, value: Any, origin: Callable[[], Origin]) -> None:
        self.value = value
        self._origin = origin

    @cached_property
    def origin(self) -> Origin:
        """Where it came from."""
        return self._origin()


@dataclass(slots=True)
class Parts:
    """What is in a value that many others are looked for in."""

    identities: dict[int, Path] = field(default_factory=dict)
    scalars: list[tuple[Path, Any]] = field(default_factory=list)
    texts: list[tuple[Path, str]] = field(default_factory=list)
    lists: list[tuple[Path, Sequence[Any]]] = field(default_factory=list)


class Matcher:
    """Looks for values in what calls gave.

    Args:
        ledger: what calls gave.
        origin_out: where a call's output came from.
        recognised: where a value came from that says so itself, or None.
        originals: for copies of inputs and outputs, by id, the very objects.
    """

    def __init__(
        self,
        ledger: Ledger,
        origin_out: Callable[[Call], Origin],
        recognised: Callable[[Any], Origin | None],
        originals: Mapping[int, Any],
    ) -> None:
        self.ledger = ledger
        self.origin_out = origin_out
        self.recognised = recognised
        self.originals = originals
        self._parts: dict[int, Parts] = {}

    def original(self, value: Any) -> Any:
        """The very object of which a value is a copy, or itself."""
        return self.originals.get(id(value), value)

    def origin_of(self, found: Found, why: str) -> Origin:
        """Where a part of what a call gave came from."""
        return at(self.origin_out(found.call), found.path).because(why)

    def parts_of(self, value: Any) -> Parts:
        """The parts of a value; they are remembered."""
        known = self._parts.get(id(value))
        if known is None:
            known = self._parts[id(value)] = Parts()
            for path, part in self.ledger.parts(value):
                if isinstance(part, str):
                    if part.strip():
                        known.texts.append((path, part))
                elif isinstance(part, SCALARS):
                    known.scalars.append((path, part))
                else:
                    known.identities.setdefault(id(part), path)
                    if isinstance(part, (list, tuple)):
                        known.lists.append((path, part))
        return known

    def search(self, before: int, near: Sequence[Call], given: Sequence[Given], is_output: bool = False) -> Search:
        """A search among what calls in the same scope gave before, and what the scope's code was given.

        Args:
            before: when the value was there; what was given later is not considered.
            near: the calls of the same scope, whose outputs its code held.
            given: what the code was given, the scope's input first.
            is_output: whether the value is what the scope returned: then calls in it come before what it was given.
        """
        ended = [call for call in near if call.succeeded and (call.ended or 0) < before]
        return Search(self, before, ended, given, is_output)

    def iterated(self, call: Call, near: Iterable[Call], given: Sequence[Given]) -> Origin | None:
        """The item of a list that was given, if calls of this name went through the list one by one."""
        before = [other.given for other in near if other.name == call.name and other.began < call.began]
        for each in given:
            for path, items in self.parts_of(each.value).lists:
                if len(items) > len(before) and len(items) > 1:
                    pairs = zip(items, [*before, call.given], strict=False)
                    if all(_same(item, taken) for item, taken in pairs):
                        return at(each.origin, (*path, len(before))).because("identity")
        return None


class Search:
    """One search; made by `Matcher.search`."""

    def __init__(
        self, matcher: Matcher, before: int, near: Sequence[Call], given: Sequence[Given], is_output: bool
    ) -> None:
        self._matcher = matcher
        self._ledger = matcher.ledger
        self._before = before
        self._near = near
        self._near_calls = frozenset(near)
        self._given = given
        self._is_output = is_output
        self._equals: dict[Hashable, list[int]] = {}

    def find(self, value: Any, depth: int = 0) -> Origin | None:
        """Where a value came from, part by part where the whole is not found; None for nothing found."""
        original = self._matcher.original(value)
        if not self._is_output and (whole := self._as_given(original)) is not None:
            return whole
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, SCALARS):
            return self._scalar(value)
        if (known := self._matcher.recognised(value)) is not None:
            return known
        near = self._ledger.identical(original, self._before, self._near_calls)
        if near is not None:
            return self._matcher.origin_of(near, "identity")
        if (given := self._in_given(value)) is not None:
            return given
        far = self._ledger.identical(original, self._before)
        if far is not None:
            return self._matcher.origin_of(far, "identity")
        return self._inside(value, depth) or self._as_given(original)

    # --- whole values

    def _as_given(self, original: Any) -> Origin | None:
        for given in self._given:
            if original is self._matcher.original(given.value) and not _is_trivial(original):
                return given.origin
        return None

    def _in_given(self, value: Any) -> Origin | None:
        for given in self._given:
            path = self._matcher.parts_of(given.value).identities.get(id(value))
            if path is not None:
                return at(given.origin, path).because("identity")
        return None

    # --- containers

    def _inside(self, value: Any, depth: int) -> Origin | None:
        inner = self._ledger.opened(value)
        if inner is None or depth > _DEEPEST:
            equal = self._ledger.equal_wholes(value, self._near)
            return None if not equal else self._matcher.origin_out(equal[-1]).because("equal")
        outer, self._equals = self._equals, {}
        for mark, count in Counter(_mark(item) for item in inner.values()).items():
            if count > 1:
                self._equals[mark] = [0, count]
        parts = {}
        for key, item in inner.items():
            origin = self._part(key, item, depth)
            if origin is not None:
                parts[key] = origin
        self._equals = outer
        return Origin(parts=parts) if parts else None

    def _part(self, key: Any, item: Any, depth: int) -> Origin | None:
        """A part of a dict or list: what has the same key, and is the same, counts first."""
        for call in reversed(self._near):
            held = call.output
            if isinstance(held, dict) and key in held and _same(held[key], item):
                return self._matcher.origin_out(call).at(key).because("identity")
        for given in self._given:
            if isinstance(given.value, dict) and key in given.value and _same(given.value[key], item):
                return given.origin.at(key).because("state")
        return self.find(item, depth + 1)

    # --- texts

    def _text(self, text: str) -> Origin | None:
        if not text.strip():
            return None
        equal = self._ledger.equal_texts(text, self._before, self._near_calls)
        if equal:
            return self._matcher.origin_of(self._choose(equal, text), "equal")
        for given in self._given:
            for path, other in self._matcher.parts_of(given.value).texts:
                if other.strip() == text.strip():
                    return at(given.origin, path).because("equal")
        far = self._ledger.equal_texts(text, self._before) if len(text) >= _TELLING_TEXT else []
        if far:
            return self._matcher.origin_of(far[-1], "equal")
        return self._made_of(text)

    def _made_of(self, text: str) -> Origin | None:
        """A text that was made of others, or is a piece of one."""
        theirs = self._ledger.texts_of(self._near, self._before)
        mine = [
            Found(_GIVEN[number], path, other)
            for number, given in enumerate(self._given[: len(_GIVEN)])
            for path, other in self._matcher.parts_of(given.value).texts
            if len(other.strip()) >= 4
        ]
        far = self._ledger.far_texts(self._before, _TELLING_TEXT)
        numbers = self._numbers(_TELLING_NUMBER)
        within = (
            longest_within(text, [theirs + numbers, mine, far])
            or _one(last_around(text, theirs) or last_around(text, mine))
            or longest_within(text, [self._numbers(1)])
            or _reworded(text, theirs)
            or _with_the_numbers(text, theirs, mine)
        )
        origin = Origin()
        for found in sorted(within, key=lambda found: found.call.began):
            origin = origin | self._origin(found)
        return origin if origin else None

    def _origin(self, found: Found) -> Origin:
        if found.call in _GIVEN:
            return at(self._given[_GIVEN.index(found.call)].origin, found.path).because("contains")
        return self._matcher.origin_of(found, "contains")

    # --- numbers

    def _scalar(self, value: Any) -> Origin | None:
        if value is None or isinstance(value, bool):
            return None
        equal = self._ledger.equal_wholes(value, self._near)
        if equal:
            chosen = self._choose([Found(call, (), value) for call in equal], value)
            return self._matcher.origin_of(chosen, "equal")
        for given in self._given:
            for path, part in self._matcher.parts_of(given.value).scalars:
                if equal_values(part, value):
                    return at(given.origin, path).because("equal")
        written = last_around(str(value), self._ledger.texts_of(self._near, self._before), least=1)
        return None if written is None else self._matcher.origin_of(written, "contains")

    def _numbers(self, least: int) -> list[Found]:
        """The numbers that calls beside gave, as they stand in a text."""
        return [
            Found(call, path, str(part))
            for call in self._near
            for path, part in self._matcher.parts_of(call.output).scalars
            if isinstance(part, (int, float)) and not isinstance(part, bool) and len(str(part)) >= least
        ]

    def _choose(self, found: Sequence[Found], value: Any) -> Found:
        """The last that gave a value; the items of a list that are equal are told apart by order."""
        counted = self._equals.get(_mark(value))
        if counted is None:
            same = [each for each in found if each.value is value and len(str(value)) >= _TELLING_TEXT]
            return (same or found)[-1]
        number, of = counted
        counted[0] += 1
        in_order = sorted({each.call: each for each in found}.values(), key=lambda each: each.call.began)
        chosen = in_order[-of:] if len(in_order) >= of else in_order
        return chosen[min(number, len(chosen) - 1)]


_GIVEN = tuple(Call(None, None, "", "", None, -1) for _ in range(4))
"""What stands for what code was given where a call is expected."""


def at(origin: Origin, path: Path) -> Origin:
    """The origin of a part."""
    for key in path:
        origin = origin.at(key)
    return origin


def _one(found: Found | None) -> list[Found]:
    return [] if found is None else [found]


def _reworded(text: str, found: Iterable[Found]) -> list[Found]:
    """Those whose words stand in a text, or the other way round, whatever the case and the signs between them."""
    words = _words(text)
    pairs = [(each, sorted((_words(each.value), words), key=len)) for each in found]
    return [each for each, (shorter, longer) in pairs if len(shorter) > _TELLING_WORDS and shorter in longer]


def _with_the_numbers(text: str, found: Sequence[Found], others: Sequence[Found]) -> list[Found]:
    """Those in which the numbers of a text stand (of two digits or more) that stand nowhere else."""
    elsewhere = {number for each in others for number in _NUMBER.findall(each.value)}
    wanted = set(_NUMBER.findall(text)) - elsewhere
    return [each for each in found if wanted.intersection(_NUMBER.findall(each.value))]


@lru_cache(maxsize=4096)
def _words(text: str) -> str:
    return f" {' '.join(_WORD.findall(text.casefold()))} "


def _mark(item: Any) -> Hashable:
    return (
        (type(item), item.strip() if isinstance(item, str) else item) if isinstance(item, (str, *SCALARS)) else id(item)
    )


def _is_trivial(value: Any) -> bool:
    return isinstance(value, SCALARS) or (isinstance(value, str) and len(value) < 4)


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    return isinstance(one, (str, *SCALARS)) and type(one) is type(other) and one == other
