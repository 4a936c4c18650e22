"""Which call read which parameter: noted where it is read, not guessed afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trace_autogen.frames import FRAME

if TYPE_CHECKING:
    from trace_core.context import Read
    from trace_core.parameter_nodes import ParameterNode


def inside_a_call() -> bool:
    """Whether a call that is recorded runs here."""
    frame = FRAME.get()
    return frame is not None and frame.call is not None


def note(argument: str, parameter: ParameterNode, read: Read) -> None:
    """Tell the recorder of the call that runs here that it read a parameter.

    In a function of `Hooks.on_request` that is the call of the model, in a tool's function the call of the tool. What
    is noted in an agent's turn itself (`Hooks.on_turn`) is shown at the nodes that it concerns.
    """
    frame = FRAME.get()
    if frame is not None and frame.recorder is not None and frame.call is not None:
        frame.recorder._note(frame.call.id, argument, parameter, read)
