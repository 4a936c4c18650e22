"""Which candidate was made of which, as lists in lists that are never deep.

A candidate's heir, of its children the one that most was made of, follows it in the same list; the others stand in
lists under it. So a list goes down only where a line has less than half of its parent's descendants (the heavy path
decomposition of Sleator and Tarjan, 1983), and a thousand candidates are no more than ten lists deep.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from trace_train.records import Candidate


@dataclass(slots=True)
class Branch:
    """A candidate, and what was made of it beside its heir."""

    candidate: Candidate
    leaves: list[Candidate] = field(default_factory=list)
    """Candidates that nothing was made of."""
    lines: list[list[Branch]] = field(default_factory=list)
    """Others, each with its heirs."""


def lineage(candidate: Candidate, candidates: Mapping[str, Candidate]) -> list[Candidate]:
    """A candidate after those that it was made of, the first of them first; of a merged one, its first parent."""
    found = {candidate.id: candidate}
    while (parent := next(iter(candidate.parents), "")) in candidates and parent not in found:
        candidate = found[parent] = candidates[parent]
    return [*found.values()][::-1]


def tree(candidates: Sequence[Candidate], accepted: Collection[str]) -> list[list[Branch]]:
    """Lines of heirs that begin with a candidate of no known parent.

    Args:
        candidates: in the order in which they were made; a merged one stands under its first parent.
        accepted: the ids of those that were taken; an heir is one of them.
    """
    places = {each.id: place for place, each in enumerate(candidates)}
    children: list[list[int]] = [[] for _ in candidates]
    roots: list[int] = []
    for place, each in enumerate(candidates):
        parent = places.get(each.parents[0], place) if each.parents else place
        (children[parent] if parent < place else roots).append(place)
    sizes = [1] * len(candidates)
    for place in reversed(range(len(candidates))):
        sizes[place] += sum(sizes[child] for child in children[place])

    def line(place: int) -> list[Branch]:
        made = []
        while True:
            branch = Branch(candidates[place])
            made.append(branch)
            kept = [child for child in children[place] if children[child] or candidates[child].id in accepted]
            heir = max(kept, key=lambda child: (sizes[child], child), default=None)
            others = [child for child in children[place] if child != heir]
            branch.leaves = [candidates[child] for child in others if not children[child]]
            branch.lines = [line(child) for child in others if children[child]]
            if heir is None:
                return made
            place = heir

    return [line(root) for root in roots]
