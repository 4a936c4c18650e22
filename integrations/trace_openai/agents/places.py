"""Places in agents, tools and handoffs where a value stands."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

from agents import ModelSettings

from trace_core.exposing import PlaceBinding

INSTRUCTIONS = "instructions"
HANDOFF_DESCRIPTION = "handoff_description"
DESCRIPTION = "description"
TOOL_DESCRIPTION = "tool_description"
SCHEMA = "params_json_schema"
SETTINGS = "model_settings"
INVOKE = "on_invoke_tool"


class AttributeText:
    """A text that an attribute holds.

    Args:
        attribute: which.
        argument: how the call that reads it calls it.
        is_own: whether it goes only into what the model of its owner is told.
    """

    def __init__(self, attribute: str, argument: str, is_own: bool = False) -> None:
        self.attributes = (attribute,)
        self.key = attribute
        self.argument = argument
        self.is_own = is_own

    def read(self, owner: Any) -> str:
        """The text; empty if there is none."""
        return vars(owner)[self.key] or ""

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """The text itself."""
        return stored if value == "" and stored is None else value


class ArgumentText:
    """What one argument of a tool is for; a new text is in a new schema, since the old one may have been sent."""

    attributes = (SCHEMA,)

    def __init__(self, tool: str, name: str) -> None:
        self.argument = f"{tool}_{name}_description"
        self.key = (SCHEMA, name)
        self._name = name

    def read(self, owner: Any) -> str:
        """The description; empty if there is none."""
        return str(vars(owner)[SCHEMA]["properties"][self._name].get("description") or "")

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """The schema, one argument described anew."""
        made = copy.deepcopy(stored)
        described = made["properties"][self._name]
        if value or "description" in described:
            described["description"] = value
        return made


class Setting:
    """One of the settings with which an agent asks its model; the user's own `ModelSettings` is never changed."""

    attributes = (SETTINGS,)
    is_own = True

    def __init__(self, name: str) -> None:
        self.argument = name
        self.key = (SETTINGS, name)

    def read(self, owner: Any) -> Any:
        """The value."""
        return getattr(vars(owner)[SETTINGS], self.argument)

    def shown(self, stored: ModelSettings, attribute: str, value: Any, use: Any) -> Any:
        """The settings, one of them anew."""
        return dataclasses.replace(stored, **{self.argument: value})


class SettingBinding(PlaceBinding):
    """A setting, in all agents that were given the same `ModelSettings`."""

    def shared(self) -> Any:
        """What these agents have in common."""
        owner, place = self.homes[0]
        return id(vars(owner)[SETTINGS]), place.key

    def join(self, other: PlaceBinding) -> None:
        """Take in another of these agents."""
        if self.parameter is None:
            self.homes += other.homes
        super().join(other)
