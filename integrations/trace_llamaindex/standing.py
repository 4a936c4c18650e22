"""How LlamaIndex's objects show the values of the parameters that live in them; see `trace_core.exposing`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.prompts.mixin import PromptMixin
from pydantic import BaseModel

from trace_core.exposing import Home, Place, PlaceBinding, Stand, settled
from trace_llamaindex import private
from trace_llamaindex.reads import note

if TYPE_CHECKING:
    from trace_core.context import Read
    from trace_core.parameter_nodes import ParameterNode


class LlamaIndexStand(Stand):
    """What stands in for the class of an engine, an agent, a template, a tool's metadata or a model."""

    def note(self, place: Place, parameter: ParameterNode, read: Read) -> None:
        """The call that runs here has read it."""
        note(place.argument, parameter, read)

    def members(self) -> Mapping[str, Any]:
        """Prompts that are asked for are those that were written; templates are filled by copies that follow."""
        original = self.original
        members = dict(super().members())
        if issubclass(original, BaseModel):
            members[private.SETTERS] = {}  # else the original would keep how these properties are set
        if issubclass(original, PromptMixin):

            def get_prompts(owner: Any) -> Any:
                with settled():
                    return original._get_prompts(owner)

            members["_get_prompts"] = get_prompts
        if issubclass(original, BasePromptTemplate):

            def partial_format(owner: Any, **kwargs: Any) -> Any:
                """LlamaIndex fills most templates in two steps; the copy between them reads the same parameters."""
                return self.follow(original.partial_format(owner, **kwargs))

            members["partial_format"] = partial_format
        return members


def stand_for(owner: Any) -> LlamaIndexStand:
    """The object's stand; it is given one if it has none."""
    return LlamaIndexStand.of(owner) or LlamaIndexStand(owner)


def binding_at(homes: Iterable[Home]) -> PlaceBinding:
    """Where a value lives that stands at these places, each an object and the place in it."""
    return PlaceBinding(homes, stand_for)
