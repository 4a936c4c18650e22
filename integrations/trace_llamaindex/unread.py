"""Streams of which nothing was read yet: LlamaIndex asks their model only then, and until then its call is lacking."""

from __future__ import annotations

from typing import Any

from trace_core.recording import Call, Run

_LACKING = "a stream was not read, so that no model was asked"


class Unread:
    """The calls that gave such a stream, as long as somebody holds it."""

    def __init__(self) -> None:
        self._ids: set[str] = set()

    def gave(self, id: str, run: Run) -> None:
        """A call gave a stream; of calls that handed the same one on, only the first counts."""
        if not any(call.kind == "llm" or call.id in self._ids for call in _inside(run, id)):
            self._ids.add(id)
            run.lacks.append(_LACKING)

    def asked(self, model: Call, run: Run) -> None:
        """A model was asked, which may be that of a stream."""
        for id in [each for each in self._ids if model in _inside(run, each)]:
            self._ids.discard(id)
            run.lacks.remove(_LACKING)

    def over(self, id: str) -> None:
        """Nobody holds it any more, so that it stays unread."""
        self._ids.discard(id)

    def clear(self) -> None:
        """Let go of all."""
        self._ids.clear()


def _inside(run: Run, id: str) -> list[Call]:
    """The calls that ran in another one, however deep."""
    ids: set[Any] = {id}
    found = []
    for call in run.calls:  # in the order in which they began
        if call.parent in ids:
            ids.add(call.id)
            found.append(call)
    return found
