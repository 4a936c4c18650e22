"""How AutoGen's objects show the values of the parameters that live in them; see `trace_core.exposing`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from trace_autogen.carried import listen, note_for_models
from trace_autogen.hooks import hooks_of
from trace_autogen.reads import note
from trace_core.exposing import Place, Stand, settled

if TYPE_CHECKING:
    from trace_core.context import Read
    from trace_core.parameter_nodes import ParameterNode

Noted = Literal["here", "models"] | None
"""Whose input a value is when it is read: the call's that runs here, or the models' that this call asks then.

None where the object that is sent carries the read. A place says so in its attribute `noted`.
"""


class AutoGenStand(Stand):
    """What stands in for the class of an agent, a team, a tool, a workbench or a model client.

    Args:
        owner: the object.
        besides: what its class has besides, made for this stand.
    """

    def __init__(self, owner: Any, besides: Callable[[AutoGenStand], Mapping[str, Any]] = lambda stand: {}) -> None:
        self._besides = besides
        super().__init__(owner)

    def note(self, place: Place, parameter: ParameterNode, read: Read) -> None:
        """Take note of a read, where the object that is sent does not carry it."""
        listen()
        noted: Noted = getattr(place, "noted", None)
        if noted is not None:
            (note if noted == "here" else note_for_models)(place.argument, parameter, read)

    def members(self) -> Mapping[str, Any]:
        """A dump has what was written, and what is loaded is a plain object."""
        original = self.original
        members = dict(super().members())
        if hasattr(original, "_to_config"):

            def to_config(owner: Any) -> Any:
                with settled():
                    return original._to_config(owner)

            members["_to_config"] = to_config
        for name in ("load_component", "_from_config"):
            if hasattr(original, name):
                members[name] = staticmethod(getattr(original, name))
        return {**members, **self._besides(self)}


def unhooked_copy(value: Any) -> Any:
    """A copy that nothing is hooked into, and that follows no parameter."""
    made = copy.copy(value)
    hooks = hooks_of(value)
    if hooks is not None:
        hooks.clean(made)
    return made
