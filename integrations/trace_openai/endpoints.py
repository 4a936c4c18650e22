"""Which of the API's addresses ask a model, and how each calls what goes in.

Source: OpenAI's API reference, https://platform.openai.com/docs/api-reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address: the op of its calls, the argument that holds what is asked, and the one that holds instructions."""

    path: str
    kind: str
    asked: str
    instructions: str | None = None


_ENDPOINTS = {
    each.path: each
    for each in (
        Endpoint("/chat/completions", "llm", "messages"),
        Endpoint("/responses", "llm", "input", "instructions"),
        Endpoint("/completions", "llm", "prompt"),
        Endpoint("/embeddings", "function", "input"),
    )
}


def endpoint_of(method: str, url: str) -> Endpoint | None:
    """The endpoint of a request that is recorded, or None.

    `/v1` may stand before its path, as in batch files, and a query after it, as of `client.beta.responses`.
    """
    return _ENDPOINTS.get(url.partition("?")[0].removeprefix("/v1")) if method.lower() == "post" else None


def function_of(tool: Any) -> dict[str, Any] | None:
    """What describes a function among the tools of a request, as both APIs have it; None for a tool that is none."""
    if not isinstance(tool, dict) or tool.get("type", "function") != "function":
        return None
    inner = tool.get("function", tool)
    return inner if isinstance(inner, dict) and isinstance(inner.get("name"), str) else None
