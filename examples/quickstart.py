"""Learn a LangChain program's prompt in place: it routes support tickets to five queues, and starts poor.

    make quickstart            # or: python examples/quickstart.py [--split 0..4] [--feedback full|shuffled|wrong]

The same model answers the tickets and improves the prompt. It never sees the tickets that the score is measured on.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_model import LocalModel
from rich.console import Console
from rich.progress import track
from rich.syntax import Syntax
from trace_langchain import Recorder, expose

from trace_core import Batch, MaxLength, OptoPrime
from trace_core.llm import Budget, BudgetedChat, default_llm
from trace_train import read_data

Ticket = dict[str, str]
TICKETS: list[Ticket] = read_data(Path(__file__).parent / "tickets.jsonl")
QUEUES = sorted({ticket["queue"] for ticket in TICKETS})

console = Console()
budget = Budget(calls=2_000)
llm, router = default_llm(), default_llm()
llm.max_tokens = 350  # a prompt of at most 1,200 characters
router.max_tokens = 10  # a queue's name, whatever a prompt makes the model say
llm, router = BudgetedChat(llm, budget), BudgetedChat(router, budget)


# --- an ordinary LangChain program


def queue(message: AIMessage) -> str:
    """The queue that the answer names."""
    answer = message.text.lower()
    return next((queue for queue in QUEUES if queue in answer), answer[:40])


instructions = "Which team should handle this support ticket? Answer with one word."
prompt = ChatPromptTemplate([("system", instructions), ("human", "{ticket}")])
route = prompt | LocalModel(llm=router) | RunnableLambda(queue)


# --- what learns it

recorder = Recorder()
parameters = expose(route, kinds="system_prompt")
learned = parameters["prompt.system"]
learned.description = "tells the model how to route a ticket"
learned.validators += (MaxLength(1_200),)


def score(tickets: list[Ticket], what: str) -> int:
    """How many of the tickets are routed right."""
    console.print(f"routing {len(tickets)} {what}")
    return sum(route.invoke(t["text"]) == t["queue"] for t in track(tickets, what, transient=True))


def mistakes(tickets: list[Ticket], feedback: str) -> Batch:
    """Run tickets, and say of those that went wrong what a support lead would say.

    With `feedback` "shuffled" it is said about others of them, with "wrong" it is no more than that word.
    """
    routed = recorder.program(route)
    outputs = [(routed(t["text"]), t) for t in tickets]
    wrong = [output for output, ticket in outputs if output.data != ticket["queue"]]
    said = [f"should be {t['queue']}. {t['why']}" for output, t in outputs if output.data != t["queue"]]
    if feedback == "shuffled":
        random.shuffle(said)
    batch = Batch()
    for output, text in zip(wrong, said, strict=True):
        batch.add(output, "wrong" if feedback == "wrong" else text)
    return batch


def learn(split: int = 0, feedback: str = "full", rounds: int = 3) -> tuple[int, int]:
    """Split, measure, learn, measure again: how many held-out tickets are routed right before and after."""
    random.seed(split)
    tickets: list[Ticket] = random.sample(TICKETS, 120)
    held_out, check, train = tickets[:40], tickets[40:64], tickets[64:]
    start, before = time.perf_counter(), learned.data

    first = score(held_out, "held-out tickets, before")
    best = score(check, "training tickets, before")
    # What is said tells what an output should have been; what was in between need not be shown.
    optimizer = OptoPrime(parameters, llm, retries=0, mask=("outputs", "others"))
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
    last = first if learned.data == before else score(held_out, "held-out tickets, after")

    console.print(Syntax(_diff(before, learned.data), "diff", word_wrap=True))
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
    try:
        learn(options.split, options.feedback, options.rounds)
    except KeyboardInterrupt:
        sys.exit("stopped; nothing was changed")
