"""The callback handler: what LangChain and LangGraph report becomes calls of a run.

Hooks only take snapshots. They run in LangChain's own threads and tasks (`run_inline`), under one lock, and whatever
goes wrong in them is logged and never reaches the program (https://docs.langchain.com/oss/python/langchain/observability).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage

from trace_core.nodes import Node
from trace_core.recording import BaseRecorder, Call, Flow, Ledger, Run
from trace_core.recording.callers import Caller, Callers
from trace_langchain import values
from trace_langchain.reads import PENDING
from trace_langchain.resolver import LangChainFlow

if TYPE_CHECKING:
    from uuid import UUID

    from langchain_core.outputs import LLMResult

try:  # its events reach only handlers of this class
    from langgraph.callbacks import GraphCallbackHandler as _Base
except ImportError:  # no langgraph, or one from before it
    _Base = BaseCallbackHandler  # type: ignore[assignment,misc]


_CALLERS = Callers(
    inside=("trace_core", "trace_langchain", "langchain_core"),
    ends=("langchain", "langchain_classic", "langgraph", "langsmith", "pydantic", "tenacity"),
)
_MODEL = "A language model reads the messages and answers."


class Recorder(BaseRecorder, _Base):
    """Records what a LangChain or LangGraph program does; given as `config={"callbacks": [recorder]}`.

    Args:
        name, tags, metadata, session_id: what the runs are called, and what is known of them; they stand in the nodes'
            `info`.
        max_runs: how many runs are kept; older ones are let go.
        redact: called with each value before it reaches a graph, a problem or a file; gives what is shown instead.

    Example:
        recorder = Recorder()
        with recorder.run() as run:
            agent.invoke(question, config={"callbacks": [recorder]})
        run.output.backward("cite the page you used")
    """

    run_inline = True
    raise_error = False

    def __init__(
        self,
        *,
        name: str | None = None,
        tags: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        session_id: str | None = None,
        max_runs: int = 100,
        redact: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(max_runs=max_runs, redact=redact)
        self.name = name
        self._about: dict[str, Any] = dict(metadata or {})
        if tags:
            self._about["tags"] = list(tags)
        if session_id is not None:
            self._about["session_id"] = session_id
        if name is not None:
            self._about["recorder"] = name

    def program(self, runnable: Any, config: Mapping[str, Any] | None = None) -> Callable[[Any], Node]:
        """A function from an example to the node of what the runnable gives for it; each call is a run of its own.

        An error of the runnable gives its node too. The function's `acall` is the same in async code.

        Example:
            answer = recorder.program(agent)
            answer({"messages": [("user", "How long is the coast?")]}).backward("give a number")
        """
        return _Program(self, runnable, dict(config or {}))

    # --- how values are shown and linked

    def _flow(self, calls: list[Call], earlier: Sequence[Flow]) -> Flow:
        return LangChainFlow(calls, Ledger(values.opened, values.key), earlier)

    def _plain(self, value: Any) -> Any:
        return values.plain(value)

    def _callers(self, call: Call, around: Call | None) -> Sequence[Caller]:
        in_sequence = (call if around is None else around).name.startswith("RunnableSequence")
        return () if in_sequence else _CALLERS.now()  # LangChain's own code calls the steps of a sequence

    def _is_result(self, call: Call, result: Any) -> bool:
        if not call.succeeded:
            return False
        if call.gave is result:
            return True
        if isinstance(result, dict) and isinstance(call.gave, dict):  # LangGraph gives a new dict of the same values
            large = [key for key, value in result.items() if isinstance(value, (list, BaseMessage))]
            return bool(large) and all(call.gave.get(key) is result[key] for key in large)
        if isinstance(result, BaseMessage) and result.id is not None:
            return any(part is result for _, part in Ledger(values.opened, values.key).parts(call.output))
        return False

    # --- hooks

    def _began_outermost(self, run: Run, call: Call) -> None:
        super()._began_outermost(run, call)
        thread = (call.details["metadata"] or {}).get("thread_id")
        if thread is not None:
            run.conversation = thread

    def _begin_reading(self, kind: str, call: Call | None) -> None:
        """A call of a kind that reads its settings before it begins."""
        pending = PENDING.get()
        if call is not None and pending is not None and pending.kind == kind:
            PENDING.set(None)
            self._read_before(call, pending.reads)

    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        run_type: str | None = None,
        name: str | None = None,
        defers_inputs: bool = False,
        **kwargs: Any,
    ) -> None:
        """A prompt, parser, function, chain or graph began."""
        kind = run_type if run_type == "prompt" or run_type == "parser" else "function"
        details = {"tags": tags, "metadata": metadata, "serialized": serialized, "info": self._about}
        self._begin(run_id, parent_run_id, kind, name or "chain", None if defers_inputs else inputs, details)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """It ended; a stream's inputs are known only now."""
        call = self._end(run_id, outputs)
        if call is not None and "inputs" in kwargs:
            call.take_in(kwargs["inputs"])

    def on_chat_model_start(
        self,
        serialized: dict[str, Any] | None,
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """A chat model began."""
        tools = (kwargs.get("invocation_params") or {}).get("tools")
        name = kwargs.get("name") or _class_name(serialized) or "chat_model"
        given = messages[0] if len(messages) == 1 else messages
        details = {"tags": tags, "metadata": metadata, "tools": tools, "info": self._about, "description": _MODEL}
        self._begin_reading("llm", self._begin(run_id, parent_run_id, "llm", name, given, details))

    def on_llm_start(
        self,
        serialized: dict[str, Any] | None,
        prompts: list[str],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """A model that reads text began."""
        name = kwargs.get("name") or _class_name(serialized) or "llm"
        given = prompts[0] if len(prompts) == 1 else prompts
        details = {"tags": tags, "metadata": metadata, "info": self._about}
        self._begin_reading("llm", self._begin(run_id, parent_run_id, "llm", name, given, details))

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """A model ended."""
        call = self._end(run_id, values.result_of(response))
        usage = getattr(call.output, "usage_metadata", None) if call is not None else None
        if call is not None and usage:
            call.details["info"] = {**call.details.get("info", {}), "usage": dict(usage)}

    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        inputs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """A tool began."""
        name = kwargs.get("name") or (serialized or {}).get("name") or "tool"
        given = input_str if inputs is None else inputs
        details = {"tags": tags, "metadata": metadata, "tool_call_id": kwargs.get("tool_call_id")}
        details["description"] = (serialized or {}).get("description")
        details["info"] = self._about
        self._begin(run_id, parent_run_id, "tool", name, given, details)

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A tool ended."""
        call = self._end(run_id, output)
        if call is not None and call.details.get("tool_call_id") is None:
            call.details["tool_call_id"] = getattr(output, "tool_call_id", None)

    def on_retriever_start(
        self,
        serialized: dict[str, Any] | None,
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """A retriever began."""
        name = kwargs.get("name") or _class_name(serialized) or "retriever"
        details = {"tags": tags, "metadata": metadata, "info": self._about}
        self._begin_reading("retriever", self._begin(run_id, parent_run_id, "retriever", name, query, details))

    def on_retriever_end(self, documents: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A retriever ended."""
        self._end(run_id, documents)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A call raised; LangGraph's interrupts and hand-offs, and streams that are closed early, are no failures."""
        if type(error).__name__ in ("GraphInterrupt", "NodeInterrupt", "ParentCommand", "GeneratorExit"):
            call = self._end(run_id, error.args[0] if error.args else None)
            if call is not None:
                call.details["bubbled"] = type(error).__name__
        else:
            call = self._fail(run_id, error)
        if call is not None and "inputs" in kwargs:
            call.take_in(kwargs["inputs"])

    on_llm_error = on_tool_error = on_retriever_error = on_chain_error

    def on_interrupt(self, event: Any) -> None:
        """LangGraph paused; the calls tell what is needed."""

    def on_resume(self, event: Any) -> None:
        """LangGraph went on; the calls tell what is needed."""


TraceCallbackHandler = Recorder


class _Program:
    """A runnable as a function from an example to a node."""

    def __init__(self, recorder: Recorder, runnable: Any, config: dict[str, Any]) -> None:
        self._recorder = recorder
        self._runnable = runnable
        self._config = {**config, "callbacks": [*(config.get("callbacks") or ()), recorder]}

    def __call__(self, example: Any) -> Node:
        with self._recorder.run() as run:
            try:
                self._runnable.invoke(example, self._config)
            except Exception:
                if run.error is None:
                    raise
        return run.output

    async def acall(self, example: Any) -> Node:
        """The same in async code."""
        with self._recorder.run() as run:
            try:
                await self._runnable.ainvoke(example, self._config)
            except Exception:
                if run.error is None:
                    raise
        return run.output


def _class_name(serialized: Mapping[str, Any] | None) -> str | None:
    serialized = serialized or {}
    name: str | None = serialized.get("name") or (serialized.get("id") or [None])[-1]
    return name
