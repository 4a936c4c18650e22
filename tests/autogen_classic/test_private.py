"""What is hooked and is not in AG2's documents is still there."""

from __future__ import annotations

import pytest
from trace_autogen.classic import private, trace

from tests.autogen_classic.agents import ConversableAgent, assistant, group
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
    client = assistant("helper").client
    assert len(getattr(client, private.CLIENTS)) == len(getattr(client, private.CONFIGS)) == 1
    assert all(hasattr(client, name) for name in private.USAGE)


@pytest.mark.skipif(not hasattr(ConversableAgent, "run"), reason="AutoGen 0.2 has no run")
def test_what_run_makes_its_agent_with() -> None:
    assert hasattr(assistant("helper"), private.EXECUTOR)


@pytest.mark.skipif(not hasattr(ConversableAgent, "run"), reason="AutoGen 0.2 has none")
def test_where_context_variables_stand() -> None:
    assert isinstance(getattr(assistant("helper"), private.CONTEXT).data, dict)


@pytest.mark.parametrize("use_async", [False, True])
def test_where_nested_chats_stand(use_async: bool) -> None:
    front, back, message = assistant("front"), assistant("back"), " ".join(["Say", "something."])
    chats = [{"recipient": back, "message": message, "chat_id": 1}]
    front.register_nested_chats(chats, trigger=back, use_async=use_async)
    assert private.is_told_in_nested_chats(front, message)
    assert not private.is_told_in_nested_chats(front, " ".join(["Say", "something."]))


def test_a_copy_forgets_what_there_is_to_forget() -> None:
    kept = vars(group(assistant("writer"), rounds=2))
    assert {"_consecutive_auto_reply_counter", "_max_consecutive_auto_reply_dict", "reply_at_receive"} <= kept.keys()
    assert {"_human_input", "client_cache", "_last_speaker", "_groupchat"} <= kept.keys()


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
