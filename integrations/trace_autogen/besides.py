"""What the class of an object whose values are learned has besides, by what the object is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autogen_agentchat.teams import BaseGroupChat
from autogen_core.tools import BaseTool, Workbench

from trace_autogen import private
from trace_autogen.carried import Sent, carry
from trace_autogen.dumping import argument_texts, dumped_tool
from trace_autogen.managers import team_members
from trace_autogen.reads import note
from trace_autogen.standing import AutoGenStand
from trace_core.exposing import CodePlace, Home, Place, PlaceBinding, read_now

__all__ = ["binding_at", "stand_for"]


def stand_for(owner: Any) -> AutoGenStand:
    """The object's stand; it is given one if it has none."""
    known = AutoGenStand.of(owner)
    if known is not None:
        return known
    if isinstance(owner, BaseTool):
        return ToolStand(owner, tool_members)
    if isinstance(owner, Workbench):
        return AutoGenStand(owner, workbench_members)
    if isinstance(owner, BaseGroupChat):
        return AutoGenStand(owner, team_members)
    return AutoGenStand(owner)


class ToolStand(AutoGenStand):
    """The stand of a tool: it stays as long as the tool has texts that AutoGen's own dump of it would not have."""

    def release(self, place: Place) -> None:
        """Forget a place; with the last one the tool gets its class back, unless it keeps learned texts."""
        super().release(place)
        owner = self.owner()
        if owner is not None and type(owner) is self.original and argument_texts(self, owner):
            owner.__class__ = self._class


def binding_at(homes: Iterable[Home]) -> PlaceBinding:
    """Where a value lives that stands at these places, each an object and the place in it."""
    return PlaceBinding(homes, stand_for)


def tool_members(stand: AutoGenStand) -> dict[str, Any]:
    """A tool's schema carries the reads of its texts; its code is read when it runs.

    Its parameters do, where it has some: a workbench that says something else of a tool makes a schema of its own.
    """
    original = stand.original

    def schema(self: Any) -> Any:
        made = Sent(original.schema.fget(self))
        if "parameters" in made:
            made["parameters"] = Sent(made["parameters"])
        for place, parameter in stand.places:
            if not isinstance(place, CodePlace):
                carry(made.get("parameters", made), place.argument, parameter, read_now(parameter))
        return made

    def note_code() -> None:
        for place, parameter in stand.places:
            if isinstance(place, CodePlace):
                note(place.argument, parameter, read_now(parameter))

    async def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        note_code()
        return await original.run(self, *args, **kwargs)

    def to_config(self: Any) -> Any:
        return dumped_tool(stand, self)

    return {"schema": property(schema), "run": run, "_to_config": to_config}


def workbench_members(stand: AutoGenStand) -> dict[str, Any]:
    """The schemas that a workbench makes of its tools' carry the reads of what it says of them instead."""
    original = stand.original

    async def list_tools(self: Any) -> Any:
        listed = await original.list_tools(self)
        for index, schema in enumerate(listed):
            own = [(p, parameter) for p, parameter in stand.places if p.key == (private.TOOL_OVERRIDES, schema["name"])]
            if own:
                listed[index] = made = Sent(schema)
                for place, parameter in own:
                    carry(made, place.argument, parameter, read_now(parameter))
        return listed

    return {"list_tools": list_tools}
