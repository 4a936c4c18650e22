"""Learn a prompt: support tickets are routed to five queues, by a prompt that starts poor.

    make quickstart            # or: python examples/quickstart.py [--split 0..4] [--feedback full|shuffled|wrong]

The same model answers the tickets and improves the prompt. It never sees the tickets that the score is measured on.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.syntax import Syntax

from trace_core import Batch, MaxLength, MessageNode, OptoPrime, bundle, node
from trace_core.llm import Budget, BudgetedChat, default_llm

DATA = json.loads((Path(__file__).parent / "tickets.json").read_text())
QUEUES: list[str] = DATA["queues"]
Ticket = dict[str, str]

budget = Budget(calls=2_000)
llm, router = BudgetedChat(default_llm(), budget), default_llm()
router.max_tokens = 10  # a queue's name, whatever a prompt makes the model say
router = BudgetedChat(router, budget)
prompt = node(
    "Which team should handle this support ticket? Answer with one word.",
    trainable=True,
    name="prompt",
    description="tells the model how to route a ticket",
    validators=[MaxLength(1_200)],
)


@bundle
def route(ticket: str, prompt: str) -> str:
    """A model reads the prompt and then the ticket, and answers with a queue."""
    answer = router.complete([{"role": "system", "content": prompt}, {"role": "user", "content": ticket}]).text.lower()
    return next((queue for queue in QUEUES if queue in answer), answer[:40])


def score(tickets: list[Ticket], what: str) -> int:
    """How many of the tickets are routed right."""
    return sum(route(t["text"], prompt) == t["queue"] for t in track(tickets, what, transient=True))


def said(ticket: Ticket, tickets: list[Ticket], feedback: str) -> str:
    """What a support lead says about a wrong answer; or, to see what that is worth, about another one, or nothing."""
    if feedback == "wrong":
        return "wrong"
    about = ticket if feedback == "full" else random.choice(tickets)
    return f"expected {about['queue']}: {about['why']}"


def mistakes(tickets: list[Ticket], feedback: str, most: int = 6) -> Batch:
    """Run tickets until some went wrong, and say so."""
    batch = Batch()
    for ticket in tickets:
        output: MessageNode = route(node(ticket["text"], name="ticket"), prompt)
        if output != ticket["queue"]:
            batch.add(output, said(ticket, tickets, feedback))
        if len(batch) == most:
            break
    return batch


def main() -> None:
    """Split, measure, learn, measure again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", type=int, default=0)
    parser.add_argument("--feedback", choices=["full", "shuffled", "wrong"], default="full")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    random.seed(options.split)
    tickets: list[Ticket] = random.sample(DATA["tickets"], 120)
    held_out, check, train = tickets[:40], tickets[40:70], tickets[70:]
    console, start, before = Console(), time.perf_counter(), prompt.data

    first = score(held_out, "held-out tickets, before")
    best = score(check, "training tickets, before")
    optimizer = OptoPrime(prompt, llm)
    for number in range(options.rounds):
        batch = mistakes(train[number * 10 : number * 10 + 10], options.feedback)
        proposal = optimizer.propose(batch)
        with optimizer.parameters.candidate(proposal.values):
            got = score(check, f"training tickets, proposal {number + 1}")
        console.print(f"proposal {number + 1}: {got} of {len(check)} training tickets right, so far {best}")
        if got > best:
            best = got
            optimizer.apply(proposal)
    last = score(held_out, "held-out tickets, after")

    console.print(Syntax(_diff(before, prompt.data), "diff", word_wrap=True))
    spent = budget.spent
    console.print(
        f"held-out tickets routed right: {first} of {len(held_out)} before, [bold]{last} after[/bold]\n"
        f"{spent.calls} calls, {spent.tokens:,} tokens, {time.perf_counter() - start:.0f} s"
    )


def _diff(before: str, after: str) -> str:
    return "\n".join([*(f"- {line}" for line in before.splitlines()), *(f"+ {line}" for line in after.splitlines())])


if __name__ == "__main__":
    main()
