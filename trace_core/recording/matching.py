"""Where a value came from that plain Python put together: found by the values themselves.

The body of a function is opaque. What it handed to a call, or returned, is compared with what it had: what calls beside
gave, what it was given itself, and, where a value is telling enough, what any call gave before.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from trace_core.recording.call import Call
from trace_core.recording.ledger import Found, Ledger, Origin, Path

SCALARS = (int, float, complex, bool, bytes, type(None))


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

    objects: dict[int, tuple[Path, Any]] = field(default_factory=dict)
    scalars: list[tuple[Path, Any]] = field(default_factory=list)
    texts: list[tuple[Path, str]] = field(default_factory=list)
    lists: list[tuple[Path, Sequence[Any]]] = field(default_factory=list)


class Matcher:
    """Looks for values in what calls gave.

    Args:
        ledger: what calls gave.
        origin_out: where a call's output came from.
        recognised: where a value came from that says so itself, or None.
        parent: the call inside which another ran.
    """

    def __init__(
        self,
        ledger: Ledger,
        origin_out: Callable[[Call], Origin],
        recognised: Callable[[Any], Origin | None],
        parent: Callable[[Call], Call | None],
    ) -> None:
        self.ledger = ledger
        self.origin_out = origin_out
        self.recognised = recognised
        self.parent = parent
        self._parts: dict[int, Parts] = {}

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
                    known.objects.setdefault(id(self.ledger.original(part)), (path, part))
                    if isinstance(part, (list, tuple)):
                        known.lists.append((path, part))
        return known

    def iterated(self, call: Call, near: Iterable[Call], given: Sequence[Given]) -> Origin | None:
        """The item of a list that was given, if calls of this name went through the list one by one."""
        before = [other.given for other in near if other.name == call.name and other.began < call.began]
        for each in given:
            for path, items in self.parts_of(each.value).lists:
                if len(items) > len(before) and len(items) > 1:
                    pairs = zip(items, [*before, call.given], strict=False)
                    if all(same(item, taken) for item, taken in pairs):
                        return at(each.origin, (*path, len(before))).because("identity")
        return None

    def repeated(self, value: Any, before: Sequence[Given]) -> Origin | None:
        """The origins of what a list begins with that goes on a conversation: items of earlier inputs, or their texts.

        The last item of a list is what is new in it.
        """
        if isinstance(value, dict):
            known = {key: again for key, item in value.items() if (again := self.repeated(item, before)) is not None}
            return Origin(parts=known) if known else None
        if not isinstance(value, list) or not before:
            return None
        said: dict[str, tuple[Given, Path]] = {}
        for given in before:
            said |= {text.strip(): (given, path) for path, text in self.parts_of(given.value).texts}
        parts: dict[Hashable, Origin] = {}
        for index, item in enumerate(value[:-1]):
            texts = self.parts_of(item).texts
            if len(texts) == 1 and (known_text := said.get(texts[0][1].strip())) is not None:
                given, path = known_text
                parts[index] = at(given.origin, path).because("equal")
        return Origin(parts=parts) if parts else None


def at(origin: Origin, path: Path) -> Origin:
    """The origin of a part."""
    for key in path:
        origin = origin.at(key)
    return origin


def same(one: Any, other: Any) -> bool:
    """Whether two values are one object, or equal texts or numbers."""
    if one is other:
        return True
    return isinstance(one, (str, *SCALARS)) and type(one) is type(other) and one == other
