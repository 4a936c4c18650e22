"""Parameters that live in LangChain objects: a candidate's value is used here and now, and the object stays as it is.

An object whose fields are learned gets a class of its own, with the same name, that looks first who calls: in a
candidate the call goes to a copy of the object that has the candidate's values; otherwise to the object. So nothing is
written for a candidate, and what the framework dumps never shows one. `release` gives the object its class back.
"""

from __future__ import annotations

import asyncio
import inspect
import operator
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from trace_core.bindings import Isolation
from trace_core.context import Read
from trace_core.parameter_nodes import ParameterNode
from trace_langchain.reads import PENDING, Pending, note

_COPIES_KEPT = 16


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

    def install(self, parameter: ParameterNode) -> None:
        """Have the object look for candidates from now on."""
        stand = Stand.of(self.owner) or Stand(self.owner, self._methods, self._reader)
        stand.places.append((self.place, weakref.ref(parameter)))
        parameter_places(self.owner)[place_key(self.place)] = parameter

    def release(self) -> None:
        """Give the object back as it was, with the value that it has now."""
        stand = Stand.of(self.owner)
        if stand is not None:
            stand.release(self.place)


def forget_serialized(owner: Any) -> None:
    """Forget the cached serialized form, which callbacks and the LLM cache would go on using."""
    vars(owner).pop("_serialized", None)


def place_key(place: Place) -> Any:
    """What tells the places of one object apart."""
    return (type(place).__name__, place.argument, getattr(place, "key", None))


def parameter_places(owner: Any) -> dict[Any, ParameterNode]:
    """The parameters that an object has already, by place."""
    stand = Stand.of(owner)
    return {} if stand is None else stand.parameters


class Stand:
    """What stands in for an object's class: its places, and the copies that candidates use."""

    def __init__(self, owner: Any, methods: tuple[str, ...], reader: str) -> None:
        self.owner = weakref.ref(owner)
        self.original = type(owner)
        self.reader = reader
        self.places: list[tuple[Place, Callable[[], ParameterNode | None]]] = []
        self.parameters: dict[Any, ParameterNode] = {}
        self._copies: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._lock = threading.Lock()
        owner.__class__ = _class_for(self, methods)

    @staticmethod
    def of(owner: Any) -> Stand | None:
        """The object's, if it has one; a copy of the object has none of its own."""
        stand: Stand | None = getattr(type(owner), "_trace_stand", None)
        return stand if stand is not None and stand.owner() is owner else None

    def release(self, place: Place) -> None:
        """Forget a place; with the last one the object gets its class back."""
        self.places = [(other, parameter) for other, parameter in self.places if other is not place]
        self.parameters.pop(place_key(place), None)
        owner = self.owner()
        if not self.places and owner is not None:
            owner.__class__ = self.original

    def reads(self) -> list[tuple[Place, ParameterNode, Read]]:
        """What a call that begins here and now reads."""
        found = []
        for place, reference in self.places:
            parameter = reference()
            if parameter is not None:
                read = parameter._read()[1]
                found.append(
                    (place, parameter, read if read is not None else Read(parameter._peek(), parameter.version))
                )
        return found

    def target(self, reads: list[tuple[Place, ParameterNode, Read]]) -> Any:
        """The copy that has the values of the candidate that was read, or None for the object itself."""
        ours = [(place, read) for place, _, read in reads if isinstance(read.version, str)]
        if not ours:
            return None
        key = tuple((place_key(place), read.version) for place, read in ours)
        with self._lock:
            made = self._copies.get(key)
            if made is None:
                made = self.copy()
                for place, read in ours:
                    place.write(made, read.value)
                forget_serialized(made)
                self._copies[key] = made
                if len(self._copies) > _COPIES_KEPT:
                    self._copies.popitem(last=False)
            return made

    def copy(self) -> Any:
        """A plain copy of the object, of its original class."""
        owner = self.owner()
        made = self.original.__copy__(owner) if hasattr(self.original, "__copy__") else _shallow(owner)
        made.__class__ = self.original
        return made


def _shallow(owner: Any) -> Any:
    made = object.__new__(type(owner))
    vars(made).update(vars(owner))
    return made


