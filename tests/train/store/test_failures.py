"""What goes wrong with a disk, a file or a server is said with what to do, and nothing that was stored is lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import trace_train.store.database as database_module
from trace_train.records import Evaluation, EvaluationKey
from trace_train.store import (
    NotAStore,
    Store,
    StoreBusy,
    StoreCorrupt,
    StoredJournal,
    StoreError,
    StoreFull,
    StoreReadOnly,
)

KEY = EvaluationKey("c0", "e0")
LARGE = Evaluation(1.0, output="x" * 3_000_000)
NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace-suite.db"


def with_one(path: Path) -> str:
    with Store(path) as store:
        journal = store.journal()
        journal.keep_evaluation(KEY, Evaluation(0.5))
    return journal.run_id


def keep_until_full(journal: StoredJournal) -> int:
    """How many were kept before there was no room."""
    with pytest.raises(StoreFull, match=r"no room left.*is whole.*go on from here"):  # noqa: PT012 - any of them
        for number in range(1_000):
            journal.keep_evaluation(EvaluationKey("c0", str(number)), LARGE)
    return number


def test_a_file_that_may_not_grow_keeps_what_it_has(path: Path) -> None:
    run_id = with_one(path)
    with Store(path) as store:
        journal = store.journal(run_id)
        with store._database.reading() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 100")
        with pytest.raises(StoreFull, match=str(path)):
            journal.keep_evaluation(EvaluationKey("c0", "e1"), LARGE)
        assert journal.evaluation(KEY) == Evaluation(0.5)
        assert store.training(run_id).evaluation_count == 1

        with store._database.reading() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        journal.keep_evaluation(EvaluationKey("c0", "e1"), LARGE)
        assert store.training(run_id).evaluation_count == 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a disk of a few megabytes cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_keeps_what_it_has(small_disk: Path) -> None:
    path = small_disk / "trace-suite.db"
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 8_000_000)
    with Store(path) as store:
        journal = store.journal()
        kept = keep_until_full(journal)
        assert kept > 0
        for number in range(kept):
            assert journal.evaluation(EvaluationKey("c0", str(number))) == LARGE
    filler.unlink()
    with Store(path) as store:
        journal = store.journal(journal.run_id)
        journal.keep_evaluation(EvaluationKey("c0", str(kept)), LARGE)
        assert store.training(journal.run_id).evaluation_count == kept + 1


def test_a_disk_that_is_full_from_the_start_is_said_to_be(small_disk: Path) -> None:
    with (small_disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(b"x" * 4096)
    with pytest.raises(StoreError, match=r"no room left|full"):
        Store(small_disk / "trace-suite.db")


@contextmanager
def as_nobody() -> Iterator[None]:
    """As a user whom the rights of files bind."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that anybody may enter."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o777)
    yield made
    made.chmod(0o777)
    shutil.rmtree(made)


def test_a_read_only_file_can_be_read_and_says_why_it_is_not_written(folder: Path) -> None:
    path = folder / "trace-suite.db"
    run_id = with_one(path)
    path.chmod(0o444)
    with as_nobody(), Store(path) as store:
        assert [training.id for training in store.trainings()] == [run_id]
        with pytest.raises(StoreReadOnly, match=rf"{path}: it may not be written.*Change who may write"):
            store.journal(run_id)
    path.chmod(0o644)
    with Store(path) as store:
        assert store.journal(run_id).evaluation(KEY) == Evaluation(0.5)


def test_a_read_only_folder_says_so(folder: Path) -> None:
    folder.chmod(0o555)
    with as_nobody(), pytest.raises(StoreError, match=r"cannot be opened\. It has to be a file"):
        Store(folder / "trace-suite.db")


def test_a_folder_that_is_not_there_or_stands_in_place_of_the_file_says_so(tmp_path: Path) -> None:
    for path in (tmp_path / "missing" / "trace-suite.db", tmp_path):
        with pytest.raises(StoreError, match=rf"{path}: it cannot be opened"):
            Store(path)


def test_a_file_that_should_be_there_and_is_not_is_not_made(path: Path) -> None:
    with pytest.raises(NotAStore, match="there is no such file"):
        Store(path, create=False)
    assert not path.exists()


def test_a_store_that_another_holds_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = with_one(path)
    monkeypatch.setattr(database_module, "PATIENCE", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    with Store(path) as store:
        journal = store.journal(run_id)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="others kept it locked"):
            journal.keep_evaluation(EvaluationKey("c0", "e1"), Evaluation(1.0))
        assert journal.evaluation(KEY) == Evaluation(0.5)  # reading does not wait
        other.execute("COMMIT")
        journal.keep_evaluation(EvaluationKey("c0", "e1"), Evaluation(1.0))
    other.close()


def test_a_file_of_something_else_says_so_and_is_left_alone(path: Path) -> None:
    path.write_bytes(b"dear diary " * 1_000)
    with pytest.raises(StoreCorrupt, match="damaged, or no SQLite file at all"):
        Store(path)
    assert path.read_bytes() == b"dear diary " * 1_000


def test_a_damaged_file_says_so(path: Path) -> None:
    run_id = with_one(path)
    data = bytearray(path.read_bytes())
    data[4096 * 2 :] = b"\xff" * (len(data) - 4096 * 2)
    path.write_bytes(data)
    with pytest.raises(StoreCorrupt, match="damaged"), Store(path) as store:
        store.training(run_id).evaluations()


# --- PostgreSQL


def test_a_server_that_is_not_there_says_so(postgres: str) -> None:
    with pytest.raises(StoreError, match=r"postgresql\+psycopg://tester:\*\*\*@127.0.0.1:1/.*cannot be reached"):
        Store(postgres.replace(postgres.rpartition("@")[2], "127.0.0.1:1/postgres"))


def test_who_may_only_read_is_told(schema: str) -> None:
    with Store(schema) as store:
        run_id = store.journal().run_id
    with Store(schema + "%20-cdefault_transaction_read_only%3Don") as store:
        assert len(store.trainings()) == 1
        with pytest.raises(StoreReadOnly, match="may not be written"):
            store.journal(run_id)


def test_a_connection_that_was_lost_is_made_again(schema: str) -> None:
    with Store(schema) as store, Store(schema) as other:
        journal = store.journal()
        with other._database.reading() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            )
        journal.keep_evaluation(KEY, Evaluation(0.5))
        assert journal.evaluation(KEY) == Evaluation(0.5)
