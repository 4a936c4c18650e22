"""A trainer and its data, of a plan."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from trace_core.parameters import ParameterSet
from trace_train.budget import Budget, Prices
from trace_train.cli.errors import BadPlan
from trace_train.cli.importing import constructed, imported, made
from trace_train.cli.plan import FREE, Part, Plan
from trace_train.data import read_data, split
from trace_train.data.examples import Examples
from trace_train.events import Observer
from trace_train.trainer import Trainer

Parts = tuple[Any, Any | None, Any | None]
"""The examples to learn from, to decide on and to measure with."""


def program_of(plan: Plan) -> tuple[Any, ParameterSet]:
    """The program, and what is learned of it.

    Raises:
        BadPlan: one cannot be found.
    """
    program = made("program", plan.program, "trace_train")
    if not callable(program):
        raise BadPlan(f"program: {plan.program.use} is no function of an example; of an agent: recorder.program(agent)")
    if plan.parameters is not None:
        given = imported("parameters", plan.parameters)
    elif callable(getattr(program, "parameters", None)):
        given = program.parameters()
    else:
        raise BadPlan(
            f"parameters is missing: {plan.program.use} does not say itself what is learned of it; "
            "give the module:name of a parameter, or of what expose(…) gave"
        )
    try:
        return program, ParameterSet.of(given)
    except TypeError as error:
        raise BadPlan(f"parameters: {error}") from error


def optimizer_of(plan: Plan, parameters: ParameterSet) -> Any:
    """What proposes."""
    part = plan.optimizer
    ready = ":" in part.use and not part.options and imported("optimizer", part.use)
    return (
        ready if ready and not isinstance(ready, type) else made("optimizer", part, "trace_core.optimizers", parameters)
    )


def trainer_of(plan: Plan, observers: Sequence[Observer], progress: bool | None) -> Trainer:
    """The trainer."""
    program, parameters = program_of(plan)
    kinds: dict[str, Part | list[Part] | None] = dict(plan.strategies)
    strategies = {kind: _strategy(f"strategies.{kind}", part) for kind, part in kinds.items() if part is not None}
    return Trainer(
        program,
        optimizer_of(plan, parameters),
        made("guide", plan.guide, "trace_train.guides"),
        inputs=plan.inputs,
        repeats=plan.repeats,
        failing=plan.failing,
        observers=observers,
        progress=progress,
        **strategies,
    )


def _strategy(key: str, part: Part | list[Part]) -> Any:
    if isinstance(part, list):
        return [_strategy(key, each) for each in part]
    return made(key, part, "trace_train.strategies")


def budget_of(plan: Plan) -> Budget | None:
    """What may be spent."""
    if plan.budget is None:
        return None
    options = dict(plan.budget)
    prices = options.get("prices")
    if isinstance(prices, Mapping):
        by_role = prices and all(isinstance(each, Mapping) for each in prices.values())
        options["prices"] = (
            {role: constructed(f"budget.prices.{role}", Prices, each) for role, each in prices.items()}
            if by_role
            else constructed("budget.prices", Prices, prices)
        )
    budget: Budget = constructed("budget", Budget, options)
    return budget


def data_of(plan: Plan) -> Parts:
    """The examples, as files hold them.

    Raises:
        InvalidData: a file cannot be read, or not be split so.
    """
    keys = plan.data
    if keys.file is not None:
        examples = read_data(plan.path(keys.file))
        parts = [examples] if keys.split is None else split(examples, tuple(keys.split), plan.seed)
        return (*parts, None, None)[:3]  # type: ignore[return-value]
    train, validation, test = (
        None if name is None else read_data(plan.path(name)) for name in (keys.train, keys.validation, keys.test)
    )
    return train, validation, test


def settings_of(plan: Plan, data: Parts) -> dict[str, Any]:
    """What the store keeps of a training, so that it can be resumed without its file; where the store is, is no part of
    it, since that may hold a password."""
    names = ("train", "validation", "test")
    examples = {name: _digest(part, name) for name, part in zip(names, data, strict=True) if part is not None}
    return {**plan.model_dump(mode="json", exclude={"store"}), "examples": examples}


def settings_to_resume(begun: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Settings to compare with those that a training was begun with: what may differ is taken from there."""
    return {**now, **{key: begun.get(key) for key in FREE - {"store"}}}


def _digest(part: Any, name: str) -> str:
    ids = "".join(example.id for example in Examples(part, name))
    return f"{len(part)} examples, {hashlib.sha256(ids.encode()).hexdigest()[:16]}"
