"""Chat models whose calls are counted and held to the budget of the run that makes them, wherever that is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from trace_core.errors import BudgetExceeded
from trace_core.llm.budget import BudgetedChat, Reservation
from trace_core.llm.chat import ChatModel, Completion, Message, Usage
from trace_core.recording.recorder import RUN_BEGAN
from trace_core.recording.run import Run
from trace_core.trace_graph import TraceGraph
from trace_train.budget import Role, Spending
from trace_train.usage import NOTHING, beyond, larger, usage_of

_ACCOUNT: ContextVar[Account | None] = ContextVar("trace_account", default=None)


class Account:
    """What one piece of work, such as a program's run on an example, spends.

    Metered models that are asked in its `with` block, and in what that calls, pay from here; what recorders see begin
    there is counted by `settle`.
    """

    def __init__(self, spending: Spending, role: Role) -> None:
        self.spending = spending
        self.role = role
        self.used = NOTHING
        self.refused: BudgetExceeded | None = None
        """Why a call was not made; whatever came of the work then says nothing."""
        self._runs: list[Run] | None = []

    @contextmanager
    def reserve(self, tokens: int) -> Iterator[Reservation]:
        """As `Spending.reserve`; the usage counts here too."""
        with self.spending.reserve(self.role, tokens) as reservation:
            try:
                yield reservation
            finally:
                self.used += reservation.usage

    def __enter__(self) -> None:
        self._tokens = _ACCOUNT.set(self), RUN_BEGAN.set(self._began)

    def __exit__(self, *_: object) -> None:
        _ACCOUNT.reset(self._tokens[0])
        RUN_BEGAN.reset(self._tokens[1])

    def _began(self, run: Run) -> None:
        if self._runs is not None:
            self._runs.append(run)

    def settle(self, graph: TraceGraph | None, evaluations: int) -> Usage:
        """Charge what was not metered, and give what was spent altogether.

        Runs are let go of then: a task of a framework may outlive the work, and keep the context of it.

        Args:
            graph: what led to the output of the work.
            evaluations: how many of these the work was.
        """
        runs, self._runs = self._runs or (), None
        usage, metered = larger(usage_of(graph, runs), self.used), self.used
        self.spending.charge(self.role, beyond(usage, metered), evaluations)
        return usage


class Metered:
    """A chat model that asks `model`; where a training run does so, only while its budget has room.

    Give a program's own models this way where it asks them itself, so that limits hold to the call. Outside of a
    training run, and within another one, which meters already, it is as if it was not there. Where there may be room
    once calls that go on have ended, it waits for them; not so in `complete` on the thread of an event loop, which may
    have to go on for that: there it refuses.

    Example:
        llm = Metered(OpenAIChat("gpt-4.1-nano", max_tokens=200))
    """

    def __init__(self, model: ChatModel) -> None:
        self.model = model

    def __repr__(self) -> str:
        return f"Metered({self.model!r})"

    def __getattr__(self, name: str) -> Any:
        if name in {"fingerprint", "max_tokens"}:
            return getattr(self.model, name)
        raise AttributeError(name)

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask, when there is room."""
        account = _ACCOUNT.get()
        if account is None:
            return self.model.complete(messages, schema)
        while True:
            seen = account.spending.settlements
            try:
                with _metered():
                    return BudgetedChat(self.model, account).complete(messages, schema)
            except BudgetExceeded as error:
                settled = threading.Event()
                if _on_a_loop() or not account.spending.when_settled(seen, settled.set):
                    account.refused = error
                    raise
                settled.wait()

    async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask, when there is room."""
        account = _ACCOUNT.get()
        if account is None:
            return await self.model.acomplete(messages, schema)
        while True:
            seen = account.spending.settlements
            try:
                with _metered():
                    return await BudgetedChat(self.model, account).acomplete(messages, schema)
            except BudgetExceeded as error:
                settled, loop = asyncio.Event(), asyncio.get_running_loop()
                if not account.spending.when_settled(seen, partial(loop.call_soon_threadsafe, settled.set)):
                    account.refused = error
                    raise
                await settled.wait()


@contextmanager
def _metered() -> Iterator[None]:
    """What is asked within is paid for already."""
    token = _ACCOUNT.set(None)
    try:
        yield
    finally:
        _ACCOUNT.reset(token)


def _on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
