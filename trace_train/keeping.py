"""Where a trainer keeps its runs. SQLAlchemy is needed, and imported, only where a store is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from trace_train.budget import Budget
from trace_train.errors import TrainingError
from trace_train.settings import Settings

if TYPE_CHECKING:
    import os

    from trace_train.store import Store

Place: TypeAlias = "str | os.PathLike[str] | Store"


@contextmanager
def opened(place: Place, *, create: bool = True) -> Iterator[Store]:
    """The store there, closed at the end if it was opened here.

    Raises:
        MissingExtra, NotAStore, StoreError: as of `Store`.
    """
    from trace_train.store import Store

    if isinstance(place, Store):
        yield place
        return
    with Store(place, create=create) as store:
        yield store


def settings_of(place: Place | None, run_id: str, parallel: int, budget: Budget | None) -> Settings:
    """The settings to go on with a training: batch size and seed are those that it was begun with.

    Raises:
        TrainingError: there is no store.
        NoSuchRun: it holds no such training.
        SettingsDiffer: it was begun in another way.
    """
    if place is None:
        raise TrainingError(f'there is no store to resume {run_id} from: Trainer(…, store="trace-suite.db").resume(…)')
    from trace_train.store import SettingsDiffer

    with opened(place, create=False) as store:
        training = store.training(run_id)
    begun = training.settings
    if "program" in begun:
        how = f"by the command; go on with it there: trace-suite resume {run_id}"
    elif training.seed is None or not begun.keys() >= {"batch_size", "examples"}:
        how = f"over a journal; go on so: trainer.fit(…, journal=store.journal({run_id!r}))"
    else:
        return Settings(begun["batch_size"], parallel, budget, training.seed, run_id)
    raise SettingsDiffer(store.name, f"training {run_id} was begun {how}")
