"""Streams that are not read to their end, or not by a plain loop, as cases of what a caller sees."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from openai import AsyncStream, Stream, Timeout

from tests.openai.api_server import asks, cut, garbage, gives, hangs, says
from tests.openai.seeing import Case, See, each, entered, following, got
from tests.openai.transparent_calls import CHAT, RESPONSE, Weather

CASES: dict[str, Case] = {}
WORDS = says("one two three four five six seven eight")


def case(*script: Any, **settings: Any) -> Callable[[Any], Any]:
    """The decorated coroutine is a case, by its name; with the Responses API too."""

    def added(do: Callable[[Any, See, Any, dict[str, Any]], Coroutine[Any, Any, None]]) -> Any:
        async def chat(client: Any, see: See) -> None:
            await do(client, see, client.chat.completions, CHAT)

        async def responses(client: Any, see: See) -> None:
            await do(client, see, client.responses, RESPONSE)

        name = do.__name__.replace("_", " ")
        CASES[f"{name}, chat"] = Case(chat, script, settings=settings)
        CASES[f"{name}, responses"] = Case(responses, script, settings=settings)
        return do

    return added


async def closed(stream: Any) -> None:
    await got(stream.close())


@case(WORDS, says("after"))
async def a_stream_is_closed_early(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    stream = await got(api.create(**asked, stream=True))
    see(await following(stream), await following(stream))
    await closed(stream)
    see(stream.response.is_closed)
    await closed(stream)
    see(await got(api.create(**asked)))


@case(WORDS, says("after"))
async def a_block_is_left_early(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    async with entered(await got(api.create(**asked, stream=True))) as stream:
        async for item in each(stream):
            see(item)
            break
    see(stream.response.is_closed, await got(api.create(**asked)))


@case(WORDS)
async def a_block_raises(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    async with entered(await got(api.create(**asked, stream=True))) as stream:
        see(await following(stream))
        raise ValueError("mine")


@case(WORDS)
async def a_helped_block_raises(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    async with entered(api.stream(**asked)) as stream:
        see(await following(stream))
        raise ValueError("mine")


@case(WORDS, says("after"))
async def a_stream_is_dropped(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    stream = await got(api.create(**asked, stream=True))
    see(await following(stream))
    response = stream.response
    del stream
    gc.collect()
    see(type(response), await got(api.create(**asked)))


@case(WORDS, says("after"))
async def a_stream_is_never_read(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    stream = await got(api.create(**asked, stream=True))
    see(stream, stream.response.is_closed)
    await closed(stream)
    see(await got(api.create(**asked)))


@case(WORDS)
async def a_stream_is_read_by_next_and_then_in_a_loop(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    stream = await got(api.create(**asked, stream=True))
    see(await following(stream), [item async for item in each(stream)], await following(stream))


@case(WORDS)
async def a_stream_is_what_the_sdk_gives(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    stream = await got(api.create(**asked, stream=True))
    see(type(stream).__name__, isinstance(stream, Stream | AsyncStream), stream)
    see(sorted(name for name in dir(stream) if not name.startswith(("__", "_trace"))))
    names = ("__next__", "__anext__", "__iter__", "__aiter__", "__enter__", "__aenter__", "close", "aclose", "response")
    see([hasattr(stream, name) for name in names])
    await closed(stream)


@case(gives({"city": "Paris", "degrees": 12}))
async def a_helper_is_asked_before_its_end(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    kind = "text_format" if "input" in asked else "response_format"
    async with entered(api.stream(**asked, **{kind: Weather})) as stream:
        see(await following(stream), await following(stream))
        see(getattr(stream, "current_completion_snapshot", None))
        final = stream.get_final_response if "input" in asked else stream.get_final_completion
        see(await got(final()))
        await see.call(final)


@case(WORDS, says("after"))
async def a_helper_is_left_early(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    async with entered(api.stream(**asked)) as stream:
        see(await following(stream), await following(stream))
        await closed(stream)
    see(await got(api.create(**asked)))


@case(cut(), says("after"))
async def a_stream_is_cut(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    stream = await got(api.create(**asked, stream=True))
    while await see.call(following, stream) is not None:
        continue
    see(stream.response.is_closed)
    await see.call(following, stream)
    see(await got(api.create(**asked)))


@case(garbage(answer=asks(("weather", {"city": "Paris"}))))
async def a_stream_is_malformed(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    stream = await got(api.create(**asked, stream=True))
    while await see.call(following, stream) is not None:
        continue
    await see.call(following, stream)


@case(hangs(WORDS), timeout=Timeout(5, read=0.2))
async def a_stream_stops_coming(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    stream = await got(api.create(**asked, stream=True))
    while await see.call(following, stream) is not None:
        continue


@case(*[WORDS] * 2)
async def two_streams_are_read_in_turn(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    one = await got(api.create(**asked, stream=True))
    other = await got(api.create(**asked, stream=True))
    for _ in range(4):
        see(await following(one), await following(other))
    see([item async for item in each(other)], [item async for item in each(one)])


@case(WORDS, WORDS)
async def a_stream_goes_to_another_place(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    """It is begun in one thread or task, read in another, and closed in a third."""

    async def begun() -> Any:
        return await got(api.create(**asked, stream=True))

    async def read(stream: Any) -> None:
        see(await following(stream), await following(stream))

    for end in (closed, rest):
        stream = await elsewhere(client, begun)
        await elsewhere(client, lambda: read(stream))  # noqa: B023 - called at once
        await elsewhere(client, lambda: end(stream))  # noqa: B023
        see(stream.response.is_closed)


async def rest(stream: Any) -> list[Any]:
    return [item async for item in each(stream)]


async def elsewhere(client: Any, do: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Runs it in a task of its own, or in a thread."""
    if hasattr(client, "__aenter__"):
        return await asyncio.get_running_loop().create_task(do())

    def alone() -> Any:
        running = do()
        try:
            running.send(None)
        except StopIteration as done:
            return done.value
        raise RuntimeError("a client that is not async waited")

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(alone).result()


