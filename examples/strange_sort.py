"""Learn a function's code from failing calls.

python examples/strange_sort.py --replay   # a second, without any model: problem, answer and diff of one step
python examples/strange_sort.py            # with the model that is configured
"""

from __future__ import annotations

import argparse
import warnings

from trace_core import ExecutionError, MessageNode, OptoPrime, bundle
from trace_core.llm import ChatModel, ReplayChat, default_llm

CALLS = [([3, 1, 2, 4], [1, 4, 2, 3]), ([5, 5, 1], [1, 5, 5]), ([7], [7]), ([], [])]

RECORDED = """```python
def strange_sort(lst: list[int]) -> list[int]:
    \"\"\"Minimum first, then maximum of the rest, then minimum, and so on.\"\"\"
    rest, result = sorted(lst), []
    while rest:
        result.append(rest.pop(0 if len(result) % 2 == 0 else -1))
    return result
```"""


@bundle(trainable=True)
def strange_sort(lst: list[int]) -> list[int]:
    """Minimum first, then maximum of the rest, then minimum, and so on."""
    return sorted(lst)


def first_wrong() -> tuple[MessageNode, list[int]] | None:
    """The first call whose result, or error, is not what is expected."""
    for given, expected in CALLS:
        try:
            output = strange_sort(given)
        except ExecutionError as error:
            return error.node, expected
        if output != expected:
            return output, expected
    return None


def learn(llm: ChatModel, steps: int = 3, show: bool = False) -> bool:
    """Take steps until all calls are right, or there are no more."""
    optimizer = OptoPrime(strange_sort.parameters(), llm)
    for _ in range(steps):
        wrong = first_wrong()
        if wrong is None:
            break
        output, expected = wrong
        optimizer.zero_feedback()
        output.backward(f"expected {expected}")
        record = optimizer.step()
        if show:
            print(f"--- the problem\n{record.problem}\n\n--- the answer\n{record.answer}\n")
        print(f"--- what the step did\n{record}\n")
    return first_wrong() is None


def main() -> None:
    """Learn, and say whether it worked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replay", action="store_true", help="answer from a recording, without a model")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    right = learn(ReplayChat([RECORDED]), show=True) if options.replay else learn(default_llm())
    print("all calls are right" if right else "some calls are still wrong")


if __name__ == "__main__":
    main()
