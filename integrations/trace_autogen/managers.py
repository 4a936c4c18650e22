"""The manager of a team keeps copies of what the team was made with: they follow the team's parameters too.

A team makes its manager at its first run, and keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from trace_autogen import private
from trace_autogen.places import AttributeText, LineOfTeam, ParticipantDescription
from trace_autogen.standing import AutoGenStand
from trace_core.exposing import Home, Place, PlaceBinding, Stand, settled, write


def team_members(stand: AutoGenStand) -> dict[str, Any]:
    """What the class of a team has besides, so that the manager that it makes follows its parameters."""

    async def init(self: Any, runtime: Any) -> None:
        """Make the factory of the manager one whose managers follow; others may have replaced that method too."""
        known = vars(self)
        replaced = known.get(private.MANAGER_FACTORY)
        known[private.MANAGER_FACTORY] = _following(self, getattr(self, private.MANAGER_FACTORY))
        try:
            await stand.original._init(self, runtime)
        finally:
            if replaced is None:
                del known[private.MANAGER_FACTORY]
            else:
                known[private.MANAGER_FACTORY] = replaced

    return {private.INIT: init}


def _following(team: Any, make: Callable[..., Any]) -> Callable[..., Any]:
    def make_factory(*args: Any, **kwargs: Any) -> Callable[[], Any]:
        if "participant_descriptions" in kwargs:  # the team read them already, in a candidate perhaps
            kwargs["participant_descriptions"] = vars(team)[private.PARTICIPANT_DESCRIPTIONS]
        factory = make(*args, **kwargs)

        def made() -> Any:
            with settled():
                manager = factory()
            attach(team, manager)
            return manager

        return made

    return make_factory


def attach(team: Any, manager: Any) -> None:
    """Have a manager show the values of its team's parameters."""
    stand = Stand.of(team)
    for place, parameter in () if stand is None else list(stand.places):
        for theirs in _in_manager(place, manager):
            if Stand.known(manager, theirs) is None:
                write(theirs, manager, place.read(team))
                _write_too(parameter.binding, team, (manager, theirs))
                (AutoGenStand.of(manager) or AutoGenStand(manager)).add(theirs, parameter)


def _write_too(binding: Any, team: Any, home: Home) -> None:
    """Write to the team's manager too, if the team is one of the objects."""
    if isinstance(binding, PlaceBinding) and any(owner is team for owner, _ in binding.homes):
        binding.homes.append(home)


def _in_manager(place: Place, manager: Any) -> Iterator[Place]:
    """Where the manager keeps what stands in this place of its team."""
    if isinstance(place, ParticipantDescription):
        made = LineOfTeam if private.has(manager, private.TEAM_DESCRIPTION) else ParticipantDescription
        yield made(place.index, place.name, "models")
    elif isinstance(place, AttributeText) and private.has(manager, place.key):
        yield AttributeText(place.key, place.argument, "models", place.form)
