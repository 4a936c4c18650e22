"""Where a store is, by a path or a URL."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from trace_core.errors import MissingExtra
from trace_train.records import Evaluation, EvaluationKey
from trace_train.store import NotAStore, Store, StoreError, location

REPOSITORY = Path(__file__).parents[3]


def test_a_path_and_its_url_are_one_store(tmp_path: Path) -> None:
    path = tmp_path / "my store.db"
    for place in (path, str(path), f"sqlite:///{path}"):
        with Store(place) as store:
            store.journal()
            assert repr(store) == f"Store({str(path)!r})"
    with Store(path, create=False) as store:
        assert len(store.trainings()) == 3


def test_a_store_in_memory_can_be_used_from_threads() -> None:
    from concurrent.futures import ThreadPoolExecutor

    with Store(":memory:") as store, ThreadPoolExecutor(4) as threads:
        journal = store.journal()
        list(threads.map(lambda n: journal.keep_evaluation(EvaluationKey("c", str(n)), Evaluation(1.0)), range(20)))
        assert store.training(journal.run_id).evaluation_count == 20


@pytest.mark.parametrize("place", ["mysql://localhost/x", "http://localhost", "postgresql://x:y:z", "://"])
def test_another_place_is_refused(place: str) -> None:
    with pytest.raises(NotAStore, match="no place for a store; expected a path, sqlite:///PATH, or postgresql://"):
        Store(place)


def test_a_driver_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(location, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"trace-suite\[postgres\]"):
        Store("postgresql://localhost/x")


def test_sqlalchemy_that_is_missing_is_named() -> None:
    program = "import sys; sys.modules['sqlalchemy'] = None; sys.path.insert(0, '.'); import trace_train.store"
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert 'MissingExtra: a store needs an extra: pip install "trace-suite[train]"' in done.stderr


def test_an_sqlite_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sqlite3.sqlite_version_info", (3, 34, 1))
    with pytest.raises(StoreError, match=r"Python has SQLite .* here; 3\.35 is needed"):
        Store(tmp_path / "trace-suite.db")
