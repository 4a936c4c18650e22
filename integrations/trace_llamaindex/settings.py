"""Settings: how many nodes retrievers find, which of them postprocessors keep, and how models answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from pydantic import Field

from trace_core.exposing import Offer, widened
from trace_llamaindex import private
from trace_llamaindex.places import AttributeValue
from trace_llamaindex.standing import binding_at
from trace_llamaindex.walking import Path

_COUNT = Annotated[int, Field(ge=1)]
_SHARE = Annotated[float, Field(ge=0, le=1)]
_PENALTY = Annotated[float, Field(ge=-2, le=2)]

_OF_RETRIEVERS: Mapping[str, tuple[Any, str]] = {
    **dict.fromkeys(private.TOP_K, (_COUNT, "how many nodes the retriever finds")),
    "num_queries": (_COUNT, "how many questions are asked in place of one"),
}
_OF_POSTPROCESSORS: Mapping[str, tuple[Any, str]] = {
    "similarity_cutoff": (_SHARE, "nodes with a lower score are left out"),
    "top_n": (_COUNT, "how many nodes are kept"),
    "top_k": (_COUNT, "how many nodes are kept"),
    "percentile_cutoff": (_SHARE, "which share of the sentences is kept"),
    "threshold_cutoff": (_SHARE, "sentences with a lower score are left out"),
}
_OF_MODELS: Mapping[str, tuple[Any, str]] = {
    "temperature": (Annotated[float, Field(ge=0, le=2)], "the model's temperature"),
    "top_p": (_SHARE, "the model's top p"),
    "top_k": (_COUNT, "the model's top k"),
    "max_tokens": (_COUNT, "the longest answer of the model, in tokens"),
    "frequency_penalty": (_PENALTY, "the model's frequency penalty"),
    "presence_penalty": (_PENALTY, "the model's presence penalty"),
}


def offers(owner: Any, path: Path) -> Iterator[Offer]:
    """The settings of a retriever, postprocessor or model: fields that it reads at each call."""
    if isinstance(owner, BaseRetriever):
        yield from _found(owner, path, {name: entry for name, entry in _OF_RETRIEVERS.items() if _is_set(owner, name)})
    elif isinstance(owner, BaseNodePostprocessor):
        known = {name: entry for name, entry in _OF_POSTPROCESSORS.items() if _is_set(owner, name)}
        yield from _found(owner, path, known)
    elif isinstance(owner, BaseLLM):
        yield from _found(owner, path, {name: e for name, e in _OF_MODELS.items() if name in vars(owner)})


def _is_set(owner: Any, name: str) -> bool:
    return vars(owner).get(name) is not None


def _found(owner: Any, path: Path, known: Mapping[str, tuple[Any, str]]) -> Iterator[Offer]:
    for attribute, (type, about) in known.items():
        place = AttributeValue(attribute)
        if attribute in private.TOP_K and (most := private.found_at_most(owner)) is not None:
            type = Annotated[int, Field(ge=1, le=most)]
        binding = binding_at([(owner, place)])
        own = _own_rules(owner, attribute)
        kind = widened(Annotated[type, *own] if own else type, binding.get())
        yield Offer((*path, place.argument), "setting", binding, kind, (), about)


def _own_rules(owner: Any, attribute: str) -> list[Any]:
    """What the object's own class says of a value: one model's temperature ends at 1, another's at 2."""
    fields = getattr(owner.__class__, "model_fields", {})
    return list(fields[attribute].metadata) if attribute in fields else []
