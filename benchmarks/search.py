"""Does the search do what it claims? Tasks whose optimum is known, with a proposer that is right about half the time.

    python benchmarks/search.py [--seeds 200] [--budget 1000] [--minutes 30] [--processes 2] [--json]

Four skills, each a level from 0 to 9; an example needs one of them, and is right by a chance that the skill decides.
A level is written in ever other words (the fraction of its number), so that what failed once can be tried again.
The proposer looks at the examples that went wrong, and then improves what one of them needs, changes nothing that
counts, or makes something worse. What is compared is the true quality of what each search returns for the same number
of evaluations: the mean chance of being right. There are two landscapes, both 0.91 high at best:

- slope: 0.10 at first, and up by many small gains; a skill that is below its neighbour suffers from it, so that what
  helps some examples hurts others. Following the best candidate leads up.
- trap: 0.15 at first. A short cut helps three quarters of the examples at once, and breaks the rest: 0.38 at once, and
  never more, for skills count for nothing there. The thorough way helps only those that the short cut breaks: 0.20 at
  once, and up to the top by skills. From the short cut to the thorough way is a loss: following the best candidate is
  stuck. The claim of GEPA (arXiv 2507.19457, section 3) is that a search which goes on from what is best on some
  example gets out.

And there are two kinds of scores on each:

- luck: each run of a candidate on an example is drawn by itself, so scores are as noisy as they can be.
- difficulty: an example has one, and is right where the chance is above it: what one run says of it is all there is
  to say, and two candidates differ only where they are different.

Prints a table, or JSON, which has more: how much too high the score is that a result was selected by, how many
candidates were accepted, the share of these that were no better, and the steps. Intervals are of 95 %; differences are
paired by seed, to greedy search that accepts whatever is better by however little.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from trace_core import ParameterSet, node
from trace_core.llm.chat import Usage
from trace_train import (
    Beam,
    Best,
    Budget,
    Complementary,
    Confident,
    Margin,
    MaxSteps,
    MemoryJournal,
    Pareto,
    Strict,
    Trainer,
    UpperConfidence,
)
from trace_train.data.examples import Example
from trace_train.executors.base import Run
from trace_train.records import Evaluation, Proposed
from trace_train.running import Result, Runner
from trace_train.searching import Search
from trace_train.strategies import Seen

SKILLS = 4
BEST = 9
GREEDY = "greedy, strictly greater"

TIES = {"minibatch": -0.001}
"""What is as good on its minibatch is validated, too."""
STRATEGIES: dict[str, dict[str, Any]] = {
    GREEDY: {"choosing": Best(), "accepting": Strict()},
    "greedy, margin 0.02 (the default)": {"choosing": Best(), "accepting": Margin(0.02)},
    "greedy, margin 0.02, ties pass the minibatch": {"choosing": Best(), "accepting": Margin(0.02, **TIES)},
    "greedy, margin 0.05": {"choosing": Best(), "accepting": Margin(0.05, **TIES)},
    "greedy, confident": {"choosing": Best(), "accepting": Confident()},
    "greedy, margin 0.02, merging": {"choosing": Best(), "accepting": Margin(0.02, **TIES), "merging": Complementary()},
    "beam of 3, margin 0.02": {"choosing": Beam(3), "accepting": Margin(0.02, **TIES)},
    "upper confidence, strictly greater": {"choosing": UpperConfidence(), "accepting": Strict()},
    "upper confidence, margin 0.02": {"choosing": UpperConfidence(), "accepting": Margin(0.02, **TIES)},
    "Pareto, strictly greater": {"choosing": Pareto(), "accepting": Strict()},
    "Pareto, margin 0.02": {"choosing": Pareto(), "accepting": Margin(0.02, **TIES)},
    "Pareto, margin 0.02, merging": {
        "choosing": Pareto(),
        "accepting": Margin(0.02, **TIES),
        "merging": Complementary(),
    },
}


class Slope:
    """Skills that lean on their neighbours."""

    first: Mapping[str, float] = {**{f"skill{place}": 0.0 for place in range(SKILLS)}, "manner": 0.0}
    gained: tuple[int, int] = (2, 4)
    """Between what numbers a skill improves at once."""

    def chance(self, values: Mapping[str, Any], place: int) -> float:
        """How often an example that needs this skill is right."""
        skill, neighbour = (int(values[f"skill{each % SKILLS}"]) for each in (place, place - 1))
        return min(0.98, max(0.02, 0.1 + 0.09 * skill - 0.05 * max(0, neighbour - skill)))

    def improved(self, random: Random, values: Mapping[str, Any], place: int) -> dict[str, int]:
        """What helps an example that needs this skill."""
        return {f"skill{place}": min(BEST, int(values[f"skill{place}"]) + random.randint(*self.gained))}


SHORT_CUT, THOROUGH = 1, 2


class Trap(Slope):
    """A way of doing it that helps most at once and leads nowhere, and one that helps few at once and leads up."""

    first: Mapping[str, float] = {**Slope.first, "way": 0.0}
    gained = (4, 6)
    starts = ((0.1, 0.1, 0.1, 0.3), (0.5, 0.5, 0.5, 0.02), (0.1, 0.1, 0.1, 0.5))
    worth = (0.0, 0.0, 0.09)

    def chance(self, values: Mapping[str, Any], place: int) -> float:
        """How often an example that needs this skill is right."""
        way = int(values["way"])
        return min(0.91, self.starts[way][place] + self.worth[way] * int(values[f"skill{place}"]))

    def improved(self, random: Random, values: Mapping[str, Any], place: int) -> dict[str, int]:
        """The skill, or the way that helps there, as often."""
        way = random.choice((SHORT_CUT, THOROUGH)) if place < SKILLS - 1 else THOROUGH
        if random.random() < 0.5 or way == int(values["way"]):
            return super().improved(random, values, place)
        return {"way": way}


@dataclass(frozen=True)
class Task:
    """A landscape with one kind of scores, drawn for a seed."""

    landscape: Slope
    scores: str
    seed: int = 0

    def quality(self, values: Mapping[str, Any]) -> float:
        """The true quality of a candidate."""
        return statistics.fmean(self.landscape.chance(values, place) for place in range(SKILLS))

    def score(self, values: Mapping[str, Any], example: int) -> float:
        """What one run gives."""
        drawn = sorted(values.items()) if self.scores == "luck" else ""
        return float(
            Random(f"{self.seed}:{drawn}:{example}").random() < self.landscape.chance(values, example % SKILLS)
        )

    @asynccontextmanager
    async def open(self, runner: Runner) -> AsyncIterator[Run]:
        """An executor that makes evaluations by the formula: there is nothing to run, and no trace to learn from."""

        async def run(example: Example, values: Mapping[str, Any]) -> Result:
            cost = runner.spending.charge("program", Usage(), evaluations=1)
            return Result(Evaluation(self.score(values, example.data)), cost)

        yield run


TASKS = {
    f"{type(landscape).__name__.lower()}, {scores}": Task(landscape, scores)
    for landscape, scores in product((Slope(), Trap()), ("luck", "difficulty"))
}


class Proposer:
    """Improves what went wrong, changes nothing that counts, or makes something worse."""

    def __init__(self, landscape: Slope) -> None:
        self.landscape = landscape
        self.parameters = ParameterSet(
            [node(value, trainable=True, name=name) for name, value in landscape.first.items()]
        )

    def begin(self) -> None: ...

    def recall(self, search: Search, seen: Sequence[Seen]) -> None: ...

    async def propose(self, search: Search, seen: Sequence[Seen]) -> Proposed:
        random = search.random("proposer")
        levels = self._levels(random, [each.example % SKILLS for each in seen if not each.evaluation.score])
        return Proposed({name: level + random.random() for name, level in levels.items()})

    def _levels(self, random: Random, wrong: Sequence[int]) -> dict[str, int]:
        values = self.parameters.state_dict()
        luck = random.random()
        if luck < 0.45 and wrong:
            return self.landscape.improved(random, values, random.choice(wrong))
        if luck < 0.7:
            return {"manner": 0}
        name = f"skill{random.randrange(SKILLS)}"
        return {name: max(0, int(values[name]) - random.randint(2, 4))}


def searched(job: tuple[str, str, int, int]) -> dict[str, float]:
    """One run of a strategy: the true quality of what it returned, and how well it judged."""
    name, strategy, seed, budget = job
    task = Task(TASKS[name].landscape, TASKS[name].scores, seed)
    trainer = Trainer(_unused, Proposer(task.landscape), _unused, executor=task, progress=False, **STRATEGIES[strategy])
    journal = MemoryJournal()
    report = trainer.fit(
        range(60),
        range(60, 100),
        batch_size=6,
        parallel=4,
        budget=Budget(evaluations=budget),
        stopping=[MaxSteps(10_000)],
        seed=seed,
        journal=journal,
    )
    accepted = [journal.candidates[each.candidate] for each in report.steps if each.accepted]
    better = [c for c in accepted if task.quality(c.values) > task.quality(journal.candidates[c.parents[0]].values)]
    true = task.quality(report.best.candidate.values)
    assert report.validation is not None
    return {
        "quality": true,
        "flattery": report.validation[1] - true,
        "accepted": len(accepted),
        "wrongly": 1 - len(better) / len(accepted) if accepted else 0.0,
        "steps": len(report.steps),
    }


def _unused(*_: Any) -> float:
    raise NotImplementedError


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The mean, and half the width of its interval of 95 %."""
    return statistics.fmean(values), 1.96 * statistics.stdev(values) / math.sqrt(len(values))


