"""The recorder of agents of the OpenAI Agents SDK."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from trace_core.recording import BaseRecorder, Call, Flow, Ledger, Run
from trace_core.recording.ledger import equal_values
from trace_openai.agents import values
from trace_openai.agents.flow import AgentsFlow
from trace_openai.agents.hooks import Hooks
from trace_openai.agents.listening import BLOCK, LISTENING
from trace_openai.agents.programs import Program
from trace_openai.agents.walking import walk


class Recorder(BaseRecorder):
    """Records what agents do.

    Runs are recorded in a block, with the hooks that this gives, and of agents that are traced.

    Args:
        max_runs: how many runs are kept; older ones are let go.
        redact: called with each value before it reaches a graph, a problem or a file; gives what is shown instead.

    Example:
        recorder = Recorder()
        with recorder.run() as run:
            result = await Runner.run(agent, "How long is the coast?")
        run.output.backward("cite the page you used")
    """

    def __init__(self, *, max_runs: int = 100, redact: Callable[[Any], Any] | None = None) -> None:
        super().__init__(max_runs=max_runs, redact=redact)

    @contextmanager
    def run(self) -> Iterator[Run]:
        """Record all runs of agents in the block as one run; nothing need be passed to `Runner`.

        Example:
            with recorder.run() as run:
                draft = await Runner.run(writer, "Outline a story.")
                await Runner.run(critic, draft.final_output)
            run.output.backward("too long")
        """
        with super().run() as run, LISTENING.while_in_use():
            token = BLOCK.set(self)
            try:
                yield run
            finally:
                BLOCK.reset(token)

    def hooks(self, hooks: Any = None) -> Hooks:
        """Hooks for `Runner.run(…, hooks=recorder.hooks())`: that run is recorded, with those of agents inside it.

        Args:
            hooks: hooks of your own, which are called too.
        """
        made = Hooks(self, hooks)
        LISTENING.begin()
        weakref.finalize(made, LISTENING.end).atexit = False
        return made

    def trace(self, agent: Any) -> None:
        """Record the runs that begin with this agent, or with one that can be reached from it, until `untrace`."""
        LISTENING.trace([found.value for found in walk(agent) if found.kind == "agent"], self)

    def untrace(self, agent: Any) -> None:
        """Record them no more."""
        LISTENING.untrace([found.value for found in walk(agent) if found.kind == "agent"], self)

    def program(self, program: Any, **options: Any) -> Program:
        """A function from an input to the node of what an agent gives for it; each call is a run of its own.

        An error gives its node too. The function's `acall` is the same in async code.

        Args:
            program: an agent, or a function, sync or async, from an input to what it gives.
            options: of an agent, what else goes to `Runner.run`: context, max_turns, run_config, …

        Example:
            answer = recorder.program(agent)
            answer("How long is the coast?").backward("give a number")
        """
        return Program(self, program, options)

    # --- how values are shown and linked

    def _flow(self, calls: list[Call], earlier: Sequence[Flow]) -> Flow:
        return AgentsFlow(calls, Ledger(values.opened, values.key), earlier)

    def _plain(self, value: Any) -> Any:
        return values.plain(value)

    def _is_result(self, call: Call, result: Any) -> bool:
        given = getattr(call.gave, "final_output", None)
        return super()._is_result(call, result) or (call.succeeded and given is not None and given is result)

    def _equals_result(self, call: Call, result: Any) -> bool:
        return call.succeeded and equal_values(getattr(call.gave, "final_output", None), result)

    def _conversations_of(self, run: Run) -> set[Hashable]:
        """What the runs of agents in a run are turns of: sessions, conversations and responses that a server keeps."""
        return {each for call in run.calls for each in call.details.get("conversation", ())}
