"""Where the inputs of AutoGen's calls came from."""

from __future__ import annotations

from typing import Any

from trace_core.recording import Call, Flow


class AutoGenFlow(Flow):
    """`Flow` with what AutoGen's messages say."""

    def source_of(self, message: Any) -> Call | None:
        """The node that a message came from."""
        return None
