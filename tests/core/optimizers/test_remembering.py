"""An optimizer that is told of earlier steps asks as one that made them; a draft writes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from trace_core import OPRO, Batch, OptoPrime, ReplayChat, node

ANSWER = '{"reasoning": "warmer", "suggestion": {"heat": 4}}'


def batch(heat: Any, said: str) -> Batch:
    return Batch().add(heat + 1, said)


@pytest.mark.parametrize("kind", [OPRO, OptoPrime])
def test_a_step_that_is_remembered_is_as_if_it_had_been_made(kind: Any) -> None:
    heat = node(3, trainable=True, name="heat")
    asked, told = ReplayChat([ANSWER, ANSWER]), ReplayChat([ANSWER])
    one, other = (kind([heat], llm, memory_size=5) for llm in (asked, told))
    one.propose(batch(heat, "too cold"))
    other.remember(batch(heat, "too cold"))
    assert told.calls == []
    one.propose(batch(heat, "still too cold"))
    other.propose(batch(heat, "still too cold"))
    assert asked.calls[1] == told.calls[0]
    assert "too cold" in asked.calls[1][0]["content"].partition("#Memory")[2]
    one.forget()
    assert "too cold" not in str(one.problem(batch(heat, "fine")))


async def test_a_draft_is_the_record_of_a_step_before_anything_is_written() -> None:
    heat = node(3, trainable=True, name="heat")
    own, other = ReplayChat([]), ReplayChat([ANSWER])
    optimizer = OptoPrime([heat], own)
    record = await optimizer.adraft(batch(heat, "too cold"), other)
    assert record.proposal is not None
    assert record.proposal.values == {"heat": 4}
    assert record.answer == ANSWER
    assert record.usage.calls == 1
    assert (heat.data, own.calls, optimizer.history) == (3, [], [])
