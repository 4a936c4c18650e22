"""`train` and `resume`: what is learned, written, kept, and how it ends."""

from __future__ import annotations

import json
import signal
import sqlite3
from typing import Any

import pytest

from trace_core import node
from trace_train.store import Store

BUSY = '''"""A program whose search has no end, and which sends this process a signal."""

import itertools
import json
import os
import threading
from pathlib import Path

from trace_core import OptoPrime, node, template
from trace_core.llm import Completion

greeting = node("Hi", trainable=True, name="greeting")
seen = itertools.count()
lock = threading.Lock()


def program(name):
    with lock:
        if next(seen) == 20:
            os.kill(os.getpid(), int(os.environ["SIGNAL"]))
    return template("{greeting}, {name}!", greeting=greeting, name=name)


class Endless:
    """Proposes another greeting each time."""

    number = itertools.count()

    def complete(self, messages, schema=None):
        text = "Good morning" if next(self.number) == 0 else f"Hello {next(self.number)}"
        return Completion(json.dumps({"reasoning": "", "suggestion": {"greeting": text}}))

    async def acomplete(self, messages, schema=None):
        return self.complete(messages, schema)


optimizer = OptoPrime(greeting, Endless())


def perfect(example, output):
    """A guide that is never content, so that the search goes on."""
    return 0.9 if output == example["polite"] else 0.1
'''


def learned(path: Any) -> Any:
    return json.loads(path.read_text())["parameters"]["greeting"]["value"]


def test_train_learns_from_a_file_and_writes_what_the_program_loads(project: Any) -> None:
    done = project.run("train", "train.toml")
    assert done.code == 0
    assert "held-out test (2 examples): 0.000 before, 1.000 after" in done.out
    assert "-Hi\n+Good morning" in done.out
    greeting = node("Hi", trainable=True, name="greeting")
    from trace_core import ParameterSet

    ParameterSet([greeting]).load(project.path("learned.json"))
    assert greeting.data == "Good morning"


def test_arguments_alone_do_the_same(project: Any) -> None:
    m = project.module
    settings = [f"program={m}:program", f"parameters={m}:greeting", f"optimizer={m}:optimizer", "guide.use=Exact"]
    settings += ["guide.field=polite", "inputs=name", "data.file=names.jsonl", "out=here.json"]
    assert project.run("train", *settings, 'strategies.stopping=[{use="MaxSteps", steps=2}]').code == 0
    assert learned(project.path("here.json")) == "Good morning"


def test_json_for_machines_is_all_that_stands_on_stdout(project: Any) -> None:
    text = (
        project.path(f"{project.module}.py")
        .read_text()
        .replace("def program(name):", "def program(name):\n    print(name)")
    )
    project.program(text)
    done = project.run("train", "train.toml", "--json")
    assert done.json["state"] == "finished"
    assert done.json["values"] == {"greeting": "Good morning"}
    assert done.json["test"] == {"before": 0.0, "after": 1.0, "count": 2, "of": 2}
    assert done.json["validation"] == {"before": 0.0, "after": 1.0}
    assert [step["accepted"] for step in done.json["steps"]] == [False, True]
    assert done.json["spent"]["evaluations"] == 16
    assert done.json["failures"] is None
    assert "Ada" in done.err


def test_a_budget_ends_the_search_early_and_resume_goes_on_with_more(project: Any) -> None:
    text = project.path(f"{project.module}.py").read_text().replace('suggest("Hello"), ', "")
    project.program(text)
    first = project.run("train", "train.toml", "--json", "budget.evaluations=10")
    assert (first.code, first.json["state"], first.json["ended_by"]) == (3, "stopped", "budget")
    assert "10 evaluations is used up" in first.json["reason"]
    again = project.run("resume", first.json["run"], "budget.evaluations=100", "--json")
    whole = project.run("train", "train.toml", "--json", "store=other.db")
    assert again.code == whole.code == 0
    assert (len(first.json["steps"]), len(whole.json["steps"])) == (0, 1)
    same = ("state", "reason", "best", "steps", "spent", "test")
    assert {key: again.json[key] for key in same} == {key: whole.json[key] for key in same}
    assert learned(project.path("learned.json")) == "Good morning"


