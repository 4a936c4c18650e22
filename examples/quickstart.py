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
llm, router = default_llm(), default_llm()
llm.max_tokens = 350  # a prompt of at most 1,200 characters
router.max_tokens = 10  # a queue's name, whatever a prompt makes the model say
llm, router = BudgetedChat(llm, budget), BudgetedChat(router, budget)
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


def mistakes(tickets: list[Ticket], feedback: str) -> Batch:
    """Run tickets, and say of those that went wrong what a support lead would say.

    With `feedback` "shuffled" it is said about others of them, with "wrong" it is no more than that word.
    """
    outputs: list[tuple[MessageNode, Ticket]] = [(route(node(t["text"], name="ticket"), prompt), t) for t in tickets]
    wrong = [output for output, ticket in outputs if output != ticket["queue"]]
    said = [f"should be {ticket['queue']}. {ticket['why']}" for output, ticket in outputs if output != ticket["queue"]]
    if feedback == "shuffled":
        random.shuffle(said)
    batch = Batch()
    for output, text in zip(wrong, said, strict=True):
        batch.add(output, "wrong" if feedback == "wrong" else text)
    return batch


def learn(split: int = 0, feedback: str = "full", rounds: int = 3) -> tuple[int, int]:
    """Split, measure, learn, measure again: how many held-out tickets are routed right before and after."""
    random.seed(split)
    tickets: list[Ticket] = random.sample(DATA["tickets"], 120)
    held_out, check, train = tickets[:40], tickets[40:64], tickets[64:]
    console, start, before = Console(), time.perf_counter(), prompt.data

    first = score(held_out, "held-out tickets, before")
    best = score(check, "training tickets, before")
    optimizer = OptoPrime(prompt, llm, retries=0, mask="outputs")  # what is said tells what they should have been
    for number in range(rounds):
        proposal = optimizer.propose(mistakes(train[number * 11 : number * 11 + 11], feedback))
        if not proposal.values:
            console.print(f"round {number + 1}: no new prompt")
            continue
        with optimizer.parameters.candidate(proposal.values):
            got = score(check, f"training tickets, proposal {number + 1}")
        console.print(f"round {number + 1}: {got} of {len(check)} training tickets right, so far {best}")
        if got > best:
            best = got
            optimizer.apply(proposal)
    last = first if prompt.data == before else score(held_out, "held-out tickets, after")

    console.print(Syntax(_diff(before, prompt.data), "diff", word_wrap=True))
    spent = budget.spent
    console.print(
        f"held-out tickets routed right: {first} of {len(held_out)} before, [bold]{last} after[/bold]\n"
        f"{spent.calls} calls, {spent.tokens:,} tokens, {time.perf_counter() - start:.0f} s"
    )
    return first, last


def _diff(before: str, after: str) -> str:
    return "\n".join([*(f"- {line}" for line in before.splitlines()), *(f"+ {line}" for line in after.splitlines())])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", type=int, default=0, help="which tickets are held out")
    parser.add_argument("--feedback", choices=["full", "shuffled", "wrong"], default="full")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    learn(options.split, options.feedback, options.rounds)
