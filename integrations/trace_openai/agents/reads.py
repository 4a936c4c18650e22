"""Which parameters go into what a model is told: the SDK reads them before it asks the model, and while it does."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trace_openai.agents.places import INSTRUCTIONS, Setting
from trace_openai.agents.standing import AgentsStand

if TYPE_CHECKING:
    from trace_core.context import Read
    from trace_core.exposing import Place
    from trace_core.parameter_nodes import ParameterNode
    from trace_core.recording.call import ParameterRead


class Reads:
    """What was read for the next question to a model.

    Args:
        options: what `Runner.run` was given: settings of the run win over those of agents.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._waiting: list[tuple[AgentsStand, Place, ParameterNode, Read]] = []
        self._overridden = _set(_field(options.get("run_config"), "model_settings"))

    def add(self, stand: AgentsStand, place: Place, parameter: ParameterNode, read: Read) -> None:
        """Something was read."""
        self._waiting.append((stand, place, parameter, read))

    def clear(self) -> None:
        """What was read is told to nobody: another agent takes over."""
        self._waiting.clear()

    def take(self, agent: Any, system_prompt: str | None) -> list[ParameterRead]:
        """What the model of an agent is told of it, which is asked now."""
        waiting, self._waiting = self._waiting, []
        mine = AgentsStand.of(agent)
        return [
            (place.argument, parameter, read)
            for stand, place, parameter, read in waiting
            if (stand is mine or not getattr(place, "is_own", False)) and self._is_told(place, read, system_prompt)
        ]

    def _is_told(self, place: Place, read: Read, system_prompt: str | None) -> bool:
        if isinstance(place, Setting):
            return place.argument not in self._overridden
        return place.key != INSTRUCTIONS or read.value in (system_prompt or "")


def _field(config: Any, name: str) -> Any:
    return config.get(name) if isinstance(config, dict) else getattr(config, name, None)


def _set(settings: Any) -> set[str]:
    """The settings that are set."""
    if dataclasses.is_dataclass(settings) and not isinstance(settings, type):
        settings = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    return {name for name, value in (settings or {}).items() if value is not None}
