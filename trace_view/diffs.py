"""What changed from one text to another, word by word, with all of both texts kept.

Lines are compared first, and the words only of lines that differ (`difflib.SequenceMatcher`,
https://docs.python.org/3/library/difflib.html). Long texts are split before that at the lines that stand in both of
them once ("patience diff", Bram Cohen), so that time grows with their length and not with its square.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

Kind = Literal["same", "removed", "added"]

_WORDS = re.compile(r"\s+|\w+|[^\w\s]+")
_MOST_COMPARED = 1_000_000
"""Pairs of lines or of words; what is larger is shown as removed and added whole."""


class Piece(NamedTuple):
    """A part of the texts: in both ("same"), only in the first ("removed"), or only in the second ("added")."""

    kind: Kind
    text: str


def word_diff(before: str, after: str) -> list[Piece]:
    """The pieces of two texts, in order.

    Those that are not "added" make up `before`, those that are not "removed" make up `after`.

    Example:
        >>> [tuple(piece) for piece in word_diff("be brief", "be kind")]
        [('same', 'be '), ('removed', 'brief'), ('added', 'kind')]
    """
    pieces: list[Piece] = []
    for old, new in _blocks(before.splitlines(keepends=True), after.splitlines(keepends=True)):
        old_text, new_text = "".join(old), "".join(new)
        if old_text == new_text:
            pieces.append(Piece("same", old_text))
        else:
            pieces += _in_words(_WORDS.findall(old_text), _WORDS.findall(new_text))
    return list(_joined(pieces))


def _in_words(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    """The pieces of what differs; a mere space between two changes belongs to both."""
    removed, added = "", ""
    for left, right in _blocks(old, new):
        left_text, right_text = "".join(left), "".join(right)
        if left_text == right_text and (left_text.strip() or "\n" in left_text or not (removed or added)):
            yield from (Piece("removed", removed), Piece("added", added), Piece("same", left_text))
            removed, added = "", ""
        else:
            removed += left_text
            added += right_text
    yield from (Piece("removed", removed), Piece("added", added))


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """What the sequences have in common and what differs, in turn."""
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    old_middle, new_middle = old[start : len(old) - end], new[start : len(new) - end]
    yield old[:start], new[:start]
    at, is_long = (0, 0), len(old_middle) * len(new_middle) > _MOST_COMPARED
    for i, k in [*(_anchors(old_middle, new_middle) if is_long else ()), (len(old_middle), len(new_middle))]:
        yield from _compared(old_middle[at[0] : i], new_middle[at[1] : k])
        at = i, k
    yield old[len(old) - end :], new[len(new) - end :]


def _compared(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    if len(old) * len(new) > _MOST_COMPARED:
        yield old, new
        return
    for _, i, j, k, m in SequenceMatcher(None, old, new).get_opcodes():
        yield old[i:j], new[k:m]


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Where items stand that each has once: the longest sequence of them that is in the same order in both."""
    olds, news = Counter(old), Counter(new)
    places = {item: k for k, item in enumerate(new) if news[item] == 1}
    pairs = [(i, places[item]) for i, item in enumerate(old) if olds[item] == 1 and item in places]
    ends: list[int] = []  # for each length, the least end of a sequence of it
    before: list[int] = []
    last: list[int] = []
    for number, (_, k) in enumerate(pairs):
        length = bisect_left(ends, k)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1], last[length : length + 1] = [k], [number]
    chain = []
    number = last[-1] if last else -1
    while number >= 0:
        chain.append(pairs[number])
        number = before[number]
    return chain[::-1]


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """How many items both begin with."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(old), len(new)))


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Without empty pieces, and those of one kind that follow each other as one."""
    kept: list[Piece] = []
    for piece in pieces:
        if kept and kept[-1].kind == piece.kind:
            kept.append(piece)
        elif piece.text:
            if kept:
                yield Piece(kept[0].kind, "".join(each.text for each in kept))
            kept = [piece]
    if kept:
        yield Piece(kept[0].kind, "".join(each.text for each in kept))
