"""Prompts: templates, chat prompts, few-shot prompts, static messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.prompts import (
    BasePromptTemplate,
    ChatPromptTemplate,
    DictPromptTemplate,
    FewShotChatMessagePromptTemplate,
    FewShotPromptTemplate,
    FewShotPromptWithTemplates,
    PromptTemplate,
)

from trace_core.exposing import NotOffered, Offer
from trace_core.validators import NotEmpty
from trace_langchain.standing_in import PlaceBinding
from trace_langchain.template_texts import NoPlainText, escaped, template_text, unescaped

_STRING = ("format", "aformat")
_MESSAGES = ("format_messages", "aformat_messages")
_ROLES = {"SystemMessagePromptTemplate": "system", "HumanMessagePromptTemplate": "human"}
_ROLES |= {"AIMessagePromptTemplate": "ai", "ChatMessagePromptTemplate": "chat"}

Offers = Iterator[Offer | NotOffered]
Label = tuple[str, ...]


def offers(prompt: BasePromptTemplate[Any], path: Label) -> Offers:
    """What can be learned of a prompt."""
    return _offers(prompt, path if path and path[-1] == "prompt" else (*path, "prompt"))


def _offers(prompt: Any, label: Label, kind: str = "prompt", rendered: int = 1) -> Offers:
    if isinstance(prompt, ChatPromptTemplate):
        yield from _chat(prompt, label)
    elif isinstance(prompt, PromptTemplate):
        yield from _text(prompt, "template", label, kind, rendered)
    elif isinstance(prompt, DictPromptTemplate):
        yield from _text(prompt, "template", label, kind, rendered, entry="text")
    elif isinstance(prompt, FewShotPromptTemplate):
        yield from _text(prompt, "prefix", (*label, "prefix"), kind)
        yield from _text(prompt, "suffix", (*label, "suffix"), kind)
        yield from _few_shot(prompt, label, _STRING)
    elif isinstance(prompt, FewShotPromptWithTemplates):
        for key in ("prefix", "suffix"):
            yield from _rendered_again(prompt, getattr(prompt, key), (*label, key))
        yield from _few_shot(prompt, label, _STRING)
    elif isinstance(prompt, FewShotChatMessagePromptTemplate):
        yield from _few_shot(prompt, label, _MESSAGES)


def _text(owner: Any, field: str, label: Label, kind: str, rendered: int = 1, entry: str | None = None) -> Offers:
    """The text of a template, if it has one."""
    held = getattr(owner, field)
    text = held if entry is None else held.get(entry)
    if not isinstance(text, str) or (not text and field != "template"):
        return
    try:
        place, rule = template_text(text, owner.template_format, field, rendered, entry)
    except NoPlainText as reason:
        yield NotOffered(label, kind, str(reason))
    else:
        yield Offer(label, kind, PlaceBinding(owner, place, _STRING), str, (NotEmpty(), rule))


def _rendered_again(outer: Any, inner: Any, label: Label) -> Offers:
    """A template whose result stands in another's template, and so is a template again."""
    form = getattr(inner, "template_format", outer.template_format)
    if form == outer.template_format:
        yield from _offers(inner, label, rendered=2)
    elif isinstance(inner, PromptTemplate):
        yield NotOffered(label, "prompt", f"its result is rendered again, as {outer.template_format} and not {form}")


def _few_shot(prompt: Any, label: Label, methods: tuple[str, ...]) -> Offers:
    """The examples, and how each is shown."""
    is_text = methods is _STRING
    if prompt.examples:
        place = Examples(prompt.examples, escapes=is_text and prompt.template_format == "f-string")
        where = (*label, "examples")
        if place.is_plain(prompt):
            yield Offer(where, "examples", PlaceBinding(prompt, place, methods), list[dict[str, Any]], (place.check,))
        else:
            yield NotOffered(where, "examples", "a brace in them is a placeholder of the prompt")
    if is_text:
        yield from _rendered_again(prompt, prompt.example_prompt, (*label, "example"))
    else:
        yield from _offers(prompt.example_prompt, (*label, "example"))


