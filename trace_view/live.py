"""What changes in a store while a page is open, as server-sent events (https://html.spec.whatwg.org/#server-sent-events).

An event says only that something is another one now; the page then asks for its newest form.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable

import anyio
from anyio.to_thread import run_sync

from trace_train.cli.reading import state_of
from trace_train.store import Store, Training
from trace_view.pages.runs import PER_PAGE

CHANGED = "event: changed\ndata:\n\n"
Pause = Callable[[], Awaitable[object]]


async def _a_second() -> None:
    await anyio.sleep(1)


async def changes(store: Store, training: str | None, pause: Pause = _a_second) -> AsyncIterator[str]:
    """An event for each change of a training, or of any in the list; and a comment, so that a lost reader is noticed.

    Args:
        store: the store.
        training: the id of one training, or None for all in the list.
        pause: waits until it is worth while to look again.

    Raises:
        NoSuchRun: there is no such training.
    """
    before = await run_sync(_seen, store, training)
    yield ": ready\n\n"
    while True:
        await pause()
        now = await run_sync(_seen, store, training)
        yield ": nothing new\n\n" if now == before else CHANGED
        before = now


def _seen(store: Store, training: str | None) -> Hashable:
    """What is another one after a change."""
    found: list[Training] = store.trainings(PER_PAGE) if training is None else [store.training(training)]
    return tuple((each.id, each.updated, state_of(each)) for each in found)
