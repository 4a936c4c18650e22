"""Program factories for workers: the digits of `synthetic`, and some that go wrong."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from tests.train import synthetic
from tests.train.synthetic import closeness, digits, show
from trace_core import Feedback, node
from trace_core.llm import Completion, Usage
from trace_train import Metered

HERE = "tests.train.executors.tasks"


def make() -> tuple[Any, ...]:
    """The digits."""
    parameters = digits()
    return synthetic.program(parameters), parameters, closeness, "i"


def make_printing() -> tuple[Any, ...]:
    """One that prints, and that looks for an answer where the driver speaks."""
    parameters = digits()

    def run(i: int) -> Any:
        print("a line that is no message")
        os.write(1, b"neither is this")
        return show(parameters[f"p{i % 4}"], i + len(sys.stdin.read()))

    return run, parameters, closeness, "i"


def make_mortal(places: str, deaths: int = 1, child: bool = False) -> tuple[Any, ...]:
    """One whose process is killed by the run on example 2, so often; each death leaves a file, and perhaps a child."""
    parameters = digits()

    def run(i: int) -> Any:
        died = len(list(Path(places).iterdir()))
        if i == 2 and died < deaths:
            (Path(places) / f"{os.getpid()}").touch()
            if child and not os.fork():
                signal.pause()
            os.kill(os.getpid(), signal.SIGKILL)
        return synthetic.program(parameters)(i)

    return run, parameters, closeness, "i"


class Parrot:
    """A model that says the same every time, for ten tokens."""

    def complete(self, messages: Any, schema: Any = None) -> Completion:
        return Completion("7", Usage(1, 7, 3))

    async def acomplete(self, messages: Any, schema: Any = None) -> Completion:
        return self.complete(messages)


def make_with_models() -> tuple[Any, ...]:
    """A program and a guide that each ask a model; async."""
    parameters, llm = digits(), Metered(Parrot())

    async def run(i: int) -> Any:
        await llm.acomplete([{"role": "user", "content": "?"}])
        return show(parameters[f"p{i % 4}"], i)

    def guide(example: Any, output: Any) -> float:
        return float(llm.complete([{"role": "user", "content": "?"}]).text) / 7

    return run, parameters, guide, "i"


def make_failing() -> tuple[Any, ...]:
    """A program that fails on example 2, and a guide that fails on example 3."""
    parameters = digits()

    def run(i: int) -> Any:
        shown = show(parameters[f"p{i % 4}"], i)
        if i == 2:
            raise ValueError("two is too much")
        return shown

    def guide(example: Any, output: Any) -> Any:
        if example["i"] == 3:
            raise LookupError("three")
        return closeness(example, output)

    return run, parameters, guide, "i"


def make_blind() -> tuple[Any, ...]:
    """A program that does not use the values."""
    constant = node(3, name="constant")
    return lambda i: constant + i, digits(), closeness, "i"


def make_typed() -> tuple[Any, ...]:
    """A guide that says what its example is."""
    parameters = digits()
    return (lambda example: show(parameters["p0"], 0)), parameters, say


def say(example: Any, output: Any) -> Feedback:
    return Feedback(repr(example), 1.0)


def make_other() -> tuple[Any, ...]:
    """Other parameters than those of `make`, another guide, another part."""
    parameters = [node("x", trainable=True, name="p0"), *list(digits().values())[1:3]]
    return synthetic.program, parameters, make_other, "right"


def make_nothing() -> Any:
    """No task."""
    return 3


def make_error() -> Any:
    """It fails."""
    raise RuntimeError("no model here")


def make_stuck(place: str) -> tuple[Any, ...]:
    """A program that says where it runs, and does not end by itself."""
    parameters = digits()

    def run(i: int) -> Any:
        (Path(place) / "unfinished").write_text(str(os.getpid()))
        (Path(place) / "unfinished").rename(Path(place) / "pid")
        threading.Event().wait()

    return run, parameters, closeness, "i"


def make_seen(places: str, stuck: int = 0) -> tuple[Any, ...]:
    """A program that leaves the names of the Ray nodes where it runs; on the first ones it stays until it is ended."""
    parameters = digits()

    def run(i: int) -> Any:
        import ray

        node_id = ray.get_runtime_context().get_node_id()
        place = Path(places) / f"{node_id}-{os.getpid()}"
        place.touch()
        if len(list(Path(places).iterdir())) <= stuck:
            threading.Event().wait()
        return synthetic.program(parameters)(i)

    return run, parameters, closeness, "i"
