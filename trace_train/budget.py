"""What a run may spend, and what it has spent: calls, tokens, dollars and evaluations.

What goes through a chat model of ours is reserved before it is asked (`metered`), so a limit is never passed. What a
program spends in its framework is known when it has ended: an evaluation begins while there is room for the least that
one has cost, so no more than the runs that are going on can go over.
"""

from __future__ import annotations

import math
import operator
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from trace_core.errors import BudgetExceeded
from trace_core.llm.budget import Reservation
from trace_core.llm.chat import Usage

Role = Literal["program", "guide", "optimizer"]
"""Who spends."""
ROLES: tuple[Role, ...] = ("program", "guide", "optimizer")
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars for a million tokens, as providers list them; of the prompt, of the answer, and of cached prompt tokens.

    Example:
        Prices(prompt=0.40, completion=1.60, cached=0.10)
    """

    prompt: float
    completion: float
    cached: float | None = None

    def __post_init__(self) -> None:
        if min(self.prompt, self.completion, self.cached or 0) < 0:
            raise ValueError(f"a price cannot be below 0: {self}")

    def of(self, usage: Usage) -> int:
        """What that costs, in millionths of a millionth of a dollar: whole numbers add up the same in any order."""
        cached = usage.cached_tokens if self.cached is not None else 0
        parts = (usage.prompt_tokens - cached, self.prompt), (usage.completion_tokens, self.completion)
        return sum(tokens * round(price * _MILLION) for tokens, price in (*parts, (cached, self.cached or 0)))

    def most(self, tokens: int) -> int:
        """The most that so many tokens can cost."""
        return tokens * round(max(self.prompt, self.completion) * _MILLION)


@dataclass(frozen=True, slots=True)
class Spent:
    """Calls, tokens, evaluations and what they cost."""

    calls: int = 0
    tokens: int = 0
    evaluations: int = 0
    picodollars: int = 0

    @property
    def dollars(self) -> float:
        """The cost in dollars, as far as prices were given."""
        return self.picodollars / _MILLION**2

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.calls + other.calls,
            self.tokens + other.tokens,
            self.evaluations + other.evaluations,
            self.picodollars + other.picodollars,
        )

    def __sub__(self, other: Spent) -> Spent:
        return Spent(*map(operator.sub, _all(self), _all(other)))

    def __str__(self) -> str:
        cost = f", ${self.dollars:.4f}" if self.picodollars else ""
        return f"{self.calls:,} calls, {self.tokens:,} tokens, {self.evaluations:,} evaluations{cost}"


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may spend altogether, also when it is resumed; None is no limit.

    Args:
        calls: of LLMs: the optimizer's, the guide's and the program's.
        tokens: of prompts and answers together.
        dollars: needs `prices`.
        evaluations: runs of the program on an example. What is known already costs nothing.
        prices: for all, or for each of "program", "guide" and "optimizer".

    Raises:
        ValueError: a limit is no number or below 0, or prices are missing.

    Example:
        Budget(calls=300)
        Budget(dollars=2, prices={"program": Prices(0.1, 0.4), "optimizer": Prices(2, 8), "guide": Prices(0.4, 1.6)})
    """

    calls: int | None = None
    tokens: int | None = None
    dollars: float | None = None
    evaluations: int | None = None
    prices: Prices | Mapping[Role, Prices] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        for name in ("calls", "tokens", "dollars", "evaluations"):
            kind, said = (float | int, "a number") if name == "dollars" else (int, "a whole number")
            limit = getattr(self, name)
            if limit is not None and (not isinstance(limit, kind) or not 0 <= limit < math.inf):
                raise ValueError(f"a budget's {name} must be {said}, 0 or more, not {limit!r}")
        missing = [role for role in ROLES if self.prices_of(role) is None]
        if self.dollars is not None and missing:
            raise ValueError(
                f"a budget in dollars needs prices for {', '.join(missing)}: prices=Prices(prompt=…, completion=…)"
            )

    def prices_of(self, role: Role) -> Prices | None:
        """What tokens of that role cost."""
        return self.prices.get(role) if isinstance(self.prices, Mapping) else self.prices

    def cost(self, role: Role, usage: Usage, evaluations: int = 0) -> Spent:
        """What a usage comes to."""
        prices = self.prices_of(role)
        return Spent(usage.calls, usage.tokens, evaluations, 0 if prices is None else prices.of(usage))

    @property
    def limits(self) -> dict[str, float]:
        """The limits by name, without prices."""
        known = {name: getattr(self, name) for name in ("calls", "tokens", "dollars", "evaluations")}
        return {name: limit for name, limit in known.items() if limit is not None}

    @property
    def is_endless(self) -> bool:
        """Whether there is no limit."""
        return self.calls is self.tokens is self.dollars is self.evaluations is None

    def holds(self, spent: Spent) -> bool:
        """Whether so much is within the limits."""
        return not self.exceeded(spent)

    def exceeded(self, spent: Spent) -> list[str]:
        """The limits that so much would pass, in words."""
        return [f"{getattr(self, name):,} {name}" for name in self.passed(spent)]

    def passed(self, spent: Spent) -> list[str]:
        """The names of the limits that so much would pass."""
        dollars = None if self.dollars is None else round(self.dollars * _MILLION**2)
        pairs = (
            ("calls", self.calls, spent.calls),
            ("tokens", self.tokens, spent.tokens),
            ("evaluations", self.evaluations, spent.evaluations),
            ("dollars", dollars, spent.picodollars),
        )
        return [name for name, limit, used in pairs if limit is not None and used > limit]


