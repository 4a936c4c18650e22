"""The client as an object, as cases: its type, its methods' signatures, its copies, its attributes."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable, Coroutine
from operator import attrgetter
from typing import Any

import openai

from tests.openai.api_server import KEY, says
from tests.openai.seeing import Case, See, got
from tests.openai.transparent_calls import CHAT, RESPONSE

CASES: dict[str, Case] = {}

METHODS = [
    *(f"{beta}chat.completions.{verb}" for beta in ("", "beta.") for verb in ("create", "parse", "stream")),
    *(f"responses.{verb}" for verb in ("create", "parse", "stream", "retrieve", "delete", "cancel")),
    "embeddings.create",
    "completions.create",
    "models.list",
    *("request", "post", "get", "copy", "with_options", "close", "is_closed", "chat.completions.list", "get_api_list"),
    *("chat.completions.with_raw_response.create", "chat.completions.with_streaming_response.create"),
    *("with_raw_response.chat.completions.create", "with_streaming_response.responses.create"),
]


def case(*script: Any, client: str = "client", kinds: tuple[type, ...] = ()) -> Callable[[Any], Any]:
    """The decorated coroutine is a case, by its name."""

    def added(do: Callable[[Any, See], Coroutine[Any, Any, None]]) -> Any:
        CASES[do.__name__.replace("_", " ")] = Case(do, script, client, kinds=kinds)
        return do

    return added


def kind_of(client: Any) -> type:
    kinds = (openai.AzureOpenAI, openai.AsyncAzureOpenAI, openai.OpenAI, openai.AsyncOpenAI)
    return next(kind for kind in kinds if isinstance(client, kind))


@case()
async def its_type(client: Any, see: See) -> None:
    kind = type(client)
    see(kind.__name__, kind.__qualname__, kind.__module__, str(kind), repr(client), str(client), kind.__doc__)
    see(client.__class__.__name__, kind_of(client), issubclass(kind, kind_of(client)), callable(client), bool(client))
    see(inspect.signature(kind), inspect.getmodule(kind).__name__, inspect.isabstract(kind))  # type: ignore[union-attr]
    see(client == client, client != object(), hash(client) == hash(client), {client: 1}[client])


@case(client="azure")
async def the_type_of_azure(client: Any, see: See) -> None:
    see(type(client).__name__, str(type(client)), repr(client), kind_of(client))


@case()
async def its_methods(client: Any, see: See) -> None:
    for name in METHODS:
        method = attrgetter(name)(client)
        see(name, str(inspect.signature(method)), inspect.iscoroutinefunction(method), callable(method), type(method))
        see([getattr(method, about, None) for about in ("__name__", "__qualname__", "__module__", "__doc__")])
        see(attrgetter(name)(client) == method)


@case()
async def its_annotations(client: Any, see: See) -> None:
    for name in ("chat.completions.create", "responses.create", "embeddings.create", "copy"):
        see(inspect.get_annotations(attrgetter(name)(client)))


@case()
async def its_resources(client: Any, see: See) -> None:
    for name in ("chat", "chat.completions", "responses", "embeddings", "completions", "beta", "beta.chat", "models"):
        resource = attrgetter(name)(client)
        see(name, type(resource), repr(resource), attrgetter(name)(client) is resource, resource._client is client)
    for name in ("with_raw_response", "with_streaming_response"):
        see(type(getattr(client, name)), type(getattr(client.chat.completions, name)))


@case()
async def its_attributes(client: Any, see: See) -> None:
    for name in sorted(vars(kind_of(client)).keys() | set(dir(kind_of(client)))):
        if not name.startswith("__"):
            see((name, hasattr(client, name), type(inspect.getattr_static(client, name)).__name__))
    for name in ("api_key", "organization", "project", "timeout", "max_retries", "base_url", "websocket_base_url"):
        see((name, getattr(client, name)))
    for name in ("default_headers", "custom_auth", "auth_headers", "user_agent", "_custom_headers", "_custom_query"):
        see((name, getattr(client, name)))
    see(client._client.is_closed, client.is_closed())
    await see.call(lambda: client.no_such_thing)
    await see.call(lambda: client.chat.no_such_thing)
    await see.call(lambda: client.chat.completions.no_such_thing)


@case(says("a"))
async def attributes_that_are_set(client: Any, see: See) -> None:
    client.base_url = str(client.base_url).replace("/v1", "/v2")
    client.mine = 3
    client.max_retries = 1
    see(client.mine, client.base_url, client.max_retries)
    del client.mine
    see(hasattr(client, "mine"))
    see(await got(client.chat.completions.create(**CHAT)))


@case(says("a"))
async def it_is_copied(client: Any, see: See) -> None:
    for made in (client.copy(), client.with_options(), client.with_options(timeout=3)):
        see(type(made).__name__, str(type(made)), kind_of(made), made is client, made.timeout, made.api_key == KEY)
        see(made._client is client._client)
    shallow = copy.copy(client)
    see(type(shallow).__name__, shallow is client, shallow._client is client._client)
    see(await got(shallow.chat.completions.create(**CHAT)))


@case()
async def it_is_copied_deeply(client: Any, see: See) -> None:
    await see.call(lambda: type(copy.deepcopy(client)).__name__)
    await see.call(lambda: type(copy.deepcopy(client.chat)).__name__)


@case()
async def it_is_pickled(client: Any, see: See) -> None:
    """It can not be; which of its parts is named first as the reason is no matter."""
    for value in (client, client.chat.completions):
        try:
            see(len(pickle.dumps(value)) > 0)
        except Exception as error:
            see(type(error))


@case(*[says("a")] * 4)
async def methods_that_are_taken_first(client: Any, see: See) -> None:
    """A program may hold a method, and call it later."""
    chat, responses = client.chat.completions.create, client.responses.create
    raw = client.chat.completions.with_raw_response
    see(await got(chat(**CHAT)), await got(responses(**RESPONSE)))
    see((await got(raw.create(**CHAT))).text)
    see(await got(type(client.chat.completions).create(client.chat.completions, **CHAT)))


class Counting(openai.OpenAI):
    """A client of a user's own class, with a hook that the SDK has."""

    def _prepare_options(self, options: Any) -> Any:
        self.prepared = getattr(self, "prepared", 0) + 1
        return super()._prepare_options(options)

    def request(self, *args: Any, **kwargs: Any) -> Any:
        self.asked = getattr(self, "asked", 0) + 1
        return super().request(*args, **kwargs)

    def hello(self) -> str:
        return f"hello of {type(self).__name__}"


class AsyncCounting(openai.AsyncOpenAI):
    """The same for async programs."""

    async def _prepare_options(self, options: Any) -> Any:
        self.prepared = getattr(self, "prepared", 0) + 1
        return await super()._prepare_options(options)

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        self.asked = getattr(self, "asked", 0) + 1
        return await super().request(*args, **kwargs)

    def hello(self) -> str:
        return f"hello of {type(self).__name__}"


@case(*[says("a")] * 3, kinds=(Counting, AsyncCounting))
async def a_client_of_the_users_own_class(client: Any, see: See) -> None:
    see(type(client).__name__, client.hello(), isinstance(client, Counting | AsyncCounting))
    see(await got(client.chat.completions.create(**CHAT)), await got(client.responses.create(**RESPONSE)))
    other = client.with_options(timeout=3)
    see(type(other).__name__, other.hello(), await got(other.chat.completions.create(**CHAT)))
    see(client.prepared, client.asked, other.prepared, other.asked)
