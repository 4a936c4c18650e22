"""What a framework reported is found, in the words of each."""

from __future__ import annotations

from typing import Any

import pytest

from trace_core import MessageNode, TraceGraph, node
from trace_core.llm import Usage
from trace_core.operators import Argument, Operation
from trace_train.usage import usage_of


def call(op: str, info: dict[str, Any] | None = None) -> MessageNode:
    return MessageNode(
        "x", Operation(op, (Argument("a", "argument"),), f"{op}({{0}})", None), (node(1),), None, False, info
    )


@pytest.mark.parametrize(
    ("reported", "usage"),
    [
        (
            {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13, "input_token_details": {"cache_read": 3}},
            Usage(1, 9, 4, 3),
        ),
        ({"prompt": 9, "completion": 4}, Usage(1, 9, 4)),
        ({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}, Usage(1, 9, 4)),
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 2}},
            Usage(1, 9, 4, 2),
        ),
        ({"prompt_tokens": None, "completion_tokens": -4}, Usage(1)),
        (Usage(2, 3, 4), Usage(2, 3, 4)),
        ("many", Usage(1)),
    ],
)
def test_usage_in_each_frameworks_words(reported: Any, usage: Usage) -> None:
    output = call("llm", {"usage": reported})
    assert usage_of(TraceGraph.of(output)) == usage


def test_calls_without_a_report_count_as_calls_and_tools_do_not() -> None:
    first, second = call("llm"), call("tool")
    assert usage_of(TraceGraph.of(first, second)) == Usage(1)
