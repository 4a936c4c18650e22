"""Models and retrievers: their settings, which they read at each call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from langchain_core.language_models import BaseLanguageModel
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableBinding
from pydantic import Field

from trace_core.exposing import Offer, widened
from trace_langchain.standing_in import PlaceBinding

CALLS = ("invoke", "ainvoke", "stream", "astream", "generate", "agenerate")
BINDING_CALLS = (
    *("invoke", "ainvoke", "stream", "astream", "transform", "atransform", "batch", "abatch"),
    *("batch_as_completed", "abatch_as_completed", "stream_events", "astream_events"),
)

_TYPES: dict[str, Any] = {
    "temperature": Annotated[float, Field(ge=0, le=2)],
    "top_p": Annotated[float, Field(ge=0, le=1)],
    "max_tokens": Annotated[int, Field(ge=1)],
}
_Count = Annotated[int, Field(ge=1)]


class Attribute:
    """A field of the object."""

    def __init__(self, name: str) -> None:
        self.argument = self.key = name

    def read(self, owner: Any) -> Any:
        """Its value."""
        return getattr(owner, self.key)

    def write(self, owner: Any, value: Any) -> None:
        """Another value."""
        setattr(owner, self.key, value)


class Entry:
    """An entry of a dict that is a field of the object, such as `kwargs["temperature"]`."""

    def __init__(self, field: str, name: str) -> None:
        self.argument = name
        self.key = (field, name)

    def read(self, owner: Any) -> Any:
        """Its value."""
        field, name = self.key
        return getattr(owner, field)[name]

    def write(self, owner: Any, value: Any) -> None:
        """Another dict with another value."""
        field, name = self.key
        setattr(owner, field, {**getattr(owner, field), name: value})


def model_offers(model: BaseLanguageModel[Any], path: tuple[str, ...]) -> Iterator[Offer]:
    """The model's settings; one that is not set stays possible."""
    for name, kind in _TYPES.items():
        if name in type(model).model_fields:
            value = getattr(model, name)
            binding = PlaceBinding(model, Attribute(name), CALLS, reader="llm")
            yield Offer((*path, name), "setting", binding, widened(kind, value), (), _about(name))


def binding_offers(bound: RunnableBinding[Any, Any], path: tuple[str, ...]) -> Iterator[Offer]:
    """Settings that `model.bind(...)` holds."""
    for name, kind in _TYPES.items():
        if bound.kwargs.get(name) is not None:
            binding = PlaceBinding(bound, Entry("kwargs", name), BINDING_CALLS, reader="llm")
            yield Offer((*path, name), "setting", binding, widened(kind, bound.kwargs[name]), (), _about(name))


def retriever_offers(retriever: BaseRetriever, path: tuple[str, ...]) -> Iterator[Offer]:
    """How many documents are found."""
    place: Any = None
    if isinstance(getattr(retriever, "k", None), int):
        place = Attribute("k")
    elif isinstance((getattr(retriever, "search_kwargs", None) or {}).get("k"), int):
        place = Entry("search_kwargs", "k")
    if place is not None:
        binding = PlaceBinding(retriever, place, ("invoke", "ainvoke"), reader="retriever")
        type = widened(_Count, place.read(retriever))
        yield Offer((*path, "k"), "setting", binding, type, (), "how many documents the retriever gives")


def _about(name: str) -> str:
    return f"the model's {name.replace('_', ' ')}"
