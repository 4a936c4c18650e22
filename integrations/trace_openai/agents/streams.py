"""When a streamed run has ended: its work is a task, but errors may be known only to who takes in its events."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trace_openai.agents.hooks import RecordedRun


def end_with_stream(run: RecordedRun, result: Any, done: Callable[[], None]) -> None:
    """Have a recorded run end when its task is done, and nobody is taking in its events any more.

    Args:
        run: the run.
        result: what its events are taken from.
        done: called when the task is done.
    """
    readers: list[object] = []
    original, task = result.stream_events, result.run_loop_task

    def settle() -> None:
        if not readers and task.done():
            error = None if task.cancelled() else task.exception()
            run.end(result) if error is None else run.fail(error)

    @functools.wraps(original)
    async def stream_events() -> AsyncIterator[Any]:
        reader = object()
        readers.append(reader)
        try:
            async with aclosing(original()) as events:
                async for event in events:
                    yield event
        except Exception as error:
            run.fail(error)
            raise
        finally:
            readers.remove(reader)
            settle()

    result.stream_events = stream_events
    task.add_done_callback(lambda _: done())
    task.add_done_callback(lambda _: settle())
