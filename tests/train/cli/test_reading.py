"""`runs`, `show` and `diff`: what a store holds, for people and for machines."""

from __future__ import annotations

import os
from typing import Any

from trace_core import node, template
from trace_train.records import Candidate
from trace_train.store import Store


def saved(project: Any, text: str = "Be kind.") -> str:
    rules = node(text, trainable=True, name="rules")
    return Store(project.path("trace-suite.db")).save(template("{rules} {question}", rules=rules, question=node("Hi?")))


def test_runs_lists_trainings_and_saved_runs(project: Any) -> None:
    training, run = project.trained(), saved(project)
    listed = project.run("runs").out
    assert f"{training}  finished  rule" in listed
    assert "0.000 -> 1.000" in listed
    assert run in listed
    data = project.run("runs", "--json").json
    assert [each["id"] for each in data["trainings"]] == [training]
    assert data["trainings"][0]["best_score"] == 1.0
    assert data["saved"][0]["parameters"] == {"rules": 0}


def test_show_has_candidates_and_steps_of_a_training(project: Any) -> None:
    run = project.trained("budget={calls=300, dollars=0.5, prices={prompt=1, completion=2}}")
    shown = project.run("show", run).out
    assert "finished, 2 steps" in shown
    assert "ended by rule: the validation score of 1 is reached" in shown
    assert "budget: 300 calls, 0.5 dollars" in shown
    assert "held-out test (2 examples): 0.000 before, 1.000 after" in shown
    assert "minibatch 0.000 -> 1.000, validation 0.000 -> 1.000" in shown
    data = project.run("show", run, "--json").json
    assert [each["candidate"]["how"] for each in data["candidates"]] == ["original", "proposed", "proposed"]
    assert (data["ended_by"], data["reason"]) == ("rule", "the validation score of 1 is reached")
    assert (data["test"]["after"], data["budget"], data["holder"]) == (1.0, {"calls": 300, "dollars": 0.5}, None)
    assert data["settings"]["guide"] == {"use": "Exact", "field": "polite"}
    step = project.run("show", run, "--step", "1").out
    assert f"made from candidate {data['candidates'][0]['id']} and the traces of 2 evaluations" in step
    assert "#Variables\ngreeting" in step
    assert '"suggestion": {"greeting": "Hello"}' in step
    assert project.run("show", run, "--step", "1", "--json").json["proposed"]["values"] == {"greeting": "Hello"}
    wrong = project.run("show", run, "--step", "9")
    assert (wrong.code, "the step '9' is not known; there are 0, 1, 2" in wrong.err) == (2, True)


def test_ids_may_be_given_by_a_beginning_that_only_one_has(project: Any) -> None:
    with Store(project.path("trace-suite.db")) as store:
        journal, other = store.journal(), store.journal()
        candidate = Candidate({"greeting": "Hi"})
        journal.keep_candidate(candidate)
    pairs = enumerate(zip(journal.run_id, other.run_id, strict=True))
    same = next(place for place, (one, another) in pairs if one != another)
    start, run = journal.run_id[:same], journal.run_id[: same + 1]
    assert f"training {journal.run_id}" in project.run("show", run).out
    assert project.run("diff", run, candidate.id[:3], "original").code == 0
    assert project.run("diff", run, "", "original").code == 2
    assert project.run("show", start).code == 1


def test_show_says_where_a_training_goes_on(project: Any) -> None:
    with Store(project.path("trace-suite.db")) as store:
        run = store.journal().run_id
    shown = project.run("show", run).out
    assert f"in process {os.getpid()} on " in shown
    assert "not seen to run here" not in shown
    code = "from trace_train.store import Store; print(Store().journal().run_id)"
    process = project.python("-c", code)
    lost = process.stdout.strip()
    shown = project.run("show", lost).out
    assert f"training {lost}: interrupted," in shown
    assert "which is not seen to run here" in shown
    listed = project.run("runs").out
    assert (f"{lost}  interrupted" in listed, f"{run}  running" in listed) == (True, True)
    told = project.run("runs", "--json").json["trainings"]
    assert {each["id"]: (each["state"], each["interrupted"]) for each in told} == {
        lost: ("running", True),
        run: ("running", False),
    }


def test_show_has_what_was_said_about_a_saved_run(project: Any) -> None:
    run = saved(project)
    project.run("feedback", run, "do not shout", "--score", "0.25")
    shown = project.run("show", run).out
    assert "output: Be kind. Hi?" in shown
    assert "feedback: do not shout (score 0.25), not learned from yet" in shown
    data = project.run("show", run, "--json").json
    assert (data["output"], data["feedback"][0]["text"]) == ("Be kind. Hi?", "do not shout")


def test_diff_compares_candidates(project: Any) -> None:
    run = project.trained()
    assert project.run("diff", run).out.endswith("@@ -1 +1 @@\n-Hi\n+Good morning\n")
    tried = project.run("show", run, "--json").json["candidates"]
    other = next(each["id"] for each in tried if each["candidate"]["values"]["greeting"] == "Hello")
    data = project.run("diff", run, "best", other, "--json").json
    assert data["diffs"]["greeting"].endswith("-Hello\n+Good morning")
    assert project.run("diff", run, "original").err == "no difference\n"
    assert project.run("diff", run, "best", other[:-2]).code == 0


def test_what_is_not_there_is_said_with_the_near_ones(project: Any) -> None:
    done = project.run("runs")
    assert done.code == 1
    assert "trace-suite.db" in done.err
    assert not project.path("trace-suite.db").exists()
    run = project.trained()
    assert f"training {run}" in project.run("show", run[:5]).out
    assert "`trace-suite runs` lists what there is" in project.run("diff", "zzz").err


def test_a_terminal_is_not_told_what_to_do_by_what_a_model_wrote(project: Any) -> None:
    run = saved(project, "\x1b]0;owned\x07\u202e Be kind.")
    shown = project.run("show", run).out
    assert not {"\x1b", "\u202e", "\x07"} & set(shown)
    assert "\\x1b]0;owned\\x07\\u202e Be kind." in shown
