"""Runs of production are saved, and learned from once somebody says how they were, in whatever process that is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from trace_core import Feedback, OptoPrime, ReplayChat, bundle, node, template
from trace_core.errors import ExecutionError, NothingRecorded
from trace_core.nodes import Node
from trace_core.parameter_nodes import ParameterNode
from trace_train.store import NoSuchRun, Store

REPOSITORY = Path(__file__).parents[3]


def rules(text: str = "Be kind.", name: str = "rules") -> ParameterNode:
    return node(text, trainable=True, name=name)


def answer(to: str, by: ParameterNode) -> Node:
    return template("{rules} {question}", rules=by, question=node(to, name="question")).upper()


def test_a_saved_run_shows_what_it_gave_and_what_it_read(store: Store) -> None:
    by = rules()
    by.set("Be short.")
    saved = store.run(store.save(answer("hi", by)))

    assert saved.output.data == "BE SHORT. HI"
    assert saved.parameters == {"rules": 1}
    assert saved.error is None
    assert [n.name for n in saved.graph.nodes][:2] == ["rules", "question"]
    assert store.run(saved.id) == saved


def test_what_is_said_later_is_learned_from(place: str) -> None:
    with Store(place) as store:
        id = store.save(answer("hi", rules()))
    with Store(place) as store:
        store.run(id).output.backward("do not shout")
        store.run(id).backward(Feedback("too long", score={"tone": 0.5}))
    with Store(place) as store:
        by = rules("Be quiet.")
        optimizer = OptoPrime(by, ReplayChat(['{"reasoning": "", "suggestion": {"rules": "Whisper."}}']))
        with store.batch(by) as batch:
            assert [str(received.feedback) for received in batch] == ["do not shout", "too long\ntone: 0.5"]
            problem = str(optimizer.problem(batch))
            optimizer.step(batch)

    assert by.data == "Whisper."
    assert "do not shout" in problem
    assert "Be kind." in problem  # what it was then
    assert "Be quiet." in problem  # and what it is now


def test_feedback_is_learned_from_once(store: Store) -> None:
    saved = store.run(store.save(answer("hi", rules())))
    saved.backward("too long")
    with store.batch(rules()) as batch:
        assert len(batch) == 1
    with store.batch(rules()) as batch:
        assert len(batch) == 0

    saved.backward("too short")
    with store.batch(rules()) as batch:
        assert [received.feedback.text for received in batch] == ["too short"]
    said = store.run(saved.id).feedback
    assert [(each.feedback.text, each.used is not None) for each in said] == [("too long", True), ("too short", True)]


def test_feedback_is_still_there_after_a_step_that_failed(store: Store) -> None:
    store.run(store.save(answer("hi", rules()))).backward("too long")
    with pytest.raises(ConnectionError), store.batch(rules()):
        raise ConnectionError
    with store.batch(rules()) as batch:
        assert len(batch) == 1


def test_a_batch_holds_only_what_the_parameters_are_in_and_the_oldest_first(store: Store) -> None:
    for name, said in (("rules", "first"), ("style", "second"), ("rules", "third")):
        store.run(store.save(answer("hi", rules(name=name)))).backward(said)
    with store.batch(rules(), limit=1) as batch:
        assert [received.feedback.text for received in batch] == ["first"]
    with store.batch([rules(), rules(name="style")]) as batch:
        assert [received.feedback.text for received in batch] == ["second", "third"]


def test_a_run_that_failed_can_be_learned_from(store: Store) -> None:
    @bundle()
    def divide(by: int) -> float:
        return 1 / by

    by = node(0, trainable=True, name="by")
    with pytest.raises(ExecutionError) as caught:
        divide(by)
    saved = store.run(store.save(caught.value.node))
    assert saved.error is not None
    assert "ZeroDivisionError" in saved.error


def test_runs_are_listed_the_last_first(store: Store) -> None:
    ids = [store.save(answer(text, rules())) for text in "abc"]
    assert [saved.id for saved in store.runs()] == ids[::-1]
    assert [saved.output.data for saved in store.runs(limit=2)] == ["BE KIND. C", "BE KIND. B"]


def test_no_such_run(store: Store) -> None:
    with pytest.raises(NoSuchRun, match=r"holds no saved run 'abc'; `store.runs\(\)`"):
        store.run("abc")


RECORDING = """
import sys
from langchain_core.language_models import FakeListChatModel
from langchain_core.prompts import ChatPromptTemplate
from trace_langchain import Recorder, expose
from trace_train.store import Store

prompt = ChatPromptTemplate.from_messages([("system", "Be kind."), ("user", "{q}")])
chain = prompt | FakeListChatModel(responses=["BE OFF"])
parameters = expose(chain, name="support")
recorder = Recorder()
with recorder.run() as run:
    chain.invoke({"q": "hello"}, config={"callbacks": [recorder]})
with Store(sys.argv[1]) as store:
    assert store.save(run) == store.save(run) == run.id
    print(run.id, next(iter(parameters)))
"""
SAYING = """
import sys
from trace_train.store import Store

with Store(sys.argv[1], create=False) as store:
    run = store.run(sys.argv[2])
    assert "BE OFF" in str(run.output.data), run.output.data
    assert sys.argv[3] in run.parameters, run.parameters
    run.output.backward("do not shout")
assert not [name for name in sys.modules if name.startswith(("langchain", "trace_langchain"))]
"""


def test_an_agents_run_is_read_without_its_framework(tmp_path: Path) -> None:
    pytest.importorskip("langchain_core")
    place = str(tmp_path / "trace-suite.db")

    def run(program: str, *arguments: str) -> str:
        path = {"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'integrations'}"}
        command = [sys.executable, "-c", program, place, *arguments]
        done = subprocess.run(command, env=path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    id, name = run(RECORDING).split()
    run(SAYING, id, name)

    with Store(place) as store:
        learned = node("Be kind.", trainable=True, name=name)
        optimizer = OptoPrime(learned, ReplayChat([f'{{"reasoning": "", "suggestion": {{"{name}": "Be calm."}}}}']))
        with store.batch(learned) as batch:
            optimizer.step(batch)
    assert learned.data == "Be calm."


def test_a_run_that_recorded_nothing_is_not_saved(store: Store) -> None:
    pytest.importorskip("langchain_core")
    from trace_langchain import Recorder

    with Recorder().run() as run:
        pass
    with pytest.raises(NothingRecorded):
        store.save(run)
    assert store.runs() == []