@case(WORDS, says("after"))
async def a_generator_around_a_stream_is_left(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    """As programs do that give on what comes."""

    def inner() -> Iterator[Any]:
        with api.create(**asked, stream=True) as stream:
            yield from stream

    async def waiting() -> AsyncIterator[Any]:
        async with await api.create(**asked, stream=True) as stream:
            async for item in stream:
                yield item

    generator: Any = waiting() if hasattr(client, "__aenter__") else inner()
    see(await following(generator), await following(generator))
    await got(generator.aclose() if hasattr(client, "__aenter__") else generator.close())
    see(await got(api.create(**asked)))


# --- what is cancelled; only where the client is async


async def cancelled(task: asyncio.Task[Any], see: See) -> None:
    task.cancel("enough")
    try:
        await task
    except asyncio.CancelledError as error:
        see(type(error), error.args, task.cancelled())


async def until_asked(see: See) -> None:
    while not see.server.requests:
        await asyncio.sleep(0)


@case(hangs(), says("after"))
async def a_call_is_cancelled(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    if hasattr(client, "__aenter__"):
        task = asyncio.ensure_future(api.create(**asked))
        await until_asked(see)
        await cancelled(task, see)
        see(await api.create(**asked))


@case(hangs(WORDS), says("after"))
async def a_stream_is_cancelled(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    if hasattr(client, "__aenter__"):
        stream = await api.create(**asked, stream=True)
        see(await following(stream))

        async def rest() -> None:
            async for item in stream:
                see(item)

        task = asyncio.ensure_future(rest())
        for _ in range(100):
            await asyncio.sleep(0)
        await cancelled(task, see)
        see.values = [see.values[0], see.values[-3:]]  # how much came until then differs from run to run
        see(stream.response.is_closed)


async def end(limit: asyncio.Timeout, see: See) -> None:
    await until_asked(see)
    limit.reschedule(0)


@case(hangs(WORDS), hangs(), says("after"))
async def time_is_up(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    if hasattr(client, "__aenter__"):
        try:
            async with asyncio.timeout(None) as limit:
                ending = asyncio.ensure_future(end(limit, see))
                await api.create(**asked)
        except TimeoutError as error:
            see(error)
        await ending
        await see.call(asyncio.wait_for, api.create(**asked), 0.3)
        see(await api.create(**asked))


@case(says("never sent"))
async def a_coroutine_is_never_awaited(client: Any, see: See, api: Any, asked: dict[str, Any]) -> None:
    if hasattr(client, "__aenter__"):
        call = api.create(**asked)
        see(type(call), asyncio.iscoroutine(call))
        call.close()
