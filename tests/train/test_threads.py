"""Sync functions in threads: all at once, in their context, and none held up by another."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

import pytest

from trace_train.threads import Threads

TENANT: ContextVar[str] = ContextVar("tenant", default="")


@pytest.fixture
async def threads() -> AsyncIterator[Threads]:
    with Threads(4) as made:
        yield made


async def test_as_many_as_there_are_threads_go_on_at_once(threads: Threads) -> None:
    barrier = threading.Barrier(4, timeout=20)
    assert sorted(await asyncio.gather(*(threads.call(barrier.wait) for _ in range(8)))) == [0, 0, 1, 1, 2, 2, 3, 3]


async def test_each_gets_what_its_own_call_gave(threads: Threads) -> None:
    async def one(number: int) -> str:
        TENANT.set(f"tenant {number}")
        return await threads.call(lambda: f"{number} of {TENANT.get()}")

    gave = await asyncio.gather(*(asyncio.create_task(one(number)) for number in range(500)))
    assert gave == [f"{number} of tenant {number}" for number in range(500)]


@pytest.mark.parametrize("most", [1, 2, 4])
async def test_what_ended_is_told_though_its_thread_goes_on_with_another_call(most: int) -> None:
    with Threads(most) as threads:
        go_on = threading.Event()
        short, long = (asyncio.create_task(threads.call(each)) for each in (lambda: "short", lambda: go_on.wait(20)))
        assert await short == "short"
        go_on.set()
        assert await long


@pytest.mark.parametrize("error", [ValueError("no"), KeyError("no"), StopIteration("no"), asyncio.CancelledError("no")])
async def test_what_a_call_raises_is_raised_where_it_is_waited_for(threads: Threads, error: BaseException) -> None:
    def fail() -> Any:
        raise error

    raised = RuntimeError if isinstance(error, StopIteration) else type(error)
    with pytest.raises(raised):
        await threads.call(fail)
    assert await threads.call(int) == 0


async def test_a_call_that_is_not_waited_for_any_more_holds_up_nothing(threads: Threads) -> None:
    go_on, begun = threading.Event(), threading.Barrier(2, timeout=20)

    def wait() -> None:
        begun.wait()
        go_on.wait(20)

    left = asyncio.create_task(threads.call(wait))
    await threads.call(begun.wait)
    left.cancel()
    assert await threads.call(int) == 0
    go_on.set()
