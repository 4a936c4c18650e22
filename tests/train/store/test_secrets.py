"""Keys reach neither a store nor what is shown of it: not a field, a name, an error or a log."""

from __future__ import annotations

import logging
import traceback
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from trace_core.llm.openai import OpenAIChat
from trace_train.records import Candidate, Decision, Ending, Evaluation, EvaluationKey, Proposed
from trace_train.store import Store, StoreError
from trace_train.store.schema import metadata

PASSWORD = "sentinel-password"
"""Of the server that `conftest` starts."""
SENTINEL = "sk-sentinel-0123456789"


class Client:
    """What a program may hold by mistake: an object with a key in it, which its repr shows."""

    def __init__(self) -> None:
        self.api_key = SENTINEL

    def __repr__(self) -> str:
        return f"Client({self.api_key!r})"


def contents(store: Store) -> str:
    with store._database.reading() as connection:
        return "\n".join(
            str(row) for t in metadata.sorted_tables for row in connection.exec_driver_sql(f"SELECT * FROM {t}")
        )


def test_an_object_with_a_key_leaves_its_type_in_every_field(store: Store) -> None:
    holding: Any = {"client": Client(), "list": [Client()]}
    chat = OpenAIChat("gpt", api_key=SENTINEL)
    journal = store.journal(settings={"llm": chat, "fingerprint": chat.fingerprint, "client": Client()})
    journal.keep_candidate(Candidate({"rules": "x"}, (holding,), "original"))  # type: ignore[arg-type]
    ours = {"score", "seconds", "usage", "guide_usage", "parent", "seen"}
    names = [field.name for field in fields(Evaluation) if field.name not in ours]
    journal.keep_evaluation(EvaluationKey("c0", "e0"), Evaluation(1.0, **dict.fromkeys(names, holding)))
    names = [field.name for field in fields(Proposed) if field.name not in ours]
    journal.keep_proposed(1, Proposed(**dict.fromkeys(names, holding)))
    journal.keep_decision(Decision(1, "c0", False, holding))
    journal.finish(Ending("error", holding))

    assert SENTINEL not in contents(store)
    assert contents(store).count("Client") > 10


def test_what_a_recorder_redacts_is_not_saved(tmp_path: Path) -> None:
    pytest.importorskip("langchain_core")
    from langchain_core.runnables import RunnableLambda
    from trace_langchain import Recorder

    def redact(value: Any) -> Any:
        return str(value).replace(SENTINEL, "[redacted]")

    def fail(text: str) -> str:
        raise ValueError(f"not with {text}")

    for program in (RunnableLambda(lambda text: f"you said {text}"), RunnableLambda(fail)):
        recorder = Recorder(redact=redact)
        with recorder.run() as run, suppress(ValueError):
            program.invoke(SENTINEL, config={"callbacks": [recorder]})
        with Store(tmp_path / "trace-suite.db") as store:
            store.save(run)
            assert SENTINEL not in contents(store)
            assert "[redacted]" in contents(store)
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert SENTINEL.encode() not in written


def test_a_password_is_not_shown(schema: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Store(schema) as store:
        journal = store.journal()
        journal.keep_evaluation(EvaluationKey("c0", "e0"), Evaluation(1.0, output="said"))
        assert PASSWORD not in f"{store!r} {journal!r} {store.trainings()!r} {caplog.text}"
        assert "tester:***@127.0.0.1" in repr(store)


@pytest.mark.parametrize(
    "place",
    [
        f"postgresql://tester:{PASSWORD}@127.0.0.1:1/postgres",
        f"postgresql://127.0.0.1:1/postgres?user=tester&password={PASSWORD}",
        f"postgresql://tester:{PASSWORD}@127.0.0.1:{PASSWORD}/postgres",
        f"postgresql://tester:{PASSWORD}@127.0.0.1:1/postgres?nonsense={PASSWORD}",
        f"mysql://tester:{PASSWORD}@127.0.0.1/postgres",
    ],
)
def test_a_password_is_in_no_error(place: str) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError) as caught:
        Store(place)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def test_a_refused_password_is_in_no_error(postgres: str) -> None:
    with pytest.raises(StoreError, match="does not let you in") as caught:
        Store(postgres.replace(PASSWORD, f"{PASSWORD}-wrong"))
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))