@dataclass(slots=True)
class _Use:
    """One use of an object: whom to call, and which reads the next call of a kind has made."""

    target: Any
    pending: Pending | None


def _use(stand: Stand, owner: Any) -> _Use | None:
    if stand.owner() is not owner:
        return None  # a copy that the user made: it has values of its own
    current = PENDING.get()
    if current is not None and current.stand is stand:
        return None  # inside another method of the same use
    reads = stand.reads()
    noted = [(place.argument, parameter, read) for place, parameter, read in reads]
    if not stand.reader:
        for argument, parameter, read in noted:
            note(argument, parameter, read)
        return _Use(stand.target(reads), None)
    inherited = current.reads if current is not None and current.kind == stand.reader else []
    return _Use(stand.target(reads), Pending(stand.reader, [*inherited, *noted], stand))


@contextmanager
def _pending(pending: Pending | None) -> Iterator[None]:
    before = PENDING.get()
    if pending is not None:
        PENDING.set(pending)
    try:
        yield
    finally:
        if pending is not None:
            PENDING.set(before)


def _class_for(stand: Stand, methods: tuple[str, ...]) -> type:
    original = stand.original
    members: dict[str, Any] = {
        "_trace_stand": stand,
        "__module__": original.__module__,
        "__qualname__": original.__qualname__,
        "__doc__": original.__doc__,
        "__slots__": (),
        "__reduce_ex__": _reduce,
        "__init__": _made_anew,
        "__copy__": _copied("__copy__"),
        "__deepcopy__": _copied("__deepcopy__"),
    }
    for name in methods:
        method = getattr(original, name, None)
        if method is not None:
            members[name] = _looking_first(stand, name, method)
    # Not by pydantic's own metaclass call, which would build a schema: the original's is what holds here.
    return type.__new__(type(original), original.__name__, (original,), members)


def _copied(name: str) -> Callable[..., Any]:
    def copied(self: Any, *args: Any) -> Any:
        stand: Stand = type(self)._trace_stand
        made = getattr(stand.original, name)(self, *args)
        made.__class__ = stand.original
        return made

    return copied


def _made_anew(self: Any, *args: Any, **kwargs: Any) -> None:
    """`type(self)(...)`, by which LangChain makes some copies, gives an object of the original class."""
    stand: Stand = type(self)._trace_stand
    stand.original.__init__(self, *args, **kwargs)
    self.__class__ = stand.original


def _reduce(self: Any, protocol: Any) -> Any:
    stand: Stand = type(self)._trace_stand
    twin = _shallow(self) if not hasattr(stand.original, "__copy__") else stand.original.__copy__(self)
    twin.__class__ = stand.original
    return operator.getitem, ([twin], 0)  # what is stored is the twin, of the original class


def _looking_first(stand: Stand, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """The method, for the object or for the copy that a candidate uses."""
    if inspect.iscoroutinefunction(method):

        async def awaited(self: Any, *args: Any, **kwargs: Any) -> Any:
            use = _use(stand, self)
            if use is None:
                return await method(self, *args, **kwargs)
            with _pending(use.pending):
                return await method(self if use.target is None else use.target, *args, **kwargs)

        return awaited

    if inspect.isasyncgenfunction(method):

        async def streamed(self: Any, *args: Any, **kwargs: Any) -> Any:
            use = _use(stand, self)
            items = method(self if use is None or use.target is None else use.target, *args, **kwargs)
            first = True
            while True:
                with _pending(use.pending if use is not None and first else None):
                    try:
                        item = await anext(items)
                    except StopAsyncIteration:
                        return
                first = False
                try:
                    yield item
                except (GeneratorExit, asyncio.CancelledError):
                    await items.aclose()
                    raise

        return streamed

    if inspect.isgeneratorfunction(method):

        def yielded(self: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
            use = _use(stand, self)
            items = method(self if use is None or use.target is None else use.target, *args, **kwargs)
            try:
                with _pending(None if use is None else use.pending):
                    try:
                        item = next(items)
                    except StopIteration:
                        return
                yield item
                yield from items
            finally:
                items.close()

        return yielded

    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        use = _use(stand, self)
        if use is None:
            return method(self, *args, **kwargs)
        with _pending(use.pending):
            return method(self if use.target is None else use.target, *args, **kwargs)

    return called
