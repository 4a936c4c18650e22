"""Parameters whose value lives in another object: the object is read and written in place.

Example:
    agent = Agent(prompt="Be brief.")
    prompt = bind(agent, "prompt")
    prompt.set("Be brief and cite.")        # agent.prompt is now that
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Literal, Protocol

from trace_core.parameter_nodes import ParameterNode

Isolation = Literal["overlay", "exclusive"]


class Binding(Protocol):
    """Where a parameter's value lives.

    `set` either writes the value, so that `get` gives an equal one, or raises and leaves the old one. `isolation` says
    how a candidate's value is kept from others: "overlay" where whoever uses the value reads it through the parameter;
    "exclusive" where it is read from the object itself, so that it is written there for the time of the candidate,
    one candidate at a time under `lock`.
    """

    isolation: Isolation
    lock: threading.Lock

    def get(self) -> Any:
        """The value as it is now."""
        ...

    def set(self, value: Any) -> None:
        """Write the value."""
        ...


class AttributeBinding:
    """An attribute of an object, by its dotted path."""

    isolation: Isolation = "exclusive"

    def __init__(self, owner: object, path: str) -> None:
        self.owner = owner
        self.path = path
        self.lock = threading.Lock()

    def get(self) -> Any:
        """The attribute's value."""
        return attrgetter(self.path)(self.owner)

    def set(self, value: Any) -> None:
        """Write the attribute."""
        parent, _, name = self.path.rpartition(".")
        setattr(attrgetter(parent)(self.owner) if parent else self.owner, name, value)


def bind(
    owner: object,
    path: str,
    *,
    name: str | None = None,
    description: str | None = None,
    type: Any = None,
    kind: str | None = None,
    validators: Sequence[Callable[[Any], None]] = (),
) -> ParameterNode:
    """A parameter for an attribute of any object; what somebody else writes there counts as a version by the user.

    Args:
        owner: the object.
        path: the attribute, dotted for one of an attribute's: `"model.temperature"`.
        name: by default the path.
        description, type, kind, validators: as of `ParameterNode`.

    Raises:
        AttributeError: there is no such attribute.
        InvalidValue: its value does not fit the type.
    """
    binding = AttributeBinding(owner, path)
    parameter = ParameterNode(
        binding.get(), name or path, description, type=type, kind=kind, validators=validators, binding=binding
    )
    parameter.is_named = name is not None
    return parameter
