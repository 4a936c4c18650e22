"""Places in engines, agents, templates and tools where a value stands."""

from __future__ import annotations

from typing import Any, Protocol

from llama_index.core.base.llms.types import ChatMessage, TextBlock

from trace_llamaindex.reads import note


class Writing(Protocol):
    """How a text is written where LlamaIndex fills it, and read from there."""

    def text(self, written: str) -> str:
        """What is written, as it will be seen."""
        ...

    def written(self, text: str) -> str:
        """A text as it is to be written."""
        ...


class AttributeValue:
    """A value that an attribute holds, as it is or as a format string.

    Args:
        attribute: its name.
        argument: how the value is called among the inputs of a call; by default as the attribute.
        form: how a text is written, if not as it is.
    """

    def __init__(self, attribute: str, argument: str | None = None, form: Writing | None = None) -> None:
        self.argument = argument or attribute.lstrip("_")
        self.attributes = (attribute,)
        self.key = attribute
        self.form = form

    def read(self, owner: Any) -> Any:
        """The value."""
        stored = vars(owner)[self.key]
        return stored if self.form is None else self.form.text(stored)

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """The value as LlamaIndex takes it."""
        return value if self.form is None else self.form.written(value)


class StoredText(AttributeValue):
    """A text that LlamaIndex keeps somewhere else until it fills it: then it is read."""

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """The text, which takes note when it is filled."""
        written = super().shown(stored, attribute, value, use)
        return written if use is None else _Noting(written, self.argument, *use)


class _Noting(str):
    """A format string that takes note of being filled; copied or stored, it is a plain text."""

    _note: tuple[Any, ...]

    def __new__(cls, text: str, *note: Any) -> _Noting:
        made = super().__new__(cls, text)
        made._note = note
        return made

    def format(self, *args: Any, **kwargs: Any) -> str:
        note(*self._note)
        return super().format(*args, **kwargs)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return str, (str.__str__(self),)


class MessageText:
    """The text of a message in a list of them; a new text is a new message, since recorded prompts hold the old one.

    Args:
        attribute: what holds the list.
        index: which of the messages.
        block: which of its blocks.
        argument: how the text is called among the inputs of a call.
    """

    def __init__(self, attribute: str, index: int, block: int, argument: str) -> None:
        self.argument = argument
        self.attributes = (attribute,)
        self.key = (attribute, index, block)
        self._index = index
        self._block = block

    def read(self, owner: Any) -> str:
        """The text."""
        block = vars(owner)[self.attributes[0]][self._index].blocks[self._block]
        return str(block.text)

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """The messages, one of them made anew."""
        message: ChatMessage = stored[self._index]
        blocks = list(message.blocks)
        blocks[self._block] = TextBlock(text=value)
        made = message.model_copy(update={"blocks": blocks})
        return [*stored[: self._index], made, *stored[self._index + 1 :]]


class Beside:
    """No place: an object that shows another's values itself, and must show what was written when it is dumped."""

    attributes = ()

    def __init__(self, argument: str) -> None:
        self.argument = argument
        self.key = ("beside", argument)

    def read(self, owner: Any) -> Any:
        """Nothing stands there."""
        raise AttributeError(self.argument)

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """What is stored."""
        return stored


def text_blocks(message: ChatMessage) -> list[int]:
    """Which of the blocks of a message are texts."""
    return [number for number, block in enumerate(message.blocks) if type(block) is TextBlock]
