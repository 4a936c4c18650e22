"""Trace LangChain and LangGraph programs, and learn their prompts, tools and settings.

from trace_langchain import Recorder, expose
"""

from trace_langchain.handler import Recorder, TraceCallbackHandler

__all__ = ["Recorder", "TraceCallbackHandler"]
