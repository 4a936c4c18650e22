"""Where a search stands: which candidates it holds, and how each did on which validation example."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from trace_train.records import Candidate


@dataclass(slots=True, eq=False)
class Member:
    """A candidate that was accepted, with its score on each validation example, in order."""

    candidate: Candidate
    scores: tuple[float, ...]
    step: int = 0
    """The step that it was accepted in."""
    chosen: int = 0
    """How often something was made of it."""

    @property
    def mean(self) -> float:
        """Its mean validation score."""
        return mean(self.scores)


@dataclass(slots=True)
class Search:
    """What strategies see. They change nothing here; what is random in them comes from `random`."""

    seed: int
    train: int
    """How many examples there are to learn from."""
    step: int = 0
    members: list[Member] = field(default_factory=list)
    """The accepted candidates, the original first."""
    tried: set[str] = field(default_factory=set)
    """The ids of all candidates so far."""
    latest: dict[int, float] = field(default_factory=dict)
    """The last score on each training example, whichever candidate's."""

    @property
    def best(self) -> Member:
        """The member with the best mean; of equal ones the first."""
        return max(self.members, key=lambda member: member.mean)

    def random(self, what: str, step: int | None = None) -> Random:
        """Random numbers for one decision, the same whenever it is made again."""
        return Random(f"{self.seed}:{what}:{self.step if step is None else step}")  # noqa: S311 - no secret


def mean(scores: Sequence[float]) -> float:
    """The mean, the same whatever order the scores came in."""
    return math.fsum(scores) / len(scores)
