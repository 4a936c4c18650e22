"""One parameter: every value that was tried, what it changed, and the score of the candidates that had it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from trace_train.records import Candidate, Decision
from trace_train.store import Store, Training
from trace_view.diffs import Piece
from trace_view.errors import NotThere
from trace_view.pages.reading import best_of, by_id, changed_words, is_same, name


@dataclass(frozen=True, slots=True)
class Version:
    """A value that was tried, by the candidate that brought it."""

    candidate: Candidate
    decision: Decision | None
    pieces: Sequence[Piece]
    """What it changed in the value of the candidate that it was made of."""


def parameter(store: Store, id: str, of: str) -> dict[str, Any]:
    """What the page shows.

    Raises:
        NoSuchRun: there is no such training.
        NotThere: it has no such parameter.
    """
    training = store.training(id)
    candidates = by_id(training)
    having = [each for each in candidates.values() if of in each.values]
    if not having:
        raise NotThere(f"training {id} has no parameter {of!r}")
    decided = {each.candidate: each for each in reversed(training.decisions())}
    versions = []
    for each in having:
        before = next((candidates[id].values for id in each.parents if id in candidates), {})
        if of not in before or not is_same(before[of], each.values[of]):
            pieces = changed_words(before[of], each.values[of]) if of in before else []
            versions.append(Version(each, decided.get(each.id), pieces))
    best = best_of(training, candidates)
    return {
        "training": training,
        "name": name(training, having[0].values.keys()),
        "parameter": of,
        "versions": versions[::-1],
        "is_best": [best is not None and is_same(best.values.get(of), each.candidate.values[of]) for each in versions][
            ::-1
        ],
        "target": target(training),
    }


class Target(NamedTuple):
    """What applying a training's values imports, and the file that it writes."""

    program: str
    folder: str
    file: str


def target(training: Training) -> Target | None:
    """Where a training's values go; None where it was not begun by the command, so that nobody knows."""
    known = training.settings
    if "program" not in known:
        return None
    folder = str(known.get("folder", "."))
    return Target(name(training, ()), folder, str(Path(folder) / str(known.get("out", "learned.json"))))
