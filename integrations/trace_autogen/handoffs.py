"""Handoffs: how they are described to the model, and what the agent that takes over is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autogen_agentchat.base import Handoff

from trace_autogen import private
from trace_autogen.besides import binding_at
from trace_autogen.carried import carried_by, carry
from trace_autogen.reads import note
from trace_autogen.standing import unhooked_copy
from trace_core.exposing import NotOffered, Offer
from trace_core.validators import NotEmpty


class HandoffText:
    """A text of a handoff; the user's own `Handoff` object is never changed.

    Args:
        name: the handoff's.
        field: "description" or "message".
    """

    noted = None
    attributes = (private.HANDOFFS, private.HANDOFF_TOOLS)

    def __init__(self, name: str, field: str) -> None:
        self.key = (private.HANDOFFS, name, field)
        self.argument = f"{name}_{'tool_description' if field == 'description' else field}"
        self._name = name
        self._field = field

    def read(self, owner: Any) -> str:
        """The text."""
        return str(getattr(vars(owner)[private.HANDOFFS][self._name], self._field))

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """The handoffs, or the tools for them, one of them made anew."""
        if attribute == private.HANDOFFS:
            return {**stored, self._name: stored[self._name].model_copy(update={self._field: value})}
        return [self._tool(tool, value, use) if tool.name == self._name else tool for tool in stored]

    def _tool(self, tool: Any, value: str, use: Any) -> Any:
        made = unhooked_copy(tool)
        for read in carried_by(tool):
            carry(made, *read)
        if self._field == "description":
            vars(made)[private.DESCRIPTION] = value
            if use is not None:
                carry(made, self.argument, *use)
            return made

        async def _handoff_tool() -> str:  # awaited, since AutoGen runs others in a thread that knows no call
            if use is not None:
                note(self.argument, *use)
            return value

        vars(made)[private.TOOL_FUNCTION] = _handoff_tool
        return made


def offers(agent: Any, path: tuple[str, ...]) -> Iterator[Offer | NotOffered]:
    """The texts of an agent's handoffs."""
    if not private.has(agent, private.HANDOFFS, private.HANDOFF_TOOLS):
        return
    for name, handoff in vars(agent)[private.HANDOFFS].items():
        if type(handoff).handoff_tool is not Handoff.handoff_tool:
            yield NotOffered((*path, name), "tool_description", "its class makes its tool in a way of its own")
            continue
        for field, kind in (("description", "tool_description"), ("message", "prompt")):
            binding = binding_at([(agent, HandoffText(name, field))])
            yield Offer((*path, name, field), kind, binding, str, (NotEmpty(),))
