"""`apply`, `export` and `feedback`: what was learned goes where it is used, and late feedback is learned from."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from trace_core import node, template
from trace_train.store import Store


def learned(path: Any) -> Any:
    return json.loads(path.read_text())["parameters"]["greeting"]["value"]


def saved(project: Any) -> str:
    greeting = node("Hi", trainable=True, name="greeting")
    return Store(project.path("trace-suite.db")).save(template("{greeting}, Ada!", greeting=greeting))


# --- apply


def test_apply_writes_a_candidate_to_the_file_that_the_program_loads(project: Any) -> None:
    run = project.trained("out=other.json")
    assert project.run("apply", run).code == 0
    assert learned(project.path("other.json")) == "Good morning"
    assert project.run("apply", run, "--candidate", "original", "--out", "here.json").code == 0
    assert learned(project.path("here.json")) == "Hi"


def test_apply_says_so_where_the_program_has_other_parameters_by_now(project: Any) -> None:
    run = project.trained()
    text = project.path(f"{project.module}.py").read_text().replace('name="greeting"', 'name="welcome"')
    project.program(text)
    done = project.run("apply", run)
    assert (done.code, "no parameter greeting any more, only welcome" in done.err) == (2, True)


# --- export


def test_export_as_json_has_diffs(project: Any) -> None:
    run = project.trained()
    entry = project.run("export", run, "--as", "json").json["parameters"]["greeting"]
    assert (entry["before"], entry["value"]) == ("Hi", "Good morning")
    assert project.run("export", "train.toml", "--as", "json").json["parameters"]["greeting"] == entry
    assert project.run("export", run, "--as", "json", "--candidate", "original", "--out", "o.json").code == 0
    assert learned(project.path("o.json")) == "Hi"


def test_export_as_a_patch_is_what_git_applies_and_writes_nothing_itself(project: Any) -> None:
    run = project.trained()
    source = project.path(f"{project.module}.py")
    before = source.read_text()
    done = project.process("export", run, "--as", "patch")
    assert (done.returncode, source.read_text()) == (0, before)
    subprocess.run(["git", "apply"], cwd=project.folder, input=done.stdout, text=True, check=True)
    assert source.read_text() == before.replace('node("Hi"', 'node("Good morning"')


def test_export_writes_the_source_if_it_is_told_to(project: Any) -> None:
    run = project.trained()
    source = project.path(f"{project.module}.py")
    done = project.run("export", run, "--as", "patch", "--write")
    assert f"written: greeting at {source.name}:7" in done.err
    assert 'node("Good morning", trainable=True' in source.read_text()


def test_what_is_in_no_patch_is_said_and_the_exit_code_says_so_too(project: Any) -> None:
    text = project.path(f"{project.module}.py").read_text()
    project.program(text.replace('node("Hi"', 'node("H" + "i"'))
    done = project.run("export", project.trained(), "--as", "patch")
    assert (done.code, done.out) == (1, "")
    assert "not in the patch: greeting: its original stands as a literal in none of the files" in done.err


def test_export_in_the_frameworks_own_form(project: Any) -> None:
    text = project.path(f"{project.module}.py").read_text()
    dumping = """
class Agent:
    def get_prompts(self):
        class Prompt:
            template = greeting.data
        return {"answer": Prompt}


agent = Agent()
"""
    project.program(text + dumping)
    run = project.trained()
    done = project.run("export", run, "--as", "framework", "--of", f"{project.module}:agent")
    assert done.json == {"answer": "Good morning"}
    done = project.run("export", run, "--as", "framework", "--of", f"{project.module}:greeting")
    assert (done.code, "has no form of its framework's own" in done.err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--as", "json", "--write"], "--write goes with --as patch"),
        (["--as", "framework"], "needs --of module:name"),
        (["--as", "json", "--of", "a:b"], "no other form takes it"),
        (["--as", "xml"], "'xml' is not one of"),
        ([], "--as"),
    ],
)
def test_what_does_not_go_together_is_said(project: Any, arguments: list[str], message: str) -> None:
    done = project.run("export", "train.toml", *arguments)
    assert (done.code, message in done.err) == (2, True), done.err


# --- feedback


def test_feedback_is_kept_and_one_step_learns_from_it(project: Any) -> None:
    run = saved(project)
    assert project.run("feedback", run, "Good morning, please").code == 0
    done = project.run("feedback", "--learn", "train.toml", "--json")
    assert (done.code, done.json["learned_from"]) == (0, 1)
    assert learned(project.path("learned.json")) == "Hello"
    done = project.run("feedback", "--learn", "train.toml")
    assert "no feedback that was not learned from yet" in done.err


def test_later_steps_go_on_from_what_was_learned(project: Any) -> None:
    run = saved(project)
    project.run("feedback", run, "politer", "--learn", "train.toml")
    text = project.path(f"{project.module}.py").read_text().replace('suggest("Hello"), ', "")
    project.program(text)
    done = project.run("feedback", run, "--score", "0.2", "--learn", "train.toml")
    assert "-Hello\n+Good morning" in done.out
    assert learned(project.path("learned.json")) == "Good morning"


def test_what_cannot_be_exported_yet_says_what_to_do(project: Any) -> None:
    done = project.run("export", "train.toml", "--as", "json")
    assert (done.code, "learned.json is not there yet: trace-suite train train.toml" in done.err) == (2, True)
    run = saved(project)
    done = project.run("export", run, "--as", "json")
    assert (done.code, f"{run} is a run that was saved, not a training" in done.err) == (2, True)


def test_feedback_that_says_nothing_or_is_on_nothing_is_an_error(project: Any) -> None:
    training = project.trained()
    run = saved(project)
    cases = {
        (): "say which run",
        (run,): f"say how run {run} was",
        (training, "good"): "is a training; feedback is given on runs that were saved",
    }
    for arguments, message in cases.items():
        done = project.run("feedback", *arguments)
        assert (done.code, message in done.err) == (2, True), done.err
    done = project.run("feedback", f"{run[:-1]}?", "good")
    assert (done.code, f"did you mean {run}?" in done.err) == (1, True)


# --- the command itself


def test_the_model_commands_are_those_of_the_local_model(project: Any, monkeypatch: Any) -> None:
    import importlib

    asked: list[Any] = []
    local = importlib.import_module("trace_local.__main__")
    monkeypatch.setattr(local, "main", lambda arguments: asked.append(arguments) or 1)
    assert project.run("model", "fetch").code == 1
    project.run("model", "where")
    assert asked == [["fetch"], ["where"]]


def test_help_has_every_command_and_without_typer_the_install_line_is_given(project: Any, monkeypatch: Any) -> None:
    help_ = project.process("--help")
    assert help_.returncode == 0
    for name in ("train", "resume", "runs", "show", "diff", "feedback", "apply", "export", "model"):
        assert f" {name} " in help_.stdout
    project.path("typer.py").write_text("raise ModuleNotFoundError('No module named typer', name='typer')")
    done = project.process("runs")  # `-m` looks into the current folder first
    assert (done.returncode, 'pip install "trace-suite[train]"' in done.stderr) == (1, True)
