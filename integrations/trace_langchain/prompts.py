"""Prompts: templates, chat prompts, few-shot prompts, static messages.

A parameter's value is the text as a model will see it: a brace that the template writes twice is one brace here, and is
written twice again by itself. Only the template's own placeholders are placeholders.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.prompts import (
    BasePromptTemplate,
    ChatPromptTemplate,
    FewShotChatMessagePromptTemplate,
    FewShotPromptTemplate,
    PromptTemplate,
)
from langchain_core.prompts.string import get_template_variables
from langchain_core.utils.mustache import tokenize

from trace_core.validators import NotEmpty
from trace_langchain.offers import Offer
from trace_langchain.standing_in import PlaceBinding

_STRING = ("format", "aformat")
_MESSAGES = ("format_messages", "aformat_messages")
_ROLES = {"SystemMessagePromptTemplate": "system", "HumanMessagePromptTemplate": "human"}
_ROLES |= {"AIMessagePromptTemplate": "ai", "ChatMessagePromptTemplate": "chat"}


class TemplateText:
    """The text of a template field, its literal braces single."""

    def __init__(self, key: str, names: frozenset[str], form: str) -> None:
        self.argument = key
        self.key = key
        self.names = names
        self._form = form

    def read(self, owner: Any) -> str:
        """The text, as a model sees it but for its placeholders."""
        return unescaped(getattr(owner, self.key)) if self._form == "f-string" else str(getattr(owner, self.key))

    def write(self, owner: Any, value: str) -> None:
        """Write the text as a template."""
        setattr(owner, self.key, escaped(value, self.names) if self._form == "f-string" else value)


class SamePlaceholders:
    """A template must have just the placeholders that it had; any other brace is text.

    Args:
        names: the placeholders.
        literal: names in braces that stood in the first text as text.
        form: LangChain's name of the template format.
    """

    def __init__(self, names: frozenset[str], literal: frozenset[str], form: str) -> None:
        self.names = names
        self._literal = literal
        self._form = form

    def __call__(self, value: str) -> None:
        """Raise `ValueError` if one is lost or invented, or the text cannot be rendered."""
        found = _fields(value) if self._form == "f-string" else _mustache_names(value)
        lost = sorted(self.names - found)
        invented = sorted(found - self.names - self._literal)
        if lost:
            raise ValueError(f"the placeholder {_braced(lost)} is missing; keep it")
        if invented:
            only = f"only {_braced(sorted(self.names))} may stand in braces" if self.names else "there is none here"
            raise ValueError(f"the placeholder {_braced(invented)} is not known; {only}")
        if self._form == "f-string":
            self._probe(value)

    def _probe(self, value: str) -> None:
        """Render it once with a mark for each placeholder, before it is written."""
        marks = {name: f"\x00{name}\x00" for name in self.names}
        try:
            rendered = escaped(value, self.names).format(**marks)
        except (ValueError, KeyError, IndexError, AttributeError) as error:
            raise ValueError(f"the text cannot be rendered: {type(error).__name__}: {error}") from None
        absent = [name for name, mark in marks.items() if mark not in rendered]
        if absent:
            raise ValueError(f"{_braced(absent)} does not show in the rendered text; write it plainly")

    def __str__(self) -> str:
        return f"keep the placeholders {_braced(sorted(self.names))} and add no other" if self.names else ""


_FIELD = re.compile(r"\{([A-Za-z_]\w*)(![rsa])?(:[^{}]*)?\}")


def unescaped(template: str) -> str:
    """A format string's text with its doubled braces single."""
    return template.replace("{{", "{").replace("}}", "}")


def escaped(text: str, names: frozenset[str]) -> str:
    """The text as a format string: every brace doubled that is not one of a placeholder."""
    made, end = [], 0
    for match in _FIELD.finditer(text):
        if match[1] in names:
            made += [_doubled(text[end : match.start()]), match[0]]
            end = match.end()
    return "".join([*made, _doubled(text[end:])])


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _fields(text: str) -> frozenset[str]:
    return frozenset(match[1] for match in _FIELD.finditer(text))


def _mustache_names(text: str) -> frozenset[str]:
    return frozenset(key for kind, key in tokenize(text) if kind not in ("literal", "end"))


