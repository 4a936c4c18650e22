"""What is hooked into an agent or a group chat, as long as somebody needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trace_autogen.patches import Patches

if TYPE_CHECKING:
    from trace_autogen.classic.recorder import Recorder

KEPT_IN = "_trace_classic"


class Hooks:
    """The hooks of one object; it has them while it is traced, or something of it is learned.

    Args:
        owner: the object, which refers to its hooks, and the other way round.
    """

    def __init__(self, owner: Any) -> None:
        self.owner = owner
        self.recorder: Recorder | None = None
        """Where its calls are recorded; None where they are not."""
        self.is_kept = False
        """Whether it is traced until `untrace`."""
        self.holders = 0
        """How many runs need that it is traced for their time."""
        self.patches = Patches()

    def install(self) -> None:
        """Put the hooks in.

        Raises:
            TraceError: this release of AG2 has no such places.
        """
        vars(self.owner)[KEPT_IN] = self

    def remove(self) -> None:
        """Take them out."""
        self.patches.undo()
        vars(self.owner).pop(KEPT_IN, None)

    def clean(self, copy: Any) -> None:
        """Take what was copied of them out of a copy of the object."""
        self.patches.clean(self.owner, copy)
        vars(copy).pop(KEPT_IN, None)

    def record(self, recorder: Recorder | None) -> None:
        """Record its calls there from now on, or no more."""
        self.recorder = recorder


def hooks_of(owner: Any) -> Any:
    """The hooks of an object, or None; a copy of an object has none, whatever was copied with it."""
    found = vars(owner).get(KEPT_IN)
    return found if found is not None and found.owner is owner else None
