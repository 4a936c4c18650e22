"""Trace agents and group chats of AutoGen 0.2 and AG2 below 1.0, and learn their prompts and tools.

from trace_autogen.classic import expose, trace
"""

from trace_autogen.classic.cloning import clone
from trace_autogen.classic.exposing import KINDS, NotExposed, NothingToLearn, expose, unexpose
from trace_autogen.classic.methods import ToolFailed
from trace_autogen.classic.recorder import Recorder
from trace_autogen.classic.talks import ConcurrentTurns
from trace_autogen.classic.tracing import trace, untrace

__all__ = [
    "KINDS",
    "ConcurrentTurns",
    "NotExposed",
    "NothingToLearn",
    "Recorder",
    "ToolFailed",
    "clone",
    "expose",
    "trace",
    "unexpose",
    "untrace",
]
