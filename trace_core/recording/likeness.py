"""How a text shows that it was made of others: they stand in it, or it in them, whole, in pieces or in other words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from trace_core.recording.ledger import Found, when

LEAST_TEXT = 4
LONG_TEXT = 16
"""From here on a text is telling wherever it stands."""
_LEAST_LINE = 8
_LEAST_WORDS = 8
_NUMBER = re.compile(r"(?<![\w.])\d[\d.]*\d(?!\w)")
_DIGITS = re.compile(r"\d+")
_FORMS = (",", ".0f", ".1f", ".2f", ",.2f", ".0%", ".1%")
_WORD = re.compile(r"[^\W_]+")


def longest_within(text: str, candidates: Sequence[Iterable[Found]]) -> list[Found]:
    """Those of the candidates whose text stands in a text, and not in a longer one that does.

    Of equal ones, those that are listed first count, and of them the latest.
    """
    inside = [(rank, each) for rank, found in enumerate(candidates) for each in found if each.value.strip() in text]
    ranked = [(-len(each.value.strip()), rank, -when(each), each) for rank, each in inside]
    taken: list[tuple[int, int]] = []
    chosen = []
    for *_, found in sorted(ranked, key=lambda entry: entry[:3]):
        for start, end in _places(found.value.strip(), text):
            if all(end <= a or start >= b for a, b in taken):
                taken.append((start, end))
                chosen.append(found)
                break
    return chosen


def is_covered(text: str, candidates: Iterable[Found]) -> bool:
    """Whether nothing but signs and spaces is in a text beside the candidates' texts."""
    left = text
    for each in sorted(candidates, key=lambda each: -len(each.value)):
        if each.value in left:
            left = left.replace(each.value, "\0")
    return left is not text and not any(map(str.isalnum, left))


def last_around(text: str, candidates: Iterable[Found], least: int = LEAST_TEXT) -> Found | None:
    """The latest of the candidates in whose text this one stands."""
    text = text.strip()
    around = [found for found in candidates if len(text) >= least and any(_places(text, found.value))]
    return max(around, key=when, default=None)


def same_words(text: str, candidates: Iterable[Found]) -> list[Found]:
    """Those that say the same, whatever the case and the signs between the words."""
    said = words(text)
    return [each for each in candidates if said.strip() and words(each.value) == said]


def reworded(text: str, candidates: Iterable[Found]) -> list[Found]:
    """Those whose words stand in a text, or the other way round, whatever the case and the signs between them."""
    said = words(text)
    pairs = [(each, sorted((words(each.value), said), key=len)) for each in candidates]
    return [each for each, (shorter, longer) in pairs if len(shorter) > _LEAST_WORDS and shorter in longer]


def pieces_within(text: str, candidates: Iterable[Found], others: Iterable[Found]) -> list[Found]:
    """Those of which a line, or some words in a row, stand in a text, and in none of the others'."""
    said, elsewhere = words(text), [words(each.value) for each in others]

    def shows(found: Found) -> bool:
        return any(piece in said and not any(piece in other for other in elsewhere) for piece in _pieces(found.value))

    return [each for each in candidates if shows(each)]


def with_the_numbers(text: str, candidates: Sequence[Found], others: Sequence[Found]) -> list[Found]:
    """Those in which the numbers of a text stand (of two digits or more) that stand nowhere else."""
    elsewhere = {number for each in others for number in _NUMBER.findall(each.value)}
    wanted = set(_NUMBER.findall(text)) - elsewhere
    return [each for each in candidates if wanted.intersection(_NUMBER.findall(each.value))]


def written(number: Any) -> tuple[str, ...]:
    """How a number may stand in a text; nothing for what is none."""
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        return ()
    forms = (str(number), *(format(number, form) for form in _FORMS if isinstance(number, float) or form == ","))
    return tuple(dict.fromkeys(forms))


def has_new_numbers(text: str, others: Iterable[str]) -> bool:
    """Whether there is a number in a text that stands in none of the others: something was computed."""
    numbers = set(_DIGITS.findall(text))
    return bool(numbers) and not numbers <= {number for other in others for number in _DIGITS.findall(other)}


@lru_cache(maxsize=4096)
def words(text: str) -> str:
    """The words of a text in lower case, with a space before and after each."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "


@lru_cache(maxsize=1024)
def _pieces(text: str) -> tuple[str, ...]:
    """What of a text is telling by itself: its lines, and each run of words that is long enough."""
    lines = [words(line) for line in text.splitlines()]
    said = words(text)
    runs = [said[i : i + LONG_TEXT + 1] for i, sign in enumerate(said) if sign == " " and i + LONG_TEXT < len(said)]
    return (*(line for line in lines if len(line) > _LEAST_LINE + 1), *runs)


def _places(part: str, whole: str) -> Iterator[tuple[int, int]]:
    """Where a text stands in another; a short one not within a word."""
    at = whole.find(part) if part else -1
    while at >= 0:
        end = at + len(part)
        whole_words = len(part) < LONG_TEXT  # in languages without spaces, longer texts stand between letters
        if not (whole_words and (_joined(whole, at) or _joined(whole, end))):
            yield at, end
        at = whole.find(part, end)


def _joined(text: str, at: int) -> bool:
    """Whether a word goes on at a place."""
    before, after = text[at - 1 : at], text[at : at + 1]
    return (before.isalnum() or before == "_") and (after.isalnum() or after == "_")
