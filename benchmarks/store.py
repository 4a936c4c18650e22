"""What a store costs: keeping records, and looking at a thousand trainings of two hundred steps.

    python benchmarks/store.py                          a SQLite file in a temporary folder
    python benchmarks/store.py postgresql://…           an empty database of a server
    python benchmarks/store.py PLACE TRAININGS STEPS    fewer of them

Prints JSON; times are the best of several repetitions.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from trace_core import node, template
from trace_core.llm.chat import Usage
from trace_train.records import Candidate, Decision, Evaluation, EvaluationKey, Proposed
from trace_train.store import Store, StoredJournal, rows
from trace_train.store.columns import now
from trace_train.store.schema import candidates, decisions, evaluations, proposals, trainings

EVALUATIONS_PER_STEP = 4
_numbers = count()


def trace() -> dict[str, Any]:
    """Of a small agent: a prompt, two calls and some values, about 3 kB as JSON."""
    rules = node("Route the ticket to one of: billing, shipping, returns. " * 3, trainable=True, name="rules")
    said: Any = node("My parcel has not come, and I was charged twice. " * 3, name="ticket")
    for _ in range(2):
        said = template("{rules}\n{ticket}", rules=rules, ticket=said).strip()
    return dict(said.graph().to_json())


EVALUATION = Evaluation(0.5, feedback="expected 'billing'", output="shipping", usage=Usage(1, 200, 5))
TRACED = Evaluation(0.5, feedback="expected 'billing'", output="shipping", usage=Usage(1, 200, 5), trace=trace())
PROPOSED = Proposed({"rules": "Be short. " * 20}, "the problem " * 100, "the answer " * 40, "why " * 40, usage=Usage(1))


def per_second(function: Callable[[], Any], number: int, repeat: int = 3) -> float:
    return number / min(timed(function) for _ in range(repeat))


def timed(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def milliseconds(function: Callable[[], Any]) -> float:
    return round(min(timed(function) for _ in range(5)) * 1e3, 2)


def keeping(journal: StoredJournal) -> dict[str, float]:
    """Records per second; an evaluation is `begin` and `keep_evaluation`, two transactions."""

    def keep(evaluation: Evaluation) -> None:
        key = EvaluationKey("c", str(next(_numbers)))
        journal.begin(key)
        journal.keep_evaluation(key, evaluation)

    def in_threads() -> None:
        with ThreadPoolExecutor(16) as threads:
            list(threads.map(keep, [EVALUATION] * 500))

    known = EvaluationKey("c", "0")
    found = {
        "evaluations": per_second(lambda: [keep(EVALUATION) for _ in range(500)], 500),
        "evaluations_with_trace": per_second(lambda: [keep(TRACED) for _ in range(500)], 500),
        "evaluations_from_16_threads": per_second(in_threads, 500),
        "proposals": per_second(lambda: [journal.keep_proposed(next(_numbers), PROPOSED) for _ in range(500)], 500),
        "evaluations_looked_up": per_second(lambda: [journal.evaluation(known) for _ in range(500)], 500),
    }
    return {name: round(rate) for name, rate in found.items()}


def of_one_training(id: str, steps: int) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    """The rows of a training, as its journal would keep them."""
    tried = [Candidate({"rules": f"Be short. {step}"}) for step in range(steps)]
    yield candidates, [rows.from_candidate(each) | {"training": id} for each in tried]
    proposed = rows.from_proposed(PROPOSED)
    yield proposals, [{**proposed, "training": id, "step": step, "kept": now()} for step in range(steps)]
    decided = [Decision(step, each.id, step % 5 == 0, "because", step / steps) for step, each in enumerate(tried)]
    yield decisions, [rows.from_decision(each) | {"training": id} for each in decided]
    made, key = rows.from_evaluation(TRACED), {"training": id, "repeat": 0, "begun": 1, "kept": now()}
    examples = [str(number) for number in range(EVALUATIONS_PER_STEP)]
    yield evaluations, [{**made, **key, "candidate": each.id, "example": e} for each in tried for e in examples]


def fill(store: Store, number: int, steps: int) -> list[str]:
    ids = [store.journal(settings={"batch_size": EVALUATIONS_PER_STEP}).run_id for _ in range(number)]
    for id in ids:
        with store._database.writing() as connection:
            for table, made in of_one_training(id, steps):
                connection.execute(table.insert(), made)
            counts = {"step_count": steps, "evaluation_count": steps * EVALUATIONS_PER_STEP, "best_score": 0.9}
            connection.execute(trainings.update().where(trainings.c.id == id).values(counts))
    return ids


def looking(store: Store, ids: list[str]) -> dict[str, float]:
    """Milliseconds."""
    training = store.training(ids[len(ids) // 2])
    key, _ = training.evaluations(limit=1, skip=training.evaluation_count // 2)[0]
    return {
        "list_all_trainings": milliseconds(store.trainings),
        "list_20_trainings": milliseconds(lambda: store.trainings(limit=20)),
        "one_training": milliseconds(lambda: store.training(training.id)),
        "its_steps": milliseconds(training.steps),
        "its_candidates_with_scores": milliseconds(training.candidates),
        "its_evaluations": milliseconds(training.evaluations),
        "50_of_its_evaluations": milliseconds(lambda: training.evaluations(limit=50)),
        "its_evaluations_in_flight": milliseconds(training.in_flight),
        "one_trace": milliseconds(lambda: training.trace(key)),
    }


def measured(place: str, number: int, steps: int) -> dict[str, Any]:
    with Store(place) as store:
        kept = keeping(store.journal())
        start = time.perf_counter()
        ids = fill(store, number, steps)
        seconds = time.perf_counter() - start
        with store._database.reading() as connection:
            size = connection.exec_driver_sql(
                "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
                if store._database.dialect == "sqlite"
                else "SELECT pg_database_size(current_database())"
            ).scalar_one()
        return {
            "records_per_second": kept,
            "trainings": number,
            "steps_each": steps,
            "evaluations": number * steps * EVALUATIONS_PER_STEP,
            "megabytes": round(size / 1e6),
            "filled_in_seconds": round(seconds, 1),
            "milliseconds": looking(store, ids),
        }


def main(place: str = "", number: str = "1000", steps: str = "200") -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measured(place or f"{folder}/trace-suite.db", int(number), int(steps)), indent=2))


if __name__ == "__main__":
    main(*sys.argv[1:])
