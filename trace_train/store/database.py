"""A database and its transactions: SQLite or PostgreSQL, by SQLAlchemy (https://docs.sqlalchemy.org/en/20/core/).

SQLite keeps a write-ahead log (https://sqlite.org/wal.html) with `synchronous=NORMAL`: a transaction that was committed
is there after its process was killed, at any point. After a power failure the file is sound, and the last transactions
may be missing, which means that some evaluations are paid for again; a disk's flush at each of them would take longer
than all else that is done here. PostgreSQL flushes, unless its server is told otherwise.
"""

from __future__ import annotations

import os
import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from trace_train.store.errors import NotAStore, StoreBusy, StoreError, StoreReadOnly
from trace_train.store.failures import PATIENCE, translated
from trace_train.store.location import location, secrets_of, shown

_OLDEST_SQLITE = (3, 35)  # RETURNING
_BEGIN = "trace_begin"
"""The option of a connection that says how SQLite begins its transactions."""


class Database:
    """Short transactions in a database; threads may share it, and processes that were forked from this one.

    Args:
        place: a path or a URL.
        create: whether a SQLite file is made where there is none.

    Raises:
        NotAStore: it is no place for a store, or is not there and not to be made.
    """

    def __init__(self, place: str | os.PathLike[str], *, create: bool = True) -> None:
        url = location(place)
        self.name = shown(url)
        self.dialect = url.get_backend_name()
        self._secrets = secrets_of(url)
        if self.dialect == "sqlite" and sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            expected = ".".join(map(str, _OLDEST_SQLITE))
            raise StoreError(self.name, f"Python has SQLite {sqlite3.sqlite_version} here; {expected} is needed")
        if not create and self.dialect == "sqlite" and not Path(self.name).exists():
            raise NotAStore(self.name, "there is no such file; the folder may be another one than you think")
        self._connected = _engine(url)
        self._process = os.getpid()
        weakref.finalize(self, _dispose, self._connected, self._process)

    @property
    def _engine(self) -> Engine:
        if self._process != os.getpid():  # a connection must not be used, nor closed, by two processes
            self._connected.dispose(close=False)
            self._process = os.getpid()
        return self._connected

    def close(self) -> None:
        """Close the connections; they are opened again when they are needed."""
        self._engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: at the end of the block all of it is safe, or, if that raises, none of it is there."""
        with self._told(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, and sees one state of the database."""
        with self._told(), self._engine.execution_options(**{_BEGIN: "BEGIN"}).connect() as connection:
            yield connection

    def keep_log(self) -> None:
        """Let SQLite keep a write-ahead log, so that readers and a writer do not wait for each other; for good."""
        if self.dialect != "sqlite":
            return
        until = time.monotonic() + PATIENCE
        while True:  # SQLite does not wait here by itself, and another process may be about to do the same
            try:
                with self._told(), self._engine.execution_options(**{_BEGIN: ""}).connect() as connection:
                    if connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete":
                        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                return
            except StoreReadOnly:  # it can be read all the same
                return
            except StoreBusy:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise translated(error, self.name, self._secrets) from error


def _engine(url: URL) -> Engine:
    hidden: dict[str, Any] = {"hide_parameters": True}  # what is stored must not stand in errors and logs
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, **hidden)
    # One connection, so that threads wait for each other here, in order, and not by SQLite's sleeping and trying again.
    one: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0, "pool_timeout": 2 * PATIENCE}
    arguments = {"timeout": PATIENCE, "check_same_thread": False}
    engine = create_engine(url, connect_args=arguments, **one, **hidden)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where SQLAlchemy says so, not at the first write
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")


def _begin(connection: Connection) -> None:
    # A transaction that reads before it writes would fail at once, without waiting, where another has written since.
    if statement := connection.get_execution_options().get(_BEGIN, "BEGIN IMMEDIATE"):
        connection.exec_driver_sql(statement)


def _dispose(engine: Engine, process: int) -> None:
    engine.dispose(close=os.getpid() == process)
