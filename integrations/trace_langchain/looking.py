"""Methods and fields that look first who uses the object: in a candidate, a copy with its values answers."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trace_langchain.reads import PENDING, Pending, note

if TYPE_CHECKING:
    from trace_langchain.reads import Reads
    from trace_langchain.standing_in import Stand

_COPIES_KEPT = 16


@dataclass(slots=True)
class _Use:
    """One use of an object: whom to call, and which reads the next call of a kind has made."""

    target: Any
    pending: Pending | None = None


def _use(stand: Stand, user: Any) -> _Use:
    current = PENDING.get()
    reads = None if current is not None and current.stand is stand else stand.reads(user)
    if reads is None:  # inside another method of the same use, or a copy that has values of its own
        return _Use(user)
    target = stand.target(user, reads)
    noted = [(place.argument, parameter, read) for place, parameter, read in reads]
    if not stand.reader:
        for argument, parameter, read in noted:
            note(argument, parameter, read)
        return _Use(target)
    inherited = current.reads if current is not None and current.kind == stand.reader else []
    return _Use(target, Pending(stand.reader, [*inherited, *noted], stand))


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


async def _streamed(use: _Use, items: Any) -> AsyncGenerator[Any, None]:
    first = True
    while True:
        with _pending(use.pending if first else None):
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


def _yielded(use: _Use, items: Any) -> Iterator[Any]:
    try:
        with _pending(use.pending):
            try:
                item = next(items)
            except StopIteration:
                return
        yield item
        yield from items
    finally:
        items.close()


def looking_first(stand: Stand, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """The method, for the object or for the copy that a candidate uses."""
    if inspect.iscoroutinefunction(method):

        async def awaited(self: Any, *args: Any, **kwargs: Any) -> Any:
            use = _use(stand, self)
            with _pending(use.pending):
                return await method(use.target, *args, **kwargs)

        return awaited

    if inspect.isasyncgenfunction(method):

        async def streamed(self: Any, *args: Any, **kwargs: Any) -> Any:
            use = _use(stand, self)
            async with aclosing(_streamed(use, method(use.target, *args, **kwargs))) as items:
                async for item in items:
                    yield item

        return streamed

    if inspect.isgeneratorfunction(method):

        def yielded(self: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
            use = _use(stand, self)
            yield from _yielded(use, method(use.target, *args, **kwargs))

        return yielded

    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        use = _use(stand, self)
        with _pending(use.pending):
            result = method(use.target, *args, **kwargs)
        if not name.endswith("stream_events"):
            return result
        if inspect.isasyncgen(result):  # it is a plain function that gives a stream, of which nothing has run yet
            return _streamed(use, result)
        return _yielded(use, result) if inspect.isgenerator(result) else result

    return called


class Field:
    """A field, or a property worked out from fields, that is read as it holds here and now."""

    def __init__(self, stand: Stand, name: str) -> None:
        self._stand = stand
        self._name = name
        self._inherited = inspect.getattr_static(stand.original, name, None)
        self._made: dict[Any, tuple[dict[str, Any], Any]] = {}

    def __get__(self, user: Any, cls: type | None = None) -> Any:
        if user is None:
            raise AttributeError(self._name)
        current = PENDING.get()
        reads = None if current is not None and current.stand is self._stand else self._stand.reads(user)
        ours = [entry for entry in reads or () if self._name in entry[0].fields]
        for place, parameter, read in ours:
            note(place.argument, parameter, read)
        target = self._target(user, ours)
        return self._value(user) if target is user else getattr(target, self._name)

    def _target(self, user: Any, reads: Reads) -> Any:
        """The copy that has the values that were read; made once, as long as the object stays as it is."""
        key = (id(user), *((id(parameter), read.version) for _, parameter, read in reads))
        before, made = self._made.get(key, ({}, None))
        now = vars(user)
        if made is None or before.keys() != now.keys() or any(before[name] is not now[name] for name in now):
            made = self._stand.target(user, reads)
            if made is not user:
                self._made[key] = dict(now), made
                if len(self._made) > _COPIES_KEPT:
                    self._made.pop(next(iter(self._made)), None)
        return made

    def _value(self, user: Any) -> Any:
        if isinstance(self._inherited, property):
            return self._inherited.__get__(user)
        try:
            return vars(user)[self._name]
        except KeyError:
            raise AttributeError(self._name) from None

    def __set__(self, user: Any, value: Any) -> None:
        vars(user)[self._name] = value


def unread(stand: Stand, method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that reads the fields for itself: that is no use of what the parameters say."""
    if inspect.iscoroutinefunction(method):

        async def awaited(self: Any, *args: Any, **kwargs: Any) -> Any:
            with _pending(Pending("", stand=stand)):
                return await method(self, *args, **kwargs)

        return awaited

    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        with _pending(Pending("", stand=stand)):
            return method(self, *args, **kwargs)

    return called
