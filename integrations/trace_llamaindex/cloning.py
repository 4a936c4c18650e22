"""Clones of engines, agents and workflows, for calls that run at once: a chat engine can only have one conversation."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.memory import BaseMemory
from llama_index.core.workflow import Workflow

from trace_llamaindex import private
from trace_llamaindex.standing import Stand
from trace_llamaindex.walking import KNOWN

Program = TypeVar("Program")


def clone(program: Program) -> Program:
    """An engine, agent or workflow like this one, with the same parameters; of a chat engine, with a fresh memory.

    What it is made of is shared, and so are the parameters: what is written, or tried as a candidate, holds for the
    clone too. Chat engines in a workflow are cloned with it. A function is given back as it is.

    Args:
        program: the engine, agent, workflow, retriever, tool or chat engine.

    Raises:
        TypeError: a chat engine has a memory of which no fresh one can be made.

    Example:
        answers = await asyncio.gather(*(clone(chat).achat(question) for question in questions))
    """
    if not isinstance(program, (*KNOWN, Workflow)):
        return program
    made: Any = copy.copy(program)
    stand = Stand.of(program)
    if stand is not None:
        stand.follow(made)
    held = vars(made)
    if isinstance(program, BaseChatEngine) and isinstance(held.get(private.CHAT_MEMORY), BaseMemory):
        held[private.CHAT_MEMORY] = private.fresh_memory(held[private.CHAT_MEMORY])
    if isinstance(program, Workflow):
        held.update((name, clone(each)) for name, each in list(held.items()) if isinstance(each, BaseChatEngine))
    return made  # type: ignore[no-any-return]
