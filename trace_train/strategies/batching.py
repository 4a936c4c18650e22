"""Which training examples a step looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from trace_train.searching import Search


class Batching(Protocol):
    """The contract: `size` different indices of training examples (all, where there are fewer), the same for the same
    search."""

    def draw(self, search: Search, size: int) -> list[int]:
        """The indices for this step."""
        ...


@dataclass(frozen=True, slots=True)
class Shuffled:
    """Each example once, in an order drawn anew for each round through the data; a round's last batch may be short."""

    def draw(self, search: Search, size: int) -> list[int]:
        """The next ones of the round."""
        batches = -(-search.train // size)
        round_, place = divmod(search.step - 1, batches)
        order = list(range(search.train))
        search.random("round", round_).shuffle(order)
        return order[place * size : (place + 1) * size]


@dataclass(frozen=True, slots=True)
class Independent:
    """Drawn for each step alone, whatever was drawn before."""

    def draw(self, search: Search, size: int) -> list[int]:
        """A sample."""
        return search.random("batch").sample(range(search.train), min(size, search.train))


@dataclass(frozen=True, slots=True)
class Hardest:
    """A sample that favours what was not seen yet, and then what scored low when it was seen last.

    `spread` is how much chance counts beside a score of 1: with 0, the lowest scores come first.
    """

    spread: float = 0.5

    def draw(self, search: Search, size: int) -> list[int]:
        """The hardest ones, with some chance."""
        random = search.random("batch")
        lowest = min(search.latest.values(), default=0.0) - 1
        hardness = {i: search.latest.get(i, lowest) + random.uniform(0, self.spread) for i in range(search.train)}
        return sorted(hardness, key=lambda index: (hardness[index], index))[:size]
