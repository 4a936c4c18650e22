"""Whether there is something to learn from: of the examples before anything is run, of the program before a step."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping

from trace_core.failures import error_text
from trace_core.graph_json import decode
from trace_core.rendering import literal
from trace_train.data.examples import Examples, Field, part
from trace_train.errors import InvalidData, NothingToLearn, SeenInTraining
from trace_train.records import Evaluation, brief

_LONGEST = 200


def check(data: Mapping[str, Examples], inputs: Field | None) -> None:
    """Make sure that there are examples with what the program is given, and warn where test examples are learned from
    or decided on.

    Raises:
        InvalidData: there are none, or none that has the part `inputs`.
    """
    for what in ("train", "validation"):
        if not len(data[what]):
            raise InvalidData(f"there are no {what} examples")
    if inputs is not None:
        for examples in data.values():
            _check_inputs(examples, inputs)
    learned = data["train"].ids() | data["validation"].ids() if len(data["test"]) else set()
    seen = [example for example in data["test"] if example.id in learned]
    if seen:
        text = f"{len(seen)} of {len(data['test'])} test examples are also learned from or decided on"
        warnings.warn(text, SeenInTraining, stacklevel=4)


def _check_inputs(examples: Examples, inputs: Field) -> None:
    """Make sure that one of them has that part; those that have not are failing scores."""
    missing = None
    for example in examples:
        try:
            part(example.data, inputs)
        except Exception as error:  # noqa: BLE001 - `inputs` may be the user's function
            missing = missing or error
        else:
            return
    if missing is not None:
        said = f"no {examples.what} example has the part that inputs names: {error_text(missing)}"
        raise InvalidData(said) from missing


def check_learnable(evaluations: Iterable[Evaluation]) -> None:
    """Make sure that one of them has a trace that leads to a parameter, for feedback to reach it.

    Raises:
        NothingToLearn: none has, and there are some.
    """
    without = []
    for evaluation in evaluations:
        if evaluation.trace is not None and any(node["kind"] == "parameter" for node in evaluation.trace["nodes"]):
            return
        without.append(evaluation)
    plain = [evaluation for evaluation in without if evaluation.trace is None]
    returned = [evaluation for evaluation in plain if evaluation.error is None or evaluation.output is not None]
    if returned:
        raise NothingToLearn(
            f"the program returned {literal(decode(returned[0].output), _LONGEST)}, which is no node, so feedback "
            "cannot reach a parameter; give a program that returns one: recorder.program(chain), a bundle, a module"
        )
    if without:
        raise NothingToLearn(
            f"all {len(without)} evaluations failed before they came to a parameter: {brief(without[0].error or '')}"
        )
