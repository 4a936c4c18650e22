from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from trace_core.errors import BudgetExceeded, LLMError
from trace_core.llm import Budget, BudgetedChat, CachedChat, Completion, Message, OpenAIChat, ReplayChat, Usage

QUESTION: list[Message] = [{"role": "user", "content": "0123456789"}]  # estimated at 10 // 2 + 8 = 13 tokens


class Metered:
    """A model whose answers have at most 20 tokens, and that can be held in the middle of a call."""

    max_tokens = 20
    fingerprint = "metered"

    def __init__(self, usage: Usage = Usage(1, 5, 7)) -> None:  # noqa: B008 - a frozen value
        self.usage = usage
        self.inside = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.go_on.set()

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        self.inside.release()
        self.go_on.wait(30)
        return Completion("fine", self.usage)

    async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        await asyncio.sleep(0)
        return Completion("fine", self.usage)


def test_spent_is_what_the_calls_really_used() -> None:
    budget = Budget(calls=3, tokens=100)
    model = BudgetedChat(Metered(), budget)
    model.complete(QUESTION)
    asyncio.run(model.acomplete(QUESTION))
    assert budget.spent == Usage(2, 10, 14)
    assert budget.remaining == (1, 76)


def test_a_call_that_could_overspend_is_not_made_and_the_error_names_what_is_left() -> None:
    budget = Budget(calls=5, tokens=32)
    with pytest.raises(BudgetExceeded, match=r"5 of 5 calls and 32 of 32 tokens left.*33 tokens"):
        BudgetedChat(Metered(), budget).complete(QUESTION)
    budget = Budget(calls=0)
    with pytest.raises(BudgetExceeded, match="0 of 0 calls left"):
        asyncio.run(BudgetedChat(Metered(), budget).acomplete(QUESTION))
    assert budget.spent == Usage()


def test_a_running_call_holds_back_what_it_may_need() -> None:
    budget = Budget(tokens=65)
    slow = Metered()
    slow.go_on.clear()
    thread = threading.Thread(target=BudgetedChat(slow, budget).complete, args=(QUESTION,))
    thread.start()
    slow.inside.acquire()
    assert budget.remaining.tokens == 65 - 33
    with pytest.raises(BudgetExceeded):
        BudgetedChat(Metered(), budget).complete(QUESTION)
    slow.go_on.set()
    thread.join()
    assert budget.remaining.tokens == 65 - 12
    BudgetedChat(Metered(), budget).complete(QUESTION)


def test_a_failed_call_costs_nothing_a_useless_answer_what_it_cost_and_a_cancelled_call_what_it_reserved() -> None:
    budget = Budget(calls=2, tokens=3_000)
    with pytest.raises(LLMError):
        BudgetedChat(ReplayChat([LLMError("down")]), budget).complete(QUESTION)
    assert budget.remaining == (2, 3_000)
    refusal = LLMError("the model refused")
    refusal.usage = Usage(1, 900, 100)
    with pytest.raises(LLMError):
        BudgetedChat(ReplayChat([refusal]), budget).complete(QUESTION)
    assert budget.remaining == (1, 2_000)

    class Endless(Metered):
        async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
            await asyncio.Event().wait()
            raise AssertionError

    async def cancelled() -> None:
        task = asyncio.create_task(BudgetedChat(Endless(), budget).acomplete(QUESTION))
        await asyncio.sleep(0)
        assert budget.remaining.calls == 0
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert budget.remaining.calls == 0
    assert budget.remaining.tokens < 2_000


def test_parallel_threads_never_spend_more_calls_than_there_are() -> None:
    budget = Budget(calls=50)
    model = BudgetedChat(Metered(), budget)
    refused: list[BudgetExceeded] = []

    def work() -> None:
        for _ in range(20):
            try:
                model.complete(QUESTION)
            except BudgetExceeded as error:
                refused.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (budget.spent.calls, len(refused)) == (50, 110)


def test_parallel_tasks_never_hold_more_tokens_than_there_are() -> None:
    budget = Budget(tokens=33 * 4)
    model = BudgetedChat(Metered(), budget)

    async def main() -> list[Completion | BaseException]:
        return await asyncio.gather(*(model.acomplete(QUESTION) for _ in range(10)), return_exceptions=True)

    results = asyncio.run(main())
    assert sum(isinstance(result, BudgetExceeded) for result in results) == 6
    assert budget.spent.tokens == 4 * 12


def test_models_can_share_a_budget() -> None:
    budget = Budget(calls=2)
    first, second = BudgetedChat(Metered(), budget), BudgetedChat(Metered(), budget)
    first.complete(QUESTION)
    second.complete(QUESTION)
    with pytest.raises(BudgetExceeded):
        first.complete(QUESTION)


def test_where_the_server_does_not_tell_the_estimate_stands() -> None:
    budget = Budget(tokens=100)
    BudgetedChat(Metered(Usage(calls=1)), budget).complete(QUESTION)
    assert budget.spent.tokens == 33


def test_a_remembered_answer_spends_nothing(tmp_path: Path) -> None:
    budget = Budget(calls=1, tokens=100)
    inside = CachedChat(BudgetedChat(Metered(), budget), tmp_path / "answers")
    outside = BudgetedChat(CachedChat(Metered(), tmp_path / "answers"), Budget(calls=1))
    assert [inside.complete(QUESTION).text for _ in range(3)] == ["fine"] * 3
    assert [outside.complete(QUESTION).text for _ in range(3)] == ["fine"] * 3
    assert budget.spent.calls == 1


def test_a_budget_without_limits_only_counts() -> None:
    budget = Budget()
    BudgetedChat(OpenLength(), budget).complete(QUESTION)
    assert budget.remaining == (None, None)
    assert budget.spent.calls == 1


class OpenLength(Metered):
    max_tokens = None  # type: ignore[assignment]


def test_no_negative_budget() -> None:
    with pytest.raises(ValueError, match="calls"):
        Budget(calls=-1)


def test_wrappers_show_no_key(tmp_path: Path) -> None:
    model = OpenAIChat("m", api_key="sk-sentinel")
    assert "sentinel" not in repr(BudgetedChat(CachedChat(model, tmp_path / "answers"), Budget(calls=1)))
