"""A LangChain chat model on whatever LLM is configured: the local one, or OpenAI's by `OPENAI_API_KEY`.

The examples' programs use it as they would use any other chat model. Its tool calls are held by a JSON schema, so that
a small model can make them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool

_ROLES = {"system": "system", "human": "user", "ai": "assistant", "tool": "user"}


class LocalModel(BaseChatModel):
    """Asks `llm` (anything with `complete(messages, schema)`)."""

    llm: Any

    @property
    def _llm_type(self) -> str:
        return "local"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        """The model with tools that it may call."""
        return self.bind(tools=[convert_to_openai_tool(tool)["function"] for tool in tools], **kwargs)

    def _generate(self, messages: list[BaseMessage], *_: Any, tools: Sequence[Any] = (), **__: Any) -> ChatResult:
        answered = isinstance(messages[-1], ToolMessage)  # one call is enough for these examples
        made = self._ask(messages) if answered or not tools else self._call_a_tool(messages, tools)
        return ChatResult(generations=[ChatGeneration(message=made)])

    def _ask(self, messages: Sequence[BaseMessage]) -> AIMessage:
        return AIMessage(self.llm.complete([_plain(message) for message in messages]).text.strip())

    def _call_a_tool(self, messages: Sequence[BaseMessage], tools: Sequence[Any]) -> AIMessage:
        told = "\n".join(f"{t['name']}({', '.join(t['parameters']['properties'])}): {t['description']}" for t in tools)
        asked = [SystemMessage(f"Call the tool that answers the question. The tools:\n{told}"), *messages]
        ways = [_call_schema(tool) for tool in tools]
        answer = self.llm.complete([_plain(message) for message in asked], {"anyOf": ways}).text
        return AIMessage("", tool_calls=[{**json.loads(answer), "id": f"call_{len(messages)}"}])


def _call_schema(tool: dict[str, Any]) -> dict[str, Any]:
    given = tool["parameters"]["properties"]
    arguments = {"type": "object", "properties": given, "required": list(given), "additionalProperties": False}
    asked = {"name": {"const": tool["name"]}, "args": arguments}
    return {"type": "object", "properties": asked, "required": list(asked), "additionalProperties": False}


def _plain(message: BaseMessage) -> dict[str, str]:
    text = str(message.content) or json.dumps([call["args"] for call in getattr(message, "tool_calls", [])])
    return {"role": _ROLES[message.type], "content": f"The tool says: {text}" if message.type == "tool" else text}
