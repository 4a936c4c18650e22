"""What a caller sees of a client: a case runs with a bare one and with a traced one, and all that it saw is compared.

A case is one coroutine for both kinds of client: `got`, `each` and `entered` wait where the client is async. With a
client that is not, nothing waits, and no event loop runs.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from tests.openai.api_server import ApiServer

KINDS = ("sync", "async")
END = object()


@dataclass(frozen=True)
class Case:
    """What is done with a client, and what the server answers."""

    do: Callable[[Any, See], Coroutine[Any, Any, None]]
    script: tuple[Any, ...] = ()
    client: str = "client"
    settings: Mapping[str, Any] = field(default_factory=dict)
    kinds: tuple[type, ...] = ()
    """The client's class, sync and async, where it is the user's own."""


@dataclass
class Seen:
    """All that could be seen from outside."""

    values: list[Any]
    requests: list[Any]


class See:
    """Takes down what a case saw, at once: `see(value)`."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        self.values: list[Any] = []
        self.in_order = True
        """Whether the requests come in the same order in every run; else neither they nor the log are compared."""

    def __call__(self, *values: Any) -> None:
        self.values += [shown(value, self.server.origin) for value in values]

    async def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Sees what a function gives, or raises."""
        try:
            result = await got(function(*args, **kwargs))
        except Exception as error:
            self(error)
            return None
        self(result)
        return result


async def observed(case: Case, kind: str, prepare: Callable[[Any], Any]) -> Seen:
    """Runs a case with a client that was prepared."""
    with ApiServer(*case.script) as server:
        see = See(server)
        name = case.client if kind == "sync" else f"async_{case.client}"
        own = case.kinds[KINDS.index(kind) :][:1]
        client = getattr(server, name)(*own, **case.settings)
        prepare(client)
        before = {variable.name: value for variable, value in copy_context().items()}
        with logged(see):
            try:
                await case.do(client, see)
            except Exception as error:
                see(error)
        after = {variable.name: value for variable, value in copy_context().items()}
        see(sorted(name for name in after if name not in before or after[name] is not before[name]))
        if kind == "async":
            await client.close()
        requests = server.requests if see.in_order else []
        return Seen(see.values, [request_shown(request, server.origin) for request in requests])


@contextmanager
def logged(see: See) -> Iterator[None]:
    """Sees at the end what the SDK logged, whose `OPENAI_LOG=debug` a user may read."""
    records: list[str] = []

    def take(record: logging.LogRecord) -> None:
        try:
            records.append(plain(record.getMessage(), see.server.origin))
        except Exception as error:  # as a handler does, which disturbs no program
            records.append(repr(error))

    handler = logging.Handler()
    handler.emit = take  # type: ignore[method-assign]
    logger = logging.getLogger("openai")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        if see.in_order:
            see(records)


def run(case: Case, kind: str, prepare: Callable[[Any], Any] = lambda client: None) -> Seen:
    """The same from code that does not wait; an event loop runs for an async client only."""
    running = observed(case, kind, prepare)
    if kind == "async":
        return asyncio.run(running)
    try:
        running.send(None)
    except StopIteration as done:
        seen: Seen = done.value
        return seen
    raise RuntimeError("a client that is not async waited")


# --- for both kinds of client


async def got(value: Any) -> Any:
    return await value if isinstance(value, Awaitable) else value


async def following(iterator: Any) -> Any:
    """The next item, or END."""
    try:
        return await anext(iterator) if hasattr(iterator, "__anext__") else next(iterator)
    except (StopIteration, StopAsyncIteration):
        return END


async def each(iterable: Any) -> AsyncIterator[Any]:
    iterator = aiter(iterable) if hasattr(iterable, "__aiter__") else iter(iterable)
    while (item := await following(iterator)) is not END:
        yield item


@asynccontextmanager
async def entered(manager: Any) -> AsyncIterator[Any]:
    async with AsyncExitStack() as stack:
        if hasattr(manager, "__aenter__"):
            yield await stack.enter_async_context(manager)
        else:
            yield stack.enter_context(manager)


# --- what is compared


def plain(text: str, origin: str) -> str:
    """A text without what differs between two runs: the server's port, addresses in memory, random ids and times."""
    text = text.replace(origin, "http://server").replace(origin[7:], "server")
    return re.sub(r"0x[0-9a-f]{6,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[\d.]+ seconds", "…", text)


def request_shown(request: Any, origin: str) -> tuple[Any, ...]:
    headers = {name: plain(value, origin) for name, value in request.headers.items()}
    return request.path, headers, request.content, request.connection


def shown(value: Any, origin: str) -> Any:
    """A value as what can be compared."""
    if isinstance(value, BaseModel):
        dumped = value.model_dump(warnings=False) if type(value).__module__.startswith("openai") else value.model_dump()
        attributes = (sorted(vars(value)), sorted(value.model_fields_set), getattr(value, "_request_id", None))
        return type(value), repr(value), dumped, attributes
    if isinstance(value, BaseException):
        return error_shown(value, origin)
    if isinstance(value, dict):
        return {key: shown(item, origin) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return type(value), [shown(item, origin) for item in value]
    if isinstance(value, str):
        return plain(value, origin)
    if isinstance(value, type):
        return str(value)
    if isinstance(value, bytes | int | float | None):
        return value
    return kinds_of(value), plain(repr(value), origin)


def kinds_of(value: Any) -> list[str]:
    """An object's classes by name; one that was derived from its class under the same name is not told apart."""
    return list(dict.fromkeys(str(kind) for kind in type(value).__mro__))


def error_shown(error: BaseException, origin: str) -> dict[str, Any]:
    """An exception with all that a program may ask it, and those that it was raised for."""
    told = {"type": type(error), "text": plain(str(error), origin), "repr": plain(repr(error), origin)}
    for name in ("status_code", "body", "code", "param", "type", "request_id", "message", "completion"):
        if hasattr(error, name):
            told[f".{name}"] = shown(getattr(error, name), origin)
    for name in ("response", "request"):
        if (carried := getattr(error, name, None)) is not None:
            told[f".{name}"] = (type(carried), plain(str(carried.url), origin), list(carried.headers))
    return {
        **told,
        "attributes": sorted(vars(error)),
        "notes": getattr(error, "__notes__", []),
        "cause": type(error.__cause__),
        "context": type(error.__context__),
        "suppressed": error.__suppress_context__,
    }


def differences(bare: Seen, traced: Seen) -> str:
    """Where two clients showed other things, in words; an empty text where all is equal."""
    return "\n".join(told("values", bare.values, traced.values) + told("requests", bare.requests, traced.requests))


def told(place: str, one: Any, other: Any) -> list[str]:
    """The innermost differences."""
    if one == other:
        return []
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [line for key in one for line in told(f"{place}[{key!r}]", one[key], other[key])]
    if isinstance(one, list | tuple) and type(one) is type(other) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [line for index, (a, b) in pairs for line in told(f"{place}[{index}]", a, b)]
    return [f"{place}\n  without us: {one}\n  with us:    {other}"]
