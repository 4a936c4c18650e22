"""A budget holds: to the call for what goes through our models, within a run per worker for what a framework spends."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import pytest

from tests.train.synthetic import AnyOrder, HashChat, closeness, digits, examples, program, result, trainer
from trace_core import MessageNode, ParameterSet, bundle
from trace_core.errors import BudgetExceeded
from trace_core.llm import Completion, Message, Usage
from trace_train import Budget, MaxSteps, MemoryJournal, Metered, Prices, Report, Spent
from trace_train.budget import Spending
from trace_train.metering import Account

PRICES = {"program": Prices(0.1, 0.4), "guide": Prices(1, 4), "optimizer": Prices(2.5, 10, cached=0.5)}


def test_prices_are_dollars_for_a_million_tokens() -> None:
    usage = Usage(1, prompt_tokens=1_000_000, completion_tokens=100_000, cached_tokens=400_000)
    budget = Budget(prices=PRICES)
    assert budget.cost("program", usage).dollars == pytest.approx(0.1 + 0.04)
    assert budget.cost("optimizer", usage).dollars == pytest.approx(0.6 * 2.5 + 0.4 * 0.5 + 1)


def test_costs_add_up_the_same_in_any_order() -> None:
    costs = [Budget(prices=Prices(0.123457, 0.7)).cost("guide", Usage(1, i, 3 * i)) for i in range(200)]
    assert sum(costs, Spent()) == sum(reversed(costs), Spent())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"calls": -1}, "calls must be a whole number, 0 or more, not -1"),
        ({"calls": 1.5}, "calls must be a whole number, 0 or more, not 1.5"),
        ({"tokens": "300"}, "tokens must be a whole number, 0 or more, not '300'"),
        ({"dollars": "2"}, "dollars must be a number, 0 or more, not '2'"),
        ({"dollars": float("nan")}, "dollars must be a number, 0 or more, not nan"),
        ({"dollars": 1.0}, "needs prices for program, guide, optimizer"),
        ({"dollars": 1.0, "prices": {"program": Prices(1, 1)}}, "needs prices for guide, optimizer"),
    ],
)
def test_a_budget_that_cannot_be_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Budget(**settings)


def test_a_price_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="below 0"):
        Prices(-1, 1)


def test_a_reservation_is_refused_before_it_could_pass_a_limit() -> None:
    spending = Spending(Budget(calls=2, tokens=100))
    with spending.reserve("guide", 60):
        with pytest.raises(BudgetExceeded, match="100 tokens"), spending.reserve("guide", 60):
            pass
        with spending.reserve("guide", 40) as held:
            held.usage = Usage(1, 10, 10)
    assert spending.spent == Spent(calls=1, tokens=20)
    assert spending.by_role["guide"] == Usage(1, 10, 10)


def test_metered_models_are_themselves_outside_of_a_run() -> None:
    chat = Metered(HashChat())
    assert chat.complete([Message(role="user", content="x")]).usage == Usage(1, 10, 5)


def test_a_model_that_is_metered_twice_is_paid_for_once() -> None:
    spending, chat = Spending(Budget(calls=1)), Metered(Metered(HashChat()))
    account = Account(spending, "program")
    with account:
        chat.complete([Message(role="user", content="x")])
    assert (spending.spent.calls, account.used) == (1, Usage(1, 10, 5))


async def test_a_sync_call_on_the_thread_of_an_event_loop_waits_for_none_that_needs_the_loop() -> None:
    spending, answered = Spending(Budget(calls=1)), asyncio.Event()

    class Slow(HashChat):
        async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
            await answered.wait()
            return self.complete(messages, schema)

    async def ask() -> None:
        with Account(spending, "program"):
            await Metered(Slow()).acomplete([Message(role="user", content="x")])

    first = asyncio.create_task(ask())
    await asyncio.sleep(0)
    account = Account(spending, "program")
    with account, pytest.raises(BudgetExceeded):
        Metered(HashChat()).complete([Message(role="user", content="y")])
    assert account.refused is not None
    answered.set()
    await first
    assert spending.spent.calls == 1


# --- whole runs


class CountingChat:
    """Answers at once, with a usage that depends on the question; counts what it was really asked."""

    max_tokens = 40

    def __init__(self) -> None:
        self.used = Usage()
        self.most = 0
        self._lock = threading.Lock()

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        text = "\n".join(message["content"] for message in messages)
        random = Random(text)
        usage = Usage(1, len(text) // 4, random.randrange(1, 40))
        with self._lock:
            self.used += usage
        suggestion = {f"p{random.randrange(4)}": random.randrange(10)}
        return Completion(json.dumps({"reasoning": "", "suggestion": suggestion}), usage)

    async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        return self.complete(messages, schema)


def asking(parameters: ParameterSet, chat: CountingChat, most: int) -> Callable[[int], Any]:
    """A program that asks a model of ours, on some examples several times."""
    metered, run = Metered(chat), program(parameters)

    def asks(i: int) -> Any:
        for number in range(1 + i % most):
            metered.complete([Message(role="user", content=f"{i} {number}")])
        return run(i)

    return asks


def judged(chat: CountingChat) -> Callable[..., Any]:
    metered = Metered(chat)

    async def guide(example: Any, output: Any) -> Any:
        await metered.acomplete([Message(role="user", content=f"judge {example} {output}")])
        return closeness(example, output)

    return guide


def random_budget(random: Random) -> Budget:
    limits = {
        "calls": random.randrange(0, 200),
        "tokens": random.randrange(0, 8_000),
        "evaluations": random.randrange(0, 80),
        "dollars": random.uniform(0, 0.01),
    }
    chosen = random.sample(sorted(limits), random.randrange(1, 4))
    return Budget(prices=PRICES, **{name: limits[name] for name in chosen})  # type: ignore[arg-type]


def spend_at_random(number: int) -> None:
    random = Random(number)
    budget, parameters, journal = random_budget(random), digits(), MemoryJournal()
    chats = {role: CountingChat() for role in ("program", "guide", "optimizer")}
    run: Any = asking(parameters, chats["program"], most=3)
    run = AnyOrder(run, number) if random.random() < 0.5 else run
    made = trainer(parameters, run, judged(chats["guide"]), chats["optimizer"])
    report = made.fit(
        examples(8),
        examples(12, 20),
        test=examples(6, 40),
        batch_size=4,
        parallel=16,
        stopping=[MaxSteps(8)],
        budget=budget,
        journal=journal,
        seed=number,
    )
    for role, chat in chats.items():
        assert report.by_role[role] == chat.used  # type: ignore[index]
    assert budget.exceeded(report.spent) == []
    assert len(journal.evaluations) <= report.spent.evaluations  # the others were cut short
    assert report.state == "finished" or "budget" in report.reason


@pytest.mark.parametrize("number", range(12))
def test_a_budget_holds_at_16_at_once(number: int) -> None:
    spend_at_random(number)


@pytest.mark.long
@pytest.mark.parametrize("number", range(12, 212))
def test_a_budget_holds_at_16_at_once_in_200_runs(number: int) -> None:
    spend_at_random(number)


@bundle
def shown(digit: int, i: int) -> int:
    """The digit."""
    return digit


def spending_elsewhere(parameters: ParameterSet, calls: int = 1) -> Callable[[int], MessageNode]:
    """A program whose framework asks models, and reports it in the trace."""

    def run(i: int) -> MessageNode:
        output = shown(parameters[f"p{i % 4}"], i)
        output.info["usage"] = {"input_tokens": 10 * (1 + i % 3), "output_tokens": 5, "total_tokens": 0}
        return output

    return run


def fit_elsewhere(budget: Budget, journal: MemoryJournal, run: Any = None, parallel: int = 16) -> Report:
    parameters = digits()
    inner = spending_elsewhere(parameters)
    made = trainer(parameters, inner if run is None else AnyOrder(inner, run))
    settings = {"batch_size": 4, "stopping": [MaxSteps(8)], "budget": budget, "journal": journal}
    return made.fit(examples(8), examples(12, 20), parallel=parallel, **settings)


@pytest.mark.parametrize("calls", [1, 13, 20, 47])
def test_what_a_framework_spends_is_counted_from_the_traces(calls: int) -> None:
    journal = MemoryJournal()
    report = fit_elsewhere(Budget(calls=calls), journal)
    program = report.by_role["program"]
    assert program.calls == len(journal.evaluations)
    assert program.prompt_tokens == sum(each.usage.prompt_tokens for each in journal.evaluations.values())
    assert report.spent.calls <= calls  # each costs one call, which is known after the first
    assert report.state == "stopped"
    assert f"{calls} calls" in report.reason


@pytest.mark.parametrize("tokens", [40, 333, 900])
def test_what_a_framework_spends_goes_over_by_a_run_per_worker_at_most(tokens: int) -> None:
    report = fit_elsewhere(Budget(tokens=tokens), MemoryJournal())
    assert report.spent.tokens <= tokens + 16 * 35


@pytest.mark.parametrize("budget", [Budget(tokens=1_100), Budget(calls=50), Budget(evaluations=33)])
def test_where_a_budget_ends_does_not_depend_on_the_order(budget: Budget) -> None:
    alone = result(fit_elsewhere(budget, MemoryJournal(), parallel=1))[:5]
    for seed in range(6):
        assert result(fit_elsewhere(budget, MemoryJournal(), run=seed))[:5] == alone


def test_what_was_paid_for_is_there_when_there_is_more_to_spend() -> None:
    journal, parameters = MemoryJournal(), digits()
    stopped = trainer(parameters).fit(
        examples(8), examples(12, 20), budget=Budget(evaluations=40), stopping=[MaxSteps(6)], journal=journal
    )
    assert stopped.state == "stopped"
    assert stopped.spent.evaluations == 40 == len(journal.evaluations)
    runs: list[int] = []
    fresh = digits()
    inner = program(fresh)

    def run(i: int) -> Any:
        runs.append(i)
        return inner(i)

    report = trainer(fresh, run).fit(examples(8), examples(12, 20), stopping=[MaxSteps(6)], journal=journal)
    assert len(runs) == report.spent.evaluations - 40
    whole = trainer(digits()).fit(examples(8), examples(12, 20), stopping=[MaxSteps(6)])
    assert result(report) == result(whole)


def test_the_test_after_is_kept_back_for() -> None:
    parameters = digits()
    report = trainer(parameters).fit(
        examples(8),
        examples(8, 20),
        test=examples(8, 40),
        budget=Budget(evaluations=60),
        stopping=[MaxSteps(50)],
    )
    assert report.state == "stopped"
    assert (
        report.reason == "the budget of 60 evaluations is used up, with 8 evaluations kept back for the held-out test"
    )
    assert report.best.id != report.original.id
    assert report.test is not None
    assert report.test.count == report.test.of == 8
    assert report.test.after is not None
    assert report.spent.evaluations <= 60
