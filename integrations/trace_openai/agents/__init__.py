"""Trace agents of the OpenAI Agents SDK (the package `openai-agents`), and learn their instructions and tools.

from trace_openai.agents import Recorder, expose
"""

from trace_core.errors import MissingExtra

try:
    from agents import Runner as _Runner  # noqa: F401 - another package of this name has none
except ImportError as error:
    raise MissingExtra("tracing agents of the OpenAI Agents SDK", "openai-agents") from error

from trace_openai.agents.cloning import clone
from trace_openai.agents.exposing import KINDS, NotExposed, NothingToLearn, expose, unexpose
from trace_openai.agents.programs import OtherLoop
from trace_openai.agents.recorder import Recorder

__all__ = ["KINDS", "NotExposed", "NothingToLearn", "OtherLoop", "Recorder", "clone", "expose", "unexpose"]
