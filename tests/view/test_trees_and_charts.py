"""Where candidates stand among each other, where points lie, and how numbers are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trace_train.records import Candidate, Decision
from trace_view.charts import best_so_far, compared, score_chart, sparkline
from trace_view.rendering import counted, duration, money, reason, score
from trace_view.trees import Branch, lineage, tree


def made(parents: Sequence[int | None]) -> list[Candidate]:
    """Candidates, each of the one at a place before it."""
    found: list[Candidate] = []
    for value, parent in enumerate(parents):
        found.append(Candidate({"p": value}, () if parent is None else (found[parent].id,)))
    return found


def flat(lines: Sequence[Sequence[Branch]], depth: int = 0) -> list[tuple[int, int]]:
    """The value of each candidate with the depth of its list, from above to below."""
    found = []
    for line in lines:
        for branch in line:
            found.append((branch.candidate.values["p"], depth))
            found += [(leaf.values["p"], depth + 1) for leaf in branch.leaves]
            found += flat(branch.lines, depth + 1)
    return found


def test_an_heir_follows_and_what_was_refused_stands_below() -> None:
    candidates = made([None, 0, 0, 1, 3, 3])
    accepted = {candidates[place].id for place in (0, 1, 3, 5)}
    assert flat(tree(candidates, accepted)) == [(0, 0), (2, 1), (1, 0), (3, 0), (4, 1), (5, 0)]


def test_a_line_that_others_were_made_of_goes_on_beside() -> None:
    candidates = made([None, 0, 0, 1, 2, 4])
    assert flat(tree(candidates, {each.id for each in candidates})) == [(0, 0), (1, 1), (3, 1), (2, 0), (4, 0), (5, 0)]


def test_a_candidate_of_an_unknown_parent_stands_by_itself() -> None:
    lost = Candidate({"p": 1}, ("nobody",))
    assert flat(tree([Candidate({"p": 0}), lost], ())) == [(0, 0), (1, 0)]


@given(st.lists(st.integers(0, 10**6), max_size=300), st.booleans())
def test_all_candidates_are_there_once_and_never_deep(draws: list[int], all_accepted: bool) -> None:
    candidates = made([None, *(draw % (place + 1) for place, draw in enumerate(draws))])
    found = flat(tree(candidates, {each.id for each in candidates} if all_accepted else ()))
    assert sorted(value for value, _ in found) == list(range(len(candidates)))
    assert max(depth for _, depth in found) <= math.log2(len(candidates)) + 1


def test_the_line_of_a_candidate_goes_from_the_first_to_itself() -> None:
    candidates = made([None, 0, 1, 0, 2])
    known = {each.id: each for each in candidates}
    assert [each.values["p"] for each in lineage(candidates[4], known)] == [0, 1, 2, 4]
    assert lineage(candidates[4], {}) == [candidates[4]]


def decided(*scores: float | None) -> list[Decision]:
    return [Decision(step, str(step), score is not None, "", score, (0.1, 0.2)) for step, score in enumerate(scores)]


def test_the_best_so_far_never_falls() -> None:
    assert best_so_far(decided(0.2, None, 0.1, math.nan, 0.5)) == [(0, 0.2), (2, 0.2), (4, 0.5)]


def test_a_sparkline_goes_up_from_left_to_right() -> None:
    assert sparkline([(0, 0.2), (2, 0.6)], 4, 100, 20) == "M2.0 18.0H50.0V2.0H98.0"
    assert sparkline([], 4) == ""


def test_a_chart_has_all_scores_between_round_marks() -> None:
    chart = score_chart(decided(0.2, None, 0.61))
    assert chart is not None
    assert [(point.step, point.score, point.kind) for point in chart.points] == [
        (0, 0.2, "minibatch"),
        (0, 0.2, "accepted"),
        (1, 0.2, "minibatch"),
        (2, 0.2, "minibatch"),
        (2, 0.61, "accepted"),
    ]
    assert [round(mark, 3) for _, mark in chart.scores] == [0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert [mark for _, mark in chart.steps] == [0, 1, 2]
    assert all(0 <= point.x <= chart.width and 0 <= point.y <= chart.height for point in chart.points)


def test_each_of_two_runs_ends_at_its_own_last_step() -> None:
    chart = compared(decided(0.2, 0.4, None), decided(0.1, *[None] * 9))
    assert chart is not None
    at = {step: x for x, step in chart.steps}
    assert [float(line.rpartition("H")[2]) for line in chart.lines] == [at[2], chart.width - 12]


@example([1e308, -1e308, math.inf], [])
@example([5e-324], [0.1, 0.1 + 1e-16])
@example([1e20, 1e20 + 1e5], [-1e99])
@given(st.lists(st.none() | st.floats(), max_size=20), st.lists(st.none() | st.floats(), max_size=5))
def test_any_scores_can_be_drawn(first: list[float | None], second: list[float | None]) -> None:
    for chart in (score_chart(decided(*first)), compared(decided(*first), decided(*second))):
        for place in [] if chart is None else chart.points:
            assert math.isfinite(place.x + place.y)
        assert chart is None or all("nan" not in line and "inf" not in line for line in chart.lines)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.0002, "0.2 ms"),
        (0.0123, "12 ms"),
        (4.21, "4.2 s"),
        (1.5, "1.5 s"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (90_061, "1 d 1 h"),
    ],
)
def test_a_time_is_written_by_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("dollars", "text"),
    [(0, "$0.00"), (0.0024, "$0.0024"), (0.09996, "$0.100"), (0.5, "$0.50"), (0.999, "$1.00"), (1234.5, "$1,234.50")],
)
def test_money_below_a_dollar_has_two_digits_that_say_something(dollars: float, text: str) -> None:
    assert money(dollars) == text


def test_arrows_between_scores_are_drawn_and_those_of_code_stay() -> None:
    assert reason("minibatch 0.100 -> 0.200: def f() -> int") == "minibatch 0.100 → 0.200: def f() -> int"


def test_numbers_are_written_for_people() -> None:
    assert [score(0.12345), score(None), score(math.nan)] == ["0.123", "–", "–"]
    assert [counted(1, "call"), counted(2000, "call")] == ["1 call", "2,000 calls"]
