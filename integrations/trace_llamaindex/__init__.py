"""Record LlamaIndex queries, agents and workflows, and learn their prompts, tools and settings.

from trace_llamaindex import Recorder, expose
"""

from trace_llamaindex.chat import LlamaIndexChat
from trace_llamaindex.cloning import clone
from trace_llamaindex.exposing import KINDS, NotExposed, NothingToLearn, expose, unexpose
from trace_llamaindex.recorder import Recorder

__all__ = [
    "KINDS",
    "LlamaIndexChat",
    "NotExposed",
    "NothingToLearn",
    "Recorder",
    "clone",
    "expose",
    "unexpose",
]
