"""Which call read which parameter: noted where it is read, not guessed afterwards."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from langchain_core.runnables.config import var_child_runnable_config

from trace_core.recording import BaseRecorder

if TYPE_CHECKING:
    from trace_core.context import Read
    from trace_core.parameter_nodes import ParameterNode

    Reads = list[tuple[Any, ParameterNode, Read]]
    """Reads of a use, each with the place where the value stands."""


@dataclass(slots=True)
class Pending:
    """What the next call of a kind will have read: a model reads its settings before its call begins."""

    kind: str
    reads: list[tuple[str, ParameterNode, Read]] = field(default_factory=list)
    stand: Any = None


PENDING: ContextVar[Pending | None] = ContextVar("trace_langchain_pending", default=None)


def inside_a_call() -> bool:
    """Whether a call of LangChain's runs here."""
    manager = (var_child_runnable_config.get() or {}).get("callbacks")
    return getattr(manager, "parent_run_id", None) is not None


def note(argument: str, parameter: ParameterNode, read: Read) -> None:
    """Tell the recorders of the call that runs here that it read a parameter.

    Inside a prompt, function or tool, LangChain's own context variable holds the config for calls inside it, whose
    callback manager has the call's id and handlers.
    """
    manager = (var_child_runnable_config.get() or {}).get("callbacks")
    parent = getattr(manager, "parent_run_id", None)
    if parent is not None:
        for handler in manager.handlers:  # type: ignore[union-attr]
            if isinstance(handler, BaseRecorder):
                handler._note(parent, argument, parameter, read)
