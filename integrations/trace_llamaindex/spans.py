"""What a span is: which kind of call, what it is called, and what went in.

A span of LlamaIndex's dispatcher is a method of some object, or a function. Those that only cut, embed or parse are
none of ours; what happens in them counts as done by the call around them
(https://docs.llamaindex.ai/en/stable/module_guides/observability/instrumentation/).
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from inspect import BoundArguments, Parameter
from typing import Any, NamedTuple

from llama_index.core.agent.workflow import AgentWorkflow
from llama_index.core.agent.workflow.base_agent import BaseWorkflowAgent
from llama_index.core.agent.workflow.workflow_events import AgentWorkflowStartEvent
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.base_selector import BaseSelector
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.indices.query.query_transform.base import BaseQueryTransform
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.question_gen.types import BaseQuestionGenerator
from llama_index.core.response_synthesizers import BaseSynthesizer
from llama_index.core.tools import BaseTool, FunctionTool
from llama_index.core.tools.types import BaseToolAsyncAdapter
from llama_index.core.types import BasePydanticProgram
from llama_index.core.workflow import Context, Event, Workflow

from trace_core.recording.callers import Caller
from trace_llamaindex import private
from trace_llamaindex.values import fields

ID = 37
"""The characters of the unique part of a span's id: a hyphen and a uuid."""

ASKING = {f"{start}{name}" for start in ("", "a", "stream_", "astream_") for name in ("chat", "complete")}
_MODEL = "A language model reads the messages and answers."
_PREDICTING = ("predict", "apredict", "stream", "astream")
_JOBS = ("run_jobs", "run_jobs.<locals>.worker")

_KINDS: tuple[tuple[type, str, str], ...] = (
    (BaseRetriever, "retriever", "retrieve"),
    (BaseNodePostprocessor, "postprocessor", "postprocess"),
    (BaseSelector, "select", "select"),
    (BaseTool, "tool", "tool"),
    (BaseQueryEngine, "function", "query"),
    (BaseChatEngine, "function", "chat"),
    (BaseSynthesizer, "function", "synthesize"),
    (BaseQueryTransform, "function", "transform"),
    (BaseQuestionGenerator, "function", "questions"),
    (BasePydanticProgram, "function", "program"),
)
_METHODS = {
    "retrieve": ("retrieve", "_retrieve"),
    "postprocess": ("postprocess_nodes", "_postprocess_nodes"),
    "select": ("select", "_select"),
    "tool": ("__call__", "call"),
    "query": ("query", "_query", "custom_query"),
    "chat": ("chat", "stream_chat"),
    "synthesize": ("synthesize", "get_response"),
    "transform": ("run", "_run"),
    "questions": ("generate",),
    "program": ("__call__", "call", "stream_call"),
}
"""The methods that are such a call, beside their async twins: LlamaIndex spans each that an abstract class names, such
as `_get_prompts` and `reset`."""


class Seen(NamedTuple):
    """A call that began: its op, what it is in LlamaIndex, its name, what went in, and what else is to be known."""

    kind: str
    what: str
    name: str
    inputs: Any
    details: dict[str, Any]


def seen(id: str, bound: BoundArguments, instance: Any, inside: str) -> Seen | None:
    """What a span is, or None for one that does nothing of its own.

    Args:
        id: the span's id.
        bound: the arguments.
        instance: the object whose method it is, if it is one.
        inside: what the call around it is.
    """
    name = id[:-ID]
    if instance is None:
        return _function(name, bound, inside)
    method = name.rpartition(".")[2]
    if isinstance(instance, BaseLLM):
        return _model(method, bound, instance)
    if isinstance(instance, Workflow):
        return _workflow(bound, instance) if method == "run" else None
    for kind, op, what in _KINDS:
        if isinstance(instance, kind):
            return _component(op, what, method, bound, instance)
    if _is_llamaindex(type(instance)):
        return None
    return Seen("function", "function", name, arguments(bound), {})


def _is_llamaindex(kind: type) -> bool:
    return kind.__module__.partition(".")[0] in ("llama_index", "workflows") or any(
        base.__module__.partition(".")[0] in ("llama_index", "workflows") for base in kind.__mro__
    )


def _function(name: str, bound: BoundArguments, inside: str) -> Seen | None:
    if inside in ("workflow", "agents"):
        events = [value for value in arguments(bound).values() if isinstance(value, Event)]
        collected = [e for value in bound.arguments.values() if isinstance(value, list) for e in value]
        events += [event for event in collected if isinstance(event, Event)]
        inputs = events[0] if len(events) == 1 else events
        what = "agent_step" if inside == "agents" else "step"
        details = {"events": events, "has_context": _has_context(bound)}
        return Seen("function", what, name.rpartition(".")[2], inputs, details)
    if name in _JOBS:
        return None
    given = arguments(bound)
    is_bare = not inside and len(given) == 1  # a program is shown with what it was given, not with its name
    return Seen("function", "function", name.rpartition(".")[2], next(iter(given.values())) if is_bare else given, {})


