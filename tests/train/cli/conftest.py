"""A small project in a folder of its own: a program, examples, a TOML file; and the command, run in it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import pytest

if find_spec("typer") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    from typer.testing import CliRunner

    from trace_train.cli.app import app

REPOSITORY = Path(__file__).parents[3]
NAMES = ["Ada", "Alan", "Grace", "Barbara", "Edsger", "Donald", "Leslie", "Frances"]
PROGRAM = '''"""A program of nodes, which greets."""

import json

from trace_core import OptoPrime, ReplayChat, bundle, node, template

greeting = node("Hi", trainable=True, name="greeting")


@bundle()
def polish(text):
    """Without white space around it."""
    return text.strip()


def program(name):
    return polish(template("{greeting}, {name}!", greeting=greeting, name=name))


def suggest(text):
    return json.dumps({"reasoning": "as the feedback says", "suggestion": {"greeting": text}})


optimizer = OptoPrime(greeting, ReplayChat([suggest("Hello"), suggest("Good morning")]))
'''
PLAN = """
program = "{module}:program"
parameters = "{module}:greeting"
optimizer = "{module}:optimizer"
guide = {{ use = "Exact", field = "polite" }}
inputs = "name"
batch_size = 2
data = {{ file = "names.jsonl", split = [3, 3, 2] }}

[strategies]
choosing = "Best"
stopping = [{{ use = "Target", score = 1.0 }}]
"""
_number = count().__next__


@dataclass
class Done:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Project:
    """A folder with a program, and the command run in it."""

    folder: Path
    module: str

    def path(self, name: str) -> Path:
        return self.folder / name

    def program(self, text: str) -> None:
        """Another program."""
        self.path(f"{self.module}.py").write_text(text)

    def run(self, *arguments: str) -> Done:
        """Run the command in this process, with the program as if it were imported for the first time."""
        sys.modules.pop(self.module, None)
        done = CliRunner().invoke(app, arguments, env={"COLUMNS": "100"})
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)

    def trained(self, *arguments: str) -> str:
        """Train; the run's id."""
        done = self.run("train", "train.toml", "--json", *arguments)
        return str(done.json["run"])

    def process(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run the command in a process of its own."""
        return self.python("-m", "trace_train.cli", *arguments, **options)

    def python(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run Python in a process of its own."""
        command = [sys.executable, *arguments]
        paths = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "integrations")])
        env = {**os.environ, "PYTHONPATH": paths}
        heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}  # which shells have jobs ignore
        options = {**heard, **options, "cwd": self.folder, "env": env}
        return subprocess.run(command, capture_output=True, text=True, check=False, **options)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    module = f"greeter_{_number()}"
    made = Project(tmp_path, module)
    made.program(PROGRAM)
    lines = [json.dumps({"name": name, "polite": f"Good morning, {name}!"}) for name in NAMES]
    made.path("names.jsonl").write_text("\n".join(lines))
    made.path("train.toml").write_text(PLAN.format(module=module))
    monkeypatch.chdir(tmp_path)
    yield made
    sys.modules.pop(module, None)


@pytest.fixture
def run(project: Project) -> Callable[..., Done]:
    return project.run
