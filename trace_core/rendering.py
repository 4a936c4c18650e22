"""Values and names as text, for problems, pages and files.

Plain data is written as Python literals, always without a line that could be taken for a heading: a string of several
lines becomes one literal a line, in brackets and indented. Anything else is shown by its type's name, never by `repr`,
which may hold secrets.
"""

from __future__ import annotations

import keyword
import math
import re
from dataclasses import dataclass
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
        if visited > 100_000:
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
        text = _literal(value)
    except RecursionError:
        return repr(opaque(value))
    return shortened(text, limit)


def _literal(value: Any) -> str:
    kind = type(value)
    if kind is float and not math.isfinite(value):
        return f"float('{value}')"
    if kind is int and value.bit_length() > 10_000:
        return hex(value)
    if kind in _PLAIN:
        return repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(key)}: {_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (set, frozenset)):
        items = sorted(_literal(item) for item in value)
        text = "{" + ", ".join(items) + "}" if items else "set()"
        return f"frozenset({text})" if isinstance(value, frozenset) else text
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_literal, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    for plain in (str, int, float):
        if isinstance(value, plain):
            return plain.__repr__(value)
    return repr(opaque(value))


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
