"""What training costs beside what it runs: time at 32 evaluations at once, overhead of each, memory of a long run.

    python benchmarks/training.py [--quick]

Prints JSON. The ideal is what the evaluations' own time comes to with the workers that there are. Memory is the traced
peak of Python's allocations in the second half of a run beside the first, with a journal that keeps records on disk.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
import tracemalloc
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from trace_core import OptoPrime, ReplayChat, bundle, node
from trace_core.llm import Usage
from trace_train import MaxSteps, MemoryJournal, Trainer
from trace_train.events import EvaluationEnded, Event
from trace_train.records import Evaluation, EvaluationKey

prompt = node("Answer: ", trainable=True, name="prompt")


@bundle
def answer(prompt: str, question: str) -> str:
    """The prompt with the question."""
    return prompt + question


def guide(example: Any, output: Any) -> float:
    """All are right."""
    return float(output.endswith(str(example["i"])))


class OnDisk(MemoryJournal):
    """Keeps evaluations in a SQLite file, so that memory shows what the trainer itself holds."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.execute("CREATE TABLE kept (key TEXT PRIMARY KEY, data TEXT)")
        self._write = threading.Lock()

    def evaluation(self, key: EvaluationKey) -> Evaluation | None:
        with self._write:
            row = self._connection.execute("SELECT data FROM kept WHERE key = ?", (repr(key),)).fetchone()
        if row is None:
            return None
        data = json.loads(row[0])
        return Evaluation(**data | {"usage": Usage(**data["usage"]), "guide_usage": Usage(**data["guide_usage"])})

    def begin(self, key: EvaluationKey) -> None: ...

    def keep_evaluation(self, key: EvaluationKey, evaluation: Evaluation) -> None:
        with self._write:
            self._connection.execute("INSERT INTO kept VALUES (?, ?)", (repr(key), json.dumps(asdict(evaluation))))


def examples(count: int) -> list[dict[str, Any]]:
    return [{"i": i, "question": f"question number {i}"} for i in range(count)]


def run(program: Any, count: int, parallel: int, journal: Any = None, observers: Any = ()) -> float:
    """The seconds that so many evaluations take, and nothing else."""
    optimizer = OptoPrime([prompt], ReplayChat([]))
    trainer = Trainer(program, optimizer, guide, inputs="question", progress=False, observers=observers)
    start = time.perf_counter()
    report = trainer.fit(examples(count), parallel=parallel, journal=journal, stopping=[MaxSteps(0)])
    seconds = time.perf_counter() - start
    assert report.spent.evaluations == count
    return seconds


async def slow(question: str) -> Any:
    await asyncio.sleep(0.05)
    return answer(prompt, question)


def slow_in_a_thread(question: str) -> Any:
    time.sleep(0.05)
    return answer(prompt, question)


async def quick(question: str) -> Any:
    return answer(prompt, question)


def quick_in_a_thread(question: str) -> Any:
    return answer(prompt, question)


async def bare() -> None:
    """The same waiting, and nothing else: 32 workers, each of which waits eight times."""

    async def worker() -> None:
        for _ in range(8):
            await asyncio.sleep(0.05)

    await asyncio.gather(*(worker() for _ in range(32)))


def bare_seconds() -> float:
    start = time.perf_counter()
    asyncio.run(bare())
    return time.perf_counter() - start


def at_once(program: Any, repeat: int) -> dict[str, float]:
    """256 evaluations of 50 ms at parallel=32; on a busy machine, what bare waiting takes there is the fair measure."""
    ideal = 256 * 0.05 / 32
    pairs = [(run(program, 256, 32), bare_seconds()) for _ in range(repeat)]
    taken = [seconds for seconds, _ in pairs]
    return {
        "ideal_seconds": ideal,
        "median_seconds": round(statistics.median(taken), 4),
        "best_over_ideal": round(min(taken) / ideal, 3),
        "median_over_ideal": round(statistics.median(taken) / ideal, 3),
        "median_over_bare": round(statistics.median(seconds / alone for seconds, alone in pairs), 3),
    }


def overhead(program: Any, repeat: int) -> dict[str, float]:
    """Milliseconds of an evaluation that takes no time itself: by the clock, and of the processor."""
    clock, processor = [], []
    for _ in range(repeat):
        start = time.process_time()
        clock.append(run(program, 1_000, 32))
        processor.append(time.process_time() - start)
    return {"clock": round(statistics.median(clock), 3), "processor": round(statistics.median(processor), 3)}


def memory(count: int) -> dict[str, Any]:
    """Peaks of memory in a run's two halves, and what is held at their ends for each evaluation between them."""
    marks: list[tuple[int, int]] = []
    done = 0

    def observe(event: Event) -> None:
        nonlocal done
        if isinstance(event, EvaluationEnded):
            done += 1
            if done in (count // 10, count // 2, count):
                gc.collect()
                marks.append(tracemalloc.get_traced_memory())
                tracemalloc.reset_peak()

    with tempfile.TemporaryDirectory() as folder:
        tracemalloc.start()
        run(quick, count, 32, OnDisk(Path(folder) / "kept.db"), [observe])
        tracemalloc.stop()
    (_, _), (middle, first), (end, second) = marks
    return {
        "evaluations": count,
        "peak_mb_first_half": round(first / 2**20, 2),
        "peak_mb_second_half": round(second / 2**20, 2),
        "held_bytes_for_each_evaluation": round((end - middle) / (count / 2)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, a shorter run")
    repeat = 2 if (small := parser.parse_args().quick) else 7
    result = {
        "at_once": {"async": at_once(slow, repeat), "threads": at_once(slow_in_a_thread, repeat)},
        "overhead_ms": {"async": overhead(quick, repeat), "threads": overhead(quick_in_a_thread, repeat)},
        "memory": memory(2_000 if small else 10_000),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
