"""Which reads of parameters are those of a model call: what it was sent stands for them.

AutoGen reads an agent's configuration once, at the start of a turn, and sends these very objects with every model
call of the turn. So the call that sent one has read what the object carries, whoever made the call and when. A text
that is put into a prompt (a selector prompt) is read before, in the call that then asks the model.
"""

from __future__ import annotations

import weakref
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from trace_autogen.frames import FRAME
from trace_autogen.reads import note

if TYPE_CHECKING:
    from trace_core.context import Read
    from trace_core.parameter_nodes import ParameterNode

    Reads = list[tuple[str, ParameterNode, Read]]
    """Reads, each with how the value is called among the inputs of the call."""

_carried: dict[int, tuple[weakref.ref[Any], Reads]] = {}


class Sent(dict[str, Any]):
    """A schema of a tool as it is sent, which can carry reads."""

    __slots__ = ("__weakref__",)


def carry(carrier: Any, argument: str, parameter: ParameterNode, read: Read) -> None:
    """Have an object stand for one more read."""
    key = id(carrier)
    known = _carried.get(key)
    if known is None or known[0]() is not carrier:
        known = _carried[key] = (weakref.ref(carrier, lambda _: _carried.pop(key, None)), [])
    known[1].append((argument, parameter, read))


def carried_by(carrier: Any) -> Reads:
    """The reads that an object stands for."""
    known = _carried.get(id(carrier))
    return known[1] if known is not None and known[0]() is carrier else []


_RENDERED: ContextVar[tuple[Any, dict[str, tuple[ParameterNode, Read]]] | None] = ContextVar(
    "trace_autogen_rendered", default=None
)
"""What the call that runs here (a turn, a manager's step) has read for prompts so far, with its id."""


def note_for_models(argument: str, parameter: ParameterNode, read: Read) -> None:
    """The call that runs here puts a value into the prompts of the models that it asks from now on."""
    frame = FRAME.get()
    if frame is None or frame.call is None:
        return
    known = _RENDERED.get()
    before = known[1] if known is not None and known[0] is frame.call.id else {}
    _RENDERED.set((frame.call.id, {**before, argument: (parameter, read)}))


def note_request(owner: Any, messages: Any, tools: Any, create_args: Any) -> tuple[Any, Any, Any]:
    """The model call that runs here has read what its messages and tools carry, and what was read for its prompt."""
    inner = [tool["parameters"] for tool in tools if isinstance(tool, dict) and "parameters" in tool]
    for each in (*messages, *tools, *inner):
        for argument, parameter, read in carried_by(each):
            note(argument, parameter, read)
    frame, known = FRAME.get(), _RENDERED.get()
    if known is not None and frame is not None and frame.call is not None and frame.call.parent is known[0]:
        for argument, (parameter, read) in known[1].items():
            note(argument, parameter, read)
    return messages, tools, create_args


def listen() -> None:
    """Have the agent or team that runs here, if it is recorded, take note of what its requests carry."""
    functions = getattr(getattr(FRAME.get(), "hooks", None), "on_request", None)
    if functions is not None and note_request not in functions:
        functions.append(note_request)
