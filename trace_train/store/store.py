"""`Store`: trainings with all their records, and runs of production with what was said about them, in one database."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from trace_core.nodes import Node
from trace_core.parameter_nodes import ParameterNode
from trace_core.parameters import ParameterSet
from trace_core.propagators import Batch
from trace_core.recording.run import Run
from trace_train.store.columns import now, to_text
from trace_train.store.database import Database
from trace_train.store.errors import SettingsDiffer
from trace_train.store.holding import claim
from trace_train.store.journal import StoredJournal
from trace_train.store.late import SavedRun, find_run, learning_from, list_runs, save_run
from trace_train.store.schema import trainings
from trace_train.store.trainings import Training, find_training, list_courses, list_learned, list_trainings
from trace_train.store.versions import open_store


class Store:
    """What is kept of trainings and of runs, in a SQLite file or a PostgreSQL database.

    Threads may share a store, and processes may each open the same one. A call returns once what it wrote is safe.

    Args:
        place: a path, or a URL: `sqlite:///PATH`, `postgresql://USER:PASSWORD@HOST/DATABASE` (extra `postgres`).
        create: whether a SQLite file is made where there is none.

    Raises:
        NotAStore: the place holds something else, or a store of a later version, or there is none.
        StoreError: it cannot be opened; its subclasses say why.
        MissingExtra: the database's driver is not installed.

    Example:
        with Store("trace-suite.db") as store:
            id = store.save(run)
    """

    def __init__(self, place: str | os.PathLike[str] = "trace-suite.db", *, create: bool = True) -> None:
        self._database = Database(place, create=create)
        try:
            open_store(self._database)
        except BaseException:
            self._database.close()
            raise

    @property
    def name(self) -> str:
        """Its file, or its URL without what is secret in it."""
        return self._database.name

    def __repr__(self) -> str:
        return f"Store({self.name!r})"

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections; it opens new ones if it is used again."""
        self._database.close()

    # --- trainings

    def journal(
        self, run_id: str | None = None, *, settings: Mapping[str, Any] | None = None, seed: int | None = None
    ) -> StoredJournal:
        """Where the records of a training are kept: of a new one, or of the one of this id, to go on with it.

        Args:
            run_id: the training to go on with.
            settings: what it does; of one to go on with, what it was begun with, or None.
            seed: of its random choices; as `settings`.

        Raises:
            NoSuchRun: there is no training of this id.
            SettingsDiffer: it was begun with others.
            StoreBusy: it goes on in another process of this machine.
        """
        id = uuid.uuid4().hex[:12] if run_id is None else run_id
        if run_id is not None:
            _compare(self._database.name, find_training(self._database, run_id), settings, seed)
        with self._database.writing() as connection:
            if run_id is None:
                row = {"id": id, "settings": dict(settings or {}), "seed": seed, "state": "running"}
                connection.execute(trainings.insert().values(**row, started=now(), updated=now()))
            claim(connection, id, self._database.name)
        return StoredJournal(self._database, id)

    def trainings(self, limit: int | None = None, *, skip: int = 0) -> list[Training]:
        """The trainings, those that began last first."""
        return list_trainings(self._database, limit, skip)

    def courses(self, trainings: Iterable[str]) -> dict[str, list[tuple[int, float]]]:
        """Of each of these trainings, by their ids, the steps that were accepted with their validation scores."""
        return list_courses(self._database, trainings)

    def learned(self, trainings: Iterable[str]) -> dict[str, list[str]]:
        """Of each of these trainings, by their ids, the names of its parameters, as far as it came to them."""
        return list_learned(self._database, trainings)

    def training(self, run_id: str) -> Training:
        """One training.

        Raises:
            NoSuchRun: there is none of this id.
        """
        return find_training(self._database, run_id)

    # --- runs of production

    def save(self, run: Run | Node) -> str:
        """Keep a recorded run, or the output of a program of nodes, for feedback that comes later.

        Returns:
            Its id, which is `run.id`.

        Raises:
            NothingRecorded: the run holds no call.
        """
        return save_run(self._database, run)

    def runs(self, limit: int | None = None) -> list[SavedRun]:
        """The runs that were saved, the last ones first."""
        return list_runs(self._database, limit)

    def run(self, run_id: str) -> SavedRun:
        """A run that was saved; needs neither the program nor its framework.

        Raises:
            NoSuchRun: there is none of this id.

        Example:
            store.run(id).output.backward("too long")
        """
        return find_run(self._database, run_id)

    def batch(
        self,
        parameters: Mapping[str, ParameterNode] | Iterable[ParameterNode] | ParameterNode,
        limit: int | None = None,
    ) -> AbstractContextManager[Batch]:
        """The feedback that was not learned from yet, on runs that read any of these parameters, the oldest first.

        It counts as used once the block ends, and does not where the block raises. Two processes that do this at the
        same time may both learn from it.

        Example:
            with store.batch(parameters, limit=20) as batch:
                if batch:
                    optimizer.step(batch)
        """
        return learning_from(self._database, ParameterSet.of(parameters), limit)


def _compare(name: str, known: Training, settings: Mapping[str, Any] | None, seed: int | None) -> None:
    before = _plain({**known.settings, "seed": known.seed})
    after = _plain({**(known.settings if settings is None else settings), "seed": known.seed if seed is None else seed})
    free = {key for key in before | after if key.partition(".")[0] == "budget"}  # it may be gone on with for more
    differ = [key for key in before | after if key not in free and before.get(key) != after.get(key)]
    if differ:
        listed = ", ".join(f"{key}: {before.get(key)!s:.80} then, {after.get(key)!s:.80} now" for key in differ)
        raise SettingsDiffer(name, f"training {known.id} was begun with other settings ({listed}). Begin a new one.")


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as they come back from the store, those in tables by their path."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        inner = _plain(value) if isinstance(value, Mapping) else {}
        found |= {f"{key}.{name}": each for name, each in inner.items()} or {key: json.loads(to_text(value))}
    return found
