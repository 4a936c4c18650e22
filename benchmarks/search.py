"""Does the search do what it claims? A task whose optimum is known, with a proposer that is right about half the time.

    python benchmarks/search.py [--seeds 200] [--budget 1000] [--minutes 30] [--processes 2] [--json]

Four skills, each a setting from 0 to 9; an example needs one of them, and a skill that is below its neighbour suffers
from it, so that what helps some examples hurts others. An example is right by chance, the better its skill, the more
often: scores are as noisy as an LLM's. The proposer looks at the examples that went wrong, and then improves the right
skill, changes nothing that counts, or makes something worse. What is compared is the true quality of what each search
returns for the same number of evaluations: the mean chance of being right, 0.10 at first, at best 0.91.

Prints a table, or JSON. Intervals are of 95 %; differences are paired by seed, to greedy search that accepts whatever
is better by however little.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from trace_core import ParameterSet, bundle, node
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
from trace_train.records import Proposed
from trace_train.searching import Search
from trace_train.strategies import Seen

SKILLS = 4
BEST = 9
GREEDY = "greedy, strictly greater"

STRATEGIES: dict[str, dict[str, Any]] = {
    GREEDY: {"choosing": Best(), "accepting": Strict()},
    "greedy, margin 0.02": {"choosing": Best(), "accepting": Margin(0.02)},
    "greedy, margin 0.05": {"choosing": Best(), "accepting": Margin(0.05)},
    "greedy, margin 0.1": {"choosing": Best(), "accepting": Margin(0.1)},
    "greedy, margin 0.05, strict minibatch": {"choosing": Best(), "accepting": Margin(0.05, minibatch=0.01)},
    "greedy, confident": {"choosing": Best(), "accepting": Confident()},
    "beam of 3, margin 0.02": {"choosing": Beam(3), "accepting": Margin(0.02)},
    "Pareto, strictly greater": {"choosing": Pareto(), "accepting": Strict()},
    "Pareto, margin 0.02": {"choosing": Pareto(), "accepting": Margin(0.02)},
    "Pareto, margin 0.05": {"choosing": Pareto(), "accepting": Margin(0.05)},
    "upper confidence, strictly greater": {"choosing": UpperConfidence(), "accepting": Strict()},
    "upper confidence, margin 0.02": {"choosing": UpperConfidence(), "accepting": Margin(0.02)},
    "upper confidence, margin 0.05": {"choosing": UpperConfidence(), "accepting": Margin(0.05)},
    "Pareto, margin 0.02, merging": {"choosing": Pareto(), "accepting": Margin(0.02), "merging": Complementary()},
}


def chance(skills: Sequence[int], place: int) -> float:
    """How often an example that needs this skill is right."""
    behind = max(0, skills[place - 1] - skills[place])
    return min(0.98, max(0.02, 0.1 + 0.09 * skills[place] - 0.05 * behind))


def quality(values: Mapping[str, Any]) -> float:
    """The true quality of a candidate."""
    skills = [values[f"skill{place}"] for place in range(SKILLS)]
    return statistics.fmean(chance(skills, place) for place in range(SKILLS))


class Proposer:
    """Improves what went wrong, changes nothing that counts, or makes something worse."""

    def __init__(self, parameters: ParameterSet) -> None:
        self.parameters = parameters

    def begin(self) -> None: ...

    def recall(self, search: Search, seen: Sequence[Seen]) -> None: ...

    async def propose(self, search: Search, seen: Sequence[Seen]) -> Proposed:
        random = search.random("proposer")
        values = self.parameters.state_dict()
        wrong = [each.example % SKILLS for each in seen if not each.evaluation.score]
        luck = random.random()
        if luck < 0.45 and wrong:
            name = f"skill{random.choice(wrong)}"
            return Proposed({name: min(BEST, values[name] + random.randint(2, 4))})
        if luck < 0.7:
            return Proposed({"manner": random.randrange(1_000_000)})
        name = f"skill{random.randrange(SKILLS)}"
        return Proposed({name: max(0, values[name] - random.randint(2, 4))})


def searched(job: tuple[str, int, int]) -> dict[str, float]:
    """One run of a strategy: the true quality of what it returned, and how well it judged."""
    name, seed, budget = job
    skills = [node(0, trainable=True, name=f"skill{place}") for place in range(SKILLS)]
    manner = node(0, trainable=True, name="manner")
    parameters = ParameterSet([*skills, manner])

    @bundle
    async def program(example: int) -> bool:
        """Whether it went right, by chance."""
        values = [skill.data for skill in skills]
        return Random(f"{seed}:{values}:{manner.data}:{example}").random() < chance(values, example % SKILLS)

    guide = _right
    trainer = Trainer(program, Proposer(parameters), guide, progress=False, **STRATEGIES[name])
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
    worse = [c for c in accepted if quality(c.values) <= quality(journal.candidates[c.parents[0]].values)]
    true = quality(report.best.candidate.values)
    assert report.validation is not None
    return {
        "quality": true,
        "flattery": report.validation[1] - true,
        "accepted": len(accepted),
        "wrongly": len(worse) / len(accepted) if accepted else 0.0,
        "steps": len(report.steps),
    }


def _right(example: int, output: bool) -> float:
    return float(output)


_right.quick = True  # type: ignore[attr-defined]


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The mean, and half the width of its interval of 95 %."""
    return statistics.fmean(values), 1.96 * statistics.stdev(values) / math.sqrt(len(values))


def compared(found: Mapping[str, Sequence[Mapping[str, float]]]) -> dict[str, dict[str, Any]]:
    """Each strategy's means with their intervals, and its difference to greedy search."""
    table = {}
    for name, runs in found.items():
        row: dict[str, Any] = {key: [round(x, 4) for x in interval([run[key] for run in runs])] for key in runs[0]}
        differences = [run["quality"] - base["quality"] for run, base in zip(runs, found[GREEDY], strict=True)]
        row["gain"] = [round(x, 4) for x in interval(differences)]
        table[name] = row
    return table


def as_text(table: Mapping[str, Mapping[str, Any]]) -> str:
    """The table in Markdown."""
    lines = [
        "| search | true quality | difference to the first | flattery | accepted | of these no better | steps |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, row in table.items():
        both = {key: f"{mean:.3f} ± {half:.3f}" for key, (mean, half) in row.items()}
        few = f"{row['accepted'][0]:.1f} | {row['wrongly'][0]:.0%} | {row['steps'][0]:.0f}"
        lines.append(f"| {name} | {both['quality']} | {both['gain']} | {both['flattery']} | {few} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--budget", type=int, default=1_000, help="evaluations of a run")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no further seed after so long")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    jobs = [(name, seed, options.budget) for seed in range(options.seeds) for name in STRATEGIES]
    found: dict[str, list[dict[str, float]]] = {name: [] for name in STRATEGIES}
    until = time.monotonic() + options.minutes * 60
    with ProcessPoolExecutor(options.processes) as pool:
        for (name, seed, _), run in zip(jobs, pool.map(searched, jobs), strict=True):
            found[name].append(run)
            if name == list(STRATEGIES)[-1] and time.monotonic() > until:
                print(f"stopped after {seed + 1} seeds", file=sys.stderr)
                pool.shutdown(cancel_futures=True)
                break
    table = compared(found)
    print(json.dumps(table, indent=2) if options.json else as_text(table))


if __name__ == "__main__":
    main()
