"""An AutoGen model client on whatever LLM is configured: the local one, or OpenAI's by `OPENAI_API_KEY`.

The examples' agents use it as they would use any other client. Its tool calls are held by a JSON schema, so that a
small model can make them.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from autogen_core import FunctionCall
from autogen_core.models import (
    ChatCompletionClient,
    CreateResult,
    FunctionExecutionResultMessage,
    LLMMessage,
    ModelInfo,
    RequestUsage,
    UserMessage,
)

from trace_core.llm import ChatModel

_INFO = ModelInfo(vision=False, function_calling=True, json_output=False, structured_output=False, family="unknown")
_ROLES = {"SystemMessage": "system", "UserMessage": "user", "AssistantMessage": "assistant"}


class LocalClient(ChatCompletionClient):
    """Asks `llm` (anything with `acomplete(messages, schema)`)."""

    def __init__(self, llm: ChatModel) -> None:
        self.llm = llm
        self.usage = RequestUsage(prompt_tokens=0, completion_tokens=0)

    async def create(self, messages: Sequence[LLMMessage], *, tools: Sequence[Any] = (), **_: Any) -> CreateResult:
        """An answer, or a call of one of the tools; one call is enough for these examples."""
        asked = [_plain(message) for message in messages]
        if not tools or isinstance(messages[-1], FunctionExecutionResultMessage):
            return await self._ask(asked)
        schemas = [tool if isinstance(tool, Mapping) else tool.schema for tool in tools]
        told = "\n".join(f"{t['name']}({', '.join(_arguments(t))}): {t['description']}" for t in schemas)
        asked.insert(0, {"role": "system", "content": f"Call the tool that answers the question. The tools:\n{told}"})
        result = await self._ask(asked, {"anyOf": [_call_schema(tool) for tool in schemas]})
        call = json.loads(str(result.content))
        called = FunctionCall(id=f"call_{len(messages)}", name=call["name"], arguments=json.dumps(call["arguments"]))
        return result.model_copy(update={"content": [called], "finish_reason": "function_calls"})

    async def create_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[str | CreateResult, None]:
        """The answer in one piece."""
        yield await self.create(*args, **kwargs)

    async def _ask(self, messages: list[Any], schema: Mapping[str, Any] | None = None) -> CreateResult:
        answer = await self.llm.acomplete(messages, schema)
        spent = answer.usage
        self.usage = RequestUsage(prompt_tokens=spent.prompt_tokens, completion_tokens=spent.completion_tokens)
        return CreateResult(content=answer.text.strip(), usage=self.usage, finish_reason="stop", cached=False)

    # --- what AutoGen asks of a client besides

    async def close(self) -> None:
        """Nothing is open."""

    def actual_usage(self) -> RequestUsage:
        """Of the last call."""
        return self.usage

    total_usage = actual_usage

    def count_tokens(self, messages: Sequence[LLMMessage], *, tools: Sequence[Any] = ()) -> int:
        """Roughly."""
        return sum(len(str(message.content)) for message in messages) // 4

    def remaining_tokens(self, messages: Sequence[LLMMessage], *, tools: Sequence[Any] = ()) -> int:
        """Roughly."""
        return 8_000 - self.count_tokens(messages)

    @property
    def model_info(self) -> ModelInfo:
        """Text and tool calls."""
        return _INFO

    capabilities = model_info


def _arguments(tool: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = tool["parameters"]["properties"]
    return given


def _call_schema(tool: Mapping[str, Any]) -> dict[str, Any]:
    given = _arguments(tool)
    arguments = {"type": "object", "properties": given, "required": list(given), "additionalProperties": False}
    asked = {"name": {"const": tool["name"]}, "arguments": arguments}
    return {"type": "object", "properties": asked, "required": list(asked), "additionalProperties": False}


def _plain(message: LLMMessage) -> dict[str, str]:
    if isinstance(message, FunctionExecutionResultMessage):
        said = "; ".join(result.content for result in message.content)
        return {"role": "user", "content": f"The tool says: {said}"}
    text = message.content
    if not isinstance(text, str):
        text = json.dumps([getattr(call, "arguments", "") for call in text])
    elif isinstance(message, UserMessage) and message.source != "user":  # in a team the others speak as users
        text = f"The {message.source} says: {text}"
    return {"role": _ROLES[message.type], "content": text}
