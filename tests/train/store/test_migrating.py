"""A store that an earlier version of trace-suite made: nothing of it is lost, and its trainings can be gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from trace_core.llm.chat import Usage
from trace_train.records import Candidate, Decision, Ending, Evaluation, EvaluationKey, Proposed
from trace_train.store import Store
from trace_train.store.database import Database
from trace_train.store.schema import metadata
from trace_train.store.versions import VERSION

FINISHED, STOPPED, FAILED, RUNNING = ("f1" * 6, "50" * 6, "fa" * 6, "99" * 6)
FIRST = Candidate({"rules": "Be kind."})
BETTER = Candidate({"rules": "Be short."}, (FIRST.id,), "proposed")
SPENT = Usage(calls=2, prompt_tokens=30, completion_tokens=4, cached_tokens=1)


def made(version: int, place: str) -> str:
    """A store as that version made it, from what it said to its database and what it kept there."""
    folder = Path(__file__).parent / f"version_{version}"
    database = Database(place)
    said = [(folder / f"{name}.sql").read_text() for name in (database.dialect, "rows")]
    with database.writing() as connection:
        for statement in "".join(said).split(";\n"):
            connection.exec_driver_sql(statement) if statement else None
    database.close()
    return place


@pytest.fixture
def old(place: str) -> str:
    return made(1, place)


def columns(place: str) -> dict[str, dict[str, tuple[Any, ...]]]:
    """Of each table: the columns, with their types and whether they may be empty."""
    database = Database(place)
    with database.reading() as connection:
        looked = inspect(connection)
        found = {
            table.name: {each["name"]: (str(each["type"]), each["nullable"]) for each in looked.get_columns(table.name)}
            for table in metadata.sorted_tables
        }
        assert connection.execute(text("SELECT version FROM trace_store")).scalars().all() == [VERSION]
    database.close()
    return found


def test_the_tables_are_those_of_a_new_store(old: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    Store(old).close()
    new = str(tmp_path / "new.db")
    if "://" in old:
        import psycopg

        server = request.getfixturevalue("postgres")
        with psycopg.connect(server) as connection:
            connection.execute("CREATE SCHEMA new_store")
        new = f"{server}?options=-csearch_path%3Dnew_store"
    Store(new).close()
    assert columns(old) == columns(new)


def test_all_that_was_kept_is_there(old: str) -> None:
    with Store(old) as store:
        assert {training.id for training in store.trainings()} == {FINISHED, STOPPED, FAILED, RUNNING}
        for training in store.trainings():
            assert (training.settings, training.seed, training.best_score) == ({"batch_size": 4}, 7, 0.75)
            assert (training.step_count, training.evaluation_count) == (2, 1)
            assert [tried.candidate for tried in training.candidates()] == [FIRST, BETTER]
            [(key, evaluation)] = training.evaluations()
            expected = Evaluation(0.25, {"exact": 0.25}, "too long", "HELLO", None, None, SPENT, Usage(1, 5, 1), 1.5)
            assert (key, evaluation) == (EvaluationKey(FIRST.id, "e0"), expected)
            assert training.in_flight() == [EvaluationKey(FIRST.id, "e1")]
            graph = training.trace(key)
            assert graph is not None
            assert graph.outputs[0].data == "HELLO"
            first, second = training.steps()
            assert first.proposed == Proposed(
                BETTER.values, "the problem", "the answer", "why", {"style": "refused"}, SPENT, 2.0
            )
            assert first.decisions == (
                Decision(1, BETTER.id, True, "minibatch 0.250 -> 0.750, validation 0.250 -> 0.750", 0.75),
            )
            assert second.proposed is None
        [run] = store.runs()
        assert run.output.data == "Be kind. hi"
        assert [said.feedback.text for said in run.feedback] == ["do not shout"]


def test_what_ended_a_training_is_known_as_far_as_it_was_kept(old: str) -> None:
    with Store(old) as store:
        known = {id: store.training(id).ended_by for id in (FINISHED, STOPPED, FAILED, RUNNING)}
        assert known == {FINISHED: "rule", STOPPED: None, FAILED: "error", RUNNING: None}
        training = store.training(FINISHED)
        assert (training.reason, training.test, training.budget, training.holder) == (None, None, None, None)


def test_its_trainings_are_gone_on_with(old: str) -> None:
    with Store(old) as store:
        journal = store.journal(RUNNING, settings={"batch_size": 4}, seed=7)
        journal.start({"calls": 9})
        assert journal.original() == FIRST
        assert journal.cut_off(1) == Usage()
        key = EvaluationKey(FIRST.id, "e2")
        proposed = Proposed(parent=BETTER.id, seen=(key,))
        journal.keep_evaluation(key, Evaluation(1.0))
        journal.keep_proposed(2, proposed)
        journal.keep_decision(Decision(3, FIRST.id, False, "worse", minibatch=(0.5, 0.25)))
        journal.finish(Ending("rule", "enough", BETTER.id))
    with Store(old) as store:
        training = store.training(RUNNING)
        assert (training.state, training.reason, training.budget) == ("finished", "enough", {"calls": 9})
        assert [step.number for step in training.steps()] == [1, 2, 3]
        assert training.steps()[1].proposed == proposed
        assert training.steps()[2].decisions[0].minibatch == (0.5, 0.25)
