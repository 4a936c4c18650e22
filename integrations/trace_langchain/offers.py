"""What can be learned of an object, before anything is done to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from trace_core.bindings import Binding
from trace_core.parameter_nodes import ParameterNode


class Installing(Binding, Protocol):
    """A binding that the framework's object must be prepared for.

    One whose places can be found in several goes has `join(other)`, which takes in another's places.
    """

    def known(self) -> ParameterNode | None:
        """The parameter that the place has already."""
        ...

    def install(self, parameter: ParameterNode) -> None:
        """Prepare it."""
        ...

    def release(self) -> None:
        """Put it back as it was, with the value that it has now."""
        ...


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
