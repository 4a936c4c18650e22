"""Record LlamaIndex queries, agents and workflows, and learn their prompts, tools and settings.

from trace_llamaindex import Recorder, expose
"""

from trace_llamaindex.recorder import Recorder

__all__ = ["Recorder"]
