"""Copies of objects that stand for others: plain ones, and those that a running program makes and then calls.

LangChain makes a copy for `prompt.partial(...)`, `bound.bind(...)`, `prompt + text`. One that is made outside a run is
an object of its own. One that a running program makes uses the same parameters as the object it was made of, as long
as it still says what that said.
"""

from __future__ import annotations

import operator
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trace_core.exposing import read_now

if TYPE_CHECKING:
    from trace_langchain.reads import Reads
    from trace_langchain.standing_in import Stand

_MISSING = object()


@dataclass(slots=True)
class _Copy:
    """A copy that follows the parameters.

    `held` has the value of each place as it was copied. Where the copy's text was made from another (`prompt + text`),
    `again` makes it anew from an object with other values, and `made_of` are the reads it was made with.
    """

    copy: Callable[[], Any]
    held: list[tuple[Any, Any]]
    again: Callable[[Any], Any] | None = None
    made_of: Reads | None = None


class Copies:
    """The copies of one object that follow its parameters."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self._known: dict[int, _Copy] = {}

    def follow(self, made: Any) -> None:
        """Have a copy use the parameters of those places where it says the same."""
        owner = self._stand.owner()
        held = [(place, _value(place, made)) for place, _ in self._stand.places]
        same = [(place, value) for place, value in held if owner is not None and value == _value(place, owner)]
        self._know(made, same)

    def derive(self, made: Any, again: Callable[[Any], Any], made_of: Reads) -> None:
        """Have what was worked out from the object be worked out again where other values hold."""
        self._know(made, list(vars(made).items()), again, made_of)

    def _know(self, made: Any, held: list[tuple[Any, Any]], *how: Any) -> None:
        key = id(made)
        self._known[key] = _Copy(weakref.ref(made, lambda _: self._known.pop(key, None)), held, *how)

    def _entry(self, user: Any) -> _Copy | None:
        entry = self._known.get(id(user))
        return entry if entry is not None and entry.copy() is user else None

    def reads(self, user: Any) -> Reads | None:
        """What a use of the copy reads; None if it has values of its own."""
        entry = self._entry(user)
        if entry is None:
            return None
        places = self._stand.places
        if entry.made_of is not None:
            ours = [place for place, _, _ in entry.made_of]
            same = all(vars(user).get(name, _MISSING) is value for name, value in entry.held)
        else:
            ours = [place for place, value in entry.held if _value(place, user) == value]
            same = True
        found = [(place, parameter, read_now(parameter)) for place, parameter in places if place in ours]
        return found if found and same else None

    def target(self, user: Any, reads: Reads) -> Any:
        """The copy as it would be with the values that were read."""
        entry = self._entry(user)
        if entry is None or entry.again is None:
            other = [(place, read) for place, _, read in reads if read.value != _value(place, user)]
            return self._stand.changed(user, other)
        before = {id(place): read.version for place, _, read in entry.made_of or ()}
        if all(before.get(id(place)) == read.version for place, _, read in reads):
            return user
        owner = self._stand.owner()
        return user if owner is None else entry.again(self._stand.target(owner, reads))


def _value(place: Any, owner: Any) -> Any:
    """What stands there; a copy may lack the place."""
    try:
        return place.read(owner)
    except (AttributeError, LookupError, TypeError):
        return _MISSING


def plain_copy(owner: Any, original: Any) -> Any:
    """A copy of the object, of its original class."""
    if hasattr(original, "__copy__"):
        made = original.__copy__(owner)
    else:
        made = object.__new__(type(owner))
        vars(made).update(vars(owner))
    made.__class__ = original
    return made


def plain_members(stand: Stand) -> dict[str, Any]:
    """How an object that stands for another is copied, stored and compared: as the original is."""
    original: Any = stand.original

    def settled(made: Any) -> Any:
        if stand.is_in_use():
            stand.copies.follow(made)
        else:
            made.__class__ = original
        return made

    def made_anew(self: Any, *args: Any, **kwargs: Any) -> None:
        """`type(self)(...)`, by which LangChain makes some copies."""
        original.__init__(self, *args, **kwargs)
        settled(self)

    def copied(name: str) -> Callable[..., Any]:
        return lambda self, *args: settled(getattr(original, name)(self, *args))

    def added(name: str) -> Callable[..., Any]:
        method = getattr(original, name)

        def add(self: Any, other: Any) -> Any:
            reads = stand.reads(self) if stand.is_in_use() else None
            if not reads:
                return method(self, other)
            made = method(stand.target(self, reads), other)
            if type(made) is original:
                made.__class__ = type(self)
                stand.copies.derive(made, lambda owner: method(owner, other), reads)
            return made

        return add

    def reduced(self: Any, protocol: Any) -> Any:
        return operator.getitem, ([plain_copy(self, original)], 0)  # what is stored is of the original class

    def equal(self: Any, other: Any) -> Any:
        theirs = getattr(type(other), "_trace_stand", None)
        return plain_copy(self, original) == (other if theirs is None else plain_copy(other, theirs.original))

    members = {name: copied(name) for name in ("__copy__", "__deepcopy__") if hasattr(original, name)}
    members |= {name: added(name) for name in ("__add__", "__radd__") if hasattr(original, name)}
    members |= {"__init__": made_anew, "__reduce_ex__": reduced}
    return {**members, "__eq__": equal, "__hash__": original.__hash__}
