"""How ReAct tells a model of its own steps, and of what tools gave: as text, formatted anew (`BaseReasoningStep`)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from trace_core.recording import Call, Origin
from trace_core.recording.likeness import words
from trace_llamaindex.snapshots import Reply, Told, told

_OBSERVATION = "Observation: "
_STEPS = ("Thought: ", _OBSERVATION)
_STEP = re.compile(r"^(?=Thought: |Observation: )", re.MULTILINE)


def reasoned(message: Told, call: Call, before: Sequence[Call]) -> Origin | None:
    """The models and tools of which a message tells.

    Args:
        message: a message of those that the model was sent.
        call: the model's call.
        before: the calls of the conversation before it, the last first.
    """
    pieces = [piece.strip() for piece in _STEP.split(message.text) if piece.strip()]
    if not any(piece.startswith(_STEPS) for piece in pieces):
        return None
    if len(pieces) == 1:  # one of several messages: of equal ones, that in its turn
        same = [each for each in told(call.inputs) if each.text == message.text]
        said = [each for each in reversed(before) if _says(each, pieces[0])]
        place = max(len(said) - len(same), 0) + same.index(message)
        return Origin({said[min(place, len(said) - 1)]: "reasoning"}) if said else None
    sources: dict[Call, str] = {}
    for piece in reversed(pieces):
        found = next((each for each in before if each not in sources and _says(each, piece)), None)
        if found is not None:
            sources[found] = "reasoning"
    return Origin(sources) if sources else None


def _says(call: Call, piece: str) -> bool:
    """Whether a piece is what a model said, or a tool gave."""
    if piece.startswith(_OBSERVATION):
        return call.kind in ("tool", "handoff") and piece == f"{_OBSERVATION}{said_by(call)}".strip()
    said = call.output.text if call.kind == "llm" and isinstance(call.output, Reply) else ""
    return bool(said) and words(said) == words(piece)


def said_by(tool: Call) -> str:
    """What a tool gave, or how it failed, as an agent tells it."""
    if tool.error is not None:
        return str(tool.error)
    return tool.output.text if isinstance(tool.output, Reply) else str(tool.output)
