"""How many functions with a planted bug are repaired: OptoPrime beside a plain loop, on the same model.

    python benchmarks/debugging.py [--seeds 3] [--steps 3] [--methods optoprime plain] [--tuning]

Both see one failing check a step and keep what they were answered. The plain loop shows the code and the check and asks
for the corrected function. A task is solved when all checks and the held-out ones pass. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import linecache
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import tuning_tasks
from benchmarks.debugging_tasks import TASKS, Task
from trace_core.bundles import Bundle, bundle
from trace_core.errors import ExecutionError, InvalidCode
from trace_core.llm.chat import ChatModel, Message, Usage
from trace_core.nodes import MessageNode
from trace_core.optimizers.optoprime import OptoPrime


@dataclass
class Result:
    """One run of one method on one task."""

    task: str
    method: str
    seed: int
    solved: bool
    steps: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float


def trainable(task: Task) -> Bundle:
    """The task's function as a trainable bundle."""
    name = f"<{task.name}>"
    linecache.cache[name] = (len(task.source), None, task.source.splitlines(keepends=True), name)
    namespace: dict[str, Any] = {}
    exec(compile(task.source, name, "exec"), namespace)
    return bundle(trainable=True)(namespace[task.name])


def call(function: Bundle, args: tuple[Any, ...]) -> MessageNode:
    """The node of the result, or of the error."""
    try:
        return function(*args)
    except ExecutionError as error:
        return error.node


def first_failure(function: Bundle, checks: Any) -> tuple[tuple[Any, ...], Any, MessageNode] | None:
    """The first check that does not hold, with what came out instead."""
    for args, expected in checks:
        output = call(function, args)
        if type(output) is not MessageNode or output.data != expected:
            return args, expected, output
    return None


def optoprime_steps(function: Bundle, task: Task, llm: ChatModel) -> Iterator[Usage]:
    """One step of OptoPrime at a time."""
    optimizer = OptoPrime(function.parameters(), llm, retries=0)
    while (failure := first_failure(function, task.checks)) is not None:
        _, expected, output = failure
        optimizer.zero_feedback()
        output.backward(f"expected {expected!r}")
        yield optimizer.step().usage


def plain_steps(function: Bundle, task: Task, llm: ChatModel) -> Iterator[Usage]:
    """One round of the plain loop at a time."""
    assert function.code is not None
    while (failure := first_failure(function, task.checks)) is not None:
        args, expected, output = failure
        shown = f"{task.name}({', '.join(map(repr, args))})"
        got = f"returned {output.data!r}" if type(output) is MessageNode else f"raised {output.data.splitlines()[0]}"
        prompt = (
            f"```python\n{function.code.data.strip()}\n```\n"
            f"{shown} {got}, expected {expected!r}.\nGive the corrected function in one block."
        )
        completion = llm.complete([Message(role="user", content=prompt)])
        blocks = re.findall(r"```(?:python)?\n(.*?)```", completion.text, re.DOTALL)
        for block in reversed(blocks):
            try:
                function.code.set(block.strip(), author="plain loop")
                break
            except InvalidCode:
                continue
        yield completion.usage


METHODS: dict[str, Callable[[Bundle, Task, ChatModel], Iterator[Usage]]] = {
    "optoprime": optoprime_steps,
    "plain": plain_steps,
}


def run(task: Task, method: str, llm: ChatModel, seed: int, steps: int) -> Result:
    """One method on one task, for at most so many steps."""
    function = trainable(task)
    start, usage, taken = time.perf_counter(), Usage(), 0
    rounds = METHODS[method](function, task, llm)
    for taken in range(1, steps + 1):
        spent = next(rounds, None)
        if spent is None:
            taken -= 1
            break
        usage += spent
    solved = first_failure(function, task.checks + task.held_out) is None
    seconds = round(time.perf_counter() - start, 1)
    return Result(
        task.name, method, seed, solved, taken, usage.calls, usage.prompt_tokens, usage.completion_tokens, seconds
    )


def summary(results: list[Result]) -> dict[str, Any]:
    """Solved, calls and tokens of each method."""
    return {
        method: {
            "runs": len(mine),
            "solved": sum(r.solved for r in mine),
            "solved_by_seed": [sum(r.solved for r in mine if r.seed == s) for s in sorted({r.seed for r in mine})],
            "calls": sum(r.calls for r in mine),
            "prompt_tokens": sum(r.prompt_tokens for r in mine),
            "completion_tokens": sum(r.completion_tokens for r in mine),
        }
        for method in METHODS
        if (mine := [r for r in results if r.method == method])
    }


def sampled(seed: int) -> ChatModel:
    """The local model with another seed for each question, so that neither method asks again in vain."""
    from trace_local import LocalChat

    class Sampled(LocalChat):
        def complete(self, messages: Any, schema: Any = None) -> Any:
            self.seed += 1
            return super().complete(messages, schema)

    return Sampled(temperature=0.7, seed=100 * seed, max_tokens=600)


def main(make_llm: Callable[[int], ChatModel] = sampled) -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--tuning", action="store_true", help="the tasks for trying things out, not those that count")
    options = parser.parse_args()

    warnings.simplefilter("ignore")
    results = []
    for seed in range(options.seeds):
        for task in tuning_tasks.TASKS if options.tuning else TASKS:
            for method in options.methods:
                result = run(task, method, make_llm(seed), seed, options.steps)
                print(json.dumps(asdict(result)), file=sys.stderr, flush=True)
                results.append(result)
    print(json.dumps({"summary": summary(results), "runs": [asdict(result) for result in results]}, indent=2))


if __name__ == "__main__":
    main()
