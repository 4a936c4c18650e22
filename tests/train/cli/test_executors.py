"""An executor in a training's file: real worker processes make the program of the plan, and nothing else changes."""

from __future__ import annotations

import os
from typing import Any

import pytest

SEEN = '''
import os
from pathlib import Path

Path("pids").mkdir(exist_ok=True)
inner = program


def program(name):
    Path("pids", str(os.getpid())).touch()
    return inner(name)


class Counting:
    """The user's own: counts what it is asked for."""

    asked = 0

    def open(self, runner):
        from contextlib import asynccontextmanager

        @asynccontextmanager
        async def opened():
            async def run(example, values):
                Counting.asked += 1
                return await runner.run(example, values)

            yield run
            Path("asked").write_text(str(Counting.asked))

        return opened()


counting = Counting()


def chosen(factory, arguments, size):
    from trace_train.executors import ProcessExecutor

    return ProcessExecutor(factory, arguments=arguments, workers=size)


def make(polite):
    from trace_train import Contains, Exact

    return program, greeting, (Exact if polite else Contains)("polite"), "name"
'''
SAME = ("state", "reason", "best", "values", "steps", "spent", "test", "validation")


@pytest.fixture
def seen(project: Any) -> Any:
    text = project.path(f"{project.module}.py").read_text()
    project.program(text + SEEN)
    return project


def pids(project: Any) -> set[int]:
    return {int(each.name) for each in project.path("pids").iterdir()}


def comparable(done: Any) -> dict[str, Any]:
    return {key: done.json[key] for key in SAME}


@pytest.mark.parametrize(
    "executor",
    ["ProcessExecutor", "{use='ProcessExecutor', workers=2}", "{use='MODULE:chosen', size=1}"],
)
def test_workers_make_the_program_of_the_file_and_the_training_is_the_same(seen: Any, executor: str) -> None:
    there = seen.run("train", "train.toml", "--json", f"executor={executor.replace('MODULE', seen.module)}")
    assert there.code == 0, there.err
    assert os.getpid() not in pids(seen)
    here = seen.run("train", "train.toml", "--json", "store=other.db")
    assert os.getpid() in pids(seen)
    assert comparable(there) == comparable(here)


def test_a_training_is_gone_on_with_on_another_executor(seen: Any) -> None:
    path = seen.path(f"{seen.module}.py")
    path.write_text(path.read_text().replace('suggest("Hello"), ', ""))  # so that it is asked for once, after resuming
    first = seen.run("train", "train.toml", "--json", "budget.evaluations=10")
    here = pids(seen)
    run = first.json["run"]
    again = seen.run("resume", run, "--json", "budget.evaluations=100", "executor.use=ProcessExecutor")
    assert again.code == 0, again.err
    assert again.json["values"] == {"greeting": "Good morning"}
    assert pids(seen) > here


def test_options_of_a_guide_and_a_program_reach_the_workers_from_any_folder(
    project: Any, tmp_path: Any, monkeypatch: Any
) -> None:
    text = project.path(f"{project.module}.py").read_text()
    text += (
        '\n\ndef make_program(mark):\n    return lambda name: polish(template("{g}, {n}" + mark, g=greeting, n=name))\n'
    )
    project.program(text)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    program = f"program={{use='{project.module}:make_program', mark='!'}}"
    done = project.run("train", "../train.toml", program, "--json", "executor=ProcessExecutor")
    assert (done.code, done.json["test"]["after"]) == (0, 1.0), done.err


def test_an_executor_of_the_users_own_is_taken_as_it_is(seen: Any) -> None:
    for use in ("counting", "Counting"):
        assert seen.run("train", "train.toml", f"executor={seen.module}:{use}", f"store={use}.db").code == 0
        assert int(seen.path("asked").read_text()) > 0
        seen.path("asked").unlink()


def test_a_factory_that_the_file_names_is_asked_in_place_of_the_plan(seen: Any) -> None:
    own = f"use='ProcessExecutor', factory='{seen.module}:make'"
    done = seen.run("train", "train.toml", f"executor={{{own}, arguments={{polite=true}}}}")
    assert done.code == 0, done.err
    done = seen.run("train", "train.toml", f"executor={{{own}, arguments={{polite=false}}}}", "store=other.db")
    assert done.code == 1
    assert "the guide: {'use': 'Exact', " in done.err


def test_what_is_no_executor_or_no_strategy_is_said_before_anything_is_begun(project: Any) -> None:
    cases = {
        f"strategies.accepting={project.module}:polish": "accepting: expected a rule, such as Margin(), not Bundle",
        f"strategies.stopping=['{project.module}:polish']": "stopping: expected rules such as MaxSteps(20)",
        "executor=ProcesExecutor": "executor: the name 'ProcesExecutor' is not known; did you mean ProcessExecutor",
        "executor={use='ProcessExecutor', worker=2}": "the option 'worker' is not known; did you mean workers?",
        "executor={use='ProcessExecutor', workers=0}": "executor: ProcessExecutor: workers must be at least 1, not 0",
        "executor={use='ProcessExecutor', arguments={}}": "executor: ProcessExecutor needs factory",
        f"executor={project.module}:polish": f"executor: {project.module}:polish is no executor: it has no open",
        "executor=builtins:dict": "executor: builtins:dict is no executor",
    }
    for setting, message in cases.items():
        done = project.run("train", "train.toml", setting)
        assert (done.code, message in done.err) == (2, True), (setting, done.err)
    assert not project.path("trace-suite.db").exists()
