"""What can be learned of an object, before anything is done to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that can be learned: its name by parts, its kind, where it lives, its type and rules."""

    path: tuple[str, ...]
    kind: str
    binding: Any
    type: Any
    validators: tuple[Callable[[Any], None], ...] = ()
    description: str | None = None


@dataclass(frozen=True, slots=True)
class NotOffered:
    """Something that looks like it and cannot be learned, and why.

    `is_common` is for what programs are full of: it is told only to those who ask for the kind by name.
    """

    path: tuple[str, ...]
    kind: str
    reason: str
    is_common: bool = False


def below(path: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The path of what is called `name` there; a name is not said twice (an `AgentTool` is called as its agent)."""
    return path if path and path[-1] == name else (*path, name)
