"""What several pages say of a training."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from trace_train.budget import Budget, Prices
from trace_train.records import Candidate, Decision
from trace_train.store import Training
from trace_view.charts import Course
from trace_view.diffs import Piece, word_diff
from trace_view.graphs.values import shown
from trace_view.rendering import as_text


class Verdict(NamedTuple):
    """Whether a training helped: a score before, and after."""

    what: str
    before: float | None
    after: float | None
    of: str

    @property
    def change(self) -> float | None:
        """How much better it is after."""
        return None if self.before is None or self.after is None else self.after - self.before


def verdict(training: Training, course: Course) -> Verdict:
    """The held-out scores, which are a result; or else the validation scores, by which the best was chosen.

    `course` is what its accepted candidates scored on the validation examples.
    """
    if (test := training.test) is not None:
        count = f"{test.of} examples" if test.count == test.of else f"{test.count} of {test.of} examples"
        return Verdict("Held-out test", test.before, test.after, count)
    goes_on, examples = training.ended is None, training.settings.get("examples")
    if training.step_count:
        before = course[0][1] if course and course[0][0] == 0 else None  # version 1 of a store did not keep it
        about = "the best was chosen by it, so it is too high"
    else:
        before, about = None, "not yet: no step is done" if goes_on else "no step was done"
    if goes_on and isinstance(examples, Mapping) and "test" in examples:
        about += "; the held-out result comes at the end"
    return Verdict("Validation", before, training.best_score, about)


def examples_of(training: Training) -> dict[str, tuple[str, str]]:
    """Of each kind of its examples, how many there are, and their fingerprint."""
    known = training.settings.get("examples")
    texts = known.items() if isinstance(known, Mapping) else ()
    return {str(kind): (count, digits) for kind, text in texts for count, _, digits in [str(text).partition(", ")]}


def name(training: Training, learned: Collection[str]) -> str:
    """What was trained: the program that a training of the command names, or else the parameters that it learned."""
    program = training.settings.get("program")
    used = program.get("use") if isinstance(program, Mapping) else program
    first = ", ".join([*learned][:_NAMED]) or "a program in Python"
    return str(used) if used else first + (f" and {len(learned) - _NAMED} more" if len(learned) > _NAMED else "")


def dollars(training: Training) -> float | None:
    """What it cost; None where no price is known, or more than one."""
    budget = training.settings.get("budget")
    prices = budget.get("prices") if isinstance(budget, Mapping) else None
    try:
        return Budget(prices=Prices(**prices)).cost("program", training.usage).dollars if prices else None
    except (TypeError, ValueError):
        return None


def outcomes(decisions: Iterable[Decision]) -> dict[int, str]:
    """Of each step: "accepted", "refused", or "nothing tried".

    A candidate is decided on once. A later decision on it is of a step that began from it and tried no other.
    """
    found, decided = {}, set()
    for each in decisions:
        is_new = each.candidate not in decided
        decided.add(each.candidate)
        found[each.step] = ("accepted" if each.accepted else "refused") if is_new else "nothing tried"
    return found


def by_id(training: Training) -> dict[str, Candidate]:
    """The candidates of a training by their ids, in the order in which they were made."""
    return {tried.candidate.id: tried.candidate for tried in training.candidates()}


def best_of(training: Training, candidates: Mapping[str, Candidate]) -> Candidate | None:
    """The best candidate so far, or what it began with; None where nothing is known yet."""
    return candidates.get(training.best or "") or next(iter(candidates.values()), None)


def is_same(before: Any, after: Any) -> bool:
    """Whether two values are the same, also of the same type: 1 is not 1.0, and not True."""
    return type(before) is type(after) and bool(before == after)


def changed_words(before: Any, after: Any) -> list[Piece]:
    """What changed from one value to another; of what did not, and of very long texts, the middle is left out."""
    pieces = word_diff(as_text(before), as_text(after))
    return [piece._replace(text=shown(piece.text, _AROUND if piece.kind == "same" else _MOST).text) for piece in pieces]


_AROUND, _MOST = 1_000, 20_000
_NAMED = 3
