"""Trace clients of OpenAI's API, and learn what is written in their calls.

from trace_openai import Recorder, expose, trace_openai
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trace_openai.batches import BatchLines
    from trace_openai.chat import ClientChat
    from trace_openai.exposing import KINDS, NotExposed, NothingToLearn, expose, unexpose
    from trace_openai.programs import OtherLoop
    from trace_openai.recorder import Recorder
    from trace_openai.tracing import NotTraced, recorder_of, trace_openai, untrace_openai

__all__ = [
    "KINDS",
    "BatchLines",
    "ClientChat",
    "NotExposed",
    "NotTraced",
    "NothingToLearn",
    "OtherLoop",
    "Recorder",
    "expose",
    "recorder_of",
    "trace_openai",
    "unexpose",
    "untrace_openai",
]

# Looked up when they are asked for: who uses `trace_openai.agents` alone loads nothing else.
_MODULES = {
    "batches": ["BatchLines"],
    "chat": ["ClientChat"],
    "exposing": ["KINDS", "NotExposed", "NothingToLearn", "expose", "unexpose"],
    "programs": ["OtherLoop"],
    "recorder": ["Recorder"],
    "tracing": ["NotTraced", "recorder_of", "trace_openai", "untrace_openai"],
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    return value
