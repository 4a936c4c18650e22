"""Trace AutoGen agents and teams, and learn their prompts, tools and settings.

from trace_autogen import TracedAgent, expose
"""

from trace_autogen.agents import ConcurrentTurns
from trace_autogen.chat import AutoGenChat
from trace_autogen.cloning import clone
from trace_autogen.dumping import CodeNotDumped
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
    "ToolFailed",
    "TracedAgent",
    "TracedTeam",
    "clone",
    "expose",
    "trace",
    "unexpose",
    "untrace",
]
