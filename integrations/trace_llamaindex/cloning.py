"""Clones of engines, agents and workflows, for calls that run at once: a chat engine can only have one conversation."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from llama_index.core.agent.workflow import AgentWorkflow
from llama_index.core.agent.workflow.base_agent import BaseWorkflowAgent
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.memory import BaseMemory
from llama_index.core.workflow import Workflow

from trace_core.exposing import Stand
from trace_llamaindex import private
from trace_llamaindex.walking import KNOWN

Program = TypeVar("Program")
_LONGEST = 100  # of a list or dict; longer ones are data


def clone(program: Program) -> Program:
    """An engine, agent or workflow like this one, with the same parameters; of a chat engine, with a fresh memory.

    What it is made of is shared, and so are the parameters: what is written, or tried as a candidate, holds for the
    clone too. Chat engines in the attributes of a workflow, also in lists, dicts and workflows there, are cloned with
    it. A function, or another object of your own, is given back as it is.

    Args:
        program: the engine, agent, workflow, retriever, tool or chat engine.

    Raises:
        TypeError: a chat engine has a memory of which no fresh one can be made.

    Example:
        answers = await asyncio.gather(*(clone(chat).achat(question) for question in questions))
    """
    if not isinstance(program, (*KNOWN, Workflow)):
        return program
    return _cloned(program, {})  # type: ignore[no-any-return]


def _cloned(program: Any, known: dict[int, Any]) -> Any:
    """A clone; what is in several places is cloned once."""
    if id(program) in known:
        return known[id(program)]
    made = known[id(program)] = copy.copy(program)
    stand = Stand.of(program)
    if stand is not None:
        stand.follow(made)
    held = vars(made)
    if isinstance(program, BaseChatEngine) and isinstance(held.get(private.CHAT_MEMORY), BaseMemory):
        held[private.CHAT_MEMORY] = private.fresh_memory(held[private.CHAT_MEMORY])
    if isinstance(program, Workflow):
        held.update((name, _inside(each, known)) for name, each in list(held.items()))
    return made


def _inside(value: Any, known: dict[int, Any]) -> Any:
    """What a workflow holds, with clones of the chat engines in it; itself where there are none."""
    is_own_workflow = isinstance(value, Workflow) and not isinstance(value, (AgentWorkflow, BaseWorkflowAgent))
    if isinstance(value, BaseChatEngine) or is_own_workflow:
        return _cloned(value, known)
    if type(value) not in (dict, list, tuple) or len(value) > _LONGEST or id(value) in known:
        return known.get(id(value), value)
    known[id(value)] = value  # it may hold itself
    parts = list(value.values() if type(value) is dict else value)
    made = [_inside(each, known) for each in parts]
    if any(one is not other for one, other in zip(made, parts, strict=True)):
        known[id(value)] = dict(zip(value, made, strict=True)) if type(value) is dict else type(value)(made)
    return known[id(value)]