def test_a_model_that_cannot_be_reached_has_an_exit_code_of_its_own(project: Any) -> None:
    text = project.path(f"{project.module}.py").read_text()
    failing = text.replace('suggest("Good morning")', 'LLMError("HTTP 401")')
    project.program(
        failing.replace('"""A program of nodes, which greets."""', "from trace_core.errors import LLMError")
    )
    done = project.run("train", "train.toml", "--json")
    assert (done.code, done.json["state"], done.json["ended_by"]) == (4, "stopped", "unreachable")
    assert "HTTP 401" in done.json["reason"]
    assert project.path("learned.json").exists()


def test_a_finished_training_can_be_taken_further(project: Any) -> None:
    run = project.run("train", "train.toml", 'strategies.stopping=[{use="MaxSteps", steps=0}]', "--json").json
    assert run["validation"] == {"before": 0.0, "after": 0.0}
    further = project.run("resume", run["run"], 'strategies.stopping=[{use="MaxSteps", steps=2}]', "--json").json
    assert further["validation"] == {"before": 0.0, "after": 1.0}
    assert further["spent"]["evaluations"] == 16


def test_a_training_that_goes_on_in_another_process_is_not_resumed(project: Any) -> None:
    run = project.trained()
    with Store(project.path("trace-suite.db")) as store:
        store.journal(run)  # here, and the command is another process
    done = project.process("resume", run)
    assert done.returncode == 1
    assert f"StoreBusy: the store {project.path('trace-suite.db')}: training {run} goes on in process" in done.stderr


def test_a_training_is_not_resumed_as_another_one(project: Any) -> None:
    run = project.trained()
    done = project.run("resume", run, "batch_size=3")
    assert (done.code, "batch_size: 2 then, 3 now" in done.err) == (1, True)
    with project.path("names.jsonl").open("a") as file:
        file.write('\n{"name": "Bob", "polite": "Good morning, Bob!"}')
    done = project.run("resume", run)
    assert done.code == 1
    assert "examples.train: 3 examples, " in done.err


def test_a_training_can_be_resumed_from_another_folder(project: Any, tmp_path: Any, monkeypatch: Any) -> None:
    run = project.trained()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert project.run("resume", run, "--store", "../trace-suite.db").code == 0


@pytest.mark.parametrize("given", [["--store", "here.db"], ["store=here.db"]])
def test_the_store_is_given_to_train_and_resume_in_either_way(project: Any, given: list[str]) -> None:
    run = project.trained(*given)
    assert project.path("here.db").exists()
    assert not project.path("trace-suite.db").exists()
    assert project.run("resume", run, *given).code == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_search_with_the_best_so_far_saved(
    project: Any, monkeypatch: Any, number: signal.Signals, code: int
) -> None:
    project.program(BUSY)
    monkeypatch.setenv("SIGNAL", str(int(number)))
    endless = ['strategies.stopping=[{use="Target", score=2.0}]', f"guide={project.module}:perfect", "parallel=1"]
    done = project.process("train", "train.toml", *endless, timeout=60)
    assert done.returncode == code, done.stderr
    assert learned(project.path("learned.json")) == "Good morning"
    training = project.run("runs", "--json").json["trainings"][0]
    assert (training["state"], training["ended_by"]) == ("stopped", "stop")


