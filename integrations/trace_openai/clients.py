"""The client itself: every request goes through its `request`, so that is where calls are recorded and texts replaced.

A client gets a class of its own, of the same name, so that it stays what it was for `isinstance`; copies made by
`with_options` are traced as it is. Requests made by `parse`, `stream`, raw responses, `client.beta` and `client.post`
all come by here (openai-python, `_base_client.py`).
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

from trace_openai.requests import Asking, State
from trace_openai.resources import BETA_PATHS, PATHS, take_nodes, take_none

_STATE = "_trace_state"


def state_of(client: Any) -> State | None:
    """What is known of a client that is traced or learned, else None."""
    state: State | None = vars(client).get(_STATE)
    return state


def attach(client: Any) -> State:
    """Have a client's requests come by us.

    Raises:
        TypeError: it is no client of the openai package.
    """
    import openai

    if not isinstance(client, (openai.OpenAI, openai.AsyncOpenAI)):
        raise TypeError(f"an OpenAI or AsyncOpenAI client is expected, not {type(client).__name__}")
    state = state_of(client)
    return _become(client, State(client)) if state is None else state


def let_go(client: Any) -> None:
    """Give a client its class back where it is neither traced nor learned any more."""
    state = None if client is None else state_of(client)
    if state is None or state.recorder is not None or state.learned.parameters:
        return
    _give_back(client)


def plain_copy(client: Any) -> Any:
    """A copy of a client that is neither recorded nor learned."""
    made = client.copy()
    if state_of(made) is not None:
        _give_back(made)
    return made


def _give_back(client: Any) -> None:
    take_none(client, *PATHS)
    if "beta" in vars(client):
        take_none(client.beta, *BETA_PATHS)
    client.__class__ = type(client).__base__
    del vars(client)[_STATE]


def _become(client: Any, state: State) -> State:
    vars(client)[_STATE] = state
    original: Any = type(client)
    client.__class__ = _traced(original)
    take_nodes(client, *PATHS)
    if "beta" in vars(client):
        take_nodes(client.beta, *BETA_PATHS)
    return state


@functools.cache
def _traced(original: Any) -> Any:
    base: Any = original

    @functools.wraps(base.request)
    def request(client: Any, cast_to: Any, options: Any, **how: Any) -> Any:
        asking = Asking.of(client, vars(client)[_STATE], options)
        if asking is None:
            return base.request(client, cast_to, options, **how)
        with asking.failing():
            return asking.answered(base.request(client, cast_to, asking.options, **how))

    @functools.wraps(base.request)
    async def arequest(client: Any, cast_to: Any, options: Any, **how: Any) -> Any:
        asking = Asking.of(client, vars(client)[_STATE], options)
        if asking is None:
            return await base.request(client, cast_to, options, **how)
        with asking.failing():
            return asking.answered(await base.request(client, cast_to, asking.options, **how))

    @functools.wraps(base.copy)
    def copy(client: Any, *args: Any, **options: Any) -> Any:
        made = base.copy(client, *args, **options)
        if _STATE not in vars(made):
            made.__class__ = original  # which `_become` takes from there
            _become(made, vars(client)[_STATE])
        return made

    def beta(client: Any) -> Any:
        found = base.beta.__get__(client, original)
        take_nodes(found, *BETA_PATHS)
        return found

    names = {"__module__": original.__module__, "__qualname__": original.__qualname__, "__doc__": original.__doc__}
    is_async = inspect.iscoroutinefunction(base.request)
    lazily = functools.cached_property(beta)
    members = {"request": arequest if is_async else request, "copy": copy, "with_options": copy, "beta": lazily}
    return type(original.__name__, (original,), {**names, **members})
