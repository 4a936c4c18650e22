"""What a caller says, and how it reaches the API: settings, headers, retries, odd arguments, other kinds of clients."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
from openai import NOT_GIVEN, DefaultAsyncHttpxClient, DefaultHttpxClient

from tests.openai.api_server import asks, fails, garbage, gives, hangs, says
from tests.openai.seeing import Case, See, each, entered, got
from tests.openai.transparent_calls import CHAT, RESPONSE, Weather

CASES: dict[str, Case] = {}


def case(*script: Any, client: str = "client", **settings: Any) -> Callable[[Any], Any]:
    """The decorated coroutine is a case, by its name."""

    def added(do: Callable[[Any, See], Coroutine[Any, Any, None]]) -> Any:
        CASES[do.__name__.replace("_", " ")] = Case(do, script, client, settings)
        return do

    return added


# --- settings


@case(
    says("a"), says("b"), organization="org-1", project="proj-1", default_headers={"x-a": "1"}, default_query={"q": "1"}
)
async def settings_of_a_client(client: Any, see: See) -> None:
    see(await got(client.chat.completions.create(**CHAT)))
    client.api_key = "sk-other"
    client.timeout = 9
    see(await got(client.responses.create(**RESPONSE)))


@case(*[says("a")] * 3)
async def settings_of_a_call(client: Any, see: See) -> None:
    more = {"extra_headers": {"x-b": "2", "Authorization": "Bearer sk-mine"}, "extra_query": {"k": "v"}, "timeout": 3}
    for create, asked in ((client.chat.completions.create, CHAT), (client.responses.create, RESPONSE)):
        see(await got(create(**asked, **more, extra_body={"extra": {"deep": [1]}})))
    see(
        await got(
            client.chat.completions.create(**{**CHAT, "temperature": NOT_GIVEN}, extra_headers={"x-c": openai.omit})
        )
    )


@case(says("a"), says("b"), says("c"))
async def copies_with_other_settings(client: Any, see: See) -> None:
    other = client.with_options(timeout=3, max_retries=1, default_headers={"x-d": "3"}, api_key="sk-copy")
    see(await got(other.chat.completions.create(**CHAT)))
    see(await got(client.copy().with_options(organization="o").responses.create(**RESPONSE)))
    see(await got(client.chat.completions.create(**CHAT)))


@case(fails(429, "Slow down.", retry_after=0), fails(503, retry_after=0), says("a"), max_retries=2)
async def a_call_is_tried_again(client: Any, see: See) -> None:
    see(await got(client.chat.completions.create(**CHAT)))


@case(fails(429, "Slow down.", retry_after=0), says("a b c"), max_retries=2)
async def a_stream_is_tried_again(client: Any, see: See) -> None:
    see([item async for item in each(await got(client.responses.create(**RESPONSE, stream=True)))])


@case(*[fails(500, retry_after=0)] * 3, max_retries=2)
async def tries_are_used_up(client: Any, see: See) -> None:
    try:
        await got(client.chat.completions.create(**CHAT))
    except openai.InternalServerError as error:
        see(error)


@case(fails(429, "Slow down.", retry_after=0), says("a"), max_retries=1)
async def how_often_it_was_tried(client: Any, see: See) -> None:
    see((await got(client.chat.completions.with_raw_response.create(**CHAT))).retries_taken)


# Only what is read is waited for so shortly: a machine that is busy takes its time to connect.
SHORTLY = openai.Timeout(5, read=0.2)


@case(hangs(), hangs(), timeout=SHORTLY)
async def nothing_comes(client: Any, see: See) -> None:
    try:
        await got(client.chat.completions.create(**CHAT))
    except openai.APITimeoutError as error:
        see(error)
    await see.call(client.with_options(timeout=openai.Timeout(5, read=0.1)).responses.create, **RESPONSE)


@case(base_url="http://127.0.0.1:9/v1")
async def nobody_is_there(client: Any, see: See) -> None:
    await see.call(client.chat.completions.create, **CHAT)
    await see.call(client.responses.create, **RESPONSE, stream=True)


@case(garbage('{"choices": 3}'), _strict_response_validation=True)
async def an_answer_is_validated(client: Any, see: See) -> None:
    await see.call(client.chat.completions.create, **CHAT)


@case(says("a"))
async def a_key_is_asked_for(client: Any, see: See) -> None:
    async def waiting() -> str:
        return "sk-asked-for"

    other = client.with_options(api_key=waiting if hasattr(client, "__aenter__") else lambda: "sk-asked-for")
    see(await got(other.chat.completions.create(**CHAT)))


# --- other clients


@case(says("a"), says("b"), gives({"city": "Paris", "degrees": 1}), fails(401, "No."), client="azure")
async def azure(client: Any, see: See) -> None:
    see(await got(client.chat.completions.create(**CHAT)))
    see([item async for item in each(await got(client.chat.completions.create(**CHAT, stream=True)))])
    see(await got(client.chat.completions.parse(**CHAT, response_format=Weather)))
    await see.call(client.chat.completions.create, **CHAT)
    see(client.with_options(timeout=3)._api_version, client.copy().timeout)


@case(says("a"), says("b"), client="azure", azure_deployment="mine", azure_ad_token="token", api_key=None)
async def azure_of_one_deployment(client: Any, see: See) -> None:
    see(await got(client.chat.completions.create(**CHAT)))
    see(await got(client.responses.create(**RESPONSE)))


def hooked(kind: Any, seen: list[str]) -> Any:
    def hook(message: Any) -> None:
        seen.append(f"{type(message).__name__} {message.headers.get('x-stainless-retry-count')}")

    async def waiting(message: Any) -> None:
        hook(message)

    used = hook if kind is DefaultHttpxClient else waiting
    return kind(verify=False, event_hooks={"request": [used], "response": [used]})


@case(says("a"), says("b c"))
async def a_client_of_the_users_own_for_http(client: Any, see: See) -> None:
    seen: list[str] = []
    kind = DefaultAsyncHttpxClient if hasattr(client, "__aenter__") else DefaultHttpxClient
    async with entered(client.with_options(http_client=hooked(kind, seen))) as other:
        see(await got(other.chat.completions.create(**CHAT)))
        see([item async for item in each(await got(other.chat.completions.create(**CHAT, stream=True)))])
    see(seen, other.is_closed(), client.is_closed())


class Stopped(BaseException):
    """What no program catches."""


@case(says("a"))
async def what_hooks_raise(client: Any, see: See) -> None:
    for error in (ValueError("mine"), Stopped("mine"), KeyboardInterrupt("mine")):

        def raising(message: Any, error: BaseException = error) -> None:
            raise error

        async def waiting(message: Any, error: BaseException = error) -> None:
            raise error

        is_async = hasattr(client, "__aenter__")
        kind, hook = (DefaultAsyncHttpxClient, waiting) if is_async else (DefaultHttpxClient, raising)
        async with entered(client.with_options(http_client=kind(event_hooks={"request": [hook]}))) as other:
            for create, asked in ((other.chat.completions.create, CHAT), (other.responses.create, RESPONSE)):
                try:
                    await got(create(**asked))
                except BaseException as raised:
                    see(raised, raised is error)


@case(asks(("weather", {"city": "Paris"})), says("a b", reasoning="Hm."))
async def answers_are_copied(client: Any, see: See) -> None:
    for answer in (await got(client.chat.completions.create(**CHAT)), await got(client.responses.create(**RESPONSE))):
        copies = [copy.copy(answer), copy.deepcopy(answer), pickle.loads(pickle.dumps(answer)), answer.model_copy()]
        see(copies, [each == answer for each in copies], type(answer).model_validate(answer.model_dump()) == answer)
        see(answer.to_json(), answer.to_dict())
        answer.mine = 3
        see(answer)


@case(says("a"))
async def a_client_in_a_block(client: Any, see: See) -> None:
    async with entered(client) as same:
        see(same is client, await got(same.chat.completions.create(**CHAT)), client.is_closed())
    see(client.is_closed())
    await see.call(client.chat.completions.create, **CHAT)


@case()
async def what_is_no_call_of_a_model(client: Any, see: See) -> None:
    see(await got(client.models.list()))
    see(await got(client.get("/models", cast_to=object)))
    await see.call(client.moderations.create, input="a")
    await see.call(client.images.generate, prompt="a")


def echo(body: dict[str, Any]) -> Any:
    return says(body["messages"][0]["content"] + "!")


@case(echo)
async def many_at_once(client: Any, see: See) -> None:
    """Eight threads or tasks, each with five calls of which some are streams."""
    barrier = threading.Barrier(8)

    async def one(number: int) -> list[str]:
        told = []
        for turn in range(5):
            asked = {"model": "m", "messages": [{"role": "user", "content": f"{number} {turn}"}]}
            if turn % 2:
                chunks = [item async for item in each(await got(client.chat.completions.create(**asked, stream=True)))]
                told.append("".join(chunk.choices[0].delta.content or "" for chunk in chunks))
            else:
                told.append((await got(client.chat.completions.create(**asked))).choices[0].message.content)
        return told

    def in_a_thread(number: int) -> list[str]:
        barrier.wait()
        running = one(number)
        try:
            running.send(None)
        except StopIteration as done:
            return list(done.value)
        raise RuntimeError("a client that is not async waited")

    if hasattr(client, "__aenter__"):
        see(await asyncio.gather(*map(one, range(8))))
    else:
        with ThreadPoolExecutor(8) as pool:
            see(list(pool.map(in_a_thread, range(8))))
    see(sorted(request.content for request in see.server.requests))
    see.in_order = False
