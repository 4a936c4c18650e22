"""What the caller gets, as it would without us; the answer is heard as it is read.

Streams, and responses whose body is still to be read, get a class of their own of the same name.
"""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable
from typing import Any

from trace_openai import private
from trace_openai.hearing import Hearing

_HEARING = "_trace_hearing"


def heard(result: Any, hearing: Hearing) -> Any:
    """A result of `client.request`, the same object, whose answer is told now or as it is read."""
    from openai import APIResponse, AsyncAPIResponse, AsyncStream, BaseModel, Stream

    original: Any = type(result)
    if isinstance(result, BaseModel):  # by far the most frequent, and slow to be asked for what it has not
        hearing.whole(result)
    elif isinstance(result, (Stream, AsyncStream)):
        _listen(result, _heard_stream(original), hearing)
        _on_close(result, hearing)
    elif isinstance(result, (APIResponse, AsyncAPIResponse)):
        _listen(result, _heard_response(original), hearing)
    elif hasattr(result, "http_response"):  # a raw response, whose body has been read but for a stream's
        if hearing.is_stream:
            heard(result.parse(), hearing)
        else:
            hearing.body(lambda: result.http_response.text)
    elif hasattr(result, "iter_lines"):  # the HTTP response itself
        hearing.body(lambda: result.text)
    else:
        hearing.whole(result)
    return result


def _listen(result: Any, heard: type, hearing: Hearing) -> None:
    vars(result)[_HEARING] = hearing
    result.__class__ = heard
    weakref.finalize(result, hearing.closed).atexit = False  # one that is let go of before its end


def _on_close(stream: Any, hearing: Hearing) -> None:
    """Hear when a stream is closed, also by what reads it: its HTTP response is closed then.

    While a piece is being read it may be closed for its end, or for an error, which is about to come.
    """
    response = private.response_of(stream)
    name = "aclose" if hasattr(response, "aclose") and not hasattr(stream, "__next__") else "close"
    close: Callable[[], Any] | None = getattr(response, name, None)
    if close is None:
        return

    def closed() -> Any:
        if not hearing.is_reading:
            hearing.closed()
        return close()

    setattr(response, name, closed)


@functools.cache
def _heard_stream(original: Any) -> Any:
    base: Any = original

    def next_(stream: Any) -> Any:
        hearing: Hearing = vars(stream)[_HEARING]
        with hearing:
            piece = base.__next__(stream)
        hearing.piece(piece)
        return piece

    async def anext_(stream: Any) -> Any:
        hearing: Hearing = vars(stream)[_HEARING]
        with hearing:
            piece = await base.__anext__(stream)
        hearing.piece(piece)
        return piece

    def iterate(stream: Any) -> Any:
        while True:
            try:
                piece = next_(stream)
            except StopIteration:
                return
            yield piece

    async def aiterate(stream: Any) -> Any:
        while True:
            try:
                piece = await anext_(stream)
            except StopAsyncIteration:
                return
            yield piece

    if hasattr(original, "__anext__"):
        return _subclass(original, {"__anext__": anext_, "__aiter__": aiterate})
    return _subclass(original, {"__next__": next_, "__iter__": iterate})


@functools.cache
def _heard_response(original: Any) -> Any:
    base: Any = original

    def read(response: Any) -> bytes:
        body: bytes = base.read(response)
        vars(response)[_HEARING].body(lambda: body)
        return body

    async def aread(response: Any) -> bytes:
        body: bytes = await base.read(response)
        vars(response)[_HEARING].body(lambda: body)
        return body

    def parse(response: Any, **to: Any) -> Any:
        return _parsed(response, base.parse(response, **to))

    async def aparse(response: Any, **to: Any) -> Any:
        return _parsed(response, await base.parse(response, **to))

    def close(response: Any) -> None:
        base.close(response)
        vars(response)[_HEARING].closed()

    async def aclose(response: Any) -> None:
        await base.close(response)
        vars(response)[_HEARING].closed()

    if inspect.iscoroutinefunction(base.read):
        return _subclass(original, {"read": aread, "parse": aparse, "close": aclose})
    return _subclass(original, {"read": read, "parse": parse, "close": close})


def _parsed(response: Any, parsed: Any) -> Any:
    hearing: Hearing = vars(response)[_HEARING]
    if hearing.is_stream and _HEARING not in vars(parsed):
        return heard(parsed, hearing)
    return parsed


def _subclass(original: type, members: dict[str, Any]) -> type:
    wrapped = {name: functools.wraps(getattr(original, name))(member) for name, member in members.items()}
    names = {"__module__": original.__module__, "__qualname__": original.__qualname__, "__doc__": original.__doc__}
    return type(original.__name__, (original,), {**names, **wrapped})
