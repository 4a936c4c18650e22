"""Which model asked for which tool, by the ids of tool calls."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from trace_core.recording import Call
from trace_langchain import values


class ToolCalls:
    """The tools that ran, and who asked for them.

    Args:
        calls: the calls of a run.
        is_node: whether one does something itself, and did not only pass a message on.
    """

    def __init__(self, calls: Iterable[Call], is_node: Callable[[Call], bool]) -> None:
        self._ran: dict[str, Call] = {}
        self._asking: dict[str, list[Call]] = {}
        calls = sorted(calls, key=lambda call: call.ended or 0)
        for call in calls:
            if call.succeeded and call.kind in ("llm", "function") and is_node(call):
                for id in values.tool_call_ids(call.output):
                    self._asking.setdefault(id, []).append(call)
        tools = sorted((call for call in calls if call.kind == "tool"), key=lambda call: call.began)
        for tool in tools:
            if tool.details.get("tool_call_id"):
                self._ran[tool.details["tool_call_id"]] = tool
        for tool in tools:
            if not tool.details.get("tool_call_id"):
                self._name(tool)

    def _name(self, tool: Call) -> None:
        """Give a tool the id of the call that asked for it, which langchain-core 1.0 does not tell."""
        for id, asking in self._asking.items():
            asked = [values.tool_call(call.output, id) for call in asking]
            if id not in self._ran and (tool.name, tool.inputs) in asked:
                tool.details["tool_call_id"] = id
                self._ran[id] = tool
                return

    def answered(self, id: str | None) -> Call | None:
        """The tool that ran for a tool call."""
        return self._ran.get(id or "")

    def who_asked(self, tool: Call) -> Call | None:
        """Who asked for a tool: the first that gave these arguments, since a person may have changed them."""
        return self.asked_by(tool.details.get("tool_call_id"), tool.inputs, tool.began)

    def asked_by(self, id: str | None, arguments: Any, before: float = math.inf) -> Call | None:
        """Who gave a message with this tool call."""
        asking = [call for call in self._asking.get(id or "", ()) if (call.ended or 0) < before]
        asked = [call for call in asking if (values.tool_call(call.output, id or "") or ("", None))[1] == arguments]
        return asked[0] if asked else asking[-1] if asking else None
