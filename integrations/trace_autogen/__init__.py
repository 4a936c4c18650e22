"""Trace AutoGen agents and teams, and learn their prompts, tools and settings.

from trace_autogen import TracedAgent, expose
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trace_autogen.agents import ConcurrentTurns
    from trace_autogen.chat import AutoGenChat
    from trace_autogen.cloning import clone
    from trace_autogen.dumping import CodeNotDumped, TextNotDumped
    from trace_autogen.exposing import KINDS, NotExposed, NothingToLearn, expose, unexpose
    from trace_autogen.recorder import Recorder
    from trace_autogen.tools import ToolFailed
    from trace_autogen.tracing import TracedAgent, TracedTeam, trace, untrace

__all__ = [
    "KINDS",
    "AutoGenChat",
    "CodeNotDumped",
    "ConcurrentTurns",
    "NotExposed",
    "NothingToLearn",
    "Recorder",
    "TextNotDumped",
    "ToolFailed",
    "TracedAgent",
    "TracedTeam",
    "clone",
    "expose",
    "trace",
    "unexpose",
    "untrace",
]

# Looked up when they are asked for: `trace_autogen.classic` is used where autogen-agentchat is not installed.
_MODULES = {
    "agents": ["ConcurrentTurns"],
    "chat": ["AutoGenChat"],
    "cloning": ["clone"],
    "dumping": ["CodeNotDumped", "TextNotDumped"],
    "exposing": ["KINDS", "NotExposed", "NothingToLearn", "expose", "unexpose"],
    "recorder": ["Recorder"],
    "tools": ["ToolFailed"],
    "tracing": ["TracedAgent", "TracedTeam", "trace", "untrace"],
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    return value
