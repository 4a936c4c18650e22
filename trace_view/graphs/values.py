"""Values as text for people to read: an outline, in which long texts keep their lines.

What a run holds may come from anybody: characters that would hide or turn what follows are shown by their code, and
what is not plain data by its type's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from trace_core.rendering import literal

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """A value's text, and whether some of it was left out."""

    text: str
    is_cut: bool = False


def shown(value: Any, limit: int | None = None) -> Shown:
    """A value as text: a text as it is, anything else as an outline.

    Args:
        value: any value; nothing of it is run.
        limit: about how many characters at most; None for all of it.

    Example:
        >>> print(shown([{"role": "user", "content": "one\\ntwo"}]).text)
        - role: 'user'
          content: |
            one
            two
    """
    if isinstance(value, str):
        return Shown(visible(_cut(value, limit)), limit is not None and len(value) > limit)
    lines: list[str] = []
    left = float("inf") if limit is None else limit
    is_cut = False
    for line, cut in _lines(value, limit, 0):
        lines.append(line)
        is_cut = is_cut or cut
        left -= len(line) + 1
        if left < 0:
            return Shown(visible("\n".join([*lines, "…"])), True)
    return Shown(visible("\n".join(lines)), is_cut)


def visible(text: str) -> str:
    """The text with each character that cannot be seen, or that turns what follows, as its code."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text.replace("\r\n", "\n"))


def label(value: Any, limit: int = 60) -> str:
    """A value in one line."""
    text = value if isinstance(value, str) else literal(_shallow(value), limit)
    return visible(" ".join(_cut(text, limit).split()))


def _shallow(value: Any) -> Any:
    """What the beginning of a value's literal needs of it, so that a large one costs no more than a small one."""
    if isinstance(value, (str, bytes)):
        return value[:100]
    return list(value[:20]) if isinstance(value, (list, tuple)) and len(value) > 20 else value


def _cut(text: str, limit: int | None) -> str:
    if limit is None or len(text) <= limit:
        return text
    tail = limit // 4
    return f"{text[: limit - tail]} … {text[len(text) - tail :]}"


def _lines(value: Any, limit: int | None, depth: int) -> Iterator[tuple[str, bool]]:
    """The lines of a value, each with whether it is cut."""
    items = _items(value)
    if depth >= _DEEPEST and items is not None:
        yield "…", True
    elif items is not None:
        for head, item in items:
            yield from _under(head, item, limit, depth)
    elif isinstance(value, str) and "\n" in value:
        is_cut = limit is not None and len(value) > limit
        yield "|", is_cut
        yield from ((line, False) for line in _cut(value, limit).splitlines())
    elif isinstance(value, (str, bytes)):
        is_cut = limit is not None and len(value) > limit
        yield literal(value[:limit]) + ("…" if is_cut else ""), is_cut
    else:
        text = literal(value)
        yield _cut(text, limit), limit is not None and len(text) > limit


def _items(value: Any) -> Iterable[tuple[str, Any]] | None:
    """The items of a container that is not empty, each with what stands before it."""
    if isinstance(value, dict):
        return ((f"{label(key)}:", item) for key, item in value.items()) if value else None
    if isinstance(value, (list, tuple, set, frozenset)):
        return (("-", item) for item in value) if value else None
    return None


def _under(head: str, item: Any, limit: int | None, depth: int) -> Iterator[tuple[str, bool]]:
    """An item's lines: the first beside its head, or all of them below its key."""
    inner = _lines(item, limit, depth + 1)
    if head != "-" and _items(item) is not None:
        yield head, False
    else:
        line, is_cut = next(inner)
        yield f"{head} {line}", is_cut
    for line, is_cut in inner:
        yield f"  {line}", is_cut
