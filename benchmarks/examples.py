"""How often the example programs reach their aim: each with five samples of the local model's answers.

    python benchmarks/examples.py [--seeds 5] [--programs strange_sort two_numbers …]

The aims: all calls right (strange_sort); a profit within a hundredth of the best (two_numbers); all messages answered
right (language_module); the questions answered (tool_agent, autogen_tools, llamaindex_agent, draft_and_revise,
tool_loop); an advertisement that names the price (writer_and_critic); an answer with its source, and one from the
second passage (citing_engine). Prints JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import runpy
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from trace_local import LocalChat

from trace_core.llm import Budget, BudgetedChat, ChatModel

EXAMPLES = Path(__file__).parents[1] / "examples"
ALONE = ["strange_sort", "two_numbers"]
ANSWERING = [  # a model does the task, too
    "language_module",
    "tool_agent",
    "writer_and_critic",
    "autogen_tools",
    "citing_engine",
    "llamaindex_agent",
    "draft_and_revise",
    "tool_loop",
]
PROGRAMS = [*ALONE, *ANSWERING]
sys.path.insert(0, str(EXAMPLES))


def learn(program: str, seed: int) -> tuple[bool, str, Budget]:
    """Run a program once: whether it reached its aim, what it printed, and what it spent."""
    learns: Callable[..., bool] = runpy.run_path(str(EXAMPLES / f"{program}.py"))["learn"]
    budget = Budget(calls=1_000)
    models: list[ChatModel] = [BudgetedChat(LocalChat(temperature=0.7, seed=seed), budget)]
    if program in ANSWERING:
        models.append(BudgetedChat(LocalChat(max_tokens=200), budget))  # what does the task stays the same
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        reached = learns(*models)
    return reached, printed.getvalue(), budget


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--programs", nargs="+", default=PROGRAMS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    results = {}
    for program in options.programs:
        runs = []
        for seed in range(1, options.seeds + 1):
            start = time.perf_counter()
            reached, printed, budget = learn(program, seed)
            spent = budget.spent
            run = {"reached": reached, "calls": spent.calls, "tokens": spent.tokens}
            runs.append(run | {"seconds": round(time.perf_counter() - start, 1)})
            print(f"{program}, seed {seed}: {runs[-1]}\n{printed}", file=sys.stderr, flush=True)
        results[program] = {"reached": f"{sum(run['reached'] for run in runs)} of {len(runs)}", "runs": runs}
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