_LEAST = Spent(calls=1, tokens=1, evaluations=1, picodollars=1)


class Spending:
    """What one run has spent of its budget; safe under threads and tasks."""

    def __init__(self, budget: Budget | None = None) -> None:
        self.budget = budget or Budget()
        self.aside = Spent()
        """What is kept for the end."""
        self._spent = Spent()
        self._held = Spent()
        self.settlements = 0
        """How many calls have been settled."""
        self._by_role: dict[Role, Usage] = dict.fromkeys(ROLES, Usage())
        self._least: Spent | None = None
        self._wakes: list[Callable[[], object]] = []
        self._lock = threading.RLock()

    @property
    def spent(self) -> Spent:
        """What was really used so far."""
        with self._lock:
            return self._spent

    @property
    def by_role(self) -> dict[Role, Usage]:
        """The LLM usage of each role."""
        with self._lock:
            return dict(self._by_role)

    def charge(self, role: Role, usage: Usage, evaluations: int = 0) -> Spent:
        """Take in what was used; gives what it cost."""
        cost = self.budget.cost(role, usage, evaluations)
        with self._lock:
            self._spent += cost
            self._by_role[role] += usage
        return cost

    def evaluated(self, cost: Spent) -> None:
        """Learn what an evaluation costs at least. Called in the order in which they were asked for."""
        if self.budget.is_endless:
            return
        self._least = Spent(*map(min, _all(self._least or cost), _all(cost)))

    def has_room(self, spent: Spent, running: int = 0) -> bool:
        """Whether, with so much spent and so many evaluations going on, there is room for one more."""
        if self.budget.is_endless:
            return True
        least = self._least or _LEAST
        going = Spent(*(running * each for each in _all(least)))
        return self.budget.holds(spent + going + least + self.aside)

    def why_full(self) -> str:
        """Which limits leave no room for another evaluation."""
        needed = self.spent + (self._least or _LEAST) + self.aside
        passed = self.budget.exceeded(needed)
        kept = [f"{round(getattr(self.aside, name), 4):,} {name}" for name in self.budget.passed(needed)]
        back = f", with {' and '.join(kept)} kept back for the held-out test" if self.aside != Spent() else ""
        return f"the budget of {' and '.join(passed)} is used up{back}" if passed else "the budget is used up"

    # --- calls of chat models of ours

    @contextmanager
    def reserve(self, role: Role, tokens: int) -> Iterator[Reservation]:
        """Hold back one call and so many tokens while the block runs, then charge the reservation's `usage`.

        Raises:
            BudgetExceeded: there is not so much left, or another call holds it.
        """
        prices = self.budget.prices_of(role)
        hold = Spent(1, tokens, 0, 0 if prices is None else prices.most(tokens))
        reservation = Reservation(tokens)
        with self._lock:
            passed = self.budget.exceeded(self._spent + self._held + self.aside + hold)
            if passed:
                raise BudgetExceeded(
                    f"the next call, of up to {tokens:,} tokens, may pass the budget of {' and '.join(passed)}"
                )
            self._held += hold
        try:
            yield reservation
        finally:
            with self._lock:
                self._held -= hold
                self.settlements += 1
                self.charge(role, reservation.usage)
                self._wake_all()

    def when_settled(self, seen: int, wake: Callable[[], object]) -> bool:
        """Call `wake` once more than the `settlements` seen are there, so that there may be room; False if none will
        be, since no call goes on."""
        with self._lock:
            if self.settlements == seen and self._held == Spent():
                return False
            self._wakes.append(wake)
            if self.settlements != seen:
                self._wake_all()
            return True

    def _wake_all(self) -> None:
        wakes, self._wakes = self._wakes, []
        for wake in wakes:
            with suppress(RuntimeError):  # the event loop that waited is closed
                wake()


def _all(spent: Spent) -> tuple[int, ...]:
    return spent.calls, spent.tokens, spent.evaluations, spent.picodollars
