"""Trace LangChain and LangGraph programs, and learn their prompts, tools and settings.

from trace_langchain import Recorder, expose
"""

from trace_langchain.chat import LangChainChat
from trace_langchain.exposing import KINDS, NotExposed, NothingToLearn, expose, unexpose
from trace_langchain.handler import Recorder, TraceCallbackHandler
from trace_langchain.instrumentation import instrument, uninstrument
from trace_langchain.learned_middleware import middleware

__all__ = [
    "KINDS",
    "LangChainChat",
    "NotExposed",
    "NothingToLearn",
    "Recorder",
    "TraceCallbackHandler",
    "expose",
    "instrument",
    "middleware",
    "unexpose",
    "uninstrument",
]
