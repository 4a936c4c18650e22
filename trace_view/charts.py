"""Where the points of a chart lie; templates draw them as SVG, so that a page needs no script for it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from trace_train.records import Decision


class Point(NamedTuple):
    """A place in a chart, and what is there."""

    x: float
    y: float
    step: int
    score: float
    kind: str
    """accepted, refused, or minibatch."""


@dataclass(frozen=True, slots=True)
class Chart:
    """Scores over steps; y grows downward, as in SVG."""

    width: int
    height: int
    points: Sequence[Point]
    lines: Sequence[str]
    """The best so far of each run, as an SVG path."""
    scores: Sequence[tuple[float, float]]
    """The marks of the upright axis: y and the score there."""
    steps: Sequence[tuple[float, int]]
    """The marks of the level axis: x and the step there."""
    untried: Sequence[tuple[float, int]]
    """Steps in which no candidate was tried: x and the step."""


Course = Sequence[tuple[int, float]]
"""Steps, with a score of each."""


def best_so_far(decisions: Iterable[Decision]) -> Course:
    """The best validation score after each step that was accepted with one."""
    return rising((each.step, score) for each in decisions if each.accepted for score in _drawn(each.validation))


def rising(course: Iterable[tuple[int, float]]) -> Course:
    """The best so far after each step."""
    scored = [(step, score) for step, score in course if _drawn(score)]
    return list(zip((step for step, _ in scored), accumulate((score for _, score in scored), max), strict=True))


def sparkline(course: Course, last: int, width: int = 96, height: int = 22) -> str:
    """The best so far as an SVG path, up to the last step; "" where there is nothing to draw."""
    if not course:
        return ""
    low, high = min(score for _, score in course), max(score for _, score in course)
    last = max(last, course[0][0] + 1)
    return _stairs(course, last, _Scale(course[0][0], last, 2, width - 2), _Scale(low, high, height - 2, 2))


def score_chart(decisions: Sequence[Decision], untried: Iterable[int] = ()) -> Chart | None:
    """All scores of a run, the best so far, and steps in which nothing was tried; None where there is no score yet."""
    points = [(each.step, score, kind) for each in decisions for score, kind in _scores(each)]
    return _chart(points, [decisions], untried)


def compared(*runs: Sequence[Decision]) -> Chart | None:
    """The best so far of several runs; None where there is none yet."""
    return _chart([], runs)


def _chart(
    points: Sequence[tuple[int, float, str]],
    runs: Sequence[Sequence[Decision]],
    untried: Iterable[int] = (),
    width: int = 640,
    height: int = 220,
) -> Chart | None:
    scores = [score for _, score, _ in points] + [score for run in runs for _, score in best_so_far(run)]
    if not scores:
        return None
    marks = _marks(min(scores), max(scores))
    steps = [each.step for run in runs for each in run]
    first, last = min(steps), max(*steps, min(steps) + 1)
    x = _Scale(first, last, 44, width - 12)
    y = _Scale(min(*scores, marks[0]), max(*scores, marks[-1]), height - 26, 20)
    return Chart(
        width,
        height,
        [Point(x(step), y(score), step, score, kind) for step, score, kind in points],
        [_stairs(best_so_far(run), max((each.step for each in run), default=last), x, y) for run in runs],
        [(y(mark), mark) for mark in marks],
        [(x(mark), round(mark)) for mark in _marks(first, last) if mark == round(mark) and first <= mark <= last],
        [(x(step), step) for step in untried],
    )


def _scores(decision: Decision) -> list[tuple[float, str]]:
    minibatch = _drawn(decision.minibatch[1] if decision.minibatch else None)
    kind = "accepted" if decision.accepted else "refused"
    return [(score, "minibatch") for score in minibatch] + [(score, kind) for score in _drawn(decision.validation)]


def _drawn(score: float | None) -> list[float]:
    """The score, if there is one and a chart has room for it."""
    return [score] if score is not None and abs(score) < 1e100 else []


class _Scale(NamedTuple):
    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(self.start + share * (self.end - self.start), 1)


def _stairs(course: Course, last: int, x: _Scale, y: _Scale) -> str:
    """A path that stays level until the next value, and from the last one to the last step."""
    if not course:
        return ""
    (step, score), *rest = course
    steps = [f"H{x(step)}V{y(score)}" for step, score in rest]
    return f"M{x(step)} {y(score)}{''.join(steps)}H{x(last)}"


def _marks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers from below or at `low` to above or at `high`, about so many."""
    spread = max((high - low) or abs(high) or 1.0, 1e-9, abs(low) / 1e9, abs(high) / 1e9)
    size = 10.0 ** math.floor(math.log10(spread / count))
    size *= next(times for times in (1, 2, 5, 10) if spread / (size * times) <= count)
    return [mark * size for mark in range(math.floor(low / size), math.ceil(high / size) + 1)]
