"""The recorder of AG2's agents and group chats."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from trace_autogen.classic import private, values
from trace_autogen.classic.flow import ClassicFlow, Key
from trace_core.errors import AmbiguousOutput
from trace_core.nodes import Node
from trace_core.recording import BaseRecorder, Call, Flow, Ledger, Run


class Recorder(BaseRecorder):
    """Records what agents and group chats do that are traced with it.

    Args:
        max_runs: how many runs are kept; older ones are let go.
        redact: called with each value before it reaches a graph, a problem or a file; gives what is shown instead.

    Example:
        recorder = trace(assistant, trace(user))
        result = user.initiate_chat(assistant, message="How long is the coast?")
        recorder.output(result).backward("cite the page you used")
    """

    def __init__(self, *, max_runs: int = 100, redact: Callable[[Any], Any] | None = None) -> None:
        super().__init__(max_runs=max_runs, redact=redact)
        self._agents: weakref.WeakSet[Any] = weakref.WeakSet()
        self._fresh: dict[frozenset[int], int] = {}

    def program(self, program: Any) -> Callable[[Any], Node]:
        """A function from a task to the node of what an agent replies to it; each call is a run of its own.

        An agent replies to the task alone, and keeps nothing of it. For a chat, give a function from a task to what
        the chat gives. An error gives its node too.

        Example:
            answer = recorder.program(lambda task: user.initiate_chat(manager, message=task))
            answer("How long is the coast?").backward("give a number")
        """

        def call(example: Any) -> Node:
            with self.run() as run:
                try:
                    if private.is_agent(program):
                        program.generate_reply(messages=[{"role": "user", "content": example}])
                    else:
                        program(example)
                except Exception:
                    if not run.calls or run.error is None:
                        raise
            return run.output

        return call

    def node_of(self, message: Any) -> Node:
        """The node that a message in an agent's conversation, or in a `ChatResult`, came from.

        Raises:
            AmbiguousOutput: no recorded run gave it.
        """
        keys = self._places(message)
        for run in reversed(self.runs):
            flow = run._result.flow
            sent = flow.sent_to(keys, message) if isinstance(flow, ClassicFlow) else None
            if sent is not None:
                ends = run._result.ends_of(sent)
                return ends[0] if len(ends) == 1 else run.output_of(sent)
        raise AmbiguousOutput("no recorded run gave this message", [])

    # --- what the hooks ask

    def _is_open(self, call: Call) -> bool:
        return call.id in self._open

    def _keys(self, messages: Sequence[Any], agent: Any) -> list[list[Key]]:
        """Where each message stands: that very dict, else one of the agent's with the same content."""
        places: dict[int, list[Key]] = {}
        for owner in [agent, *(each for each in self._agents if each is not agent)]:
            for peer, said in private.conversations(owner).copy().items():
                for index, each in enumerate(said):
                    places.setdefault(id(each), []).append((owner, peer, index))
        return [places.get(id(each)) or self._equal(each, agent) for each in messages]

    def _equal(self, message: Any, agent: Any) -> list[Key]:
        if not isinstance(message, dict) or not message.get("content"):
            return []
        return [
            (agent, peer, index)
            for peer, said in private.conversations(agent).copy().items()
            for index, each in reversed(list(enumerate(said)))
            if each.get("content") == message["content"] and each.get("role") == message.get("role")
        ]

    def _places(self, message: Any) -> list[Key]:
        return [
            (owner, peer, index)
            for owner in list(self._agents)
            for peer, said in private.conversations(owner).copy().items()
            for index, each in enumerate(said)
            if each is message
        ]

    def _conversation(self, agent: Any, peer: Any, is_fresh: bool = False) -> Any:
        """What the two are in: another one, when their history is cleared."""
        if peer is None:
            return None
        pair = frozenset((id(agent), id(peer)))
        with self._lock:
            self._fresh[pair] = self._fresh.get(pair, 0) + is_fresh
            return pair, self._fresh[pair]

    # --- how values are shown and linked

    def _flow(self, calls: list[Call], earlier: Sequence[Flow]) -> Flow:
        return ClassicFlow(calls, Ledger(values.opened, values.key), earlier)

    def _plain(self, value: Any) -> Any:
        return values.plain(value)

    def _began_outermost(self, run: Run, call: Call) -> None:
        run.conversation = call.details.get("conversation")
