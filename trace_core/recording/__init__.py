"""How adapters put a framework's calls into the graph: hooks report calls, edges are worked out from them later."""

from trace_core.recording.call import MISSING, Call, Link
from trace_core.recording.flow import Flow
from trace_core.recording.ledger import Ledger, Origin
from trace_core.recording.recorder import BaseRecorder
from trace_core.recording.run import Run

__all__ = ["MISSING", "BaseRecorder", "Call", "Flow", "Ledger", "Link", "Origin", "Run"]
