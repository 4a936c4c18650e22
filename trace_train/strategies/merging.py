"""Whether a candidate is made of two accepted ones, instead of asking the optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Protocol

from trace_train.records import Candidate
from trace_train.searching import Member, Search


class Merging(Protocol):
    """The contract: a candidate that was not tried yet, or None; the same for the same search. Its first parent is the
    member that it has to beat."""

    def merge(self, search: Search) -> Candidate | None:
        """What this step tries."""
        ...


@dataclass(frozen=True, slots=True)
class Never:
    """No merging."""

    def merge(self, search: Search) -> Candidate | None:
        """None."""
        return None


@dataclass(frozen=True, slots=True)
class Complementary:
    """Two that came from the same candidate and improved different parameters of it, together.

    Source: GEPA's "Merge", arXiv 2507.19457, appendix F.
    """

    def merge(self, search: Search) -> Candidate | None:
        """That of the best pair which was not tried yet."""
        pairs = combinations(search.members, 2)
        ranked = sorted(pairs, key=lambda pair: -(pair[0].mean + pair[1].mean))
        for first, second in ranked:
            better, other = (first, second) if first.mean >= second.mean else (second, first)
            values = _together(better, other, search)
            if values is None:
                continue
            made = Candidate(values, (better.candidate.id, other.candidate.id), "merged")
            if made.id not in search.tried:
                return made
        return None


def _together(one: Member, other: Member, search: Search) -> Mapping[str, Any] | None:
    """The values that both changed since the last candidate that they have in common, if no parameter is among both."""
    by_id = {member.candidate.id: member for member in search.members}
    lines = [_ancestors(member.candidate, by_id) for member in (one, other)]
    common = [member for member in lines[0] if member in lines[1]]
    if not common or one in lines[1] or other in lines[0]:
        return None
    base = max(common, key=lambda member: member.step)
    changes = [_changes(base.candidate, member.candidate) for member in (one, other)]
    if not all(changes) or set(changes[0]) & set(changes[1]) or min(one.mean, other.mean) <= base.mean:
        return None
    return {**base.candidate.values, **changes[0], **changes[1]}


def _ancestors(candidate: Candidate, by_id: Mapping[str, Member]) -> list[Member]:
    found: dict[str, Member] = {}
    to_visit = list(candidate.parents)
    while to_visit:
        parent = by_id.get(to_visit.pop())
        if parent is not None and parent.candidate.id not in found:
            found[parent.candidate.id] = parent
            to_visit.extend(parent.candidate.parents)
    return list(found.values())


def _changes(base: Candidate, candidate: Candidate) -> dict[str, Any]:
    return {name: value for name, value in candidate.values.items() if value != base.values[name]}
