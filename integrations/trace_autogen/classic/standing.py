"""Which parameters an agent or a group chat has, and which of its calls read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from trace_core.context import OVERLAY

if TYPE_CHECKING:
    from trace_core.parameter_nodes import ParameterNode

ReadBy = Literal["system", "tools", "description", "selection", "code", "others"]
"""What reads it: a model that is sent the system message, or tools; a model that selects; the tool itself.

"others" marks a group chat whose model reads what its agents have.
"""

KEPT_IN = "_trace_classic_parameters"


@dataclass(frozen=True, slots=True)
class Entry:
    """One parameter of an object: what tells it from the others, how its reader calls it, and who reads it."""

    key: tuple[str, ...]
    argument: str
    parameter: ParameterNode
    read_by: ReadBy


def parameters_of(owner: Any, read_by: ReadBy | None = None) -> list[Entry]:
    """Those that are read so; without `read_by`, all."""
    entries: Iterable[Entry] = vars(owner).get(KEPT_IN, {}).values()
    return [entry for entry in entries if read_by is None or entry.read_by == read_by]


def tried(owner: Any, read_by: ReadBy) -> list[tuple[Entry, Any]]:
    """Those that have a candidate's value here, with it."""
    overlay = OVERLAY.get()
    if not overlay:
        return []
    entries = parameters_of(owner, read_by)
    return [(each, overlay[each.parameter.id].value) for each in entries if each.parameter.id in overlay]


def known(owner: Any, key: tuple[str, ...]) -> ParameterNode | None:
    """The parameter that is there already."""
    entry: Entry | None = vars(owner).get(KEPT_IN, {}).get(key)
    return None if entry is None else entry.parameter


def add(owner: Any, entry: Entry) -> None:
    """Take one in; the object has hooks from now on, which see what a candidate says.

    Raises:
        TraceError: this release of AG2 cannot be hooked.
    """
    from trace_autogen.classic.tracing import hook

    hook(owner)
    vars(owner).setdefault(KEPT_IN, {})[entry.key] = entry


def forget(owner: Any, key: tuple[str, ...]) -> None:
    """Let one go; with the last one go the hooks, unless the object is traced."""
    from trace_autogen.classic.tracing import unhook

    entries = vars(owner).get(KEPT_IN, {})
    entries.pop(key, None)
    if not entries:
        vars(owner).pop(KEPT_IN, None)
        unhook(owner)
