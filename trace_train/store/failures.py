"""What a database says when it cannot go on, as errors that say which store it is and what to do."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection

from trace_train.store.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull, StoreReadOnly

PATIENCE = 30.0
"""Seconds to wait for others that write."""

_WHOLE = "What was stored before is whole."
_FULL = (StoreFull, f"there is no room left. {_WHOLE} Free some space, and go on from here.")
_READ_ONLY = (StoreReadOnly, f"it may not be written. {_WHOLE} Change who may write it and its folder, or use another.")
_BUSY = (StoreBusy, f"others kept it locked for {PATIENCE:g} seconds. {_WHOLE} Try again once they are done.")
_CORRUPT = (StoreCorrupt, "its file is damaged, or no SQLite file at all. Use another file, or a copy from before.")
_UNREADABLE = (
    StoreError,
    "it cannot be opened. It has to be a file in a folder that is there, and you need to be allowed to write to it.",
)
_DISK = (StoreError, f"its disk gives errors, or is full. {_WHOLE} Look after the disk, and go on from here.")
_UNREACHABLE = (
    StoreError,
    "its server cannot be reached, or does not let you in. See that it runs, and who may enter.",
)

# By SQLite's result codes (https://sqlite.org/rescode.html) and PostgreSQL's SQLSTATE, or its class of two letters
# (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_PROBLEMS: dict[str, tuple[type[StoreError], str]] = {
    "SQLITE_FULL": _FULL,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_PERM": _READ_ONLY,
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_CORRUPT": _CORRUPT,
    "SQLITE_NOTADB": _CORRUPT,
    "SQLITE_CANTOPEN": _UNREADABLE,
    "SQLITE_IOERR": _DISK,
    "53100": _FULL,
    "53": _UNREACHABLE,
    "25006": _READ_ONLY,
    "42501": _READ_ONLY,
    "55P03": _BUSY,
    "08": _UNREACHABLE,
    "28": _UNREACHABLE,
    "57": _UNREACHABLE,
    "OperationalError": _UNREACHABLE,
}


def translated(error: SQLAlchemyError, store: str, secrets: Iterable[str] = ()) -> StoreError:
    """The error to raise for one of the database."""
    if isinstance(error, NoConnection):
        return StoreBusy(store, "all connections to it stayed in use. Let fewer threads use one store at once.")
    original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    cls, problem = next((_PROBLEMS[code] for code in _codes(original) if code in _PROBLEMS), (StoreError, ""))
    said = " ".join(str(original).split())
    for secret in secrets:
        said = said.replace(secret, "***")
    return cls(store, f"{problem} ({said})" if problem else said)


def _codes(original: BaseException) -> list[str]:
    """What it may be known by, the closest first."""
    if name := getattr(original, "sqlite_errorname", None):
        return ["_".join(name.split("_")[:2])]
    if state := getattr(original, "sqlstate", None):
        return [state, state[:2]]
    return [type(original).__name__]  # there was no server to give a code
