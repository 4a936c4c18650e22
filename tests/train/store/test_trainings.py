"""What a command line and a viewer show of trainings."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trace_core.llm.chat import Usage
from trace_train.records import Candidate, Decision, Ending, Evaluation, EvaluationKey, Failures, HeldOut, Proposed
from trace_train.store import NoSuchRun, Store

FIRST, BETTER, WORSE = (Candidate({"rules": text}) for text in ("first", "better", "worse"))


def trained(store: Store) -> str:
    journal = store.journal(settings={"batch_size": 2}, seed=3)
    for candidate, score, step in ((FIRST, 0.25, 0), (BETTER, 0.75, 1), (WORSE, 0.0, 2)):
        journal.keep_candidate(candidate)
        for example in ("e0", "e1"):
            journal.keep_evaluation(
                EvaluationKey(candidate.id, example), Evaluation(score, usage=Usage(calls=1), trace={"nodes": []})
            )
        if step:
            journal.keep_proposed(step, Proposed(candidate.values, usage=Usage(calls=1, prompt_tokens=10)))
        journal.keep_decision(Decision(step, candidate.id, candidate is not WORSE, "because", score))
    return journal.run_id


def test_a_training_that_runs_shows_what_it_has_so_far(store: Store) -> None:
    before = datetime.now(UTC)
    training = store.training(trained(store))

    assert (training.state, training.settings, training.seed) == ("running", {"batch_size": 2}, 3)
    assert (training.best, training.best_score) == (BETTER.id, 0.75)
    assert (training.step_count, training.evaluation_count, training.repeated) == (2, 6, 0)
    assert training.usage == Usage(calls=8, prompt_tokens=20)
    assert before <= training.started <= training.updated <= datetime.now(UTC)
    assert training.ended is None


def test_a_training_that_ended_says_how(store: Store) -> None:
    id = trained(store)
    journal, test = store.journal(id), HeldOut(0.25, 0.5, 3, 4)
    journal.start({"calls": 300, "dollars": 0.5})
    journal.finish(Ending("budget", "the budget of 300 calls is used up", FIRST.id, test))
    training = store.training(id)
    assert (training.state, training.best, training.best_score) == ("stopped", FIRST.id, 0.25)
    assert (training.ended_by, training.reason) == ("budget", "the budget of 300 calls is used up")
    assert (training.test, training.budget) == (test, {"calls": 300, "dollars": 0.5})
    assert training.ended is not None
    assert training.holder is None


def test_a_training_that_is_gone_on_with_has_not_ended(store: Store) -> None:
    journal = store.journal()
    journal.start({"calls": 3})
    journal.finish(Ending("budget", "the budget of 3 calls is used up", None, HeldOut(0.0, None, 1, 1)))
    store.journal(journal.run_id).start({})
    training = store.training(journal.run_id)
    assert (training.state, training.ended, training.ended_by, training.reason) == ("running", None, None, None)
    assert (training.test, training.budget) == (None, {})


def test_steps_candidates_and_evaluations_are_in_order(store: Store) -> None:
    training = store.training(trained(store))

    steps = training.steps()
    assert [step.number for step in steps] == [0, 1, 2]
    assert steps[0].proposed is None
    assert steps[1].proposed == Proposed(BETTER.values, usage=Usage(calls=1, prompt_tokens=10))
    assert [decision.accepted for decision in steps[2].decisions] == [False]
    tried = training.candidates()
    assert [(each.candidate, each.evaluations, each.score) for each in tried] == [
        (FIRST, 2, 0.25),
        (BETTER, 2, 0.75),
        (WORSE, 2, 0.0),
    ]
    assert [key.example for key, _ in training.evaluations(BETTER.id)] == ["e0", "e1"]
    [(key, evaluation)] = training.evaluations(limit=1, skip=5)
    assert (key, evaluation.score, evaluation.trace) == (EvaluationKey(WORSE.id, "e1"), 0.0, None)


def test_one_step_one_evaluation_and_the_decisions_can_be_read_alone(store: Store) -> None:
    training = store.training(trained(store))
    assert training.step(1) == training.steps()[1]
    assert training.step(9) is None
    evaluation = training.evaluation(EvaluationKey(BETTER.id, "e1"))
    assert evaluation is not None
    assert (evaluation.score, evaluation.trace) == (0.75, None)
    assert training.evaluation(EvaluationKey(BETTER.id, "e1", 1)) is None
    assert training.decisions() == [decision for step in training.steps() for decision in step.decisions]


def test_trainings_are_listed_in_parts_and_their_courses_together(store: Store) -> None:
    ids = [trained(store), store.journal().run_id, trained(store)]
    assert [each.id for each in store.trainings(1, skip=1)] == ids[1:2]
    assert store.courses(ids) == {ids[0]: [(0, 0.25), (1, 0.75)], ids[1]: [], ids[2]: [(0, 0.25), (1, 0.75)]}
    assert store.learned(ids) == {ids[0]: [*FIRST.values], ids[1]: [], ids[2]: [*FIRST.values]}


def test_failures_are_counted_for_each_candidate(store: Store) -> None:
    journal = store.journal(trained(store))
    for example, error in (("e2", "ValueError: no"), ("e3", None), ("e4", "ValueError: no")):
        journal.keep_evaluation(EvaluationKey(WORSE.id, example), Evaluation(0.0, error=error))
    assert store.training(journal.run_id).failures() == {WORSE.id: Failures(2, 5, "ValueError: no")}


def test_a_candidate_that_was_not_tried_has_no_score(store: Store) -> None:
    journal = store.journal()
    journal.keep_candidate(FIRST)
    journal.begin(EvaluationKey(FIRST.id, "e0"))
    training = store.training(journal.run_id)
    assert [(each.evaluations, each.score) for each in training.candidates()] == [(0, None)]
    assert training.evaluations() == []


def test_the_list_begins_with_the_last(store: Store) -> None:
    ids = [store.journal().run_id for _ in range(3)]
    assert [training.id for training in store.trainings()] == ids[::-1]
    assert [training.id for training in store.trainings(limit=1)] == ids[2:]


def test_no_such_training_says_where_to_look(store: Store) -> None:
    with pytest.raises(NoSuchRun, match=r"holds no training 'abc'; `store.trainings\(\)`"):
        store.training("abc")
