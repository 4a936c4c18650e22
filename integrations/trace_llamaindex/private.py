"""What is private to LlamaIndex and is relied upon, looked up here alone.

Each has a canary in tests/llamaindex/test_private.py.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any, NamedTuple

_log = logging.getLogger(__name__)


# --- recording


class StepState(NamedTuple):
    """What a workflow's step has beside its event: who it is, and events that it collected, waited for, or sent."""

    work_item: str | None
    collected: list[Any]
    sent: list[Any]
    waited: list[Any]


@cache
def _step_variable() -> Any:
    """The context variable in which the workflow runtime keeps the state of a step."""
    try:
        from workflows.runtime.types.results import StepWorkerStateContextVar
    except ImportError:
        _log.warning("this version of llama-index-workflows is not known: events that steps send are not recorded")
        return None
    return StepWorkerStateContextVar


def step_state() -> StepState | None:
    """The state of the step that runs here."""
    variable = _step_variable()
    context = None if variable is None else variable.get(None)
    if context is None:
        return None
    try:
        state = context.state
        collected = [event for events in state.collected_events.values() for event in events]
        waited = [waiter.resolved_event for waiter in state.collected_waiters if waiter.resolved_event is not None]
        sent = [entry.event for entry in context.sends.entries]
        return StepState(state.work_item_id, [*collected, *waited], sent, waited)
    except AttributeError as error:
        _log.warning("this version of llama-index-workflows is not known: %s", error)
        return None


@cache
def _waiting() -> type[BaseException] | None:
    """What is raised through a step, and a tool in it, that waits for an event: the runtime calls the step again."""
    try:
        from workflows.runtime.types.results import WaitingForEvent
    except ImportError:
        _log.warning("this version of llama-index-workflows is not known: tools that wait are shown as failed")
        return None
    return WaitingForEvent


def is_waiting(error: BaseException) -> bool:
    """Whether a call only broke off to be called again when an event has come."""
    kind = _waiting()
    return kind is not None and isinstance(error, kind)


def chat_memory(engine: Any) -> Any:
    """The memory of a chat engine; the engine itself where it has none of that name."""
    return getattr(engine, "_memory", None) or engine


# --- exposing

TOOL_FUNCTIONS = ("_fn", "_async_fn", "_real_fn")
"""What a `FunctionTool` calls, what it awaits, and which of the two is the user's."""
TOOL_METADATA = "_metadata"
TOOLS_METADATA = "_metadatas"
"""What a router or sub-question engine keeps of the tools that it was given, beside one of `IN_TOOLS`."""
IN_TOOLS = ("_query_engines", "_retrievers")
PREFIX_MESSAGES = "_prefix_messages"
CHAT_SYSTEM_PROMPT = "_system_prompt"
CHAT_MEMORY = "_memory"
CONTEXT_TEMPLATES = ("_context_template", "_context_prompt_template")
"""Templates to which a chat engine appends its system prompt; what is in it is filled too."""
TOP_K = ("_similarity_top_k", "similarity_top_k")
"""Where a retriever keeps how many nodes it finds: the first is behind a property, the second plain."""
MULTIMODAL = "_multimodal"
MODEL = ("_llm", "llm")
UNREAD_PROMPTS = {
    "AnswerRelevancyEvaluator": ("_refine_template",),
    "BaseKeywordTableRetriever": ("keyword_extract_template",),
    "EmptyIndexRetriever": ("_input_prompt",),
    "SQLAutoVectorQueryEngine": ("_sql_join_synthesis_prompt",),
    "TreeSelectLeafRetriever": ("_text_qa_template", "_refine_template"),
}
"""Templates that these classes hold, and never fill where they answer."""
BM25 = "bm25"
SETTERS = "__pydantic_setattr_handlers__"
"""Where a pydantic class keeps how each attribute is set, once it was."""


def has(owner: Any, *attributes: str) -> bool:
    """Whether the object itself holds all of these attributes."""
    known = vars(owner) if hasattr(owner, "__dict__") else {}
    return all(attribute in known for attribute in attributes)


def attributes(owner: Any) -> dict[str, Any]:
    """What an object holds, with what pydantic keeps apart."""
    apart = getattr(owner, "__pydantic_private__", None)
    return {**vars(owner), **(apart or {})}


def set_attribute(owner: Any, name: str, value: Any) -> None:
    """Put an object where another one was; no setter is asked, since none of these expects a copy."""
    apart = getattr(owner, "__pydantic_private__", None) or {}
    (apart if name in apart else vars(owner))[name] = value


def model_of(owner: Any) -> Any:
    """The model that an object asks; None if it has none."""
    known = attributes(owner)
    return next((known[name] for name in MODEL if known.get(name) is not None), None)


def found_at_most(retriever: Any) -> int | None:
    """The most nodes that a retriever can be asked for: BM25 raises where there are fewer."""
    scores = getattr(vars(retriever).get(BM25), "scores", None)
    most = scores.get("num_docs") if isinstance(scores, dict) else None
    return None if most is None else int(most)


def fresh_memory(memory: Any) -> Any:
    """A memory like this one, in which nothing has been said.

    Raises:
        TypeError: it is of a kind that is not known.
    """
    from llama_index.core.memory import Memory
    from llama_index.core.memory.memory import generate_chat_store_key, get_default_chat_store
    from llama_index.core.storage.chat_store import SimpleChatStore

    if isinstance(memory, Memory):
        return memory.model_copy(
            update={"sql_store": get_default_chat_store(), "session_id": generate_chat_store_key()}
        )
    if "chat_store" in type(memory).model_fields:
        return memory.model_copy(update={"chat_store": SimpleChatStore()})
    raise TypeError(
        f"no fresh {type(memory).__name__} can be made for a clone; give the chat engine a ChatMemoryBuffer"
    )


def takes_schema(llm: Any) -> bool:
    """Whether a model asks for structured answers by `response_format` itself, as those of OpenAI's protocol do."""
    asks = getattr(llm, "_should_use_structure_outputs", None)
    return callable(asks) and bool(asks())
