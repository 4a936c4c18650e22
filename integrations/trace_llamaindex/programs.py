"""Engines, agents, workflows and retrievers as functions from an example to the node of what they give."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from llama_index.core.agent.workflow import AgentWorkflow
from llama_index.core.agent.workflow.base_agent import BaseWorkflowAgent
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.base.response.schema import AsyncStreamingResponse, StreamingResponse
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.tools import AsyncBaseTool, BaseTool
from llama_index.core.workflow import Workflow
from llama_index_instrumentation import get_dispatcher

from trace_core.recording.loops import OwnLoop
from trace_llamaindex.walking import KNOWN

if TYPE_CHECKING:
    from trace_core.nodes import Node
    from trace_core.recording import Run
    from trace_llamaindex.recorder import Recorder


class Program:
    """An engine, agent, workflow, retriever, model, tool or function as a function; each call runs a clone."""

    def __init__(self, recorder: Recorder, program: Any) -> None:
        self._recorder = recorder
        self._program = program
        self._loop = OwnLoop()
        self._is_own = not isinstance(program, KNOWN)
        """Whether it is the user's code, of which LlamaIndex tells nothing: then it is a call here."""

    def __call__(self, example: Any) -> Node:
        """The node of what the program gives for an example, or of the error that it raised."""

        def called(example: Any) -> Any:
            return self._told(example)

        with self._recorder.run() as run:
            try:
                self._as_call(called)(example)
            except Exception:
                if self._saw_nothing(run):
                    raise
        return run.output

    async def acall(self, example: Any) -> Node:
        """The same in async code."""

        async def called(example: Any) -> Any:
            return await _read(asked(self._copy(), example))

        with self._recorder.run() as run:
            try:
                await self._as_call(called)(example)
            except Exception:
                if self._saw_nothing(run):
                    raise
        return run.output

    def _as_call(self, called: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """A function that is a call of its own where the program is the user's code, and is named like that."""
        if not self._is_own:
            return called
        called.__qualname__ = getattr(self._program, "__name__", type(self._program).__name__)
        return get_dispatcher().span(called)

    def _saw_nothing(self, run: Run) -> bool:
        return len(run.calls) <= self._is_own or run.error is None

    def _copy(self) -> Any:
        from trace_llamaindex.cloning import clone

        return clone(self._program)

    def _told(self, example: Any) -> Any:
        copy = self._copy()
        if isinstance(copy, Workflow) or inspect.iscoroutinefunction(copy):
            return self._loop.run(_read(asked(copy, example)))
        result = told(copy, example)
        if inspect.isawaitable(result):  # of a function that is not async itself
            return self._loop.run(_read(result))
        return result.get_response() if isinstance(result, StreamingResponse) else result


async def _read(awaited: Awaitable[Any]) -> Any:
    """What a program gives; a stream is read to its end, since the model is asked only then."""
    result = await awaited
    if isinstance(result, AsyncStreamingResponse):
        return await result.get_response()
    return result.get_response() if isinstance(result, StreamingResponse) else result


def told(program: Any, example: Any) -> Any:
    """What a program gives for an example, in code that does not await."""
    if isinstance(program, BaseQueryEngine):
        return program.query(example)
    if isinstance(program, BaseRetriever):
        return program.retrieve(example)
    if isinstance(program, BaseChatEngine):
        return program.chat(example)
    if isinstance(program, BaseLLM):
        return program.complete(example) if isinstance(example, str) else program.chat(example)
    if isinstance(program, BaseTool):
        return program(**example) if isinstance(example, Mapping) else program(example)
    return program(example)


async def asked(program: Any, example: Any) -> Any:
    """What a program gives for an example, in async code. A mapping is the fields of a workflow's start event."""
    if isinstance(program, (BaseWorkflowAgent, AgentWorkflow)) and not isinstance(example, Mapping):
        return await program.run(user_msg=example)
    if isinstance(program, Workflow):
        return await program.run(**example if isinstance(example, Mapping) else {"input": example})
    if isinstance(program, BaseQueryEngine):
        return await program.aquery(example)
    if isinstance(program, BaseRetriever):
        return await program.aretrieve(example)
    if isinstance(program, BaseChatEngine):
        return await program.achat(example)
    if isinstance(program, BaseLLM):
        return await (program.acomplete(example) if isinstance(example, str) else program.achat(example))
    if isinstance(program, AsyncBaseTool):
        return await (program.acall(**example) if isinstance(example, Mapping) else program.acall(example))
    result = told(program, example)
    return await result if inspect.isawaitable(result) else result
