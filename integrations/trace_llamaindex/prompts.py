"""Prompts: templates wherever they stand, and texts that agents and chat engines keep as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from llama_index.core.agent.workflow import AgentWorkflow, CodeActAgent, ReActAgent
from llama_index.core.agent.workflow.base_agent import BaseWorkflowAgent
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.memory import Memory
from llama_index.core.prompts import (
    ChatPromptTemplate,
    PromptTemplate,
    RichPromptTemplate,
    SelectorPromptTemplate,
)
from llama_index.core.retrievers import QueryFusionRetriever

from trace_core.exposing import Format, Home, NotOffered, NotPlain, Offer
from trace_core.validators import NotEmpty
from trace_llamaindex import private
from trace_llamaindex.bindings import HeldBinding
from trace_llamaindex.formats import SameFields, Unfilled
from trace_llamaindex.places import AttributeValue, Beside, MessageText, StoredText, text_blocks
from trace_llamaindex.standing import binding_at
from trace_llamaindex.tags import SameTags
from trace_llamaindex.templates import Held
from trace_llamaindex.walking import Found, Path

Offers = Iterator[Offer | NotOffered]
Rules = tuple[Callable[[Any], None], ...]
_HEADER_FIELDS = ("tool_desc", "tool_names", "context")
_STATE_FIELDS = ("state", "msg")
_HANDOFF_OUTPUT_FIELDS = ("to_agent", "reason")
_QUERY_FIELDS = ("num_queries", "query")
_SYSTEM, _WRAPPER = "system_prompt", "query_wrapper_prompt"
_OF_MODELS = {_SYSTEM: "system_prompt", _WRAPPER: "prompt"}
"""The prompts that a model holds, and their kinds."""
_FILLED = ("context_str", "context_msg", "query_str", "existing_answer")
"""What a synthesizer fills in the template of a chat engine, in which the engine's system prompt stands too."""


def template_offers(found: Found) -> Offers:
    """What can be learned of a template, where it is used."""
    if _is_unused(found):
        return
    holder, attribute = found.holders[0], found.attributes[0]
    path = found.path or ("prompt",)
    held = Held(found)
    if isinstance(found.value, SelectorPromptTemplate) and held.model is None:
        reason = "which of its templates is used depends on the model, and what holds it has none"
        yield NotOffered(path, "prompt", reason)
        return
    if found.is_default and not attribute:
        yield NotOffered(path, "prompt", "it is LlamaIndex's own, and all programs share it; give them a copy")
        return
    yield from _template(held.used(), path, holder, attribute, held)


def _template(used: Any, path: Path, holder: Any, attribute: str, held: Held) -> Offers:
    argument = path[-1]
    if isinstance(holder, AgentWorkflow) and attribute == "handoff_output_prompt" and isinstance(used, PromptTemplate):
        yield from _formatted(used, "template", path, _HANDOFF_OUTPUT_FIELDS, StoredText, held=held)
    elif isinstance(used, PromptTemplate):
        is_system = isinstance(holder, CodeActAgent) and attribute == "code_act_system_prompt"
        label, kind = ((*path[:-1], "system_prompt"), "system_prompt") if is_system else (path, "prompt")
        binding = HeldBinding([(used, AttributeValue("template", label[-1]))], held)
        yield Offer(label, kind, binding, str, (NotEmpty(), SameFields(used.template), binding.check))
    elif isinstance(used, ChatPromptTemplate):
        yield from _messages(used, "message_templates", path, held, lambda text: (SameFields(text),))
    elif isinstance(used, RichPromptTemplate):
        try:
            rule = SameTags(used.template_str)
        except NotPlain as error:
            yield NotOffered(path, "prompt", str(error))
        else:
            binding = HeldBinding([(used, AttributeValue("template_str", argument))], held)
            yield Offer(path, "prompt", binding, str, (NotEmpty(), rule, binding.check))
    else:
        yield NotOffered(path, "prompt", f"a {type(used).__name__} is no template of LlamaIndex's own")


