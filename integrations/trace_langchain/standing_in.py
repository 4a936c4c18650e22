"""Parameters that live in LangChain objects: a candidate's value is used here and now, and the object stays as it is.

An object whose fields are learned gets a class of its own, with the same name, that looks first who calls
(`looking.py`): in a candidate the call goes to a copy of the object that has the candidate's values; otherwise to the
object. So nothing is written for a candidate, and what the framework dumps never shows one. `release` gives the object
its class back.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from trace_core.bindings import Isolation
from trace_core.context import OVERLAY, Read
from trace_core.exposing import read_now
from trace_core.parameter_nodes import ParameterNode
from trace_langchain.copies import Copies, plain_copy, plain_members
from trace_langchain.looking import looking_first
from trace_langchain.reads import inside_a_call

if TYPE_CHECKING:
    from trace_langchain.reads import Reads


class Place(Protocol):
    """Where in an object a value stands."""

    argument: str
    """How the value is called among the inputs of the call that reads it."""

    def read(self, owner: Any) -> Any:
        """The value in this object, or in a copy of it."""
        ...

    def write(self, owner: Any, value: Any) -> None:
        """Write it there; what copies share (lists, dicts) is replaced, not changed."""
        ...


class PlaceBinding:
    """A parameter's value at a place in an object.

    Args:
        owner: the object.
        place: where in it.
        methods: by which methods the value is read; each stands for the object's use.
        reader: the kind of call that reads it, if that begins inside those methods; "" if they run inside it.
    """

    isolation: Isolation = "overlay"

    def __init__(self, owner: Any, place: Place, methods: tuple[str, ...], reader: str = "") -> None:
        self.owner = owner
        self.place = place
        self.lock = threading.Lock()
        self._methods = methods
        self._reader = reader

    def get(self) -> Any:
        """The value as it is now."""
        return self.place.read(self.owner)

    def set(self, value: Any) -> None:
        """Write it; what the object remembers of its own serialized form is forgotten (langchain issue 39598)."""
        self.place.write(self.owner, value)
        forget_serialized(self.owner)

    def known(self) -> ParameterNode | None:
        """The parameter that the place has already."""
        stand = Stand.of(self.owner)
        key = place_key(self.place)
        places = () if stand is None else stand.places
        return next((parameter for place, parameter in places if place_key(place) == key), None)

    def install(self, parameter: ParameterNode) -> None:
        """Have the object look for candidates from now on."""
        stand = Stand.of(self.owner) or Stand(self.owner, self._reader, self._members)
        stand.places = [*stand.places, (self.place, parameter)]

    def release(self) -> None:
        """Give the object back as it was, with the value that it has now."""
        stand = Stand.of(self.owner)
        if stand is not None:
            stand.release(self.place)

    def _members(self, stand: Stand) -> dict[str, Any]:
        """What the object's class has besides what it had."""
        known = {name: getattr(stand.original, name, None) for name in self._methods}
        return {name: looking_first(stand, name, method) for name, method in known.items() if method is not None}


def forget_serialized(owner: Any) -> None:
    """Forget the cached serialized form, which callbacks and the LLM cache would go on using."""
    vars(owner).pop("_serialized", None)


def place_key(place: Place) -> Any:
    """What tells the places of one object apart."""
    return (type(place).__name__, place.argument, getattr(place, "key", None))


class Stand:
    """What stands in for an object's class: its places, which the object keeps alive, and copies that follow it."""

    def __init__(self, owner: Any, reader: str, members: Callable[[Stand], dict[str, Any]]) -> None:
        cls = type(owner)
        self.owner = weakref.ref(owner)
        known: Stand | None = getattr(cls, "_trace_stand", None)
        self.original: Any = cls if known is None else known.original
        self.reader = reader
        self.places: list[tuple[Place, ParameterNode]] = []
        self.copies = Copies(self)
        owner.__class__ = _class_for(self, members(self))

    @staticmethod
    def of(owner: Any) -> Stand | None:
        """The object's, if it has one; a copy of the object has none of its own."""
        stand: Stand | None = getattr(type(owner), "_trace_stand", None)
        return stand if stand is not None and stand.owner() is owner else None

    def release(self, place: Place) -> None:
        """Forget a place; with the last one the object gets its class back."""
        before = self.places
        self.places = [entry for entry in before if entry[0] is not place]
        owner = self.owner()
        if before and not self.places and owner is not None:
            owner.__class__ = self.original

    def is_in_use(self) -> bool:
        """Whether a program runs here, or a candidate of one of the places holds."""
        overlay = OVERLAY.get() or {}
        return inside_a_call() or any(parameter.id in overlay for _, parameter in self.places)

    def reads(self, user: Any) -> Reads | None:
        """What a use that begins here and now reads; None for a copy that has values of its own."""
        if user is self.owner():
            return [(place, parameter, read_now(parameter)) for place, parameter in self.places]
        return self.copies.reads(user)

    def target(self, user: Any, reads: Reads) -> Any:
        """The copy that has the values that were read, or the object itself if it has them."""
        if user is not self.owner():
            return self.copies.target(user, reads)
        return self.changed(user, [(place, read) for place, _, read in reads if isinstance(read.version, str)])

    def changed(self, user: Any, values: list[tuple[Place, Read]]) -> Any:
        """A plain copy with these values; the object itself where there are none."""
        if not values:
            return user
        made = plain_copy(user, self.original)
        for place, read in values:
            place.write(made, read.value)
        forget_serialized(made)
        return made


def _class_for(stand: Stand, looking: dict[str, Any]) -> type:
    original = stand.original
    members = {
        "_trace_stand": stand,
        "__module__": original.__module__,
        "__qualname__": original.__qualname__,
        "__doc__": original.__doc__,
        "__slots__": (),
        **plain_members(stand),
        **looking,
    }
    # Not by pydantic's own metaclass call, which would build a schema: the original's is what holds here.
    made: type = type.__new__(type(original), original.__name__, (original,), members)
    return made