class Examples:
    """The examples of a few-shot prompt; each has the keys that one of the first ones had.

    Args:
        first: the examples.
        escapes: whether they stand in a format string, in which a brace is written twice.
    """

    argument = key = "examples"

    def __init__(self, first: list[dict[str, Any]], escapes: bool) -> None:
        self._keys = list(dict.fromkeys(frozenset(example) for example in first))
        self._escapes = escapes

    def read(self, owner: Any) -> list[dict[str, Any]]:
        """The examples, as a model sees them."""
        return [{key: self._changed(item, unescaped) for key, item in each.items()} for each in owner.examples]

    def write(self, owner: Any, value: list[dict[str, Any]]) -> None:
        """Other examples."""
        owner.examples = [{key: self._changed(item, escaped) for key, item in each.items()} for each in value]

    def is_plain(self, owner: Any) -> bool:
        """Whether every brace in them is text."""
        texts = [item for each in owner.examples for item in each.values() if isinstance(item, str)]
        return not self._escapes or all(escaped(unescaped(text)) == text for text in texts)

    def _changed(self, item: Any, change: Any) -> Any:
        return change(item) if self._escapes and isinstance(item, str) else item

    def check(self, value: list[dict[str, Any]]) -> None:
        """Raise `ValueError` if an example lacks a key or has another."""
        for number, example in enumerate(value, 1):
            if frozenset(example) not in self._keys:
                ways = " or ".join(", ".join(sorted(keys)) for keys in self._keys)
                raise ValueError(f"example {number} must have just the keys {ways}")


def _chat(prompt: ChatPromptTemplate, label: Label) -> Offers:
    """Each message's texts; a prompt of one message has its own name."""
    learnable = [m for m in prompt.messages if isinstance(m, BaseMessage) or hasattr(m, "prompt")]
    nested = [m for m in prompt.messages if isinstance(m, (BasePromptTemplate, FewShotChatMessagePromptTemplate))]
    lone = len(learnable) == 1 and not nested
    for index, message in enumerate(prompt.messages):
        role = message.type if isinstance(message, BaseMessage) else _ROLES.get(type(message).__name__, "message")
        kind = "system_prompt" if role == "system" else "prompt"
        name = label if lone else (*label, role)
        if isinstance(message, BaseMessage):
            for place in _static_texts(message, index):
                yield Offer(name, kind, PlaceBinding(prompt, place, _MESSAGES), str, (NotEmpty(),))
        elif isinstance(message, (BasePromptTemplate, FewShotChatMessagePromptTemplate)):
            yield from _offers(message, label)
        else:
            inner = getattr(message, "prompt", None)
            for part in inner if isinstance(inner, list) else [inner]:
                yield from _offers(part, name, kind)


def _static_texts(message: BaseMessage, index: int) -> Iterator[StaticText]:
    if isinstance(message.content, str):
        yield StaticText(index)
    else:
        yield from (StaticText(index, number) for number in text_blocks(message))


def text_blocks(message: BaseMessage) -> list[int]:
    """Which of the content blocks of a message are texts."""
    return [number for number, block in enumerate(message.content) if _block_text(block) is not None]


def block_text(message: BaseMessage, number: int) -> str:
    """The text of a content block of a message."""
    return _block_text(message.content[number]) or ""


def with_block_text(message: BaseMessage, number: int, text: str) -> BaseMessage:
    """A message like this one, with another text in one of its content blocks."""
    blocks: list[Any] = list(message.content)
    blocks[number] = {**blocks[number], "text": text} if isinstance(blocks[number], dict) else text
    return message.model_copy(update={"content": blocks})


def _block_text(block: Any) -> str | None:
    if isinstance(block, dict):
        block = block.get("text") if block.get("type") == "text" else None
    return block if isinstance(block, str) else None


class StaticText:
    """The text of a message that stands in a chat prompt as it is, or of one of its content blocks."""

    argument = "messages"

    def __init__(self, index: int, block: int | None = None) -> None:
        self.key = index if block is None else (index, block)
        self._index = index
        self._block = block

    def read(self, owner: Any) -> str:
        """The text."""
        message = owner.messages[self._index]
        return str(message.content) if self._block is None else block_text(message, self._block)

    def write(self, owner: Any, value: str) -> None:
        """Another message with this text: the one that ran before stays as it was."""
        index, message = self._index, owner.messages[self._index]
        if self._block is None:
            made = message.model_copy(update={"content": value})
        else:
            made = with_block_text(message, self._block, value)
        owner.messages = [*owner.messages[:index], made, *owner.messages[index + 1 :]]
