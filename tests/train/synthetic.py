"""A task without any model: four digits to be found, a proposer that is a function of what it is asked, and programs
whose runs end in any order that a test wants."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Annotated, Any

from pydantic import Field

from trace_core import Feedback, OptoPrime, ParameterSet, bundle, node
from trace_core.llm import Completion, Message, Usage
from trace_train import MaxSteps, MemoryJournal, Report, Trainer
from trace_train.retrying import Backoff

TARGET = (7, 2, 9, 4)
Digit = Annotated[int, Field(ge=0, le=9)]


def examples(count: int, start: int = 0) -> list[dict[str, int]]:
    return [{"i": i, "right": TARGET[i % 4]} for i in range(start, start + count)]


def digits() -> ParameterSet:
    return ParameterSet([node(0, trainable=True, name=f"p{k}", type=Digit) for k in range(4)])


@bundle
def show(digit: int, i: int) -> int:
    """The digit."""
    return digit


def program(parameters: ParameterSet) -> Callable[[int], Any]:
    def run(i: int) -> Any:
        return show(parameters[f"p{i % 4}"], i)

    return run


def closeness(example: Mapping[str, int], output: int) -> Feedback:
    return Feedback(f"should be {example['right']}", 1 - abs(output - example["right"]) / 9)


class HashChat:
    """Answers with a digit for one variable, drawn by what it is asked: another question, another answer."""

    def __init__(self, usage: Usage = Usage(1, 10, 5)) -> None:  # noqa: B008 - it cannot be changed
        self.questions: list[str] = []
        self.usage = usage

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        text = "\n".join(message["content"] for message in messages)
        self.questions.append(text)
        random = Random(text)
        suggestion = {f"p{random.randrange(4)}": random.randrange(10)}
        return Completion(json.dumps({"reasoning": "", "suggestion": suggestion}), self.usage)

    async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        return self.complete(messages, schema)


class AnyOrder:
    """Makes an async program of which any run that waits may be the next to end; drawn by a seed, without any time."""

    def __init__(self, run: Callable[[Any], Any], seed: int) -> None:
        self._run = run
        self._random = Random(seed)
        self._waiting: list[asyncio.Future[None]] = []
        self.order: list[Any] = []

    async def __call__(self, example: Any) -> Any:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._later(100)
        await turn
        self.order.append(example)
        return self._run(example)

    def _later(self, rounds: int) -> None:
        """Let one end when the loop has gone round so often, so that others come to wait too."""
        if rounds:
            asyncio.get_running_loop().call_soon(self._later, rounds - 1)
            return
        self._waiting.pop(self._random.randrange(len(self._waiting))).set_result(None)


async def no_sleep(seconds: float) -> None:
    """In place of a pause."""


NO_PAUSE = Backoff(sleep=no_sleep)


def trainer(
    parameters: ParameterSet, run: Any = None, guide: Any = closeness, llm: Any = None, **options: Any
) -> Trainer:
    optimizer = OptoPrime(parameters, llm or HashChat(), memory_size=2)
    settings = {"inputs": "i", "progress": False, "retry": NO_PAUSE, **options}
    return Trainer(run or program(parameters), optimizer, guide, **settings)


def fit(parameters: ParameterSet, run: Any = None, journal: Any = None, **options: Any) -> Report:
    """A short run with everything in it."""
    settings = {"test": examples(4, 40), "batch_size": 3, "parallel": 4, "stopping": [MaxSteps(6)], **options}
    made = trainer(parameters, run)
    return made.fit(examples(8), examples(8, 20), journal=MemoryJournal() if journal is None else journal, **settings)


def result(report: Report) -> tuple[Any, ...]:
    """What must be the same however the run went."""
    return (
        report.state,
        report.reason,
        report.best.id,
        report.steps,
        report.validation,
        report.test,
        report.spent,
        report.by_role,
    )
