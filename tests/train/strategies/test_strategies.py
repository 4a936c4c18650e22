"""The decisions of a search, one at a time."""

from __future__ import annotations

import signal
from collections import Counter
from typing import Any

import pytest

from trace_train import (
    Always,
    Beam,
    Best,
    Complementary,
    Confident,
    Hardest,
    Independent,
    Margin,
    MaxSteps,
    OnSignal,
    Pareto,
    Patience,
    Shuffled,
    Strict,
    Target,
    UpperConfidence,
)
from trace_train.records import Candidate
from trace_train.searching import Member, Search


def member(*scores: float, step: int = 0, values: Any = None, parents: tuple[str, ...] = ()) -> Member:
    return Member(Candidate(values or {"p": [step, *scores]}, parents), scores, step)


def search(*members: Member, step: int = 1, train: int = 10, seed: int = 0) -> Search:
    return Search(seed, train, step, list(members), {each.candidate.id for each in members})


# --- batches


def test_a_round_shows_each_example_once_in_an_order_of_its_own() -> None:
    rounds = [[Shuffled().draw(search(step=step), 4) for step in steps] for steps in ((1, 2, 3), (4, 5, 6))]
    for batches in rounds:
        assert [len(batch) for batch in batches] == [4, 4, 2]
        assert sorted(each for batch in batches for each in batch) == list(range(10))
    assert rounds[0] != rounds[1]
    assert Shuffled().draw(search(step=2), 4) == rounds[0][1]
    assert Shuffled().draw(search(), 99) != list(range(10)) == sorted(Shuffled().draw(search(), 99))


def test_independent_batches_hold_different_examples() -> None:
    batch = Independent().draw(search(), 4)
    assert len(set(batch)) == 4
    assert batch != Independent().draw(search(step=2), 4)
    assert len(Independent().draw(search(train=3), 4)) == 3


def test_the_hardest_come_after_what_was_not_seen() -> None:
    state = search(train=5)
    state.latest.update({0: 1.0, 1: 0.0, 2: 0.5})
    assert Hardest(spread=0).draw(state, 4) == [3, 4, 1, 2]
    batches = []
    for step in range(1, 20):
        state.step = step
        batches.append(frozenset(Hardest(spread=1.2).draw(state, 3)))
    assert len(set(batches)) > 1


# --- parents


def test_greedy_search_goes_on_from_the_best_and_of_equals_from_the_first() -> None:
    members = [member(0, 0), member(1, 0, step=1), member(0, 1, step=2)]
    assert Best().choose(search(*members)) is members[1]


def test_a_beam_takes_the_best_ones_in_turn() -> None:
    members = [member(0.1), member(0.9), member(0.5), member(0.7)]
    chosen = [Beam(2).choose(search(*members, step=step)).mean for step in range(1, 5)]
    assert chosen == [0.9, 0.7, 0.9, 0.7]


def test_pareto_chooses_by_how_many_examples_each_is_best_on() -> None:
    members = [
        member(0, 0, 0, 1),  # alone on the last
        member(1, 1, 0, 0),  # equal on the first two
        member(1, 1, 1, 0),  # alone on the third, so the one before is not needed
        member(0.5, 0.5, 0.5, 0.5),  # best on none
    ]
    assert Pareto.frontier(members) == {0: 1, 2: 3}
    counts = Counter(members.index(Pareto().choose(search(*members, step=step))) for step in range(400))
    assert set(counts) == {0, 2}
    assert 60 < counts[0] < 140


def test_pareto_keeps_one_of_equals() -> None:
    assert Pareto.frontier([member(1, 0), member(1, 0, step=1), member(1, 0, step=2)]) == {0: 2}


def test_upper_confidence_comes_back_to_what_was_left_aside() -> None:
    members = [member(0.5), member(0.6)]
    state = search(*members)
    chosen = []
    for _ in range(200):
        one = UpperConfidence(0.1).choose(state)
        one.chosen += 1
        chosen.append(one.mean)
    assert chosen[0] == 0.6
    assert 0 < chosen.count(0.5) < 60
    assert set(chosen[100:]) == {0.5, 0.6}


# --- acceptance


@pytest.mark.parametrize(
    ("rule", "passing", "accepted"),
    [
        (Margin(0.1), (0.05, 0.3), (0.3,)),
        (Margin(0.1, minibatch=-0.01), (0.0, 0.3), (0.3,)),
        (Strict(), (0.05, 0.3), (0.05, 0.3)),
        (Confident(), (0.0, 0.3), (0.3,)),
    ],
)
def test_acceptance_by_gain(rule: Any, passing: tuple[float, ...], accepted: tuple[float, ...]) -> None:
    parent = [0.0, 0.1, 0.2, 0.3, 0.4] * 4
    for gain in (-0.3, 0.0, 0.05, 0.3):
        child = [score + gain + (0.4 if place % 2 else -0.4) for place, score in enumerate(parent)]
        assert rule.passes(parent, child) == (gain >= min(passing))
        assert rule.accepts(parent, child) == (gain in accepted)


