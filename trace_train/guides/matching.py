"""Guides that compare an output with the right answer as text or as a value."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from trace_core.rendering import literal
from trace_train.data.examples import Field, part
from trace_train.guides.base import AgainstAnswer, Verdict

_LONGEST = 2_000


class Exact(AgainstAnswer):
    """The output is equal to the right answer.

    Example:
        Exact("queue", why="why")
    """

    __slots__ = ()

    def wrong(self, output: Any, expected: Any) -> str | None:
        """What was expected."""
        return None if output == expected else f"expected {literal(expected, _LONGEST)}"


class Normalised(AgainstAnswer):
    """The same text as the right answer, but for case, accents' encoding, punctuation and white space."""

    __slots__ = ()

    def wrong(self, output: Any, expected: Any) -> str | None:
        """What was expected."""
        same = normalised(str(output)) == normalised(str(expected))
        return None if same else f"expected {literal(expected, _LONGEST)}"


class Contains(AgainstAnswer):
    """The output, as text, contains the right answer, or each of a list of answers; normalised as by `Normalised`."""

    __slots__ = ()

    def wrong(self, output: Any, expected: Any) -> str | None:
        """What is missing."""
        wanted = expected if isinstance(expected, (list, tuple, set)) else [expected]
        text = f" {normalised(str(output))} "
        missing = [each for each in wanted if f" {normalised(str(each))} " not in text]
        return f"must contain {', '.join(literal(each, _LONGEST) for each in missing)}" if missing else None


def normalised(text: str) -> str:
    """Words in lower case with single spaces between them."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"[^\w\s]|_", " ", folded).split())


@dataclass(frozen=True, slots=True)
class Matches:
    """The output, as text, matches a pattern of Python's `re` as a whole; `says` is told where it does not.

    The pattern is the same for all examples; with `field`, each example has its own.

    Example:
        Matches(r"[A-Z]{3}-\\d{4}", says="an order number such as ABC-1234")
    """

    pattern: str = ""
    says: str = ""
    field: Field | None = None
    perfect = 1.0
    quick = True

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"{self.pattern!r} is no pattern of Python's re: {error}") from error

    def __call__(self, example: Any, output: Any) -> Verdict:
        """1 where it matches, else 0 with what was expected."""
        pattern = self.pattern if self.field is None else str(part(example, self.field))
        if re.fullmatch(pattern, str(output), re.DOTALL):
            return Verdict(1.0, "correct")
        return Verdict(0.0, f"expected {self.says or f'a text that matches {literal(pattern)}'}")
