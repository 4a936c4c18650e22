"""Streams that are read later than the call that gave them ended: in the same run, after it, in another one, or never.

LlamaIndex asks a model for the first word only when a stream is read, and the span of that has then no parent, or that
of whoever reads. Which stream it belongs to is seen by the generator that runs: its frame is on the stack.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from trace_llamaindex.snapshots import Streamed


class Streams:
    """The streams that are not over.

    Args:
        abandoned: told the id of a model's call whose stream was let go of.
        over: told the id of another call whose stream nobody holds any more.
    """

    def __init__(self, abandoned: Callable[[str], None], over: Callable[[str], None]) -> None:
        self._abandoned = abandoned
        self._over = over
        self._models: set[str] = set()
        self._lazy: dict[str, list[weakref.ref[Any]]] = {}
        """Generators that will ask models when they are read, by the call that gave them."""
        self._read: set[str] = set()
        """The calls whose generators have asked a model to the end, as LlamaIndex's do once."""

    @property
    def are_open(self) -> bool:
        """Whether one may still ask a model, or go on."""
        self._lazy = {id: refs for id, refs in self._lazy.items() if any(map(_is_open, refs))}
        self._read &= self._lazy.keys()
        return bool(self._models or self._lazy.keys() - self._read)

    def has(self, id: str) -> bool:
        """Whether a model's call is a stream that has not ended."""
        return id in self._models

    def began(self, id: str, stream: Streamed, *, is_model: bool) -> None:
        """A call gave a stream; the innermost one that gave it owns it."""
        if is_model:
            self._models.add(id)
            for each in stream.generators:
                if (generator := each()) is not None:
                    weakref.finalize(generator, self._let_go, id).atexit = False
            return
        known = [ref() for refs in self._lazy.values() for ref in refs]
        new = [ref for ref in stream.generators if all(ref() is not each for each in known)]
        for ref in new:
            weakref.finalize(ref(), self._over, id).atexit = False
        if new:
            self._lazy[id] = new

    def owner_here(self) -> str | None:
        """The call whose stream is being read where we are; the innermost of several."""
        return next(self._owners_here(), None)

    def _owners_here(self) -> Iterator[str]:
        if not self._lazy:
            return
        lazy = [(id, ref()) for id, refs in list(self._lazy.items()) for ref in refs]
        frames = {frame: id for id, generator in lazy if (frame := _frame(generator)) is not None}
        at = sys._getframe() if frames else None
        while at is not None:
            if at in frames:
                yield frames[at]
            at = at.f_back

    def ended(self, id: str) -> None:
        """A model's call ended; so have the streams that are being read where we are, as far as is known."""
        self._models.discard(id)
        self._read.update(self._owners_here())

    def _let_go(self, id: str) -> None:
        if id in self._models:
            self._abandoned(id)

    def clear(self) -> None:
        """Let go of all."""
        for id in list(self._models):
            self._abandoned(id)
        self._models.clear()
        self._lazy.clear()


def _frame(generator: Any) -> Any:
    return getattr(generator, "gi_frame", None) or getattr(generator, "ag_frame", None)


def _is_open(ref: weakref.ref[Any]) -> bool:
    generator = ref()
    return generator is not None and _frame(generator) is not None
