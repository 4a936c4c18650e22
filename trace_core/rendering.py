"""Values and names as text, for problems, pages and files.

Plain data is written as Python literals, always without a line that could be taken for a heading: a string of several
lines becomes one literal a line, in brackets and indented. Dates, decimal numbers, ids, paths and members of
enumerations are shown too. Anything else is shown by its type's name, never by `repr`, which may hold secrets.
"""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

SECTIONS = (
    "Instruction", "Variables", "Constraints", "Code", "Documentation", "Inputs", "Others", "Outputs", "Feedback",
    "Memory",
)  # fmt: skip
_HEADINGS = "|".join((*SECTIONS, "Examples"))

# A line begins after whatever `str.splitlines` takes for the end of one.
_HEADING = re.compile(
    rf"(?:^|(?<=[\r\v\f\x1c-\x1e\x85\u2028\u2029]))([ \t]*)#+[ \t]*(?=(?:{_HEADINGS})\b)",
    re.IGNORECASE | re.MULTILINE,
)
_PLAIN = (str, bytes, int, float, complex, bool, type(None))
_SIMPLE = {"datetime", "decimal", "fractions", "pathlib", "uuid", "zoneinfo"}  # whose types' repr says no more
_MOST_ITEMS = 100_000


@dataclass(frozen=True, slots=True)
class Opaque:
    """What stands for a value that is not plain data: the name of its type."""

    type_name: str

    def __repr__(self) -> str:
        return f"<{self.type_name}>"


def opaque(value: Any) -> Opaque:
    """The stand-in of a value."""
    if isinstance(value, Opaque):
        return value
    kind = value if isinstance(value, type) else type(value)
    return Opaque(f"{'type ' if isinstance(value, type) else ''}{kind.__module__}.{kind.__qualname__}")


def is_plain(value: Any) -> bool:
    """Whether a value is plain data: numbers, text, None, and lists, tuples, dicts and sets of them, of exact types."""
    to_visit, visited = [value], 0
    while to_visit:
        item = to_visit.pop()
        visited += 1
        if visited > _MOST_ITEMS:
            return False
        if type(item) in (list, tuple, set, frozenset):
            to_visit.extend(item)
        elif type(item) is dict:
            to_visit.extend(item.keys())
            to_visit.extend(item.values())
        elif type(item) not in _PLAIN:
            return False
    return True


def literal(value: Any, limit: int | None = None) -> str:
    """A value as a Python literal; what is not plain data as `<its type>`, what is too long cut in the middle.

    Example:
        >>> literal("one\\n#Feedback")
        "(\\n  'one\\\\n'\\n  '#Feedback'\\n)"
    """
    if type(value) is str:
        value = shortened(value, limit)
        lines = value.splitlines(keepends=True)
        if len(lines) < 2:
            return repr(value)
        return "(\n" + "\n".join(f"  {line!r}" for line in lines) + "\n)"
    try:
        text = _Literal().of(value)
    except RecursionError:
        return repr(opaque(value))
    return shortened(text, limit)


class _Literal:
    """One value being written: what holds itself is opaque within itself, and after so many items the rest is `…`."""

    def __init__(self) -> None:
        self._left = _MOST_ITEMS
        self._within: set[int] = set()

    def of(self, value: Any) -> str:
        """The text of a value."""
        kind = type(value)
        self._left -= 1
        if kind is float and not math.isfinite(value):
            return f"float('{value}')"
        if kind is int and value.bit_length() > 10_000:
            return hex(value)
        if kind in _PLAIN:
            return repr(value)
        if isinstance(value, (dict, set, frozenset, tuple, list)) and id(value) not in self._within:
            self._within.add(id(value))
            text = self._container(value)
            self._within.remove(id(value))
            return text
        for plain in (str, int, float):
            if isinstance(value, plain):
                return plain.__repr__(value)
        return _simple(value) or repr(opaque(value))

    def _container(self, value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(self._items(value.items(), lambda pair: ": ".join(map(self.of, pair)))) + "}"
        items = self._items(value, self.of)
        if isinstance(value, (set, frozenset)):
            text = "{" + ", ".join(sorted(items)) + "}" if items else "set()"
            return f"frozenset({text})" if isinstance(value, frozenset) else text
        if isinstance(value, tuple):
            return "(" + ", ".join(items) + ("," if len(items) == 1 else "") + ")"
        return "[" + ", ".join(items) + "]"

    def _items(self, items: Iterable[Any], write: Callable[[Any], str]) -> list[str]:
        texts: list[str] = []
        for item in items:
            if self._left <= 0:
                return [*texts, "…"]
            texts.append(write(item))
        return texts


def _simple(value: Any) -> str | None:
    """A moment, a decimal number, an id, a path or a member of an enumeration: these show no more than they say."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if not _is_simple(value) or not _is_simple(getattr(value, "tzinfo", None) or value):
        return None
    return repr(value)


def _is_simple(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] in _SIMPLE


def shortened(text: str, limit: int | None) -> str:
    """The text, or its head and tail with the number of characters left out between them."""
    if limit is None or len(text) <= limit:
        return text
    head, tail = limit * 2 // 3, limit // 3
    return f"{text[:head]} …({len(text) - head - tail} characters left out)… {text[len(text) - tail :]}"


def fenced(text: str, language: str = "") -> str:
    """The text in a fence that nothing in it can close, with no line that could be taken for a section's heading."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{without_headings(text)}\n{fence}"


def without_headings(text: str) -> str:
    """The text with a space after the `#` of any line that looks like the heading of a section of a problem."""
    return _HEADING.sub(r"\1# ", text)


def identifier(name: str) -> str:
    """A Python identifier for a name: `support.model.prompt` → `support_model_prompt`."""
    made = re.sub(r"\W", "_", name, flags=re.ASCII) or "_"
    return f"_{made}" if made[0].isdigit() or keyword.iskeyword(made) else made