def test_whatever_it_scores_a_draft_can_be_gone_on_from_until_nothing_comes_of_it() -> None:
    original, draft = member(0.0), member(0.0, step=1)
    original.chosen = 1
    assert Always().passes((1.0,), (0.0,))
    assert Always().accepts((1.0,), (0.0,))
    assert UpperConfidence().choose(search(original, draft, step=2)) is draft
    draft.chosen = 2
    assert UpperConfidence().choose(search(original, draft, step=4)) is original


def test_a_gain_of_the_margin_itself_is_not_more_than_it() -> None:
    assert not Margin(0.1).accepts([0.1] * 10, [0.2] * 10)
    assert Margin(0.1).accepts([0.1] * 10, [0.2] * 9 + [0.3])
    assert Margin(minibatch=-0.3).passes([1, 1, 1, 1], [1, 1, 1, 0])


def test_confidence_needs_more_than_luck() -> None:
    assert not Confident().accepts([0] * 10, [1] + [0] * 9)
    assert Confident().accepts([0] * 10, [1] * 2 + [0] * 8)
    assert not Confident(0.99).accepts([0] * 10, [1] * 2 + [0] * 8)
    assert Confident().accepts([0.5], [0.6])


# --- merging


def family() -> tuple[Member, Member, Member]:
    root = member(0.2, values={"a": 1, "b": 1, "c": 1})
    left = member(0.4, step=1, values={"a": 2, "b": 1, "c": 1}, parents=(root.candidate.id,))
    right = member(0.5, step=2, values={"a": 1, "b": 2, "c": 1}, parents=(root.candidate.id,))
    return root, left, right


def test_two_that_improved_different_parameters_are_merged() -> None:
    root, left, right = family()
    state = search(root, left, right)
    merged = Complementary().merge(state)
    assert merged is not None
    assert merged.values == {"a": 2, "b": 2, "c": 1}
    assert merged.parents == (right.candidate.id, left.candidate.id)
    assert merged.how == "merged"
    state.tried.add(merged.id)
    assert Complementary().merge(state) is None


def test_what_changed_the_same_or_came_from_each_other_or_got_worse_is_not_merged() -> None:
    root, left, right = family()
    both = member(0.6, step=3, values={"a": 3, "b": 2, "c": 1}, parents=(root.candidate.id,))
    assert Complementary().merge(search(root, left, both)) is None
    child = member(0.6, step=3, values={"a": 2, "b": 1, "c": 2}, parents=(left.candidate.id,))
    assert Complementary().merge(search(root, left, child)) is None
    worse = member(0.1, step=3, values={"a": 1, "b": 1, "c": 9}, parents=(root.candidate.id,))
    assert Complementary().merge(search(root, right, worse)) is None


def test_what_is_merged_is_what_changed_since_the_last_common_candidate() -> None:
    root, left, _ = family()
    one = member(0.6, step=3, values={"a": 2, "b": 5, "c": 1}, parents=(left.candidate.id,))
    two = member(0.7, step=4, values={"a": 2, "b": 1, "c": 5}, parents=(left.candidate.id,))
    merged = Complementary().merge(search(root, left, one, two))
    assert merged is not None
    assert merged.values == {"a": 2, "b": 5, "c": 5}


# --- stopping


def test_when_a_search_ends() -> None:
    members = [member(0.2), member(0.9, step=3)]
    assert MaxSteps(5).reason(search(*members, step=4)) is None
    assert MaxSteps(5).reason(search(*members, step=5)) == "5 steps are done"
    assert Patience(3).reason(search(*members, step=5)) is None
    assert Patience(3).reason(search(*members, step=6)) == "3 steps in a row accepted nothing"
    assert Target(0.9).reason(search(*members)) == "the validation score of 0.9 is reached"
    assert Target(0.95).reason(search(*members)) is None


def test_a_signal_ends_it_and_is_itself_again_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with OnSignal(signal.SIGTERM) as terminated:
        assert terminated.reason(search()) is None
        signal.raise_signal(signal.SIGTERM)
        assert terminated.reason(search()) == "SIGTERM was received"
    assert signal.getsignal(signal.SIGTERM) is before
