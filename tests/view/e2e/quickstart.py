"""The quickstart's program, trained by the command from its file, with a model that plays its part from a script."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from trace_core.llm import ReplayChat
from trace_core.llm.chat import Completion, Usage
from trace_train import read_data
from trace_train.cli.plan import read_plan
from trace_train.cli.training import run_training

EXAMPLES = Path(__file__).parents[3] / "examples"
FILE = EXAMPLES / "ticket_chain.toml"
ORIGINAL = "Which team should handle this support ticket? Answer with one word."
_NAMED = f"{ORIGINAL}\nThe teams: billing, technical, shipping, sales, security."
_MORE = f"{_NAMED}\nCancelling goes to sales."
LEARNED = (
    f"{_MORE}\nThe warranty goes to billing, whatever is broken.\n"
    "Signing in and danger go to security.\nReturns and a new address go to shipping."
)
PROPOSED = (_NAMED, _MORE, "Say which team: billing or technical.", LEARNED)
_WORDS = ("Signing in", "danger", "Returns", "Cancelling", "warranty", "address")
"""What a prompt must say for each of the house's rules (`tickets.md`)."""


class Model(ReplayChat):
    """Routes a ticket right where the prompt says enough; proposes one prompt after another, once it may.

    Args:
        proposed: the prompts.
        waits: is called before each.
    """

    def __init__(self, proposed: Sequence[str], waits: Callable[[], object]) -> None:
        super().__init__([self._said] * 2_000)
        self._proposed = iter(proposed)
        self._waits = waits
        self._tickets = {each["text"]: each for each in read_data(EXAMPLES / "tickets.jsonl")}

    def complete(self, messages: Sequence[Any], schema: Any = None) -> Completion:
        """What is said, and about what it would cost."""
        text = super().complete(messages, schema).text
        return Completion(text, Usage(1, sum(len(each["content"]) for each in messages) // 4, len(text) // 4), "replay")

    def _said(self, messages: Sequence[Any]) -> str:
        text = messages[-1]["content"]
        if "#Variables" in text:
            self._waits()
            return f"The feedback names teams that the prompt does not.\n```\n{next(self._proposed)}\n```"
        return self._routed(messages[0]["content"], self._tickets[text])

    @staticmethod
    def _routed(prompt: str, ticket: dict[str, Any]) -> str:
        rule, queue = ticket["rule"], ticket["queue"]
        knows = queue in prompt if rule is None else _WORDS[rule] in prompt
        return str(queue).title() if knows else "Support"


def train(folder: Path, proposed: Sequence[str] = PROPOSED, waits: Callable[[], object] = lambda: None) -> None:
    """One training into `trace-suite.db` of a folder, and what it learned into `learned.json`."""
    model = Model(proposed, waits)
    places = [f"store={folder / 'trace-suite.db'}", f"out={folder / 'learned.json'}"]
    steps = f'strategies.stopping=[{{ use = "MaxSteps", steps = {len(proposed)} }}]'
    plan = read_plan(FILE, [*places, steps, "data.split=[44, 12, 20]"])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("trace_core.llm.default.default_llm", lambda: model)
        patched.delitem(sys.modules, "ticket_chain", raising=False)  # it asks for its model when it is imported
        assert run_training(plan, None, as_json=False, progress=False) == 0
        sys.modules.pop("ticket_chain", None)
