"""Which LLM is asked when none is named: an argument, `TRACE_LLM`, `OPENAI_API_KEY`, or the local model."""

from __future__ import annotations

import importlib
import importlib.util
import os

from trace_core.errors import LLMError, MissingExtra, NoLLM
from trace_core.llm.chat import ChatModel
from trace_core.llm.openai import OpenAIChat

_OPENAI_MODEL = "gpt-4.1-mini"
_WAYS = """no LLM is configured. Name one in one of three ways:
  1. an argument: OptoPrime(parameters, llm=OpenAIChat("…")), or any object with complete() and acomplete()
  2. the environment: TRACE_LLM=local, TRACE_LLM=/path/to/model.gguf or TRACE_LLM=openai:MODEL;
     or OPENAI_API_KEY (with OPENAI_MODEL and OPENAI_BASE_URL, where wanted)
  3. a model on this machine: pip install "trace-suite[local]", then python -m trace_local fetch"""


def default_llm(llm: ChatModel | str | None = None) -> ChatModel:
    """The LLM to ask: `llm` itself, or what the environment names, or the local model where its file is there.

    `llm` may also be a text in the form of `TRACE_LLM`: "local", a path to a .gguf file, or "openai:MODEL". Nothing
    is downloaded or loaded here. Raises `NoLLM` with the three ways to name one, `LLMError` where the one that is
    named cannot be used, and `MissingExtra` where it needs an extra that is not installed.

    Example: `default_llm().complete([{"role": "user", "content": "Name a colour."}])`
    """
    if llm is not None and not isinstance(llm, str):
        return llm
    if named := (llm or os.environ.get("TRACE_LLM", "")).strip():
        return _named(named, "llm" if llm else "TRACE_LLM")
    if os.environ.get("OPENAI_API_KEY", "").strip():
        return OpenAIChat(os.environ.get("OPENAI_MODEL") or _OPENAI_MODEL)
    try:
        return _local()
    except (LLMError, MissingExtra) as error:
        raise NoLLM(f"{_WAYS}\n(The local model cannot be used now: {error})") from error


def _named(name: str, source: str) -> ChatModel:
    if name == "local":
        return _local()
    provider, _, model = name.partition(":")
    if provider == "openai" and model:
        return OpenAIChat(model)
    if name.lower().endswith(".gguf"):
        return _local(name)
    raise NoLLM(f"{source} is {name!r}; expected local, a path to a .gguf file, or openai:MODEL")


def _local(path: str | None = None) -> ChatModel:
    # By name, since the core depends on no integration.
    if importlib.util.find_spec("trace_local") is None:
        raise MissingExtra("the local model", "local")
    chat: ChatModel = importlib.import_module("trace_local").LocalChat(path)
    return chat