def _model(method: str, bound: BoundArguments, llm: BaseLLM) -> Seen | None:
    given = arguments(bound)
    if method in ASKING:
        asked = given.get("messages", given.get("prompt"))
        asked = next(iter(given.values()), None) if asked is None else asked
        details = {"tools": given.get("tools"), "description": _MODEL}
        return Seen("llm", "llm", type(llm).__name__, list(asked) if isinstance(asked, tuple) else asked, details)
    if method in _PREDICTING or method.endswith("structured_predict"):
        template = given.pop("prompt", None)
        given = {key: value for key, value in given.items() if key not in ("output_cls", "llm_kwargs")}
        if isinstance(template, BasePromptTemplate):
            given = {**template.kwargs, **given}
        return Seen("function", "predict", method, given, {})
    return Seen("function", "predict", method, given, {}) if method.endswith("predict_and_call") else None


def _workflow(bound: BoundArguments, flow: Workflow) -> Seen:
    event = bound.arguments.get("start_event")
    what = "agents" if isinstance(flow, (BaseWorkflowAgent, AgentWorkflow)) else "workflow"
    inputs: Any = None if event is None else fields(event)
    details: dict[str, Any] = {"events": [] if event is None else [event], "class": type(flow)}
    if isinstance(event, AgentWorkflowStartEvent):
        asked, history = event.get("user_msg"), event.get("chat_history")
        inputs = {"user_msg": asked, "chat_history": history} if history else asked
        if (memory := event.get("memory")) is not None:
            details["memory"] = memory
    return Seen("function", what, type(flow).__name__, inputs, details)


def _component(op: str, what: str, method: str, bound: BoundArguments, instance: Any) -> Seen | None:
    if not _is_one_of(method, _METHODS[what]) or isinstance(instance, BaseToolAsyncAdapter) or _is_form(instance):
        return None
    given, details = arguments(bound), dict[str, Any](own=_is_llamaindex_itself(instance))
    name = type(instance).__name__
    if op == "tool":
        name = instance.metadata.name or name
        details |= {"description": vars(instance.metadata).get("description"), "has_context": _has_context(bound)}
        if isinstance(instance, FunctionTool) and details["has_context"]:
            details["code"] = code_of(instance.real_fn)
        return Seen("handoff" if name == "handoff" else op, what, name, given, details)
    if what == "chat":
        details["memory"] = private.chat_memory(instance)
    if what in ("query", "retrieve", "chat") and len(given) > 1 and not given.get("chat_history"):
        given = {key: value for key, value in given.items() if value is not None}
    return Seen(op, what, name, next(iter(given.values())) if len(given) == 1 and what in _BARE else given, details)


def _is_form(instance: Any) -> bool:
    """Whether it is a tool by which LlamaIndex has a model fill in a class: its function is LlamaIndex's."""
    module = str(getattr(instance.fn, "__module__", "")) if isinstance(instance, FunctionTool) else ""
    return module.startswith(_FORMS)


_FORMS = "llama_index.core.program."
"""Where the functions are that make an object of what a model wrote (`get_function_tool`)."""


def _has_context(bound: BoundArguments) -> bool:
    """Whether a workflow's context is among the arguments."""
    given = list(bound.arguments.values())
    named = [item for value in given if isinstance(value, Mapping) for item in value.values()]
    return any(isinstance(value, Context) for value in (*given, *named))


def code_of(function: Any) -> Caller | None:
    """The code of a function of the user's, for the texts in it."""
    inner = inspect.unwrap(function) if callable(function) else None
    return Caller(inner.__code__, inner.__globals__, 0) if inspect.isfunction(inner) else None


def _is_one_of(method: str, names: Sequence[str]) -> bool:
    """Whether a method is one of these, or the async twin of one: `aquery` of `query`, `_aquery` of `_query`."""
    twin = f"_{method[2:]}" if method.startswith("_a") else method.removeprefix("a")
    return method in names or twin in names


_BARE = ("query", "retrieve", "chat")
"""What is called with one value is shown with that, not with its name."""


def _is_llamaindex_itself(instance: Any) -> bool:
    """Whether the object's class is LlamaIndex's, not one that the user wrote."""
    return type(instance).__module__.partition(".")[0] in ("llama_index", "workflows")


def arguments(bound: BoundArguments) -> dict[str, Any]:
    """The arguments of a call by name, those behind `*` and `**` among the others; a workflow's context is none."""
    found: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        if kind is Parameter.VAR_KEYWORD and isinstance(value, Mapping):
            found.update(value)
        elif kind is Parameter.VAR_POSITIONAL:
            found.update({f"{name}_{i}": item for i, item in enumerate(value)} if len(value) > 1 else {})
            found.update({name: value[0]} if len(value) == 1 else {})
        elif name != "self":
            found[name] = value
    return {name: value for name, value in found.items() if not isinstance(value, Context)}
