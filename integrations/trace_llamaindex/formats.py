"""Texts that LlamaIndex fills: what may be changed in them. Each rule fills a new text once, to see that it is used.

There are three ways: templates, in which a brace is text unless it is one of the placeholders; a few prompts that are
filled by `str.format` (`trace_core.exposing.Format`); and Jinja (`tags.py`).
"""

from __future__ import annotations

from collections.abc import Iterable

from llama_index.core.prompts.utils import format_string, get_template_vars

from trace_core.validators import braced, listed_placeholders, require_placeholders

_SENTINEL = "filled-{}"


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
        require_placeholders(self._names, found, self._names)
        values = {name: _SENTINEL.format(name) for name in self._names}
        filled = format_string(text, **values)
        if lost := [name for name, value in values.items() if value not in filled]:
            raise ValueError(f"{listed_placeholders(lost)} would not be filled")

    def __str__(self) -> str:
        return f"keep the placeholders {braced(self._names)} and add no other" if self._names else ""


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
            raise ValueError(f"{braced(found)} would be filled in here; write it without braces")

    def __str__(self) -> str:
        return ""
