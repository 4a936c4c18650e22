"""Where a parameter's value lives in LlamaIndex objects: the first place is read, all are written."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Protocol

from trace_core.bindings import Isolation
from trace_core.parameter_nodes import ParameterNode
from trace_llamaindex.standing import Place, Stand, stand_for, write

Home = tuple[Any, Place]


class Holder(Protocol):
    """What holds an object; one that is not the program's own gets another in its stead."""

    def is_used(self) -> bool:
        """Whether the object is there still."""
        ...

    def join(self, other: Any) -> None:
        """Take in what else holds it."""
        ...

    def own(self) -> Any:
        """The object that is the program's own."""
        ...

    def give_back(self) -> None:
        """Put the first one back, if nothing was learned."""
        ...


class PlaceBinding:
    """A value at places in objects that must say the same.

    Args:
        homes: objects, each with the place in it; the first is the one that is read.
        holder: what holds the first object, if another could be put in its place.
    """

    isolation: Isolation = "overlay"

    def __init__(self, homes: Iterable[Home], holder: Holder | None = None) -> None:
        self.homes = list(homes)
        self.lock = threading.Lock()
        self.parameter: ParameterNode | None = None
        self._holder = holder

    def get(self) -> Any:
        """The value as it is written."""
        owner, place = self.homes[0]
        return place.read(owner)

    def check(self, value: Any) -> None:
        """Raise `ValueError` if nobody would read the value."""
        if self._holder is not None and not self._holder.is_used():
            raise ValueError("it was replaced in the program, as `update_prompts` does; expose the program again")

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
        if self._holder is not None:
            self.homes[0] = (self._holder.own(), self.homes[0][1])
        for owner, place in self.homes:
            if Stand.known(owner, place) is None:
                stand_for(owner).add(place, parameter)

    def join(self, other: PlaceBinding) -> None:
        """Take in places that were found later; they say from now on what the parameter says."""
        if self._holder is not None and other._holder is not None:
            self._holder.join(other._holder)
        for owner, place in other.homes:
            if self.parameter is not None and Stand.known(owner, place) is None:
                write(place, owner, self.get())
                stand_for(owner).add(place, self.parameter)
                self.homes.append((owner, place))

    def release(self) -> None:
        """Give the objects back as they were, with the values that they have now."""
        for owner, place in self.homes:
            stand = Stand.of(owner)
            if stand is not None and Stand.known(owner, place) is self.parameter:
                for follower in stand.followers():
                    write(place, follower, self.get())
                stand.release(place)
        if self._holder is not None:
            self._holder.give_back()
        self.parameter = None
