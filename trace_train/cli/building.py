"""A trainer and its data, of a plan."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from trace_core.optimizers.base import Optimizer
from trace_core.parameters import ParameterSet
from trace_train.budget import Budget, Prices
from trace_train.cli.errors import BadPlan
from trace_train.cli.importing import constructed, imported, made, named, said_of, taken_by
from trace_train.cli.plan import FREE, Part, Plan, TaskKeys
from trace_train.data import read_data, split
from trace_train.data.examples import Examples
from trace_train.events import Observer
from trace_train.executors import Executor, Task
from trace_train.trainer import Trainer

Parts = tuple[Any, Any | None, Any | None]
"""The examples to learn from, to decide on and to measure with."""


def program_of(plan: TaskKeys) -> tuple[Any, ParameterSet]:
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
        raise BadPlan(f"parameters: {error}; expected a parameter, or what expose(…) gave") from error


def optimizer_of(plan: Plan, parameters: ParameterSet) -> Any:
    """What proposes: an object, or what a class or a function makes of the parameters.

    Raises:
        BadPlan: it is neither.
    """
    part = plan.optimizer
    found = named("optimizer", part, "trace_core.optimizers")
    if _proposes(found) and not part.options:
        return found
    if callable(found):
        found = constructed("optimizer", found, part.options, parameters)
        if _proposes(found):
            return found
    raise BadPlan(
        f"optimizer: {part.use} gives no optimizer; expected an object such as OptoPrime(…), without options, "
        "or a class or a function that makes one of the parameters (and the options)"
    )


def _proposes(found: Any) -> bool:
    return not isinstance(found, type) and (isinstance(found, Optimizer) or hasattr(found, "propose"))


def guide_of(plan: TaskKeys) -> Any:
    """What says how good an output is.

    Raises:
        BadPlan: it cannot be found, or called.
    """
    guide = made("guide", plan.guide, "trace_train.guides")
    if not callable(guide):
        raise BadPlan(f"guide: {plan.guide.use} is no function of an example and an output")
    return guide


def task_of(**keys: Any) -> Task:
    """The program factory that a plan is, for its workers: what the driver has, made of the same keys."""
    plan = TaskKeys.model_validate(keys)
    sys.path.insert(0, plan.folder)
    return Task(*program_of(plan), guide_of(plan), plan.inputs)


def executor_of(plan: Plan) -> Executor | None:
    """Where evaluations run; what takes a program factory is given `task_of`, unless the plan names one.

    Raises:
        BadPlan: it is no executor.
    """
    part = plan.executor
    if part is None:
        return None
    maker, options = named("executor", part, "trace_train.executors"), part.options
    if "factory" in taken_by(maker) and not {"factory", "arguments"} & options.keys():
        arguments = plan.model_dump(include=set(TaskKeys.model_fields))
        options |= {"factory": f"{__name__}:{task_of.__name__}", "arguments": arguments}
    found = constructed("executor", maker, options) if isinstance(maker, type) or options else maker
    if not callable(getattr(found, "open", None)):
        raise BadPlan(f"executor: {part.use} is no executor: it has no open(runner) (trace_train.executors.Executor)")
    executor: Executor = found
    return executor


def trainer_of(plan: Plan, observers: Sequence[Observer], progress: bool | None) -> Trainer:
    """The trainer."""
    program, parameters = program_of(plan)
    kinds: dict[str, Part | list[Part] | None] = dict(plan.strategies)
    strategies = {kind: _strategy(f"strategies.{kind}", part) for kind, part in kinds.items() if part is not None}
    optimizer, guide, executor = optimizer_of(plan, parameters), guide_of(plan), executor_of(plan)
    try:
        trainer = Trainer(
            program,
            optimizer,
            guide,
            inputs=plan.inputs,
            repeats=plan.repeats,
            failing=plan.failing,
            executor=executor,
            observers=observers,
            progress=progress,
            **strategies,
        )
    except (TypeError, ValueError) as error:  # one of them is not what it should be
        raise BadPlan(str(error)) from error
    with said_of("optimizer.llm"):  # which is looked for before anything is begun
        trainer.strategies.proposing.begin()
    return trainer


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
        BadPlan: a file cannot be read, or not be split so.
    """
    keys = plan.data
    with said_of("data"):
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
    it, since that may hold a password.

    Raises:
        BadPlan: an example is no plain data.
    """
    parts = zip(("train", "validation", "test"), data, strict=True)
    with said_of("data"):
        examples = {name: Examples(part, name).digest() for name, part in parts if part is not None}
    return {**plan.model_dump(mode="json", exclude={"store"}), "examples": examples}


def settings_to_resume(begun: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Settings to compare with those that a training was begun with: what may differ is taken from there."""
    until = begun.get("strategies", {}).get("stopping")
    free = {key: begun.get(key) for key in FREE - {"store"}}
    return {**now, **free, "strategies": {**now["strategies"], "stopping": until}}
