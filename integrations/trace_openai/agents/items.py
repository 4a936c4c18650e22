"""The items that models take in and give, in the format of the Responses API, which the SDK uses for all models."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any


def field(item: Any, name: str) -> Any:
    """A field of an item, which is a dict where it is sent and an object where it was given."""
    return item.get(name) if isinstance(item, dict) else getattr(item, name, None)


def call_id(item: Any) -> str | None:
    """The id of the tool call that an item asks for or answers."""
    found = field(item, "call_id")
    return found if isinstance(found, str) else None


def is_answer(item: Any) -> bool:
    """Whether it is what a tool gave."""
    return str(field(item, "type") or "").endswith("_output")


def output_of(item: Any) -> Any:
    """What a tool gave, as the model is told."""
    given = field(item, "output")
    return _joined(given) if isinstance(given, (list, tuple)) else given


def is_message_of_model(item: Any) -> bool:
    """Whether a model said it."""
    return field(item, "role") == "assistant" and field(item, "type") in (None, "message")


def text_of(item: Any) -> str:
    """The text of a message; of other items, none."""
    content = field(item, "content")
    return content if isinstance(content, str) else _joined(content or ())


def _joined(parts: Iterable[Any]) -> str:
    found = (field(part, "text") or field(part, "refusal") for part in parts)
    return "".join(each for each in found if isinstance(each, str))


def listed(given: Any) -> Sequence[Any]:
    """A run's input as items."""
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    return given if isinstance(given, (list, tuple)) else []


def told(item: Any) -> Hashable | None:
    """What an item says, whatever its own id is: equal for items that say the same. None for one that says nothing."""
    found, role = call_id(item), field(item, "role")
    if found is not None:
        return found, is_answer(item)
    return None if role is None else (role, text_of(item) or repr(field(item, "content")))
