"""Jinja templates: the texts between their tags may change, and are taken apart by Jinja's own lexer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2 import Environment, TemplateSyntaxError
from llama_index.core.prompts import RichPromptTemplate

from trace_core.exposing import NotPlain

_JINJA = Environment(autoescape=True, keep_trailing_newline=True)  # nothing is filled by it
_KINDS = ("variable", "block", "comment", "raw")
_BEGINS = (*(f"{kind}_begin" for kind in _KINDS), "raw_end")
_ENDS = (*(f"{kind}_end" for kind in _KINDS), "raw_begin")
_BEGIN_TAGS = "{{, {% and {# begin tags, and stand for nothing else here"
_BEGIN = re.compile(r"\{[{%#]")
# Older versions of banks, which fills these templates, take such texts for a picture to fetch, or for all that is sent.
_TAKEN = re.compile(r"""<content_block|^[^\S\n]*\{.*(?:"role"|\\u).*$""", re.MULTILINE)


class SameTags:
    """A Jinja template must have just the tags that it had, in their order: another one could run code.

    Args:
        first: the template as it stands in the object.

    Raises:
        NotPlain: it cannot be learned.
    """

    def __init__(self, first: str) -> None:
        try:
            self._tags = _tags(first)
        except ValueError as error:
            raise NotPlain(str(error)) from None
        self._unsent = _unsent(first)
        self._taken = _taken(first)
        self._count = len(_BEGIN.findall(first))

    def __call__(self, text: str) -> None:
        """Raise `ValueError` if a tag is lost, invented, moved or changed, or a text would not be sent as it is."""
        if len(_BEGIN.findall(text)) != self._count or _tags(text) != self._tags:
            raise ValueError(f"these tags must stay as they are, in this order, and no other: {' '.join(self._tags)}")
        if _unsent(text) != self._unsent:
            raise ValueError("a text before, between or behind messages is not sent; write it inside of one")
        if _taken(text) != self._taken:
            raise ValueError("<content_block>, or a line that is a message in JSON, would not be sent as text")

    def __str__(self) -> str:
        return f"keep the tags {' '.join(self._tags)} as they are, in this order"


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """The tags of a Jinja template and the texts between them, as Jinja takes them apart.

    Raises:
        ValueError: a tag is not finished, or is none.
    """
    tag: list[str] = []
    try:
        for _, kind, word in _JINJA.lex(text):
            if not tag and kind not in _BEGINS:
                yield False, word
                continue
            tag.append(word)
            if kind in _ENDS:
                yield True, "".join(tag).strip()  # behind `-%}` comes white space that is dropped
                tag = []
    except TemplateSyntaxError as error:
        raise ValueError(f"{_BEGIN_TAGS}: {error.message}") from None
    if tag:
        raise ValueError(f"{_BEGIN_TAGS}: one is not finished")


def _tags(text: str) -> list[str]:
    return [piece for is_tag, piece in _pieces(text) if is_tag]


def _taken(text: str) -> list[str]:
    return _TAKEN.findall(text.replace("\r", "\n"))


def _unsent(text: str) -> list[str]:
    """The words outside of messages, in a template that has any."""
    if not RichPromptTemplate(text).is_chat_template:
        return []
    words: list[str] = []
    is_inside = False
    for is_tag, piece in _pieces(text):
        if not is_tag:
            words += [] if is_inside else piece.split()
        elif re.match(r"\{%[-+]?\s*(end)?chat\b", piece):
            is_inside = "endchat" not in piece
    return words
