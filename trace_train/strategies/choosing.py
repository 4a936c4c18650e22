"""Which of the accepted candidates the next one is made of."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Protocol

from trace_train.searching import Member, Search


class Choosing(Protocol):
    """The contract: one of the search's members, the same for the same search."""

    def choose(self, search: Search) -> Member:
        """The parent of this step's candidate."""
        ...


@dataclass(frozen=True, slots=True)
class Best:
    """The one with the best mean validation score: greedy search."""

    def choose(self, search: Search) -> Member:
        """The best one."""
        return search.best


@dataclass(frozen=True, slots=True)
class Beam:
    """The `width` best ones in turn."""

    width: int = 3

    def choose(self, search: Search) -> Member:
        """The next of them."""
        ranked = sorted(search.members, key=lambda member: -member.mean)[: self.width]
        return ranked[(search.step - 1) % len(ranked)]


@dataclass(frozen=True, slots=True)
class Pareto:
    """One of those that are best on some validation example, the more often the more examples it is best on.

    Source: GEPA's candidate selection, arXiv 2507.19457, algorithm 2.
    """

    def choose(self, search: Search) -> Member:
        """One of the frontier, by chance."""
        frontier = self.frontier(search.members)
        places = list(frontier)
        place = search.random("parent").choices(places, [frontier[each] for each in places])[0]
        return search.members[place]

    @staticmethod
    def frontier(members: list[Member]) -> dict[int, int]:
        """The members that nothing else replaces, by place, and on how many examples each is among the best."""
        winners = []
        for scores in zip(*(member.scores for member in members), strict=True):
            best = max(scores)
            winners.append({place for place, score in enumerate(scores) if score == best})
        kept = set().union(*winners)
        for place in sorted(kept, key=lambda place: (members[place].mean, -place)):  # the weakest first
            if all(won - {place} for won in ({p for p in each if p in kept} for each in winners) if place in won):
                kept.discard(place)
        counts = Counter(place for won in winners for place in won if place in kept)
        return {place: counts[place] for place in sorted(kept)}


@dataclass(frozen=True, slots=True)
class UpperConfidence:
    """The best mean with a bonus for those that little was made of yet (UCB1, Auer et al. 2002).

    `exploration` weighs the bonus against scores.
    """

    exploration: float = 0.1

    def choose(self, search: Search) -> Member:
        """The one with the highest bound."""
        total = sum(member.chosen for member in search.members)

        def bound(member: Member) -> float:
            return member.mean + self.exploration * math.sqrt(2 * math.log(1 + total) / (1 + member.chosen))

        return max(search.members, key=bound)
