"""Where a value came from that plain Python put together: found by the values themselves.

The body of a function is opaque. What it handed to a call, or returned, is compared with what it had: what calls beside
gave, what it was given itself, and, where a value is telling enough, what any call gave before.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
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
        """The origins of what a program was given once more, of what earlier ones were given.

        That is the very text in a dict, and a list that goes on a conversation: all but its last item, which is new.
        """
        said: dict[str, tuple[Given, Path, str]] = {}
        for given in before:
            said |= {text.strip(): (given, path, text) for path, text in self.parts_of(given.value).texts}
        return self._repeated(value, said) if said else None

    def _repeated(self, value: Any, said: Mapping[str, tuple[Given, Path, str]]) -> Origin | None:
        parts: dict[Hashable, Origin] = {}
        if isinstance(value, dict):
            for key, item in value.items():
                given, path, text = said.get(item.strip() if isinstance(item, str) else "", (None, (), None))
                again = at(given.origin, path) if given is not None and text is item else self._repeated(item, said)
                if again is not None:
                    parts[key] = again
        for index, item in enumerate(value[:-1] if isinstance(value, list) else ()):
            texts = self.parts_of(item).texts
            if len(texts) == 1 and texts[0][1].strip() in said:
                given, path, _ = said[texts[0][1].strip()]
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
