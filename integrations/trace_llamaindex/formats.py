"""Texts that LlamaIndex fills: what may be changed in them. Each rule fills a new text once, to see that it is used.

There are three ways: templates, in which a brace is text unless it is one of the placeholders; a few prompts that are
filled by `str.format`, where a learned text's braces are doubled by themselves; and Jinja (`tags.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from llama_index.core.prompts.utils import format_string, get_template_vars

_FIELD = re.compile(r"\{([A-Za-z_]\w*)(![rsa])?(:[^{}]*)?\}")
_SENTINEL = "filled-{}"


class NotPlain(ValueError):
    """A text that cannot be told from its placeholders; the message says why."""


class SameFields:
    """A template must have just the placeholders that it had.

    Args:
        first: the template as it stands in the object.
    """

    def __init__(self, first: str) -> None:
        self._names = frozenset(get_template_vars(first))

    def __call__(self, text: str) -> None:
        """Raise `ValueError` if a placeholder is lost or invented, or would not be filled."""
        found = frozenset(get_template_vars(text))
        _require(self._names, found, self._names)
        values = {name: _SENTINEL.format(name) for name in self._names}
        filled = format_string(text, **values)
        if lost := [name for name, value in values.items() if value not in filled]:
            raise ValueError(f"the placeholder {_braced(lost)} would not be filled")

    def __str__(self) -> str:
        return f"keep the placeholders {_braced(self._names)} and add no other" if self._names else ""


class Unfilled:
    """A text that stands in a template, where it would be filled: it may have none of the placeholders there.

    Args:
        names: what is filled in that template.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)

    def __call__(self, text: str) -> None:
        """Raise `ValueError` if something would be filled in."""
        if found := self._names & frozenset(get_template_vars(text)):
            raise ValueError(f"{_braced(found)} would be filled in here; write it without braces")

    def __str__(self) -> str:
        return ""


class Format:
    """A text that is filled by `str.format`, and how it is written.

    A text is given as it will be seen: a brace that the format string writes twice is one brace here, and is written
    twice again by itself. Only what LlamaIndex fills is a placeholder, so `Return JSON {"a": 1}` is text.

    Args:
        first: the format string as it stands in the object.
        filled: the placeholders that LlamaIndex fills.

    Raises:
        NotPlain: it cannot be learned.
    """

    def __init__(self, first: str, filled: Iterable[str]) -> None:
        self._filled = frozenset(filled)
        text = self.text(first)
        self._kept = {match[1] for match in _FIELD.finditer(text)} & self._filled
        self._ways = {match[0] for match in _FIELD.finditer(text)} | {f"{{{name}}}" for name in self._filled}
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
        matches = list(_FIELD.finditer(text))
        found = {match[1] for match in matches if match[1] in self._filled or match[0] == f"{{{match[1]}}}"}
        _require(self._kept, found, self._filled)
        for match in matches:
            if match[1] in self._filled and match[0] not in self._ways:  # a width could take all memory
                raise ValueError(f"the placeholder {match[0]} must be written {{{match[1]}}}")
        try:
            filled = self._probe(self.written(text))
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            raise ValueError(f"it cannot be filled: {type(error).__name__}: {error}") from None
        if lost := [name for name in found if _SENTINEL.format(name) not in filled]:
            raise ValueError(f"the placeholder {_braced(lost)} would not be filled")

    def __str__(self) -> str:
        return f"keep the placeholders {_braced(self._kept)}; only {_braced(self._filled)} exist"

    def _probe(self, written: str) -> str:
        """Fill it as LlamaIndex would; with a text for each, since only that is sure to be given."""
        return written.format(**{name: _SENTINEL.format(name) for name in self._filled})


def _require(wanted: Iterable[str], found: Iterable[str], known: Iterable[str]) -> None:
    """Raise `ValueError` if a placeholder is lost or not known."""
    if lost := frozenset(wanted) - frozenset(found):
        raise ValueError(f"the placeholder {_braced(lost)} is missing; keep it")
    if invented := frozenset(found) - frozenset(known):
        only = f"only {_braced(known)} may stand in braces" if frozenset(known) else "there is none here"
        raise ValueError(f"the placeholder {_braced(invented)} is not known; {only}")


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _braced(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))
