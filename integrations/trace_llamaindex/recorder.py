"""The recorder of LlamaIndex's queries, agents and workflows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from trace_core.recording import Call, Flow, Ledger, Run
from trace_core.recording.callers import Caller, Callers
from trace_llamaindex import values
from trace_llamaindex.flow import LlamaIndexFlow
from trace_llamaindex.listening import BLOCKS, Listener
from trace_llamaindex.programs import Program
from trace_llamaindex.snapshots import original

_CALLERS = Callers(
    inside=("trace_core", "trace_llamaindex", "llama_index", "llama_index_instrumentation", "wrapt"),
    ends=("workflows", "pydantic", "tenacity"),
)


class Recorder(Listener):
    """Records what LlamaIndex's engines, agents, workflows, retrievers and models do.

    Args:
        max_runs: how many runs are kept; older ones are let go.
        redact: called with each value before it reaches a graph, a problem or a file; gives what is shown instead.

    Example:
        recorder = Recorder()
        with recorder.run() as run:
            engine.query("How long is the coast?")
        run.output.backward("cite the page you used")
    """

    def instrument(self) -> Recorder:
        """Record every program from now on, each outermost call as a run; gives the recorder.

        Example:
            recorder = Recorder().instrument()
            engine.query("How long is the coast?")
            recorder.last.output.backward("too long")
            recorder.uninstrument()
        """
        with self._lock:
            self._is_on = True
            self._attach()
        return self

    def uninstrument(self) -> None:
        """Stop what `instrument` began, and listening to late streams: the dispatcher's handlers are as before."""
        with self._lock:
            self._is_on = False
            self._streams.clear()
            if not self._blocks:
                self._detach()

    @contextmanager
    def run(self) -> Iterator[Run]:
        """Record all that is called in the block as one run; also where `instrument` was not called.

        A stream that is read after the block is still recorded, into this run.

        Example:
            with recorder.run() as run:
                engine.query("How long is the coast?")
            run.output.backward("too long")
        """
        with self._lock:
            self._blocks += 1
            self._attach()
        token = BLOCKS.set(BLOCKS.get() | {id(self)})
        try:
            with super().run() as run:
                yield run
        finally:
            BLOCKS.reset(token)
            with self._lock:
                self._blocks -= 1
                self._detach_if_idle()

    def program(self, program: Any) -> Program:
        """A function from an example to the node of what an engine, agent, workflow or retriever gives for it.

        Each call is a run of its own, and runs a clone that shares the parameters, so that several may run at once. An
        error gives its node too. The function's `acall` is the same in async code. A function of your own will do too:
        the node is what it returned.

        Example:
            answer = recorder.program(engine)
            answer("How long is the coast?").backward("give a number")
        """
        return Program(self, program)

    # --- how values are shown and linked

    def _flow(self, calls: list[Call], earlier: Sequence[Flow]) -> Flow:
        return LlamaIndexFlow(calls, Ledger(values.opened, values.key), earlier)

    def _plain(self, value: Any) -> Any:
        return values.plain(value)

    def _callers(self, call: Call, around: Call | None) -> Sequence[Caller]:
        return _CALLERS.now()

    def _is_result(self, call: Call, result: Any) -> bool:
        gave = call.gave
        if isinstance(gave, list) and isinstance(result, (list, tuple)) and gave:  # the snapshots of what a list holds
            same = len(gave) == len(result) and all(original(a) is b for a, b in zip(gave, result, strict=True))
            return call.succeeded and same
        return call.succeeded and original(gave) is result

    def _began_outermost(self, run: Run, call: Call) -> None:
        memory = call.details.get("memory")
        if memory is not None and run.conversation is None:
            run.conversation = id(memory)  # the call keeps it, so that nothing else gets its id
