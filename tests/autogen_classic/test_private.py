"""What is hooked and is not in AG2's documents is still there."""

from __future__ import annotations

import pytest
from trace_autogen.classic import private, trace

from tests.autogen_classic.agents import assistant, group
from trace_core.errors import TraceError


@pytest.mark.parametrize(
    "name",
    [
        private.MODEL_CALL,
        private.SYSTEM,
        private.MESSAGES,
        private.FUNCTIONS,
        private.HOOKS,
        private.REPLIES,
        private.WRAP,
    ],
)
def test_an_agent_has_it(name: str) -> None:
    assert hasattr(assistant("helper"), name)


def test_a_model_wrapper_keeps_its_clients_there() -> None:
    assert len(getattr(assistant("helper").client, private.CLIENTS)) == 1


def test_a_group_chat_makes_its_inner_agents_there() -> None:
    manager = group(assistant("writer"), rounds=2)
    assert hasattr(manager.groupchat, private.INNER_AGENTS)
    assert len(private.groups_of(manager)) > 1


def test_another_release_is_refused() -> None:
    helper = assistant("helper")
    del helper._oai_messages
    with pytest.raises(TraceError, match="it cannot be traced"):
        trace(helper)
    assert not helper.hook_lists["process_message_before_send"]
