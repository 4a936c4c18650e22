"""How much the quickstart learns: five splits, with what a support lead says, with that shuffled, and with "wrong".

    python benchmarks/quickstart.py [--splits 5] [--feedback full shuffled wrong]

Decoding is greedy and the budget the same for all. Prints JSON: held-out tickets of 40 routed right, before and after.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

EXAMPLES = Path(__file__).parents[1] / "examples"
sys.path.insert(0, str(EXAMPLES))


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--feedback", nargs="+", default=["full", "shuffled", "wrong"])
    options = parser.parse_args()
    results = {}
    for feedback in options.feedback:
        runs = []
        for split in range(options.splits):
            learn: Callable[[int, str], tuple[int, int]] = runpy.run_path(str(EXAMPLES / "quickstart.py"))["learn"]
            start = time.perf_counter()
            with contextlib.redirect_stdout(sys.stderr):
                before, after = learn(split, feedback)
            runs.append({"before": before, "after": after, "seconds": round(time.perf_counter() - start)})
        medians = [median(run[when] for run in runs) for when in ("before", "after")]
        results[feedback] = {"median": medians, "splits": runs}
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
