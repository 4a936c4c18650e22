"""The LLM layer: one small protocol, and the models and wrappers that follow it, each loaded when it is first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trace_core.llm.chat import ChatModel, Completion, Message, Usage

if TYPE_CHECKING:
    from trace_core.llm.budget import Budget, BudgetedChat
    from trace_core.llm.cache import CachedChat
    from trace_core.llm.default import default_llm
    from trace_core.llm.openai import OpenAIChat
    from trace_core.llm.replay import ReplayChat

_LOADED_WHEN_USED = {
    "Budget": "budget",
    "BudgetedChat": "budget",
    "CachedChat": "cache",
    "OpenAIChat": "openai",
    "ReplayChat": "replay",
    "default_llm": "default",
}

__all__ = [
    "Budget",
    "BudgetedChat",
    "CachedChat",
    "ChatModel",
    "Completion",
    "Message",
    "OpenAIChat",
    "ReplayChat",
    "Usage",
    "default_llm",
]


def __getattr__(name: str) -> Any:
    if name in _LOADED_WHEN_USED:
        return getattr(import_module(f"trace_core.llm.{_LOADED_WHEN_USED[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
