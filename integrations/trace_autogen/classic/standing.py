"""Which parameters an agent or a group chat has, and which of its calls read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from trace_core.parameter_nodes import ParameterNode

ReadBy = Literal["system", "tools", "description", "selection", "code"]
"""What reads it: a model that is sent the system message, or tools; a model that selects; the tool itself."""

_KEPT_IN = "_trace_classic_parameters"


@dataclass(frozen=True, slots=True)
class Entry:
    """One parameter of an object: what tells it from the others, how its reader calls it, and who reads it."""

    key: tuple[str, ...]
    argument: str
    parameter: ParameterNode
    read_by: ReadBy


def parameters_of(owner: Any, read_by: ReadBy) -> list[Entry]:
    """Those that are read so."""
    return [entry for entry in vars(owner).get(_KEPT_IN, {}).values() if entry.read_by == read_by]


def known(owner: Any, key: tuple[str, ...]) -> ParameterNode | None:
    """The parameter that is there already."""
    entry: Entry | None = vars(owner).get(_KEPT_IN, {}).get(key)
    return None if entry is None else entry.parameter


def add(owner: Any, entry: Entry) -> None:
    """Take one in."""
    vars(owner).setdefault(_KEPT_IN, {})[entry.key] = entry


def forget(owner: Any, key: tuple[str, ...]) -> None:
    """Let one go."""
    entries = vars(owner).get(_KEPT_IN, {})
    entries.pop(key, None)
    if not entries:
        vars(owner).pop(_KEPT_IN, None)
