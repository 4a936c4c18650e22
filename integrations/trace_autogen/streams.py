"""Streams that run in a context of their own.

An async generator runs in the context of whoever asks for its next item, and is closed in another one when it is left
early: a context variable that it sets leaks into its caller, and cannot be reset later ("Token was created in a
different Context", "Failed to detach context"). So each step runs in one context that belongs to the stream.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Generator
from contextvars import Context, copy_context
from functools import partial
from typing import Any

from trace_autogen.frames import FRAME, Frame


class _Step:
    """What is awaited in a context."""

    def __init__(self, awaited: Awaitable[Any], context: Context) -> None:
        self._awaited = awaited
        self._context = context

    def __await__(self) -> Generator[Any, Any, Any]:
        steps: Any = self._context.run(self._awaited.__await__)
        raised: BaseException | None = None
        while True:
            try:
                step = steps.__next__ if raised is None else partial(steps.throw, raised)
                future = self._context.run(step)
            except StopIteration as end:
                return end.value
            try:
                yield future
                raised = None
            except BaseException as error:  # noqa: BLE001 - cancellation too must reach what is awaited
                raised = error


async def framed(stream: AsyncGenerator[Any, None], frame: Frame) -> AsyncGenerator[Any, None]:
    """A stream's items, while its code runs in the frame; what it opened is closed with it."""
    context = copy_context()
    context.run(FRAME.set, frame)
    try:
        while True:
            try:
                item = await _Step(stream.__anext__(), context)
            except StopAsyncIteration:
                return
            yield item
    finally:
        if hasattr(stream, "aclose"):
            await _Step(stream.aclose(), context)
        await frame.close_streams()


async def in_frame(awaited: Awaitable[Any], frame: Frame) -> Any:
    """What is awaited, while it runs in the frame."""
    token = FRAME.set(frame)
    try:
        return await awaited
    finally:
        FRAME.reset(token)
        await frame.close_streams()
