"""What a program spent in its framework, counted from the trace of its run.

Adapters put what the framework reported into `node.info["usage"]`, in the framework's own words: LangChain's
`usage_metadata`, AutoGen's `RequestUsage`, OpenAI's two forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trace_core.llm.chat import Usage
from trace_core.nodes import MessageNode, Node
from trace_core.trace_graph import TraceGraph

_PROMPT = ("prompt_tokens", "input_tokens", "prompt")
_COMPLETION = ("completion_tokens", "output_tokens", "completion")
_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_CACHED = ("cached_tokens", "cache_read")


def usage_of(graph: TraceGraph) -> Usage:
    """The calls of LLMs in a trace, and the tokens that they reported."""
    return sum((_usage(node) for node in graph.nodes), Usage())


def _usage(node: Node) -> Usage:
    info = node.info if isinstance(node, MessageNode) else {}
    reported = info.get("usage")
    if isinstance(reported, Usage):
        return reported
    if not isinstance(reported, Mapping):
        return Usage(calls=int(isinstance(node, MessageNode) and node.op == "llm"))
    details = next((reported[name] for name in _DETAILS if isinstance(reported.get(name), Mapping)), reported)
    return Usage(1, _count(reported, _PROMPT), _count(reported, _COMPLETION), _count(details, _CACHED))


def _count(reported: Mapping[str, Any], names: tuple[str, ...]) -> int:
    """The first of these that is a number of tokens; a framework may report anything."""
    found = (reported.get(name) for name in names)
    return next((count for count in found if isinstance(count, int) and count >= 0), 0)
