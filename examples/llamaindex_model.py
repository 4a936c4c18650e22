"""A LlamaIndex LLM on whatever LLM is configured: the local one, or OpenAI's by `OPENAI_API_KEY`.

The examples' programs use it as they would use any other LLM. Its tool calls are held by a JSON schema, so that a small
model can make them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    LLMMetadata,
    ToolCallBlock,
)
from llama_index.core.llms.callbacks import llm_chat_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection


class LocalLLM(FunctionCallingLLM):
    """Asks `llm` (anything with `complete(messages, schema)` and `acomplete`)."""

    llm: Any

    @property
    def metadata(self) -> LLMMetadata:
        """A chat model that can call tools."""
        return LLMMetadata(is_chat_model=True, is_function_calling_model=True, context_window=8_000, num_output=512)

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """An answer, or a call of one of the tools."""
        asked, schema = _asked(messages, kwargs.get("tools"))
        return _response(self.llm.complete(asked, schema).text, schema)

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """The same, awaited."""
        asked, schema = _asked(messages, kwargs.get("tools"))
        return _response((await self.llm.acomplete(asked, schema)).text, schema)

    def _prepare_chat_with_tools(
        self, tools: Any, user_msg: Any = None, chat_history: Any = None, **kwargs: Any
    ) -> dict[str, Any]:
        told = [*(chat_history or []), *([user_msg] if user_msg is not None else [])]
        return {"messages": told, "tools": [tool.metadata.to_openai_tool()["function"] for tool in tools]}

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        """The calls of tools in an answer."""
        calls = [block for block in response.message.blocks if isinstance(block, ToolCallBlock)]
        return [ToolSelection(tool_id=c.tool_call_id, tool_name=c.tool_name, tool_kwargs=c.tool_kwargs) for c in calls]

    # --- what LlamaIndex asks of an LLM besides, and the examples do not use

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Not used."""
        raise NotImplementedError

    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Not used."""
        raise NotImplementedError

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Not used."""
        raise NotImplementedError

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """Not used."""
        raise NotImplementedError

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """Not used."""
        raise NotImplementedError

    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseAsyncGen:
        """Not used."""
        raise NotImplementedError


def _asked(messages: Sequence[ChatMessage], tools: Any) -> tuple[list[dict[str, str]], dict[str, Any] | None]:
    asked = [_plain(message) for message in messages]
    if not tools or messages[-1].role.value == "tool":  # one call is enough for these examples
        return asked, None
    told = "\n".join(f"{t['name']}({', '.join(t['parameters']['properties'])}): {t['description']}" for t in tools)
    asked.insert(0, {"role": "system", "content": f"Call the tool that answers the question. The tools:\n{told}"})
    return asked, {"anyOf": [_call_schema(tool) for tool in tools]}


def _call_schema(tool: dict[str, Any]) -> dict[str, Any]:
    given = tool["parameters"]["properties"]
    arguments = {"type": "object", "properties": given, "required": list(given), "additionalProperties": False}
    asked = {"name": {"const": tool["name"]}, "arguments": arguments}
    return {"type": "object", "properties": asked, "required": list(asked), "additionalProperties": False}


def _response(text: str, schema: dict[str, Any] | None) -> ChatResponse:
    if schema is None:
        return ChatResponse(message=ChatMessage(role="assistant", content=text.strip()))
    call = json.loads(text)
    block = ToolCallBlock(tool_call_id="call_1", tool_name=call["name"], tool_kwargs=call["arguments"])
    return ChatResponse(message=ChatMessage(role="assistant", blocks=[block]))


def _plain(message: ChatMessage) -> dict[str, str]:
    if message.role.value == "tool":
        return {"role": "user", "content": f"The tool says: {message.content}"}
    calls = [block.tool_kwargs for block in message.blocks if isinstance(block, ToolCallBlock)]
    return {"role": message.role.value, "content": message.content or json.dumps(calls)}
