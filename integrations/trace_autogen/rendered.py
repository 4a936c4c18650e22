"""What stands in a text that a manager rendered: messages of the thread, the task, what its model said before."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_TELLING = 8


def contains(text: str, part: str) -> bool:
    """Whether a text stands in another; a short one only as words of their own."""
    part = part.strip()
    if not part or part not in text:
        return False
    if len(part) >= _TELLING:
        return True
    return re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text) is not None


def texts_in(answer: str) -> Iterator[str]:
    """The texts in what a model answered as JSON, which may stand in a fence or behind a word of its own."""
    start, end = answer.find("{"), answer.rfind("}")
    if start >= 0:
        try:
            yield from _texts(json.loads(answer[start : end + 1]))
        except (ValueError, RecursionError):
            return


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
