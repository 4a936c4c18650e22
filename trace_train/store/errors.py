"""What can go wrong with a store; each error names the file or the URL, with passwords hidden, and what to do.

Whatever is raised, what was stored before is whole: a call's records are written all or none.
"""

from __future__ import annotations

from trace_core.errors import TraceError


class StoreError(TraceError, RuntimeError):
    """A store cannot be used as it was meant to. `store` is its file or its URL without a password."""

    def __init__(self, store: str, problem: str) -> None:
        super().__init__(f"the store {store}: {problem}")
        self.store = store


class StoreFull(StoreError):
    """There is no room for what was to be written."""


class StoreReadOnly(StoreError):
    """It may be read and not written."""


class StoreBusy(StoreError):
    """Others kept it locked for too long."""


class StoreCorrupt(StoreError):
    """What it holds cannot be read."""


class NotAStore(StoreError):
    """It is something else, or it is of a later version of trace-suite, or it is not there."""


class NoSuchRun(StoreError, LookupError):
    """It holds no run of this id."""


class SettingsDiffer(StoreError, ValueError):
    """A training was to be resumed with other settings than it was begun with."""