def _braced(names: Sequence[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


def offers(prompt: BasePromptTemplate[Any], path: tuple[str, ...]) -> Iterator[Offer]:
    """What can be learned of a prompt."""
    label = path if path and path[-1] == "prompt" else (*path, "prompt")
    if isinstance(prompt, ChatPromptTemplate):
        yield from _chat(prompt, label)
    elif isinstance(prompt, PromptTemplate):
        yield from _template(prompt, "template", prompt.template_format, label, "prompt", _STRING)
    elif isinstance(prompt, FewShotPromptTemplate):
        for key in ("prefix", "suffix"):
            if getattr(prompt, key):
                yield from _template(prompt, key, prompt.template_format, (*label, key), "prompt", _STRING)
        yield from _few_shot(prompt, label, _STRING)
    elif isinstance(prompt, FewShotChatMessagePromptTemplate):
        yield from _few_shot(prompt, label, _MESSAGES)
        yield from _inner(prompt.example_prompt, (*label, "example"))


def _few_shot(prompt: Any, label: tuple[str, ...], methods: tuple[str, ...]) -> Iterator[Offer]:
    if prompt.examples:
        binding = PlaceBinding(prompt, Examples(frozenset(prompt.examples[0])), methods)
        yield Offer((*label, "examples"), "examples", binding, list[dict[str, Any]], (binding.place.check,))  # type: ignore[attr-defined]
    if isinstance(getattr(prompt, "example_prompt", None), PromptTemplate):
        yield from _inner(prompt.example_prompt, (*label, "example"))


class Examples:
    """The examples of a few-shot prompt; each keeps the keys that the first one has."""

    argument = key = "examples"

    def __init__(self, keys: frozenset[str]) -> None:
        self._keys = keys

    def read(self, owner: Any) -> list[dict[str, Any]]:
        """The examples."""
        return list(owner.examples)

    def write(self, owner: Any, value: list[dict[str, Any]]) -> None:
        """Other examples."""
        owner.examples = list(value)

    def check(self, value: list[dict[str, Any]]) -> None:
        """Raise `ValueError` if an example lacks a key or has another."""
        for number, example in enumerate(value, 1):
            if set(example) != self._keys:
                raise ValueError(f"example {number} must have just the keys {', '.join(sorted(self._keys))}")


def _chat(prompt: ChatPromptTemplate, label: tuple[str, ...]) -> Iterator[Offer]:
    """Each message's text; a prompt of one message has its own name."""
    learnable = [m for m in prompt.messages if isinstance(m, BaseMessage) or hasattr(m, "prompt")]
    nested = [m for m in prompt.messages if isinstance(m, (BasePromptTemplate, FewShotChatMessagePromptTemplate))]
    lone = len(learnable) == 1 and not nested
    for index, message in enumerate(prompt.messages):
        role = message.type if isinstance(message, BaseMessage) else _ROLES.get(type(message).__name__, "message")
        kind = "system_prompt" if role == "system" else "prompt"
        name = label if lone else (*label, role)
        if isinstance(message, BaseMessage):
            if isinstance(message.content, str):
                place = StaticMessage(index)
                yield Offer(name, kind, PlaceBinding(prompt, place, _MESSAGES), str, (NotEmpty(),))
        elif isinstance(message, (BasePromptTemplate, FewShotChatMessagePromptTemplate)):
            yield from offers(message, label)
        else:
            inner = getattr(message, "prompt", None)
            for part in inner if isinstance(inner, list) else [inner]:
                yield from _inner(part, name, kind)


def _inner(template: Any, name: tuple[str, ...], kind: str = "prompt") -> Iterator[Offer]:
    if isinstance(template, PromptTemplate):
        yield from _template(template, "template", template.template_format, name, kind, _STRING)


class StaticMessage:
    """The text of a message that stands in a chat prompt as it is."""

    argument = "messages"

    def __init__(self, index: int) -> None:
        self.key = index

    def read(self, owner: Any) -> str:
        """The text."""
        return str(owner.messages[self.key].content)

    def write(self, owner: Any, value: str) -> None:
        """Another message with this text: the one that ran before stays as it was."""
        message = owner.messages[self.key].model_copy(update={"content": value})
        owner.messages = [*owner.messages[: self.key], message, *owner.messages[self.key + 1 :]]


def _template(
    owner: Any, key: str, form: str, name: tuple[str, ...], kind: str, methods: tuple[str, ...]
) -> Iterator[Offer]:
    """A template's text; jinja2, in which a text may run code, is left as it is."""
    if form not in ("f-string", "mustache"):
        return
    text = getattr(owner, key)
    if form == "f-string":
        names = frozenset(get_template_variables(text, form))
        if any(not name.isidentifier() for name in names):  # `{user.name}` reaches into what it is given
            return
        if escaped(unescaped(text), names) != text:  # such as a placeholder that also stands there as text
            return
        literal = _fields(unescaped(text)) - names
    else:
        names, literal = _mustache_names(text), frozenset()
    rule = SamePlaceholders(names, literal, form)
    binding = PlaceBinding(owner, TemplateText(key, names, form), methods)
    yield Offer(name, kind, binding, str, (NotEmpty(), rule))
