"""The texts of templates: how a model sees them, and what may be changed in them.

A text is given as a model will see it: a brace that the template writes twice is one brace here, and is written twice
again by itself. Only the template's own placeholders are placeholders.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from langchain_core.prompts.string import get_template_variables
from langchain_core.utils.mustache import tokenize

_FIELD = re.compile(r"\{([A-Za-z_]\w*)(![rsa])?(:[^{}]*)?\}")
_FORMAT = re.compile(r":(([^ ]?[<>=^])?[+-]?z?#?0?\d*[_,]?(\.\d+)?[bcdeEfFgGnosxX%]?|([^ ].*)?%[A-Za-z].*)")
_TAGS = {"section": "{{#%s}}…{{/%s}}", "inverted section": "{{^%s}}…{{/%s}}", "no escape": "{{{%s}}}"}
_TAGS |= {"variable": "{{%s}}", "partial": "{{>%s}}", "set delimiter": "{{=%s=}}"}


class NoPlainText(ValueError):
    """A template whose text cannot be told from its placeholders; the message says why."""


class TemplateText:
    """The text of a template that a field holds, or a text in a dict that a field holds.

    Args:
        field: the field.
        names: the placeholders of a format string; None for mustache, whose text is taken as it is.
        rendered: how often the template's result is a format string again, in which a brace is doubled once more.
        entry: the key in the dict, if the field holds one.
    """

    def __init__(self, field: str, names: frozenset[str] | None, rendered: int = 1, entry: str | None = None) -> None:
        self.argument = field
        self.key = field if entry is None else (field, entry)
        self._field = field
        self._entry = entry
        self._names = names
        self._rendered = rendered if names is not None else 0

    def read(self, owner: Any) -> str:
        """The text, as a model sees it but for its placeholders."""
        held = getattr(owner, self._field)
        text = str(held if self._entry is None else held[self._entry])
        for _ in range(self._rendered):
            text = unescaped(text)
        return text

    def write(self, owner: Any, value: str) -> None:
        """Write the text as a template."""
        for _ in range(self._rendered):
            value = escaped(value, self._names or frozenset())
        held = getattr(owner, self._field)
        setattr(owner, self._field, value if self._entry is None else {**held, self._entry: value})


class SameFields:
    """A format string must have just the placeholders that it had, written as they were or plainly.

    Args:
        text: the first text, as a model sees it.
        names: its placeholders.
    """

    def __init__(self, text: str, names: frozenset[str]) -> None:
        self._names = names
        self._literal = _unknown_names(text, names)
        self._written = {match[0] for match in _FIELD.finditer(text)} | {f"{{{name}}}" for name in names}

    def __call__(self, value: str) -> None:
        """Raise `ValueError` if one is lost or invented, or written in another way."""
        found = frozenset(match[1] for match in _FIELD.finditer(value))
        invented = _unknown_names(value, self._names) - self._literal
        _refuse(_braced(self._names), _braced(self._names - found), _braced(invented))
        for match in _FIELD.finditer(value):
            if match[1] in self._names and match[0] not in self._written:  # such as {price:.2f} for what may be a text
                ways = sorted(way for way in self._written if re.match(rf"\{{{match[1]}\b", way))
                raise ValueError(f"the placeholder {match[0]} must be written {' or '.join(reversed(ways))}")

    def __str__(self) -> str:
        return _rule(_braced(self._names))


class SameTags:
    """A mustache template must have just the tags that it had.

    Args:
        text: the first text.
    """

    def __init__(self, text: str) -> None:
        self._tags = _tags(text)

    def __call__(self, value: str) -> None:
        """Raise `ValueError` if one is lost or invented, or the text cannot be rendered."""
        found = _tags(value)
        _refuse(_shown(self._tags), _shown(self._tags - found), _shown(found - self._tags))

    def __str__(self) -> str:
        return _rule(_shown(self._tags))


Rule = SameFields | SameTags


def template_text(
    text: str, form: str, field: str, rendered: int = 1, entry: str | None = None
) -> tuple[TemplateText, Rule]:
    """Where a template's text stands, and the rule for it.

    Raises:
        NoPlainText: it cannot be learned.
    """
    if form == "mustache":
        return TemplateText(field, None, entry=entry), SameTags(text)
    if form != "f-string":
        raise NoPlainText(f"a {form} template can run code; only f-string and mustache templates are learned")
    names = frozenset(get_template_variables(text, form))
    if reaching := sorted(name for name in names if not name.isidentifier()):
        raise NoPlainText(f"its placeholder {_braced(reaching)[0]} reaches into what it is given")
    plain = text
    for _ in range(rendered):
        plain = unescaped(plain)
    again = plain
    for _ in range(rendered):
        again = escaped(again, names)
    if again != text:
        raise NoPlainText("a brace in it is neither text nor one of its placeholders")
    return TemplateText(field, names, rendered, entry), SameFields(plain, names)


def unescaped(template: str) -> str:
    """A format string's text with its doubled braces single."""
    return template.replace("{{", "{").replace("}}", "}")


def escaped(text: str, names: frozenset[str] = frozenset()) -> str:
    """The text as a format string: every brace doubled that is not one of a placeholder."""
    made, end = [], 0
    for match in _FIELD.finditer(text):
        if match[1] in names:
            made += [_doubled(text[end : match.start()]), match[0]]
            end = match.end()
    return "".join([*made, _doubled(text[end:])])


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _unknown_names(text: str, names: frozenset[str]) -> frozenset[str]:
    """What looks like a placeholder and is none of these; `{answer: string}` does not look like one."""
    found = [match for match in _FIELD.finditer(text) if not match[3] or _FORMAT.fullmatch(match[3])]
    return frozenset(match[1] for match in found) - names


def _tags(text: str) -> frozenset[tuple[str, str]]:
    try:
        return frozenset((kind, key) for kind, key in tokenize(text) if kind not in ("literal", "end"))
    except SyntaxError as error:
        raise ValueError(f"the text cannot be rendered: {error}") from None


def _shown(tags: Iterable[tuple[str, str]]) -> list[str]:
    return [_TAGS.get(kind, "{{%s}}").replace("%s", key) for kind, key in sorted(tags)]


def _braced(names: Iterable[str]) -> list[str]:
    return [f"{{{name}}}" for name in sorted(names)]


def _refuse(known: Sequence[str], lost: Sequence[str], invented: Sequence[str]) -> None:
    if lost:
        raise ValueError(f"the placeholder {', '.join(lost)} is missing; keep it")
    if invented:
        only = f"only {', '.join(known)} may stand in braces" if known else "there is none here"
        raise ValueError(f"the placeholder {', '.join(invented)} is not known; {only}")


def _rule(known: Sequence[str]) -> str:
    return f"keep the placeholders {', '.join(known)} and add no other" if known else ""
