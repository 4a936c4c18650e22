"""Learn two numbers with a known optimum: the price and the discount at which an invented shop earns the most.

    python examples/two_numbers.py [--seed 0] [--steps 8]

The feedback says in which direction each number should go, as a person who knows the shop would.
"""

from __future__ import annotations

import argparse
import warnings
from typing import Annotated

from pydantic import Field

from trace_core import OptoPrime, bundle, node
from trace_core.llm import default_llm

BEST = (40, 10)

price = node(90, trainable=True, name="price", type=Annotated[int, Field(ge=0, le=100)])
discount = node(35, trainable=True, name="discount", type=Annotated[int, Field(ge=0, le=50)])


@bundle
def profit(price: int, discount: int) -> int:
    """What the shop earns in a month."""
    return 5_000 - 2 * (price - BEST[0]) ** 2 - 3 * (discount - BEST[1]) ** 2


def advice() -> str:
    """What somebody who knows the shop says."""
    words = []
    for parameter, best in ((price, BEST[0]), (discount, BEST[1])):
        off = parameter.data - best
        if off:
            amount = "much" if abs(off) > 15 else "somewhat" if abs(off) > 5 else "slightly"
            words.append(f"{parameter.name} is {amount} too {'high' if off > 0 else 'low'}")
    return "; ".join(words) or "both are right"


def main() -> None:
    """Learn, and print each step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="which sample of the local model; 0 is greedy decoding")
    parser.add_argument("--steps", type=int, default=8)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    llm = default_llm()
    if options.seed and hasattr(llm, "temperature"):
        llm.temperature, llm.seed = 0.7, options.seed
    optimizer = OptoPrime([price, discount], llm, memory_size=3)
    start = profit(price, discount).data
    for _ in range(options.steps):
        earned = profit(price, discount)
        print(f"price {price.data}, discount {discount.data}: profit {earned.data} ({advice()})")
        optimizer.zero_feedback()
        earned.backward(advice())
        optimizer.step()
    end = profit(price, discount).data
    print(f"profit {start} before, {end} after; the best is {profit(*BEST).data}")


if __name__ == "__main__":
    main()
