"""Format strings that a framework fills: how a model sees them, and what may be changed in them.

A text is given as it will be seen: a brace that the format string writes twice is one brace here, and is written twice
again by itself. Only what the framework fills is a placeholder, so `Return JSON {"a": 1}` is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from trace_core.validators import braced, listed_placeholders, require_placeholders

_FIELD = re.compile(r"\{([A-Za-z_]\w*)(![rsa])?(:[^{}]*)?\}")
_SENTINEL = "filled-{}"
_UNFILLED = (KeyError, IndexError, ValueError, AttributeError)


class NotPlain(ValueError):
    """A text that cannot be told from its placeholders; the message says why."""


class Format:
    """How a text is written that is filled by `str.format`, as a rule for new texts too.

    Args:
        first: the format string as it stands in the object.
        filled: the placeholders that the framework fills.

    Raises:
        NotPlain: it cannot be learned.
    """

    def __init__(self, first: str, filled: Iterable[str]) -> None:
        self._filled = frozenset(filled)
        text = self.text(first)
        fields = list(_FIELD.finditer(text))
        self._kept = {match[1] for match in fields} & self._filled
        self._ways = {match[0] for match in fields} | {f"{{{name}}}" for name in self._filled}
        try:
            self._probe(first)
        except _UNFILLED as error:
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
        """Raise `ValueError` if a placeholder is lost, not known, written in another way, or would not be filled."""
        fields = list(_FIELD.finditer(text))
        found = {match[1] for match in fields if match[1] in self._filled or match[0] == f"{{{match[1]}}}"}
        require_placeholders(self._kept, found, self._filled)
        for match in fields:
            if match[1] in self._filled and match[0] not in self._ways:  # a width could take all memory
                raise ValueError(f"the placeholder {match[0]} must be written {{{match[1]}}}")
        try:
            filled = self._probe(self.written(text))
        except _UNFILLED as error:
            raise ValueError(f"it cannot be filled: {type(error).__name__}: {error}") from None
        if lost := [name for name in found if _SENTINEL.format(name) not in filled]:
            raise ValueError(f"{listed_placeholders(lost)} would not be filled")

    def __str__(self) -> str:
        return f"keep the placeholders {braced(self._kept)}; only {braced(self._filled)} exist"

    def _probe(self, written: str) -> str:
        """Fill it as the framework would; with a text for each, since only that is sure to be given."""
        return written.format(**{name: _SENTINEL.format(name) for name in self._filled})


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
