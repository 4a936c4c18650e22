"""A training whose optimizer answers from a script: tickets are routed by the words that a rule has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from trace_core import Feedback, OptoPrime, ParameterSet, ReplayChat, bundle, node, template
from trace_train import Budget, MaxSteps, Trainer
from trace_train.events import Observer
from trace_train.store import Store

TICKETS = [
    ("I was charged twice", "billing"),
    ("The app crashes at start", "bugs"),
    ("Where is my parcel?", "shipping"),
    ("How do I change my name?", "account"),
]
RULES = [
    "Route the ticket to billing or to bugs.",
    "Route the ticket to the right queue.",
    "Route the ticket to billing, bugs or shipping.\nA parcel is a matter of shipping.",
    "Route the ticket to shipping.",
    "Route the ticket to billing, bugs, shipping or account.\nA parcel is a matter of shipping, a name one of account.",
]


def tickets(count: int, start: int = 0) -> list[dict[str, Any]]:
    chosen = [TICKETS[(start + i) % len(TICKETS)] for i in range(count)]
    return [{"text": f"{text} (ticket {start + i})", "queue": queue} for i, (text, queue) in enumerate(chosen)]


@bundle()
def route(asked: str) -> str:
    """Send it to the queue that the rules name, of those that a ticket may go to."""
    rules, _, ticket = asked.partition("\n---\n")
    right = next(queue for text, queue in TICKETS if ticket.startswith(text))
    return right if right in rules else "nobody"


def judged(example: dict[str, Any], output: str) -> Feedback:
    right = example["queue"]
    return Feedback("right" if output == right else f"it belongs to {right}, not to {output}", float(output == right))


def train(
    store: Store,
    rules: Sequence[str] = RULES,
    settings: Any = None,
    observers: Sequence[Observer] = (),
    resumed: str | None = None,
    **options: Any,
) -> str:
    """A training of five steps, or the one that is resumed; gives its id."""
    parameters = ParameterSet(
        [
            node("Route the ticket to billing.", trainable=True, name="rules"),
            node("polite", trainable=True, name="tone"),
        ]
    )

    def program(text: str) -> Any:
        return route(template("{rules} Be {tone}.\n---\n{text}", text=text, **parameters))

    answers = [json.dumps({"reasoning": "as the feedback says", "suggestion": {"rules": each}}) for each in rules]
    how: dict[str, Any] = {"inputs": "text", "progress": False, "observers": observers}
    trainer = Trainer(program, OptoPrime(parameters, ReplayChat(answers)), judged, **how)
    journal = store.journal(resumed, settings=settings or {"batch_size": 4}, seed=0)
    limits = {"budget": Budget(calls=20), "stopping": [MaxSteps(len(rules))], "batch_size": 4}
    trainer.fit(tickets(8), tickets(8, 100), journal=journal, **{"test": tickets(4, 200), **limits, **options})
    return journal.run_id
