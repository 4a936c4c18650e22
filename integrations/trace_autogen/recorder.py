"""The recorder of AutoGen's agents and teams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trace_autogen import values
from trace_autogen.flow import AutoGenFlow
from trace_autogen.programs import Program
from trace_autogen.results import source_of
from trace_core.errors import AmbiguousOutput
from trace_core.nodes import Node
from trace_core.recording import BaseRecorder, Call, Flow, Run


class Recorder(BaseRecorder):
    """Records what agents and teams do that are traced with it.

    Args:
        max_runs: how many runs are kept; older ones are let go.
        redact: called with each value before it reaches a graph, a problem or a file; gives what is shown instead.

    Example:
        recorder = trace(agent)
        result = await agent.run(task="How long is the coast?")
        recorder.output(result).backward("cite the page you used")
    """

    def program(self, program: Any) -> Program:
        """A function from a task to the node of what an agent or a team gives for it; each call is a run of its own.

        Each call runs a clone with a fresh context that shares the parameters, so that several may run at once. An
        error gives its node too. The function's `acall` is the same in async code.

        Example:
            answer = recorder.program(agent)
            answer("How long is the coast?").backward("give a number")
        """
        return Program(self, program)

    def node_of(self, message: Any) -> Node:
        """The node that a message, an event or a chunk of a stream came from.

        Raises:
            AmbiguousOutput: no recorded run gave it.
        """
        for run in reversed(self.runs):
            flow = run._result.flow
            call = source_of(flow, message) if isinstance(flow, AutoGenFlow) else None
            if call is not None and (call.kind != "input" or run.node_of(call) is not None):
                return run.output_of(call)
        raise AmbiguousOutput("no recorded run gave this message", [])

    # --- how values are shown and linked

    def _flow(self, calls: list[Call], earlier: Sequence[Flow]) -> Flow:
        return AutoGenFlow(calls, earlier)

    def _plain(self, value: Any) -> Any:
        return values.plain(value)

    def _began_outermost(self, run: Run, call: Call) -> None:
        run.conversation = call.details.get("conversation")
