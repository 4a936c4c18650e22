"""Trace agents and group chats of AutoGen 0.2 and AG2 below 1.0, and learn their prompts and tools.

from trace_autogen.classic import expose, trace
"""

from trace_autogen.classic.exposing import KINDS, NotExposed, NothingToLearn, expose, unexpose
from trace_autogen.classic.recorder import Recorder
from trace_autogen.classic.tracing import ToolFailed, trace, untrace

__all__ = ["KINDS", "NotExposed", "NothingToLearn", "Recorder", "ToolFailed", "expose", "trace", "unexpose", "untrace"]
