"""Parameters that live in AutoGen objects: who reads the object's attribute reads the value that holds here and now.

An object whose attributes are learned gets a class of its own, with the same name, in which these attributes are
properties: they show what the object holds, with the values of its parameters. So a candidate's value is never
written, and a clone of the object follows the same parameters. What the framework dumps is what was written, never
a candidate's value. `release` gives the object its class back.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, Protocol

from trace_autogen.carried import listen, note_for_models
from trace_autogen.hooks import hooks_of
from trace_autogen.reads import note, read_now
from trace_core.context import OVERLAY

if TYPE_CHECKING:
    from trace_core.context import Read
    from trace_core.parameter_nodes import ParameterNode

_KEPT = 16  # values of an attribute that are kept as they were made, so that the same version is the same object
_SETTLED: ContextVar[bool] = ContextVar("trace_autogen_settled", default=False)

Noted = Literal["here", "models"] | None


class Place(Protocol):
    """Where in an object a value stands."""

    @property
    def argument(self) -> str:
        """How the value is called among the inputs of the call that reads it."""
        ...

    @property
    def key(self) -> Any:
        """What tells the places of one object apart."""
        ...

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes in which it stands."""
        ...

    @property
    def noted(self) -> Noted:
        """Whose input it is when it is read: the call's that runs here, or the models' that this call asks then.

        None where the object that is sent carries the read.
        """
        ...

    def read(self, owner: Any) -> Any:
        """The value that is written in this object."""
        ...

    def shown(self, stored: Any, attribute: str, value: Any, use: tuple[ParameterNode, Read] | None) -> Any:
        """What the attribute holds, with this value; what is stored is not changed. `use` is None for a write."""
        ...


def write(place: Place, owner: Any, value: Any) -> None:
    """Write a value there."""
    for attribute in place.attributes:
        vars(owner)[attribute] = place.shown(vars(owner)[attribute], attribute, value, None)


@contextmanager
def settled() -> Iterator[None]:
    """Show what was written, whatever a candidate says, and take note of no read."""
    tokens = OVERLAY.set(None), _SETTLED.set(True)
    try:
        yield
    finally:
        _SETTLED.reset(tokens[1])
        OVERLAY.reset(tokens[0])


class Stand:
    """What stands in for an object's class: its places with their parameters.

    Args:
        owner: the object.
        members: what its class has besides, made for this stand.
    """

    def __init__(self, owner: Any, members: Callable[[Stand], Mapping[str, Any]] = lambda stand: {}) -> None:
        self.original: Any = type(owner)
        self.owner = weakref.ref(owner)
        self.places: list[tuple[Place, ParameterNode]] = []
        self._made: dict[str, dict[Any, tuple[Any, Any]]] = {}
        self._class = _class_for(self, members(self))
        owner.__class__ = self._class

    @staticmethod
    def of(owner: Any) -> Stand | None:
        """The object's, if it has one."""
        stand: Stand | None = getattr(type(owner), "_trace_stand", None)
        return stand

    @staticmethod
    def known(owner: Any, place: Place) -> ParameterNode | None:
        """The parameter that a place of the object has already."""
        stand = Stand.of(owner)
        places = () if stand is None else stand.places
        return next((parameter for other, parameter in places if other.key == place.key), None)

    def add(self, place: Place, parameter: ParameterNode) -> None:
        """Show this parameter's value at one more place."""
        self.places.append((place, parameter))
        self._made.clear()
        for attribute in place.attributes:
            setattr(self._class, attribute, _shown(self, attribute))

    def release(self, place: Place) -> None:
        """Forget a place; with the last one the object gets its class back."""
        self.places = [entry for entry in self.places if entry[0].key != place.key]
        self._made.clear()
        owner = self.owner()
        if not self.places and owner is not None and type(owner) is self._class:
            owner.__class__ = self.original

    def show(self, owner: Any, attribute: str) -> Any:
        """What an attribute of the object holds here and now."""
        try:
            stored = vars(owner)[attribute]
        except KeyError:
            raise AttributeError(f"{type(owner).__name__!r} object has no attribute {attribute!r}") from None
        reads = [(p, parameter, read_now(parameter)) for p, parameter in self.places if attribute in p.attributes]
        if not _SETTLED.get():
            listen()
            for place, parameter, read in reads:
                if place.noted is not None:
                    (note if place.noted == "here" else note_for_models)(place.argument, parameter, read)
        made = self._made.setdefault(attribute, {})
        key = tuple(read.version for _, _, read in reads)
        known = made.get(key)
        if known is not None and known[0] is stored:
            return known[1]
        value = stored
        for place, parameter, read in reads:
            value = place.shown(value, attribute, read.value, (parameter, read))
        while len(made) >= _KEPT:
            made.pop(next(iter(made.copy())), None)  # a copy: others may add to it
        made[key] = (stored, value)
        return value


def unhooked_copy(value: Any) -> Any:
    """A copy that nothing is hooked into, and that follows no parameter."""
    made = copy.copy(value)
    hooks = hooks_of(value)
    if hooks is not None:
        hooks.clean(made)
    return made


def _shown(stand: Stand, attribute: str) -> property:
    def show(owner: Any) -> Any:
        return stand.show(owner, attribute)

    def store(owner: Any, value: Any) -> None:
        vars(owner)[attribute] = value

    return property(show, store)


def _empty(original: Any) -> Any:
    """An object of a class, to be filled with what was stored."""
    return original.__new__(original)


def _class_for(stand: Stand, besides: Mapping[str, Any]) -> Any:
    original = stand.original

    def reduce(self: Any, protocol: Any) -> Any:
        """A copy, and what is stored, is plain: it has the values that are written, and follows no parameter."""
        return _empty, (original,), self.__getstate__()

    members: dict[str, Any] = {
        "_trace_stand": stand,
        "__module__": original.__module__,
        "__qualname__": original.__qualname__,
        "__doc__": original.__doc__,
        "__slots__": (),
        "__reduce_ex__": reduce,
    }
    if hasattr(original, "_to_config"):

        def to_config(self: Any) -> Any:
            with settled():
                return original._to_config(self)

        members["_to_config"] = to_config
    for name in ("load_component", "_from_config"):  # what is loaded is a plain object
        if hasattr(original, name):
            members[name] = staticmethod(getattr(original, name))
    return type(original)(original.__name__, (original,), {**members, **besides})