def _is_unused(found: Found) -> bool:
    """Whether none of those who hold a template uses it."""
    return all(_is_unused_by(*each) for each in zip(found.holders, found.attributes, strict=True))


def _is_unused_by(holder: Any, attribute: str) -> bool:
    if holder is not None and private.has(holder, private.MULTIMODAL):
        is_for_images = attribute.startswith("_chat")
        rest = attribute.removeprefix("_text_").removeprefix("_")
        has_twin = is_for_images or private.has(holder, f"_chat_content_{rest}") or private.has(holder, f"_chat_{rest}")
        return has_twin and is_for_images != vars(holder)[private.MULTIMODAL]
    if isinstance(holder, Memory) and not holder.memory_blocks:
        return True
    if any(attribute in private.UNREAD_PROMPTS.get(cls.__name__, ()) for cls in type(holder).__mro__):
        return True
    if isinstance(holder, AgentWorkflow) and attribute.startswith("handoff"):
        return not any(_is_handed_to(agent, holder) for agent in holder.agents.values())
    has_state = isinstance(holder, (AgentWorkflow, BaseWorkflowAgent)) and bool(holder.initial_state)
    return attribute == "state_prompt" and not has_state


def _messages(owner: Any, attribute: str, path: Path, held: Held | None, rules: Callable[[str], Rules]) -> Offers:
    """Each message's texts; a prompt of one text has its own name."""
    messages: Sequence[ChatMessage] = vars(owner)[attribute]
    places = [(m, block, index) for index, m in enumerate(messages) for block in text_blocks(m)]
    for message, block, index in places:
        role = str(message.role.value)
        label = path if len(places) == 1 else (*path, role)
        kind = "system_prompt" if role in ("system", "developer") else "prompt"
        binding = HeldBinding([(owner, MessageText(attribute, index, block, "_".join(label[len(path) - 1 :])))], held)
        if text := binding.get():
            yield Offer(label, kind, binding, str, (NotEmpty(), *rules(text), binding.check))


def _formatted(
    owner: Any,
    attribute: str,
    path: Path,
    fields: Sequence[str],
    place: type[AttributeValue] = AttributeValue,
    beside: Sequence[Home] = (),
    held: Held | None = None,
) -> Offers:
    """A text that `str.format` fills."""
    try:
        form = Format(vars(owner)[attribute], fields)
    except NotPlain as reason:
        yield NotOffered(path, "prompt", str(reason))
        return
    binding = HeldBinding([(owner, place(attribute, path[-1], form)), *beside], held)
    yield Offer(path, "prompt", binding, str, (NotEmpty(), form, binding.check))


def agent_offers(agent: BaseWorkflowAgent, path: Path, workflow: AgentWorkflow | None) -> Offers:
    """The prompts of an agent that are no templates."""
    if isinstance(agent, ReActAgent):
        yield from _react_offers(agent, path)
    elif not isinstance(agent, CodeActAgent) and agent.system_prompt:
        binding = binding_at([(agent, AttributeValue("system_prompt"))])
        yield Offer((*path, "system_prompt"), "system_prompt", binding, str, (NotEmpty(),))
    if isinstance(vars(agent).get("state_prompt"), str) and workflow is None and agent.initial_state:
        yield from _formatted(agent, "state_prompt", (*path, "state_prompt"), _STATE_FIELDS)
    if workflow is None or not _is_handed_to(agent, workflow):
        reason = "no other agent may hand over to it, and nobody else is told of it"
        yield NotOffered((*path, "description"), "description", reason, True)
    else:
        about = f"how the agent {agent.name} is described to those that may hand over to it"
        binding = binding_at([(agent, AttributeValue("description", f"{agent.name}_description"))])
        yield Offer((*path, "description"), "description", binding, str, (NotEmpty(),), about)


