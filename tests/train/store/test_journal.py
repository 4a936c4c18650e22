"""The records of a training: kept once, safe when the call returns, the same in SQLite and PostgreSQL."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from trace_core import node
from trace_core.llm.chat import Usage
from trace_train.records import Candidate, Decision, Ending, Evaluation, EvaluationKey, Journal, Proposed
from trace_train.store import NoSuchRun, SettingsDiffer, Store, StoredJournal

KEY = EvaluationKey("c0", "e0")
SPENT = Usage(calls=2, prompt_tokens=30, completion_tokens=4, cached_tokens=1)
EVALUATION = Evaluation(
    0.5,
    {"exact": 0.0, "tone": 1.0},
    "too long",
    {"answer": ["a", 1, None]},
    "ValueError: x",
    {"nodes": []},
    SPENT,
    guide_usage=Usage(1, 5, 1),
    seconds=1.5,
)
PROPOSED = Proposed(
    {"rules": "Be short."}, "the problem", "the answer", "why", {"style": "refused"}, SPENT, 2.0, "c0", (KEY,)
)


@pytest.fixture
def journal(store: Store) -> StoredJournal:
    return store.journal(settings={"batch_size": 4}, seed=7)


def test_a_stored_journal_is_a_journal(journal: StoredJournal) -> None:
    as_protocol: Journal = journal
    assert as_protocol.evaluation(KEY) is None
    assert as_protocol.proposed(1) is None


def test_what_was_kept_comes_back_as_it_was(journal: StoredJournal) -> None:
    journal.begin(KEY)
    assert journal.evaluation(KEY) is None
    journal.keep_evaluation(KEY, EVALUATION)
    journal.keep_proposed(1, PROPOSED)

    assert journal.evaluation(KEY) == EVALUATION
    assert journal.proposed(1) == PROPOSED


def test_defaults_come_back_too(journal: StoredJournal) -> None:
    journal.keep_evaluation(KEY, Evaluation(1.0))
    journal.keep_proposed(3, Proposed())
    assert journal.evaluation(KEY) == Evaluation(1.0)
    assert journal.proposed(3) == Proposed()


@pytest.mark.parametrize("text", ["\ud800 alone", "a\x00b", "'; DROP TABLE trainings; --", "é\u2028", "x" * 100_000])
def test_any_text_can_be_kept(journal: StoredJournal, text: str) -> None:
    evaluation = Evaluation(0.0, {text: 1.0}, text, text, text, {"nodes": [text]})
    proposed = Proposed({"rules": text}, text, text, text, {"rules": text})
    journal.keep_evaluation(KEY, evaluation)
    journal.keep_proposed(1, proposed)
    journal.keep_candidate(Candidate({"rules": text}))
    journal.keep_decision(Decision(1, "c0", False, text))
    assert journal.evaluation(KEY) == evaluation
    assert journal.proposed(1) == proposed


@pytest.mark.parametrize("score", [math.inf, -math.inf, -0.5, 1e-300, 3])
def test_scores_come_back_exactly(journal: StoredJournal, score: float) -> None:
    journal.keep_evaluation(KEY, Evaluation(score, {"named": score}))
    found = journal.evaluation(KEY)
    assert found is not None
    assert (found.score, found.scores) == (score, {"named": score})


def test_a_score_that_is_not_a_number_comes_back_as_that(journal: StoredJournal) -> None:
    journal.keep_evaluation(KEY, Evaluation(math.nan, {"named": math.nan}))
    found = journal.evaluation(KEY)
    assert found is not None
    assert math.isnan(found.score)
    assert math.isnan(found.scores["named"])


def test_the_first_that_was_kept_stays_and_is_counted_once(journal: StoredJournal, store: Store) -> None:
    journal.keep_evaluation(KEY, EVALUATION)
    journal.keep_evaluation(KEY, Evaluation(0.0, usage=SPENT))
    journal.keep_proposed(1, PROPOSED)
    journal.keep_proposed(1, Proposed(usage=SPENT))

    assert journal.evaluation(KEY) == EVALUATION
    assert journal.proposed(1) == PROPOSED
    training = store.training(journal.run_id)
    assert (training.evaluation_count, training.usage) == (1, SPENT + EVALUATION.guide_usage + SPENT)


def test_what_a_step_spent_where_it_was_cut_off_adds_up(journal: StoredJournal, store: Store) -> None:
    for _ in range(2):
        journal.keep_cut_off(2, SPENT)
    journal.keep_cut_off(3, Usage(calls=1))
    assert (journal.cut_off(1), journal.cut_off(2), journal.cut_off(3)) == (Usage(), SPENT + SPENT, Usage(calls=1))
    assert store.training(journal.run_id).usage == SPENT + SPENT + Usage(calls=1)


def test_a_step_counts_once_it_is_decided(journal: StoredJournal, store: Store) -> None:
    journal.keep_decision(Decision(0, "c0", True, "it began with this", 0.5))
    journal.keep_proposed(1, PROPOSED)
    assert store.training(journal.run_id).step_count == 0
    for step in (1, 2):  # the second without a proposal
        journal.keep_decision(Decision(step, "c0", False, "nothing to learn"))
    assert store.training(journal.run_id).step_count == 2


def test_candidates_and_decisions_are_kept_once(journal: StoredJournal, store: Store) -> None:
    candidate = Candidate({"rules": "Be short."}, ("c0",), "proposed")
    decision = Decision(1, candidate.id, True, "better", 0.75, (0.1, 0.3))
    for _ in range(2):
        journal.keep_candidate(candidate)
        journal.keep_decision(decision)

    training = store.training(journal.run_id)
    assert [tried.candidate for tried in training.candidates()] == [candidate]
    assert training.steps()[0].decisions == (decision,)


def test_repeats_and_trainings_are_apart(journal: StoredJournal, store: Store) -> None:
    journal.keep_evaluation(KEY, EVALUATION)
    assert journal.evaluation(EvaluationKey("c0", "e0", repeat=1)) is None
    assert journal.evaluation(EvaluationKey("c0", "e1")) is None
    assert store.journal().evaluation(KEY) is None


def test_an_evaluation_that_was_begun_and_never_kept_counts_as_repeated(place: str) -> None:
    with Store(place) as store:
        journal = store.journal()
        for key in (KEY, EvaluationKey("c0", "e1")):
            journal.begin(key)
        journal.keep_evaluation(KEY, EVALUATION)
    with Store(place) as store:
        resumed = store.journal(journal.run_id)
        assert resumed.repeated == 0
        assert store.training(journal.run_id).in_flight() == [EvaluationKey("c0", "e1")]

        resumed.begin(EvaluationKey("c0", "e1"))
        resumed.begin(EvaluationKey("c0", "e2"))
        resumed.begin(KEY)  # it is there: nothing is paid for again

        assert resumed.repeated == 1


def test_a_training_is_gone_on_with_where_it_stood(place: str) -> None:
    with Store(place) as store:
        journal = store.journal(settings={"batch_size": 4, "of": (1, 2)}, seed=7)
        journal.keep_evaluation(KEY, EVALUATION)
        journal.finish(Ending("stop", "it was interrupted"))
    with Store(place) as store:
        resumed = store.journal(journal.run_id, settings={"of": [1, 2], "batch_size": 4}, seed=7)
        assert resumed.evaluation(KEY) == EVALUATION
        training = store.training(journal.run_id)
        assert (training.state, training.ended) == ("running", None)


def test_a_training_is_not_gone_on_with_in_another_way(store: Store) -> None:
    journal = store.journal(settings={"batch_size": 4, "parallel": 8}, seed=7)
    with pytest.raises(SettingsDiffer, match=r"batch_size: 4 then, 5 now.*Begin a new one"):
        store.journal(journal.run_id, settings={"batch_size": 5, "parallel": 8})
    of_tables = store.journal(settings={"guide": {"use": "Exact", "field": "queue"}, "data": {"file": "a"}})
    with pytest.raises(SettingsDiffer, match=r"\(guide.field: queue then, answer now\)"):
        store.journal(of_tables.run_id, settings={"guide": {"use": "Exact", "field": "answer"}, "data": {"file": "a"}})
    with pytest.raises(SettingsDiffer, match="seed: 7 then, 8 now"):
        store.journal(journal.run_id, seed=8)
    store.journal(journal.run_id)


def test_no_such_training(store: Store) -> None:
    for id in ("nothing", "\ud800", "a\x00"):
        with pytest.raises(NoSuchRun, match="holds no training"):
            store.journal(id)


def test_many_threads_keep_records_at_once(journal: StoredJournal, store: Store) -> None:
    def keep(number: int) -> None:
        key = EvaluationKey("c0", str(number))
        journal.begin(key)
        journal.keep_evaluation(key, Evaluation(1.0, usage=SPENT))

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(keep, range(200)))

    training = store.training(journal.run_id)
    assert training.evaluation_count == 200
    assert training.usage.calls == 400
    assert len(training.evaluations()) == 200


def test_the_trace_of_an_evaluation_is_a_graph(journal: StoredJournal, store: Store) -> None:
    question = node("hello", trainable=True, name="question")
    journal.keep_evaluation(KEY, Evaluation(1.0, trace=question.upper().graph().to_json()))
    journal.keep_evaluation(EvaluationKey("c0", "e1"), Evaluation(1.0))

    training = store.training(journal.run_id)
    graph = training.trace(KEY)
    assert graph is not None
    assert graph.nodes[-1].data == "HELLO"
    assert training.trace(EvaluationKey("c0", "e1")) is None
