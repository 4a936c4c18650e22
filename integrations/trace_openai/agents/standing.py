"""How the SDK's objects show the values of the parameters that live in them; see `trace_core.exposing`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from trace_core.exposing import Home, Place, PlaceBinding, Stand, settled

if TYPE_CHECKING:
    from trace_core.context import Read
    from trace_core.parameter_nodes import ParameterNode
    from trace_openai.agents.hooks import RecordedRun

RUNNING: ContextVar[RecordedRun | None] = ContextVar("trace_openai_agents_running", default=None)
"""The recorded run in which we are."""

_AS_WRITTEN = ("__copy__", "__deepcopy__", "__repr__", "clone")


class AgentsStand(Stand):
    """What stands in for the class of an agent, a tool or a handoff."""

    def note(self, place: Place, parameter: ParameterNode, read: Read) -> None:
        """A read goes into what the model is told; that of code is noted when it runs."""
        run = RUNNING.get()
        if run is not None and place.argument != "code":
            run.note(self, place, parameter, read)

    def members(self) -> Mapping[str, Any]:
        """Copies and texts of the object have what was written, whatever a candidate says."""
        members = dict(super().members())
        for name in _AS_WRITTEN:
            if hasattr(self.original, name):
                members[name] = _as_written(members.get(name) or getattr(self.original, name))
        return members


def stand_for(owner: Any) -> AgentsStand:
    """The object's, made if it has none."""
    return AgentsStand.of(owner) or AgentsStand(owner)


def binding_at(homes: Iterable[Home]) -> PlaceBinding:
    """A value at these places."""
    return PlaceBinding(homes, stand_for)


def _as_written(method: Callable[..., Any]) -> Callable[..., Any]:
    def called(owner: Any, *args: Any, **kwargs: Any) -> Any:
        with settled():
            return method(owner, *args, **kwargs)

    return called
