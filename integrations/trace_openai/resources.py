"""The client's `chat.completions`, `responses` and so on: their methods take nodes.

Each resource gets a class of its own, of the same name, whose `create`, `parse` and `stream` resolve what they are
given; `stream` asks later, by `create`, so it is called on a copy that still knows the nodes.
"""

from __future__ import annotations

import copy
import functools
import inspect
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

from trace_openai.resolving import Given, given, resolved

PATHS = ("chat.completions", "responses", "embeddings", "completions")
BETA_PATHS = ("chat.completions", "responses")
_METHODS = ("create", "parse", "stream")
_NODES = "_trace_nodes"
_ASIDE = "_trace_aside"
_RAW = ("with_raw_response", "with_streaming_response")


def take_nodes(owner: Any, *paths: str) -> None:
    """Have the methods of the resources at these paths take nodes.

    What was made of the methods for raw responses before, here or on the way to them, is set aside and made anew.
    """
    for path in paths:
        parts = _parts(owner, path)
        for part in parts:
            known = vars(part)
            if _ASIDE not in known:
                known[_ASIDE] = {name: known.pop(name) for name in _RAW if name in known}
        for resource in parts[-1:]:
            if not hasattr(type(resource), _NODES):
                original: Any = type(resource)
                resource.__class__ = _taking_nodes(original)


def take_none(owner: Any, *paths: str) -> None:
    """Give the resources their classes back, and what was set aside."""
    for path in paths:
        parts = _parts(owner, path)
        for part in parts:
            known = vars(part)
            if _ASIDE in known:
                before = known.pop(_ASIDE)
                for name in _RAW:
                    known.pop(name, None)
                known.update(before)
        for resource in parts[-1:]:
            if hasattr(type(resource), _NODES):
                resource.__class__ = type(resource).__base__


def _parts(owner: Any, path: str) -> list[Any]:
    """What a path leads through, the resource last; none where this version does not have it."""
    parts = [owner]
    for name in path.split("."):
        part = getattr(parts[-1], name, None)
        if part is None:
            return []
        parts.append(part)
    return parts


@functools.cache
def _taking_nodes(original: Any) -> Any:
    methods = {name: _wrapped(name, getattr(original, name)) for name in _METHODS if hasattr(original, name)}
    names = {"__module__": original.__module__, "__qualname__": original.__qualname__, "__doc__": original.__doc__}
    return type(original.__name__, (original,), {**names, **methods, _NODES: ()})


def _wrapped(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    if name == "stream":
        made = _streaming(method)
    elif inspect.iscoroutinefunction(method):

        async def made(resource: Any, *args: Any, **arguments: Any) -> Any:
            asked, plain = _prepared(resource, arguments)
            with given(asked):
                return await method(resource, *args, **plain)

    elif inspect.iscoroutinefunction(inspect.unwrap(method)):

        def made(resource: Any, *args: Any, **arguments: Any) -> Any:
            asked, plain = _prepared(resource, arguments)
            answer = method(resource, *args, **plain)  # now: what is wrong with the arguments is said at once
            awaited = _awaited(asked, answer)
            weakref.finalize(awaited, answer.close).atexit = False  # where it is closed, and never awaited
            return awaited

    else:

        def made(resource: Any, *args: Any, **arguments: Any) -> Any:
            asked, plain = _prepared(resource, arguments)
            with given(asked):
                return method(resource, *args, **plain)

    return functools.wraps(method)(made)


def _prepared(resource: Any, arguments: dict[str, Any]) -> tuple[Given, dict[str, Any]]:
    plain, nodes = resolved(arguments)
    return Given(arguments, (*getattr(resource, _NODES, ()), *nodes)), plain


async def _awaited(asked: Given, answer: Coroutine[Any, Any, Any]) -> Any:
    with given(asked):
        return await answer


def _streaming(method: Callable[..., Any]) -> Callable[..., Any]:
    def stream(resource: Any, *args: Any, **arguments: Any) -> Any:
        asked, plain = _prepared(resource, arguments)
        if asked.nodes:
            resource = copy.copy(resource)
            setattr(resource, _NODES, asked.nodes)
        return method(resource, *args, **plain)

    return stream
