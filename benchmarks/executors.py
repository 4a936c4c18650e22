"""What a second worker brings for programs that compute: worker processes, Ray, and bare processes as what can be had.

    python benchmarks/executors.py [--quick] [--only bare|processes|ray]

Prints JSON: evaluations per second with one worker and with two, after the workers have started, each as the median of
interleaved repetitions; the ratios of pairs that were measured one after the other; how many evaluations went on at
once on the mean (2 where both workers were busy all the time, whatever else the machine did); and what starting takes.
The load of the machine stands beside the figures: where others compute too, they say more about them. Ray is measured
where it is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from trace_core import OptoPrime, ReplayChat, bundle, node
from trace_train import MaxSteps, ProcessExecutor, RayExecutor, Trainer
from trace_train.events import EvaluationEnded, Event

FACTORY = "executors:make"
WORK = 2_000_000
STARTED = 6
"""So many evaluations have ended when all workers have."""


@bundle
def compute(rounds: int, i: int) -> int:
    """Something that takes a while."""
    return computed(rounds, i)


def computed(rounds: int, i: int) -> int:
    value = i
    for _ in range(rounds):
        value = (value * 1_103_515_245 + 12_345) % 2_147_483_648
    return value


def make() -> tuple[Any, ...]:
    rounds = node(WORK, trainable=True, name="rounds")
    return (lambda i: compute(rounds, i)), [rounds], score, "i"


def score(example: Any, output: Any) -> float:
    return 1.0


def with_executor(executor: Any, count: int) -> dict[str, float]:
    """Evaluations per second, and seconds until the workers have started."""
    program, parameters, guide, inputs = make()
    ended: list[float] = []
    seconds: list[float] = []

    def observe(event: Event) -> None:
        if isinstance(event, EvaluationEnded):
            ended.append(time.perf_counter())
            seconds.append(event.seconds)

    optimizer = OptoPrime(parameters, ReplayChat([]))
    trainer = Trainer(program, optimizer, guide, inputs=inputs, executor=executor, observers=[observe], progress=False)
    start = time.perf_counter()
    trainer.fit([{"i": i} for i in range(count + STARTED)], parallel=4, stopping=[MaxSteps(0)])
    took = ended[-1] - ended[STARTED - 1]
    return {"per_second": count / took, "at_once": sum(seconds[STARTED:]) / took, "first_after": ended[0] - start}


def bare(workers: int, count: int) -> dict[str, float]:
    """The same without any of ours."""
    start = time.perf_counter()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        list(pool.map(computed, [WORK] * STARTED, range(STARTED)))
        started = time.perf_counter()
        list(pool.map(computed, [WORK] * count, range(count)))
        took = time.perf_counter() - started
        return {"per_second": count / took, "first_after": started - start}


def on_ray(workers: int, count: int) -> dict[str, float]:
    """On a cluster of two processors, of which an evaluation takes one, or both."""
    return with_executor(RayExecutor(FACTORY, num_cpus=2 // workers), count)


def compared(measure: Callable[[int, int], dict[str, float]], count: int, repeats: int) -> dict[str, Any]:
    """One worker beside two."""
    before = os.getloadavg()[0]
    pairs = [(measure(1, count), measure(2, count)) for _ in range(repeats)]
    one, two = ([pair[which]["per_second"] for pair in pairs] for which in (0, 1))
    ratios = [b / a for a, b in zip(one, two, strict=True)]
    return {
        "one_worker_per_second": round(statistics.median(one), 2),
        "two_workers_per_second": round(statistics.median(two), 2),
        "ratio": round(statistics.median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "at_once": [round(statistics.median(pair[i].get("at_once", 0) for pair in pairs), 2) for i in (0, 1)],
        "first_result_after_seconds": round(statistics.median(pair[1]["first_after"] for pair in pairs), 2),
        "load_before_and_after": [round(before, 1), round(os.getloadavg()[0], 1)],
    }


def processes(workers: int, count: int) -> dict[str, float]:
    """In worker processes."""
    return with_executor(ProcessExecutor(FACTORY, workers=workers), count)


def start_ray() -> None:
    import ray

    paths = os.pathsep.join([str(ROOT), str(ROOT / "benchmarks")])
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - Ray's own name; by default its workers come last
    ray.init(num_cpus=2, runtime_env={"env_vars": {"PYTHONPATH": paths}}, log_to_driver=False)


MEASURES = {"bare": bare, "processes": processes, "ray": on_ray}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few evaluations, once")
    parser.add_argument("--only", choices=MEASURES, help="one of them")
    options = parser.parse_args()
    count, repeats = (8, 1) if options.quick else (20, 3)
    names = [options.only] if options.only else [name for name in MEASURES if name != "ray" or find_spec("ray")]
    figures: dict[str, Any] = {"processors": os.cpu_count(), "evaluations": count, "repeats": repeats}
    for name in names:
        if name == "ray":
            start_ray()
        figures[name] = compared(MEASURES[name], count, repeats)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
