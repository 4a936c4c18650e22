"""Which call read which parameter: noted where it is read, not guessed afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.instrumentation.span import active_span_id
from llama_index_instrumentation import get_dispatcher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trace_core.context import Read
    from trace_core.parameter_nodes import ParameterNode


def inside_a_call() -> bool:
    """Whether a call that is recorded runs here."""
    return any(recorder.is_inside(active_span_id.get()) for recorder in _recorders())


def note(argument: str, parameter: ParameterNode, read: Read) -> None:
    """Tell the recorders of the call that runs here that it read a parameter.

    In a model's or retriever's own method that is its call. What is noted in an engine, an agent or a step is shown at
    the calls in it to which the value was sent; what is noted outside, at the next model's call to which it was.
    """
    for recorder in _recorders():
        recorder.note(active_span_id.get(), argument, parameter, read)


def _recorders() -> Iterator[Any]:
    """The recorders that listen."""
    for handler in get_dispatcher().span_handlers:
        if (recorder := getattr(handler, "recorder", None)) is not None:
            yield recorder
