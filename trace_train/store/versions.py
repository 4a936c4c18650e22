"""The version of a store: made if it is new, brought up to date if it is old, refused if it is too new.

Only forward: an older trace-suite cannot read a newer store. A migration is one transaction, so a store is of the old
version or of the new one, and of two processes that open an old one, one does it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, inspect, select, text, update

from trace_train.store.database import Database
from trace_train.store.errors import NotAStore
from trace_train.store.schema import metadata, store_version

VERSION = 2

Migrations = Mapping[int, Callable[[Connection], None]]
"""What makes a store of each version from one of the version before, in SQL, since `schema` goes on changing."""


def _endings(connection: Connection) -> None:
    """Version 2: how a training ended, what it may spend and spent where it was cut off, who goes on with it, and what
    a step was made from; steps are counted once they are decided."""
    added = {
        "trainings": ("ended_by TEXT", "reason TEXT", "test TEXT", "budget TEXT", "cut_off TEXT", "holder TEXT"),
        "proposals": ("parent TEXT NOT NULL DEFAULT ''", "seen TEXT NOT NULL DEFAULT '[]'"),
        "decisions": ("minibatch TEXT",),
    }
    for table, columns in added.items():
        for column in columns:
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {column}"))
    counted = """UPDATE trainings SET step_count =
        (SELECT COUNT(DISTINCT step) FROM decisions WHERE training = trainings.id AND step > 0)"""
    connection.execute(text(counted))
    connection.execute(text("UPDATE trainings SET ended_by = 'rule' WHERE state = 'finished'"))
    connection.execute(text("UPDATE trainings SET ended_by = 'error' WHERE state = 'failed'"))


MIGRATIONS: Migrations = {2: _endings}

_BESIDE = {"answers"}
"""The table of `trace_core.CachedChat`, which may keep its answers in the same file."""

_LOCK = int.from_bytes(b"trace")


def open_store(database: Database, version: int = VERSION, migrations: Migrations = MIGRATIONS) -> None:
    """Make or bring up to date what the database lacks to be a store of this version.

    Raises:
        NotAStore: it holds something else, or a store of a later version.
    """
    with database.reading() as connection:
        there = _version(connection, database.name)
    if there != version:
        with database.writing() as connection:
            if database.dialect == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            _bring_to(version, _version(connection, database.name), migrations, connection, database.name)
    database.keep_log()


def _bring_to(version: int, there: int, migrations: Migrations, connection: Connection, name: str) -> None:
    if there > version:
        raise NotAStore(
            name,
            f"it is of version {there}, and this trace-suite knows versions up to {version}. Install a newer one: "
            'pip install -U "trace-suite[train]"',
        )
    if there == 0:
        metadata.create_all(connection)
        connection.execute(store_version.insert().values(version=version))
        return
    for step in range(there + 1, version + 1):
        migrations[step](connection)
    connection.execute(update(store_version).values(version=version))


def _version(connection: Connection, name: str) -> int:
    """0 where there is nothing yet."""
    tables = set(inspect(connection).get_table_names())
    if store_version.name in tables:
        found: int | None = connection.execute(select(store_version.c.version)).scalar()
        if found is not None:
            return found
    elif not tables - _BESIDE:
        return 0
    raise NotAStore(
        name,
        f"it is a database of something else, with tables such as {sorted(tables)[0]!r}. Give the store a file, "
        "or a database or schema, of its own",
    )
