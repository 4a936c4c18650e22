"""A guide for numbers: near enough is right."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from trace_train.guides.base import AgainstAnswer

_NUMBER = re.compile(r"[-+]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(frozen=True, slots=True)
class Near(AgainstAnswer):
    """The output is a number within a tolerance of the right one; of a text, the last number in it counts.

    Args:
        relative: tolerated share of the right number.
        absolute: tolerated difference.

    Example:
        Near("price", absolute=0.01)
    """

    relative: float = 1e-6
    absolute: float = 1e-9

    def wrong(self, output: Any, expected: Any) -> str | None:
        """What was expected."""
        right, number = number_of(expected), number_of(output)
        if right is None:
            raise ValueError(f"the right answer is no number: {str(expected)[:60]!r}")
        if number is None:
            return f"expected the number {expected}; there is none"
        near = math.isclose(number, right, rel_tol=self.relative, abs_tol=self.absolute)
        return None if near else f"expected {expected}, not {number:.12g}"


def number_of(value: Any) -> float | None:
    """The value as a finite number; of a text, the last one in it."""
    if isinstance(value, str):
        found = _NUMBER.findall(value)
        value = found[-1].replace(",", "") if found else None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
