"""What a page that is open is told while a training goes on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing

import pytest

from trace_train.records import Candidate, Decision, Ending
from trace_train.store import NoSuchRun, Store, StoredJournal
from trace_view.live import CHANGED, changes

FIRST = Candidate({"rules": "a"})


async def told(store: Store, training: str | None, *happenings: Callable[[], object]) -> list[bool]:
    """Whether each of these, that happen one after the other, is told."""
    left = list(happenings)

    async def pause() -> None:
        left.pop(0)()

    async with aclosing(changes(store, training, pause)) as events:
        await anext(events)  # it is ready
        return [await anext(events) == CHANGED for _ in happenings]


def nothing() -> None:
    pass


async def test_each_record_of_a_training_is_told_and_its_end_too(store: Store) -> None:
    journal, other = store.journal(), store.journal()
    happenings = [
        nothing,
        lambda: journal.keep_candidate(FIRST),
        nothing,
        lambda: journal.keep_decision(Decision(0, FIRST.id, True, "because", 0.5)),
        lambda: other.keep_candidate(FIRST),
        lambda: journal.finish(Ending("rule", "it is done", FIRST.id)),
    ]
    assert await told(store, journal.run_id, *happenings) == [False, True, False, True, False, True]


async def test_the_list_is_told_of_every_training_and_of_new_ones(store: Store) -> None:
    journal: StoredJournal = store.journal()
    assert await told(store, None, lambda: journal.keep_candidate(FIRST), nothing, store.journal) == [True, False, True]


async def test_a_training_that_is_not_there_is_an_error(store: Store) -> None:
    with pytest.raises(NoSuchRun):
        await anext(changes(store, "nope"))
