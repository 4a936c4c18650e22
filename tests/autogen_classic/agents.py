"""Agents that answer from a script, through AG2's own client for models of one's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

# All of these tests need AG2 below 1.0, which has an environment of its own (`make test-ag2`).
autogen = pytest.importorskip("autogen")
ConversableAgent, GroupChat, GroupChatManager = autogen.ConversableAgent, autogen.GroupChat, autogen.GroupChatManager


class ScriptedModel:
    """A model client that gives the next line of its script, and keeps what it was sent."""

    def __init__(self, config: dict[str, Any], script: list[Any], sent: list[dict[str, Any]]) -> None:
        self.script = script
        self.sent = sent

    def create(self, params: dict[str, Any]) -> Any:
        self.sent.append({"messages": [dict(m) for m in params["messages"]], "tools": params.get("tools")})
        said = self.script.pop(0)
        if isinstance(said, Exception):
            raise said
        return SimpleNamespace(said=said, model="scripted", cost=0, message_retrieval_function=None)

    def message_retrieval(self, response: Any) -> list[Any]:
        return [response.said]

    def cost(self, response: Any) -> float:
        return 0

    @staticmethod
    def get_usage(response: Any) -> dict[str, Any]:
        return {}


class Answering(ScriptedModel):
    """A model client that works its answers out, at any time; it keeps what it was told."""

    def __init__(self, config: dict[str, Any], answer: Callable[[list[Any]], Any], told: list[Any]) -> None:
        self.answer = answer
        self.told = told

    def create(self, params: dict[str, Any]) -> Any:
        messages = [dict(message) for message in params["messages"]]
        self.told.append(messages)
        said = self.answer(messages)
        return SimpleNamespace(said=said, model="scripted", cost=0, message_retrieval_function=None)


def config(model: str = "ScriptedModel") -> dict[str, Any]:
    return {"config_list": [{"model": "scripted", "model_client_cls": model}], "cache_seed": None}


def answering(name: str, answer: Callable[[list[Any]], Any], **arguments: Any) -> tuple[Any, list[Any]]:
    """An agent whose model answers by a function, and a list of what it was told."""
    told: list[Any] = []
    made = ConversableAgent(name, llm_config=config("Answering"), human_input_mode="NEVER", **arguments)
    made.register_model_client(Answering, answer=answer, told=told)
    return made, told


def assistant(name: str, *script: Any, **arguments: Any) -> Any:
    """An agent with a model; `agent.sent` is what the model was sent."""
    made = ConversableAgent(
        name, llm_config=config(), human_input_mode="NEVER", **{"system_message": f"You are {name}.", **arguments}
    )
    made.sent = []
    made.script = list(script)
    made.register_model_client(ScriptedModel, script=made.script, sent=made.sent)
    return made


def user(name: str = "user", **arguments: Any) -> Any:
    return ConversableAgent(name, llm_config=False, human_input_mode="NEVER", **arguments)


def asks(*calls: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    """What a model says that asks for tools: (id, name, arguments)."""
    asked = [
        {"id": id, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for id, name, arguments in calls
    ]
    return {"role": "assistant", "content": None, "tool_calls": asked}


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def double(a: int) -> int:
    """Double a number."""
    return 2 * a


def broken(a: int) -> int:
    """Do nothing."""
    raise ValueError(f"no {a}")


def with_tools(asking: Any, running: Any, *functions: Any) -> None:
    for function in functions:
        asking.register_for_llm(name=function.__name__, description=f"{function.__name__} numbers")(function)
        running.register_for_execution(name=function.__name__)(function)
    asking.register_model_client(ScriptedModel, script=asking.script, sent=asking.sent)  # AG2 forgot it


def group(*agents: Any, rounds: int, script: list[Any] | None = None, **arguments: Any) -> Any:
    """A manager of a group chat; with a script, a model selects who speaks."""
    chat = GroupChat(agents=list(agents), messages=[], max_round=rounds, **arguments)
    if script is None:
        chat.speaker_selection_method = "round_robin"
        return GroupChatManager(groupchat=chat, llm_config=False, silent=True)
    sent: list[Any] = []

    class Selecting(ScriptedModel):
        def __init__(self, config: dict[str, Any]) -> None:
            super().__init__(config, script, sent)

    Selecting.__name__ = "Selecting"
    chosen = {"config_list": [{"model": "scripted", "model_client_cls": "Selecting"}], "cache_seed": None}
    chat.select_speaker_auto_llm_config = chosen
    chat.select_speaker_auto_model_client_cls = Selecting
    manager = GroupChatManager(groupchat=chat, llm_config=False, silent=True)
    manager.sent = sent
    return manager
