"""What a step proposes, and what is kept of it. Values may hold secrets: none is shown by its `repr`."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import Any

from trace_core.llm.chat import Message, Usage
from trace_core.optimizers.describing import in_json
from trace_core.optimizers.problem import Problem
from trace_core.rendering import literal


class NothingChanged(UserWarning):
    """A step left all parameters as they were; the message says why."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """New values for some parameters, checked and not yet written; `before` has what they were."""

    values: dict[str, Any] = field(repr=False)
    before: dict[str, Any] = field(repr=False)
    reasoning: str = ""

    def diff(self) -> str:
        """What would change, as a unified diff of each value."""
        parts: list[str] = []
        for name, value in self.values.items():
            old, new = (_written(each).splitlines() for each in (self.before[name], value))
            parts += difflib.unified_diff(old, new, f"{name} (before)", f"{name} (after)", lineterm="")
        return "\n".join(parts)


@dataclass(slots=True)
class StepRecord:
    """What happened in one step: what was asked and answered, what was refused, and what changed."""

    problem: Problem | None = None
    messages: list[Message] = field(default_factory=list)
    answer: str = ""
    proposal: Proposal | None = None
    refusals: dict[str, str] = field(default_factory=dict)
    unreached: dict[str, str] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict, repr=False)
    after: dict[str, Any] = field(default_factory=dict, repr=False)
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0

    @property
    def changed(self) -> list[str]:
        """The names of the parameters that the step changed."""
        return [name for name, value in self.after.items() if value is not self.before[name]]

    def __str__(self) -> str:
        lines = [f"step: changed {', '.join(self.changed) or 'nothing'}"]
        if self.proposal is not None and self.changed:
            lines.append(self.proposal.diff())
        lines += [f"refused {name}: {reason}" for name, reason in self.refusals.items()]
        lines += [f"not reached {name}: {reason}" for name, reason in self.unreached.items()]
        usage = self.usage
        lines.append(
            f"{usage.calls} calls, {usage.prompt_tokens}+{usage.completion_tokens} tokens, {self.seconds:.1f} s"
        )
        return "\n".join(lines)


def _written(value: Any) -> str:
    return value if isinstance(value, str) else literal(in_json(value, Any))
