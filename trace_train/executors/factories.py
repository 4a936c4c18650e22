"""Program factories: functions that a worker imports by their name and calls, to have what the driver has.

What they make stays where it is made. Between the driver and its workers go only the factory's import path, its
arguments as JSON, and what its task must look like, so that a worker with another version of the code is noticed.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from trace_core.failures import error_text
from trace_core.parameters import ParameterSet
from trace_core.saving import type_text
from trace_train.data.examples import Field
from trace_train.errors import InvalidFactory
from trace_train.settings import described

_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


class Task(NamedTuple):
    """What a factory gives, as this or as a plain tuple."""

    program: Any
    parameters: ParameterSet
    guide: Any
    inputs: Field | None = None


def checked_path(path: str) -> str:
    """An import path as `module:function`.

    Raises:
        InvalidFactory: it is none, or is in the script that runs, which workers do not run.
    """
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        raise InvalidFactory(f'a factory is named by its import path, "package.module:function", not {path!r}')
    if path.startswith("__main__:"):
        raise InvalidFactory(f"{path}: a worker cannot import the script that runs; put the factory into a module")
    return path


def made(path: str, arguments: Mapping[str, Any]) -> Task:
    """What the factory makes.

    Raises:
        InvalidFactory: it cannot be imported, fails, or gives something else.
    """
    module, _, name = path.partition(":")
    try:
        factory: Any = attrgetter(name)(importlib.import_module(module))
    except Exception as error:
        raise InvalidFactory(f"the factory {path} cannot be imported: {error_text(error)}") from error
    try:
        given = factory(**arguments)
    except Exception as error:
        raise InvalidFactory(f"the factory {path} failed: {error_text(error)}") from error
    try:
        program, parameters, guide, *rest = given
        return Task(program, ParameterSet.of(parameters), guide, *rest)
    except (TypeError, ValueError) as error:
        raise InvalidFactory(
            f"the factory {path} gave {type(given).__name__}; expected (program, parameters, guide) or "
            f"(program, parameters, guide, inputs): {error}"
        ) from error


def task_in_words(parameters: ParameterSet, guide: Any, inputs: Field | None) -> dict[str, str]:
    """What must be the same in the driver and in its workers, by what it is of."""
    of_parameters = {f"the parameter {name}": f"{p.kind}, {type_text(p)}" for name, p in parameters.items()}
    return {**of_parameters, "the guide": str(described(guide)), "inputs": str(described(inputs))}


def check(path: str, task: Task, expected: Mapping[str, str]) -> None:
    """Make sure that a worker has what the driver has.

    Raises:
        InvalidFactory: it has not; with all that differs.
    """
    found = task_in_words(task.parameters, task.guide, task.inputs)
    differ = [what for what in {**expected, **found} if expected.get(what) != found.get(what)]
    if differ:
        listed = "\n".join(
            f"  {what}: {expected.get(what, 'missing')} in the driver, {found.get(what, 'missing')} in the worker"
            for what in differ
        )
        raise InvalidFactory(
            f"what the factory {path} makes in a worker is not what the trainer was given:\n{listed}\n"
            "Give the trainer what the same factory makes, and the workers the same code."
        )
