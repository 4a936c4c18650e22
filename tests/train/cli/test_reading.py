"""`runs`, `show` and `diff`: what a store holds, for people and for machines."""

from __future__ import annotations

from typing import Any

from trace_core import node, template
from trace_train.store import Store


def saved(project: Any, text: str = "Be kind.") -> str:
    rules = node(text, trainable=True, name="rules")
    return Store(project.path("trace-suite.db")).save(template("{rules} {question}", rules=rules, question=node("Hi?")))


def test_runs_lists_trainings_and_saved_runs(project: Any) -> None:
    training, run = project.trained(), saved(project)
    listed = project.run("runs").out
    assert f"{training}  finished" in listed
    assert run in listed
    data = project.run("runs", "--json").json
    assert [each["id"] for each in data["trainings"]] == [training]
    assert data["trainings"][0]["best_score"] == 1.0
    assert data["saved"][0]["parameters"] == {"rules": 0}


def test_show_has_candidates_and_steps_of_a_training(project: Any) -> None:
    run = project.trained()
    shown = project.run("show", run).out
    assert "finished, 2 steps" in shown
    assert "minibatch 0.000 -> 1.000, validation 0.000 -> 1.000" in shown
    data = project.run("show", run, "--json").json
    assert [each["candidate"]["how"] for each in data["candidates"]] == ["original", "proposed", "proposed"]
    assert data["settings"]["guide"] == {"use": "Exact", "field": "polite"}
    step = project.run("show", run, "--step", "1").out
    assert "#Variables\ngreeting" in step
    assert '"suggestion": {"greeting": "Hello"}' in step
    assert project.run("show", run, "--step", "1", "--json").json["proposed"]["values"] == {"greeting": "Hello"}
    wrong = project.run("show", run, "--step", "9")
    assert (wrong.code, "the step '9' is not known; there are 1, 2" in wrong.err) == (2, True)


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
    wrong = project.run("diff", run, other[:-2])
    assert (wrong.code, f"did you mean {other}?" in wrong.err) == (2, True)


def test_what_is_not_there_is_said_with_the_near_ones(project: Any) -> None:
    done = project.run("runs")
    assert done.code == 1
    assert "trace-suite.db" in done.err
    assert not project.path("trace-suite.db").exists()
    run = project.trained()
    assert f"it holds no run '{run[:5]}'; did you mean {run}?" in project.run("show", run[:5]).err
    assert "`trace-suite runs` lists what there is" in project.run("diff", "zzz").err


def test_a_terminal_is_not_told_what_to_do_by_what_a_model_wrote(project: Any) -> None:
    run = saved(project, "\x1b]0;owned\x07\u202e Be kind.")
    shown = project.run("show", run).out
    assert not {"\x1b", "\u202e", "\x07"} & set(shown)
    assert "\\x1b]0;owned\\x07\\u202e Be kind." in shown
