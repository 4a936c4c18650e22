"""Methods of single objects that are replaced, and put back; no class is ever changed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

_log = logging.getLogger(__name__)


class Patches:
    """What was replaced in which object.

    Example:
        patches = Patches()
        patches.replace(client, "create", lambda create: logged(create))
        patches.undo()
    """

    def __init__(self) -> None:
        self._done: list[tuple[Any, str, Any, Any, bool]] = []

    def replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Replace a method of this object alone by what is made of it."""
        original = getattr(owner, name)
        was_own = name in vars(owner)
        made = make(original)
        setattr(owner, name, made)
        self._done.append((owner, name, original, made, was_own))

    def clean(self, owner: Any, copy: Any) -> None:
        """Take what was copied out of a copy of this object."""
        for other, name, original, made, was_own in reversed(self._done):
            if other is owner and vars(copy).get(name) is made:
                if was_own:
                    setattr(copy, name, original)
                else:
                    delattr(copy, name)

    def undo(self) -> None:
        """Put everything back, the last first; what somebody else has replaced since is left, with a warning."""
        while self._done:
            owner, name, original, made, was_own = self._done.pop()
            if vars(owner).get(name) is not made:
                _log.warning("%s.%s was replaced by something else and is left as it is", type(owner).__name__, name)
            elif was_own:
                setattr(owner, name, original)
            else:
                delattr(owner, name)