def _is_handed_to(agent: BaseWorkflowAgent, workflow: AgentWorkflow) -> bool:
    """Whether another agent may hand over to it."""
    others = [other for other in workflow.agents.values() if other is not agent]
    return any(other.can_handoff_to is None or agent.name in other.can_handoff_to for other in others)


def _react_offers(agent: ReActAgent, path: Path) -> Offers:
    """A ReAct agent's prompt is its formatter's context: what it was made with is no longer read (issue 18163)."""
    formatter = agent.formatter
    if not private.has(formatter, "system_header", "context"):
        yield NotOffered((*path, "react_header"), "prompt", f"a {type(formatter).__name__} is not known")
        return
    if formatter.context:
        homes: list[Any] = [(formatter, AttributeValue("context", "system_prompt"))]
        if agent.system_prompt == formatter.context:
            homes.append((agent, AttributeValue("system_prompt")))
        yield Offer((*path, "system_prompt"), "system_prompt", binding_at(homes), str, (NotEmpty(),))
    fields = _HEADER_FIELDS if formatter.context else _HEADER_FIELDS[:2]
    yield from _formatted(
        formatter, "system_header", (*path, "react_header"), fields, beside=[(agent, Beside("react_header"))]
    )


def retriever_offers(retriever: BaseRetriever, path: Path) -> Offers:
    """How a fusing retriever has its model write further questions."""
    if isinstance(vars(retriever).get("query_gen_prompt"), str) and retriever.num_queries > 1:  # type: ignore[attr-defined]
        yield from _formatted(retriever, "query_gen_prompt", (*path, "query_gen_prompt"), _QUERY_FIELDS)


def chat_offers(engine: BaseChatEngine, path: Path) -> Offers:
    """The texts of a chat engine that are no templates."""
    held = vars(engine)
    in_template = any(attribute in held for attribute in private.CONTEXT_TEMPLATES)
    rules: Rules = (Unfilled(_FILLED),) if in_template else ()
    label = (*path, "system_prompt")
    if isinstance(held.get(private.CHAT_SYSTEM_PROMPT), str) and held[private.CHAT_SYSTEM_PROMPT]:
        binding = binding_at([(engine, AttributeValue(private.CHAT_SYSTEM_PROMPT))])
        yield Offer(label, "system_prompt", binding, str, (NotEmpty(), *rules))
    messages = held.get(private.PREFIX_MESSAGES) or []
    is_system_alone = [message.role.value for message in messages] == ["system"]
    where = label if is_system_alone else (*path, "prefix_messages")
    if messages:
        yield from _messages(engine, private.PREFIX_MESSAGES, where, None, lambda text: rules)


def model_offers(found: Found) -> Offers:
    """The prompts of a model, where it is asked by `predict`: `chat` and `complete` leave them out."""
    held = {name: each for name in _OF_MODELS if (each := vars(found.value).get(name))}
    system, wrapper = ((*found.path, name) for name in _OF_MODELS)
    by_chat = (BaseWorkflowAgent, AgentWorkflow, BaseChatEngine, QueryFusionRetriever)
    if all(isinstance(holder, by_chat) for holder in found.holders if holder is not None) and found.holders != [None]:
        reason = "agents, chat engines and fusing retrievers ask their model without it"
        yield from (NotOffered((*found.path, name), kind, reason) for name, kind in _OF_MODELS.items() if name in held)
        return
    if _SYSTEM in held:
        yield Offer(system, "system_prompt", binding_at([(found.value, AttributeValue(_SYSTEM))]), str, (NotEmpty(),))
    if _WRAPPER in held and found.value.metadata.is_chat_model:
        yield NotOffered(wrapper, "prompt", "it stands around prompts of models of texts, and this is a chat model")
    elif _WRAPPER in held:
        yield from template_offers(Found(wrapper, held[_WRAPPER], [found.value], [_WRAPPER]))
