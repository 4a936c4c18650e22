"""Learn two numbers with a known optimum: the price and the discount at which an invented shop earns the most.

    python examples/two_numbers.py

The feedback says which way each number should go and about how far, as a person who knows the shop would.
"""

from __future__ import annotations

import warnings
from typing import Annotated

from pydantic import Field

from trace_core import OptoPrime, bundle, node
from trace_core.llm import ChatModel, default_llm

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
            amount = max(1, 5 * round(abs(off) / 5))
            words.append(f"{'lower' if off > 0 else 'raise'} {parameter.name} by about {amount}")
    return "; ".join(words) or "both are right"


def learn(llm: ChatModel, steps: int = 8) -> bool:
    """Take steps, and print each; whether the profit has come within a hundredth of the best."""
    optimizer = OptoPrime([price, discount], llm)
    start, best = profit(price, discount).data, profit(*BEST).data
    for _ in range(steps):
        earned = profit(price, discount)
        if earned.data >= 0.99 * best:
            break
        print(f"price {price.data}, discount {discount.data}: profit {earned.data} ({advice()})")
        optimizer.zero_feedback()
        earned.backward(advice())
        optimizer.step()
    end = profit(price, discount).data
    print(f"profit {start} before, {end} after; the best is {best}")
    return end >= 0.99 * best


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    learn(default_llm())
