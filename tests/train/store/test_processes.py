"""Processes that write to one store at once, that are forked, and that are killed at any point."""

from __future__ import annotations

import multiprocessing
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trace_core.llm.chat import Usage
from trace_train.records import Ending, Evaluation, EvaluationKey
from trace_train.store import Store

REPOSITORY = Path(__file__).parents[3]
WORKERS = 4

# Keeps evaluations from several threads for as long as it lives, and says which are safe.
KEEPING = f"""
import os, sys, threading
from itertools import count
from trace_core.llm.chat import Usage
from trace_train.records import Evaluation, EvaluationKey
from trace_train.store import Store

journal = Store(sys.argv[1]).journal(sys.argv[2])

def work(worker):
    for number in count():
        key = EvaluationKey("c0", f"{{worker}}-{{number}}")
        if journal.evaluation(key) is None:
            journal.begin(key)
            journal.keep_evaluation(key, Evaluation(1.0, output="x" * (number * 997 % 20_000), usage=Usage(calls=1)))
            os.write(1, f"{{key.example}}\\n".encode())

for worker in range({WORKERS}):
    threading.Thread(target=work, args=(worker,)).start()
"""


def begun(store: Store) -> str:
    """A training that no process holds."""
    journal = store.journal()
    journal.finish(Ending("stop", "it was interrupted"))
    return journal.run_id


def killed(place: str, run_id: str, chance: random.Random) -> set[str]:
    """What a process said was safe before it was killed, at a random point."""
    command = [sys.executable, "-c", KEEPING, place, run_id]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(chance.randrange(1, 40))]
        until = time.perf_counter() + chance.random() / 200
        while time.perf_counter() < until:
            pass
        process.kill()
        said += process.stdout.readlines()
    assert said[0], "it kept nothing"
    return {line.strip() for line in said if line.endswith("\n")}


def check_that_a_killed_process_loses_nothing(place: str, times: int) -> None:
    with Store(place) as store:
        run_id = begun(store)
    safe: set[str] = set()
    for number in range(times):
        safe |= killed(place, run_id, random.Random(number))
        if "://" not in place:
            connection = sqlite3.connect(place)
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            connection.close()
        with Store(place) as store:
            training = store.training(run_id)
            kept = training.evaluations()
            assert safe <= {key.example for key, _ in kept}
            assert training.evaluation_count == training.usage.calls == len(kept)
            assert len(training.in_flight()) <= WORKERS
            assert training.repeated <= WORKERS * number


def test_a_killed_process_loses_nothing_that_was_said_to_be_safe(place: str) -> None:
    check_that_a_killed_process_loses_nothing(place, 3)


@pytest.mark.long
def test_a_process_killed_at_25_points_loses_nothing(place: str) -> None:
    check_that_a_killed_process_loses_nothing(place, 25)


def keep(place: str, run_id: str, count: int) -> None:
    with Store(place) as store:
        journal = store.journal(run_id)
        for number in range(count):
            key = EvaluationKey("c0", str(number))
            journal.begin(key)
            journal.keep_evaluation(key, Evaluation(1.0, usage=Usage(calls=1)))


def test_two_processes_write_to_one_store_at_once(place: str) -> None:
    count = 40
    with Store(place) as store:
        ids = [begun(store) for _ in range(2)]
        context = multiprocessing.get_context("spawn")
        started = [context.Process(target=keep, args=(place, id, count)) for id in ids]
        for process in started:
            process.start()
        for process in started:
            process.join()

        assert [process.exitcode for process in started] == [0, 0]
        for id in ids:
            training = store.training(id)
            assert training.evaluation_count == training.usage.calls == len(training.evaluations()) == count


FORKING = """
import os, sys
from trace_train.records import Evaluation, EvaluationKey
from trace_train.store import Store

store = Store(sys.argv[1])
journal = store.journal()
journal.keep_evaluation(EvaluationKey("c0", "before"), Evaluation(1.0))
child = os.fork()
journal.keep_evaluation(EvaluationKey("c0", "after" if child else "forked"), Evaluation(1.0))
if child:
    assert os.waitpid(child, 0)[1] == 0
    assert len(store.training(journal.run_id).evaluations()) == 3
    store.close()
"""


def test_a_forked_process_may_go_on_with_the_store(place: str) -> None:
    subprocess.run([sys.executable, "-c", FORKING, place], cwd=REPOSITORY, check=True)
