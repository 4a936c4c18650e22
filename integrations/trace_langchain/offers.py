"""What can be learned of an object, before anything is done to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from trace_core.bindings import Binding
from trace_core.parameter_nodes import ParameterNode


class Installing(Binding, Protocol):
    """A binding that the framework's object must be prepared for."""

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
