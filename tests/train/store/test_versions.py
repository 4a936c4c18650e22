"""A store has a version: an old one is brought up to date, all or nothing, and a newer one is refused."""

from __future__ import annotations

import hashlib
import multiprocessing
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text
from sqlalchemy.schema import CreateIndex, CreateTable

from trace_core import ReplayChat
from trace_core.llm import CachedChat
from trace_train.records import Ending, Evaluation, EvaluationKey
from trace_train.store import NotAStore, Store
from trace_train.store.database import Database
from trace_train.store.schema import metadata
from trace_train.store.versions import VERSION, open_store

KEY = EvaluationKey("c0", "e0")


TABLES = {1: "9bd431724f03163d", 2: "d94cd9197f380179"}
"""The tables of each version, by the hash of their SQL."""


def test_other_tables_are_another_version() -> None:
    made = [str(CreateTable(table)) for table in metadata.sorted_tables]
    made += sorted(str(CreateIndex(index)) for table in metadata.sorted_tables for index in table.indexes)
    found = hashlib.sha256("".join(made).encode()).hexdigest()[:16]
    assert found == TABLES[VERSION], "the tables were changed: add a version, and a migration that makes them so"


def add_notes(connection: Connection) -> None:
    """A version in which a decision has a note, made of what was there."""
    connection.execute(text("ALTER TABLE trainings ADD COLUMN note TEXT"))
    connection.execute(text("UPDATE trainings SET note = 'was ' || state"))


def fail(connection: Connection) -> None:
    add_notes(connection)
    raise ConnectionError("interrupted")


def version(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.execute(text("SELECT version FROM trace_store")).scalar_one())


def columns(database: Database) -> set[str]:
    with database.reading() as connection:
        return {column["name"] for column in inspect(connection).get_columns("trainings")}


@pytest.fixture
def old(place: str) -> Database:
    """A store of the present version, with a training."""
    with Store(place) as store:
        journal = store.journal()
        journal.keep_evaluation(KEY, Evaluation(0.5))
        journal.finish(Ending("rule", "enough"))
    return Database(place)


def test_an_old_store_is_brought_up_to_date_with_all_that_it_holds(old: Database) -> None:
    for _ in range(2):
        open_store(old, VERSION + 1, {VERSION + 1: add_notes})
    assert version(old) == VERSION + 1
    with old.reading() as connection:
        assert connection.execute(text("SELECT note FROM trainings")).scalars().all() == ["was finished"]
        assert connection.execute(text("SELECT score FROM evaluations")).scalars().all() == [0.5]
    old.close()


def test_versions_are_gone_through_one_by_one(old: Database) -> None:
    seen: list[int] = []
    open_store(old, VERSION + 3, {VERSION + n: lambda _, n=n: seen.append(n) for n in (1, 2, 3)})  # type: ignore[misc]
    assert seen == [1, 2, 3]
    assert version(old) == VERSION + 3
    old.close()


def test_what_was_interrupted_leaves_the_old_store(old: Database, place: str) -> None:
    with pytest.raises(ConnectionError):
        open_store(old, VERSION + 1, {VERSION + 1: fail})
    assert version(old) == VERSION
    assert "note" not in columns(old)
    old.close()
    with Store(place) as store:
        assert len(store.trainings()) == 1


def test_a_newer_store_is_refused(old: Database, place: str) -> None:
    open_store(old, VERSION + 1, {VERSION + 1: add_notes})
    old.close()
    with pytest.raises(NotAStore, match=rf"is of version {VERSION + 1}.*up to {VERSION}.*pip install -U"):
        Store(place)


def test_a_database_of_something_else_is_refused_and_left_alone(place: str) -> None:
    database = Database(place)
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE customers (name TEXT)"))
    with pytest.raises(NotAStore, match=r"something else, with tables such as 'customers'"):
        Store(place)
    with database.reading() as connection:
        assert inspect(connection).get_table_names() == ["customers"]
    database.close()


def open_it(place: str) -> None:
    with Store(place) as store:
        store.journal()


def test_processes_that_open_a_new_store_at_once_make_it_once(place: str) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.map(open_it, [place] * 8)
    with Store(place) as store:
        assert len(store.trainings()) == 8


def test_answers_that_were_paid_for_may_be_kept_in_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "trace-suite.db"
    chat = CachedChat(ReplayChat(["hello"]), path, fingerprint="replayed")
    chat.complete([{"role": "user", "content": "hi"}])
    with Store(path) as store:
        store.journal()
        assert chat.complete([{"role": "user", "content": "hi"}]).text == "hello"
        assert len(store.trainings()) == 1