def test_what_is_wrong_is_said_before_anything_is_begun(project: Any) -> None:
    cases = {
        "out=nowhere/learned.json": "out: there is no folder",
        "data.split=[99, 1]": "data: ",
        "optimizer=builtins:list": "optimizer: builtins:list gives no optimizer; expected an object such as",
        "optimizer=json:__name__": "optimizer: json:__name__ gives no optimizer",
        "optimizer={use='OptoPrime', llm='nope'}": "optimizer.llm: llm is 'nope'; expected local, a path",
        "optimizer={use='OptoPrime', llm='json:dumps'}": "optimizer.llm: json:dumps is no model",
        "optimizer={use='OptoPrime', llm='json:model'}": "optimizer.llm: in json, the name 'model' is not known",
        "guide=json:__name__": "guide: json:__name__ is no function of an example and an output",
        "program=json:__name__": "program: json:__name__ is no function of an example",
        "parameters=json:dumps": "parameters: ",
        "budget.call=3": "budget: of Budget, the option 'call' is not known; did you mean calls?",
        "budget.dollars=3": "budget: Budget: a budget in dollars needs prices",
        "budget.prices.promt=1": "budget.prices: of Prices, the option 'promt' is not known; did you mean prompt?",
        "strategies.choosing=Beast": "strategies.choosing: the name 'Beast' is not known; did you mean",
        "trackers=['Tensorbord']": "trackers: the name 'Tensorbord' is not known; did you mean TensorBoard?",
    }
    for setting, message in cases.items():
        done = project.run("train", "train.toml", setting)
        assert (done.code, message in done.err) == (2, True), (setting, done.err)
    assert not project.path("trace-suite.db").exists()


OWN = """

model = ReplayChat([suggest("Hello"), suggest("Good morning")])


def make_optimizer(parameters, model=model):
    return OptoPrime(parameters, model)


def fail(parameters):
    return {}["no such key"]
"""


@pytest.mark.parametrize(
    "optimizer",
    ["{m}:make_optimizer", "{{use='{m}:make_optimizer', retries=1}}", "{{use='OptoPrime', llm='{m}:model'}}"],
)
def test_the_optimizer_may_be_a_function_or_have_ones_own_model(project: Any, optimizer: str) -> None:
    text = project.path(f"{project.module}.py").read_text() + OWN
    project.program(text.replace("model=model", "retries=0"))
    done = project.run("train", "train.toml", "optimizer=" + optimizer.format(m=project.module))
    assert done.code == 0, done.err
    assert learned(project.path("learned.json")) == "Good morning"


def test_a_function_that_fails_is_said_before_anything_is_begun(project: Any) -> None:
    project.program(project.path(f"{project.module}.py").read_text() + OWN)
    done = project.run("train", "train.toml", f"optimizer={project.module}:fail")
    assert (done.code, "optimizer: fail failed: KeyError: 'no such key' (greeter" in done.err) == (2, True)
    assert not project.path("trace-suite.db").exists()


def test_prices_for_all_or_for_each_role(project: Any) -> None:
    one = "budget.prices={prompt=1.0, completion=2.0}"
    price = "{prompt=1, completion=2}"
    each = f"budget.prices={{program={price}, guide={price}, optimizer={price}}}"
    for setting in (one, each):
        done = project.run("train", "train.toml", "--json", setting, "budget.dollars=100")
        assert done.json["spent"]["dollars"] > 0


def test_a_program_that_fails_everywhere_or_data_that_is_missing_is_an_error_and_no_traceback(project: Any) -> None:
    done = project.run("train", "train.toml", "data.file=none.jsonl")
    assert (done.code, "none.jsonl cannot be read: No such file" in done.err) == (2, True)
    assert not project.path("trace-suite.db").exists()
    done = project.run("train", "train.toml", "guide.field=polit")
    assert done.code == 1
    assert "InvalidGuide: " in done.err
    assert "Traceback" in project.run("--traceback", "train", "train.toml", "guide.field=polit").err


def test_the_password_of_a_store_is_not_kept_in_it(project: Any) -> None:
    project.trained("store=sqlite:///secret-name.db")
    held = "\n".join(sqlite3.connect(project.path("secret-name.db")).iterdump())
    assert "polite" in held
    assert "secret-name" not in held
