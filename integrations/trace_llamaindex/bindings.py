"""Where a template's text lives: in one that a program may share with others, or put another in its place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from trace_core.exposing import Home, PlaceBinding
from trace_core.parameter_nodes import ParameterNode
from trace_llamaindex.standing import stand_for


class Holder(Protocol):
    """What holds an object; one that is not the program's own gets another in its stead."""

    def lost(self) -> str:
        """What no longer holds the object; empty if all do."""
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


class HeldBinding(PlaceBinding):
    """A value in an object that something may hold.

    Args:
        homes: objects, each with the place in it; the first is the one that is held, and read.
        holder: what holds it, if another could be put in its place.
    """

    def __init__(self, homes: Iterable[Home], holder: Holder | None) -> None:
        super().__init__(homes, stand_for)
        self._holder = holder

    def check(self, value: Any) -> None:
        """Raise `ValueError` if something that read the value would not read it any more."""
        if self._holder is not None and (lost := self._holder.lost()):
            raise ValueError(f"it was replaced in {lost}, as `update_prompts` does; expose the program again")

    def install(self, parameter: ParameterNode) -> None:
        """Have all places show the parameter's value from now on, in an object that is the program's own."""
        if self._holder is not None:
            self.homes[0] = (self._holder.own(), self.homes[0][1])
        super().install(parameter)

    def join(self, other: PlaceBinding) -> None:
        """Take in places that were found later, and what holds them."""
        if isinstance(other, HeldBinding) and self._holder is not None and other._holder is not None:
            self._holder.join(other._holder)
        super().join(other)

    def release(self) -> None:
        """Give the objects back as they were, with the values that they have now."""
        super().release()
        if self._holder is not None:
            self._holder.give_back()
