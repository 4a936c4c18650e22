"""Where a parameter's value lives in a framework's objects: the first place is read, all are written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from trace_core.bindings import Isolation
from trace_core.exposing.standing import Place, Stand, write
from trace_core.parameter_nodes import ParameterNode

Home = tuple[Any, Place]


class PlaceBinding:
    """A value at places in objects that must say the same, such as an agent and a team that copied its description.

    Args:
        homes: objects, each with the place in it; the first is the one that is read.
        stand_for: gives an object's stand, and makes it if there is none.
    """

    isolation: Isolation = "overlay"

    def __init__(self, homes: Iterable[Home], stand_for: Callable[[Any], Stand]) -> None:
        self.homes = list(homes)
        self.lock = threading.Lock()
        self.parameter: ParameterNode | None = None
        self._stand_for = stand_for

    def get(self) -> Any:
        """The value as it is written."""
        owner, place = self.homes[0]
        return place.read(owner)

    def set(self, value: Any) -> None:
        """Another value, for the next use; one that is refused leaves all as it was."""
        before = self.get()
        try:
            for owner, place in self.homes:
                write(place, owner, value)
        except BaseException:
            for owner, place in self.homes:
                write(place, owner, before)
            raise

    def known(self) -> ParameterNode | None:
        """The parameter that a place has already."""
        return next((known for home in self.homes if (known := Stand.known(*home)) is not None), None)

    def install(self, parameter: ParameterNode) -> None:
        """Have all places show the parameter's value from now on."""
        self.parameter = parameter
        for owner, place in self.homes:
            if Stand.known(owner, place) is None:
                self._stand_for(owner).add(place, parameter)

    def join(self, other: PlaceBinding) -> None:
        """Take in places that were found later; they say from now on what the parameter says."""
        for owner, place in other.homes:
            if self.parameter is not None and Stand.known(owner, place) is None:
                write(place, owner, self.get())
                self._stand_for(owner).add(place, self.parameter)
                self.homes.append((owner, place))

    def release(self) -> None:
        """Give the objects back as they were, with the values that they have now."""
        for owner, place in self.homes:
            stand = Stand.of(owner)
            if stand is not None and Stand.known(owner, place) is self.parameter:
                for follower in stand.followers():
                    write(place, follower, self.get())
                stand.release(place)
        self.parameter = None
