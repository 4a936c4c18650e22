"""Parameters that live in a framework's objects: who reads the attribute reads the value that holds here and now.

An object whose attributes are learned gets a class of its own, with the same name, in which these attributes are
properties: they show what the object holds, with the values of its parameters. So a candidate's value is never
written, copies and dumps of the object have what was written, and a clone of it follows the same parameters. `release`
gives the object its class back.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from trace_core.context import OVERLAY, Read

if TYPE_CHECKING:
    from trace_core.parameter_nodes import ParameterNode

_KEPT = 16  # values of an attribute that are kept as they were made, so that the same version is the same object
_SETTLED: ContextVar[bool] = ContextVar("trace_settled", default=False)


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


def read_now(parameter: ParameterNode) -> Read:
    """The value that holds here and now, with its version."""
    read = parameter._read()[1]
    return Read(parameter._peek(), parameter.version) if read is None else read


@contextmanager
def settled() -> Iterator[None]:
    """Show what was written, whatever a candidate says, and take note of no read."""
    tokens = OVERLAY.set(None), _SETTLED.set(True)
    try:
        yield
    finally:
        _SETTLED.reset(tokens[1])
        OVERLAY.reset(tokens[0])


Kind = TypeVar("Kind", bound="Stand")


class Stand:
    """What stands in for an object's class: its places with their parameters.

    An adapter says in a subclass how a read is noted (`note`), and what the class has besides (`members`).
    """

    def __init__(self, owner: Any) -> None:
        self.original: Any = type(owner)
        self.owner = weakref.ref(owner)
        self.places: list[tuple[Place, ParameterNode]] = []
        self._followers: list[weakref.ref[Any]] = []
        self._made: dict[str, dict[Any, tuple[Any, Any]]] = {}
        original = self.original
        members = {
            "_trace_stand": self,
            "__module__": original.__module__,
            "__qualname__": original.__qualname__,
            "__doc__": original.__doc__,
            "__slots__": (),
            **self.members(),
        }
        # Not by the metaclass's own call: pydantic would build a schema, and the original's is what holds here.
        metaclass: Any = type(original)
        self._class: Any = type.__new__(_unannouncing(metaclass), original.__name__, (original,), members)
        _become(owner, self._class)

    # --- what an adapter says

    def note(self, place: Place, parameter: ParameterNode, read: Read) -> None:
        """Take note of a read."""
        raise NotImplementedError

    def members(self) -> Mapping[str, Any]:
        """What the class has besides: what is made of it is plain, and copies have what was written."""
        original = self.original

        @functools.wraps(original.__init__)
        def construct(owner: Any, *args: Any, **kwargs: Any) -> None:
            _become(owner, original)
            original.__init__(owner, *args, **kwargs)

        copying = [name for name in ("__copy__", "__deepcopy__") if hasattr(original, name)]
        plain = {name: _plain(original, getattr(original, name)) for name in copying}
        return {"__init__": construct, "__reduce_ex__": _reduce(original), **plain}

    # --- places

    @classmethod
    def of(cls: type[Kind], owner: Any) -> Kind | None:
        """The object's, if it has one."""
        return getattr(type(owner), "_trace_stand", None)

    @classmethod
    def known(cls, owner: Any, place: Place) -> ParameterNode | None:
        """The parameter that a place of the object has already."""
        stand = cls.of(owner)
        places = () if stand is None else stand.places
        return next((parameter for other, parameter in places if other.key == place.key), None)

    def add(self, place: Place, parameter: ParameterNode) -> None:
        """Show this parameter's value at one more place."""
        self.places.append((place, parameter))
        self._made.clear()
        for attribute in place.attributes:
            setattr(self._class, attribute, _shown(self, attribute))

    def release(self, place: Place) -> None:
        """Forget a place; with the last one the object gets its class back, and so do its clones."""
        self.places = [entry for entry in self.places if entry[0].key != place.key]
        self._made.clear()
        if self.places:
            return
        for owner in (self.owner(), *self.followers()):
            if owner is not None and type(owner) is self._class:
                _become(owner, self.original)

    def follow(self, made: Any) -> Any:
        """Have a copy of the object show the same parameters."""
        _become(made, self._class)
        self._followers = [*(each for each in self._followers if each() is not None), weakref.ref(made)]
        return made

    def followers(self) -> list[Any]:
        """The copies that show the same parameters and are in use."""
        return [made for each in self._followers if (made := each()) is not None]

    def show(self, owner: Any, attribute: str) -> Any:
        """What an attribute of the object holds here and now."""
        try:
            stored = vars(owner)[attribute]
        except KeyError:
            raise AttributeError(f"{type(owner).__name__!r} object has no attribute {attribute!r}") from None
        reads = [(place, p, read_now(p)) for place, p in self.places if attribute in place.attributes]
        if not _SETTLED.get():
            for use in reads:
                self.note(*use)
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


def _shown(stand: Stand, attribute: str) -> property:
    def show(owner: Any) -> Any:
        return stand.show(owner, attribute)

    def store(owner: Any, value: Any) -> None:
        if getattr(stand.original, "model_config", {}).get("validate_assignment"):
            stand.original.__pydantic_validator__.validate_assignment(owner, attribute, value)
        else:
            vars(owner)[attribute] = value

    return property(show, store)


def _become(owner: Any, cls: Any) -> None:
    """Give an object another class, whatever its own says of setting attributes."""
    object.__setattr__(owner, "__class__", cls)


class _Unannounced:
    """Stands before the bases, so that no class of the user's is told of a subclass that is none of theirs."""

    __slots__ = ()

    def __init_subclass__(cls, **kwargs: Any) -> None: ...


@functools.cache
def _unannouncing(metaclass: Any) -> Any:
    """The metaclass, for classes of which their bases are not told: with one more base, the layout would differ."""

    def mro(cls: Any) -> list[Any]:
        own, *bases = metaclass.mro(cls)
        return [own, _Unannounced, *bases]

    return type(metaclass.__name__, (metaclass,), {"mro": mro})


def _reduce(original: Any) -> Any:
    is_own = original.__reduce_ex__ is not object.__reduce_ex__ or original.__reduce__ is not object.__reduce__

    def reduce(owner: Any, protocol: Any) -> Any:
        if not is_own:
            return object.__new__, (original,), owner.__getstate__()
        made = original.__reduce_ex__(owner, protocol)
        return made if isinstance(made, str) else tuple(original if each is type(owner) else each for each in made)

    return reduce


def _plain(original: Any, copied: Callable[..., Any]) -> Any:
    def copy(owner: Any, *args: Any) -> Any:
        made = copied(owner, *args)
        if made is not owner and type(made) is type(owner):
            _become(made, original)
        return made

    return copy
