"""Format strings that AutoGen fills: how a model sees them, and what may be changed in them.

A text is given as it will be seen: a brace that the format string writes twice is one brace here, and is written twice
again by itself. Only what AutoGen fills is a placeholder, so `Return JSON {"a": 1}` is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_FIELD = re.compile(r"\{([A-Za-z_]\w*)(![rsa])?(:[^{}]*)?\}")


class NotPlain(ValueError):
    """A format string whose text cannot be told from its placeholders; the message says why."""


class Format:
    """A format string, as a rule for new texts too.

    Args:
        first: the format string as it stands in the object.
        filled: the placeholders that AutoGen fills.

    Raises:
        NotPlain: it cannot be learned.
    """

    def __init__(self, first: str, filled: Iterable[str]) -> None:
        self._filled = frozenset(filled)
        text = self.text(first)
        self._kept = {match[1] for match in _FIELD.finditer(text)} & self._filled
        try:
            self._probe(first)
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            raise NotPlain(f"it cannot be filled as it stands ({type(error).__name__}: {error})") from None
        if self.written(text) != first:
            raise NotPlain("a brace in it is neither text nor one of its placeholders")

    def text(self, written: str) -> str:
        """A format string as it will be seen."""
        return written.replace("{{", "{").replace("}}", "}")

    def written(self, text: str) -> str:
        """A text as a format string: every brace doubled that is not one of a placeholder."""
        made, end = [], 0
        for match in _FIELD.finditer(text):
            if match[1] in self._filled:
                made += [_doubled(text[end : match.start()]), match[0]]
                end = match.end()
        return "".join([*made, _doubled(text[end:])])

    def __call__(self, text: str) -> None:
        """Raise `ValueError` if a placeholder is lost, unknown, or would not be filled."""
        found = {match[1] for match in _FIELD.finditer(text)}
        known = ", ".join(_braced(self._filled))
        if lost := _braced(self._kept - found):
            raise ValueError(f"the placeholder {', '.join(lost)} is missing; keep it")
        if unknown := _braced(name for name in found - self._filled if f"{{{name}}}" in text):
            raise ValueError(f"the placeholder {', '.join(unknown)} is not known; only {known} may stand in braces")
        try:
            self._probe(self.written(text))
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            raise ValueError(f"it cannot be filled: {type(error).__name__}: {error}") from None

    def __str__(self) -> str:
        return f"keep the placeholders {', '.join(_braced(self._kept))}; only {', '.join(_braced(self._filled))} exist"

    def _probe(self, written: str) -> None:
        """Fill it as AutoGen would; with a text for each, since only that is sure to be given."""
        written.format(**dict.fromkeys(self._filled, "text"))


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _braced(names: Iterable[str]) -> list[str]:
    return [f"{{{name}}}" for name in sorted(names)]