def compared(found: Mapping[str, Mapping[str, Sequence[Mapping[str, float]]]]) -> dict[str, dict[str, Any]]:
    """Of each task, each strategy's means with their intervals, and its difference to greedy search."""
    table: dict[str, dict[str, Any]] = {}
    for (task, strategies), (name, runs) in ((each, row) for each in found.items() for row in each[1].items()):
        row: dict[str, Any] = {key: [round(x, 4) for x in interval([run[key] for run in runs])] for key in runs[0]}
        differences = [run["quality"] - base["quality"] for run, base in zip(runs, strategies[GREEDY], strict=True)]
        row["gain"] = [round(x, 4) for x in interval(differences)]
        table.setdefault(task, {})[name] = row
    return table


def as_text(table: Mapping[str, Mapping[str, Any]]) -> str:
    """The true quality in Markdown, a column for each task; after the first row with the difference to that."""
    lines = [f"| search | {' | '.join(table)} |", f"| --- |{' --- |' * len(table)}"]
    for name in STRATEGIES:
        cells = []
        for rows in table.values():
            (mean, half), (gain, gain_half) = rows[name]["quality"], rows[name]["gain"]
            cells.append(
                f"{mean:.3f} ± {half:.3f}" if name == GREEDY else f"{mean:.3f} ({gain:+.3f} ± {gain_half:.3f})"
            )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--budget", type=int, default=1_000, help="evaluations of a run")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no further seed after so long")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found: dict[str, dict[str, list[dict[str, float]]]] = {task: {name: [] for name in STRATEGIES} for task in TASKS}
    until = time.monotonic() + options.minutes * 60
    with ProcessPoolExecutor(options.processes) as pool:
        for seed in range(options.seeds):
            jobs = [(task, name, seed, options.budget) for task in TASKS for name in STRATEGIES]
            for (task, name, *_), run in zip(jobs, pool.map(searched, jobs), strict=True):
                found[task][name].append(run)
            if time.monotonic() > until:
                print(f"stopped after {seed + 1} seeds", file=sys.stderr)
                break
    table = compared(found)
    print(json.dumps(table, indent=2) if options.json else as_text(table))


if __name__ == "__main__":
    main()
