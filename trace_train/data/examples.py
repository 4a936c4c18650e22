"""Examples as the trainer sees them: any object with a length and items, each item known by its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from trace_train.errors import InvalidData

_as_text = json.JSONEncoder(sort_keys=True).encode


class Data(Protocol):
    """What examples may come from: a list, a file that was read, a data set of another library."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def __getitem__(self, index: int, /) -> Any:
        """One of them, the same every time."""
        ...


@dataclass(frozen=True, slots=True)
class Example:
    """One example; `id` is a hash of its content, so that the same example is known again wherever it stands."""

    data: Any
    id: str


class Examples:
    """Data, each item with its id. An item is read when it is asked for, and not kept.

    Raises:
        InvalidData: an item is no plain data, so that it could not be known again.
    """

    def __init__(self, data: Data, what: str = "data") -> None:
        if not (hasattr(data, "__len__") and hasattr(data, "__getitem__")) or isinstance(data, (str, bytes, Mapping)):
            raise InvalidData(
                f"{what}: expected a sequence of examples, not {type(data).__name__}; "
                "a file is read by read_data(path), an iterator by list(…)"
            )
        self._data = data
        self.what = what

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, index: int) -> Example:
        item = self._data[index]
        return Example(item, self._id(item, index))

    def __iter__(self) -> Iterator[Example]:
        return (self[index] for index in range(len(self)))

    def ids(self) -> set[str]:
        """The ids of all."""
        return {example.id for example in self}

    def digest(self) -> str:
        """How many there are, and a hash of them in their order."""
        ids = "".join(example.id for example in self)
        return f"{len(self)} examples, {hashlib.sha256(ids.encode()).hexdigest()[:16]}"

    def _id(self, item: Any, index: int) -> str:
        from pydantic_core import PydanticSerializationError, to_jsonable_python

        try:
            text = _as_text(to_jsonable_python(item))
        except (PydanticSerializationError, TypeError, ValueError) as error:
            raise InvalidData(
                f"example {index} of {self.what} is no plain data ({error}); give text, numbers, lists, dicts, "
                "dataclasses or pydantic models"
            ) from error
        return hashlib.sha256(text.encode()).hexdigest()[:16]


Field = str | int | Callable[[Any], Any]
"""Which part of an example is meant: a key, an attribute's name, an index, or a function of the example."""


def part(example: Any, field: Field) -> Any:
    """That part of an example.

    Raises:
        LookupError: it has none; with those that it has.
    """
    if callable(field):
        return field(example)
    if isinstance(example, Mapping) or isinstance(field, int):
        try:
            return example[field]
        except (KeyError, IndexError, TypeError) as error:
            has = ", ".join(map(str, example)) if isinstance(example, Mapping) else type(example).__name__
            raise LookupError(f"the example has no {field!r}; it has {has}") from error
    if not hasattr(example, field):
        raise LookupError(f"the example, of type {type(example).__name__}, has no {field!r}")
    return getattr(example, field)
