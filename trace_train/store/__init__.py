"""Where trainings and runs are kept: a SQLite file by default, or PostgreSQL. Extra `train`."""

from __future__ import annotations

from importlib.util import find_spec

from trace_core.errors import MissingExtra

if find_spec("sqlalchemy") is None:
    raise MissingExtra("a store", "train")

from trace_train.store.errors import (
    NoSuchRun,
    NotAStore,
    SettingsDiffer,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreReadOnly,
)
from trace_train.store.holding import Holder
from trace_train.store.journal import StoredJournal
from trace_train.store.late import SavedFeedback, SavedOutput, SavedRun
from trace_train.store.store import Store
from trace_train.store.trainings import Step, Training, Tried

__all__ = [
    "Holder",
    "NoSuchRun",
    "NotAStore",
    "SavedFeedback",
    "SavedOutput",
    "SavedRun",
    "SettingsDiffer",
    "Step",
    "Store",
    "StoreBusy",
    "StoreCorrupt",
    "StoreError",
    "StoreFull",
    "StoreReadOnly",
    "StoredJournal",
    "Training",
    "Tried",
]
