"""Trace AutoGen agents and teams, and learn their prompts, tools and settings.

from trace_autogen import TracedAgent, expose
"""

from trace_autogen.agents import ConcurrentTurns
from trace_autogen.recorder import Recorder
from trace_autogen.tools import ToolFailed
from trace_autogen.tracing import TracedAgent, TracedTeam, trace, untrace

__all__ = [
    "ConcurrentTurns",
    "Recorder",
    "ToolFailed",
    "TracedAgent",
    "TracedTeam",
    "trace",
    "untrace",
]
