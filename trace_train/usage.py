"""What a program spent in its framework, counted from the trace of its output and from all that was recorded beside.

Adapters put what the framework reported into `node.info["usage"]`, in the framework's own words: LangChain's
`usage_metadata`, AutoGen's `RequestUsage`, OpenAI's two forms.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from trace_core.llm.chat import Usage
from trace_core.nodes import MessageNode, Node
from trace_core.recording.run import Run
from trace_core.trace_graph import TraceGraph

_log = logging.getLogger(__name__)

NOTHING = Usage()
_UNKNOWN = Usage(calls=1)
_PROMPT = ("prompt_tokens", "input_tokens", "prompt")
_COMPLETION = ("completion_tokens", "output_tokens", "completion")
_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_CACHED = ("cached_tokens", "cache_read")


def usage_of(graph: TraceGraph | None, runs: Sequence[Run] = ()) -> Usage:
    """The calls of LLMs in a trace and in recorded runs, each counted once, and the tokens that they reported."""
    calls: dict[int, Usage] = {}
    for nodes in (() if graph is None else graph.nodes, *map(_recorded, runs)):
        for node in nodes:
            if isinstance(node, MessageNode) and (usage := _usage(node)) is not None:
                calls[node.id] = usage
    return sum(calls.values(), Usage()) if calls else NOTHING


def _recorded(run: Run) -> Sequence[Node]:
    """The nodes of all that ran, whatever it led to."""
    try:
        return run.graph.nodes if run.calls else ()
    except Exception as error:  # noqa: BLE001 - what is shown of a call is the user's function, and no reason to fail
        _log.warning("what %r spent is not known: %s", run, error, exc_info=error)
        return ()


def _usage(node: MessageNode) -> Usage | None:
    reported = None if node._info is None else node._info.get("usage")
    if reported is None:
        return _UNKNOWN if node.op == "llm" else None
    if isinstance(reported, Usage):
        return reported
    if not isinstance(reported, Mapping):
        return _UNKNOWN if node.op == "llm" else None
    details = next((reported[name] for name in _DETAILS if isinstance(reported.get(name), Mapping)), reported)
    return Usage(1, _count(reported, _PROMPT), _count(reported, _COMPLETION), _count(details, _CACHED))


def _count(reported: Mapping[str, Any], names: tuple[str, ...]) -> int:
    """The first of these that is a number of tokens; a framework may report anything."""
    found = (reported.get(name) for name in names)
    return next((count for count in found if isinstance(count, int) and count >= 0), 0)


def larger(one: Usage, other: Usage) -> Usage:
    """What was counted in two places, part of it perhaps in both."""
    if other is NOTHING:
        return one
    return Usage(
        max(one.calls, other.calls),
        max(one.prompt_tokens, other.prompt_tokens),
        max(one.completion_tokens, other.completion_tokens),
        max(one.cached_tokens, other.cached_tokens),
    )


def beyond(usage: Usage, part: Usage) -> Usage:
    """What is left of a usage without a part of it."""
    if part is NOTHING:
        return usage
    return Usage(
        usage.calls - part.calls,
        usage.prompt_tokens - part.prompt_tokens,
        usage.completion_tokens - part.completion_tokens,
        usage.cached_tokens - part.cached_tokens,
    )
