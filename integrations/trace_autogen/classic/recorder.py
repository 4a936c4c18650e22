"""The recorder of AG2's agents and group chats."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from trace_autogen.classic import values
from trace_autogen.classic.conversations import Conversations, Key
from trace_autogen.classic.flow import ClassicFlow
from trace_autogen.classic.frames import FRAME
from trace_autogen.classic.programs import Program
from trace_autogen.classic.talks import Talks
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
        self.agents: weakref.WeakSet[Any] = weakref.WeakSet()
        """Those that are traced with it."""
        self.talks = Talks()
        self._conversations = Conversations()

    def program(self, program: Any) -> Program:
        """A function from a task to the node of what an agent replies to it; each call is a run of its own.

        An agent replies to the task alone, and keeps nothing of it; of a manager, a clone of its group chat is begun.
        Both may run at once. For any other chat, give a function from a task to what the chat gives. An error gives its
        node too. The function's `acall` is the same in async code.

        Example:
            answer = recorder.program(agent)
            answer("How long is the coast?").backward("give a number")
            chat = recorder.program(lambda task: user.initiate_chat(agent, message=task))
        """
        return Program(self, program)

    def node_of(self, message: Any) -> Node:
        """The node that a message in an agent's conversation, or in a `ChatResult`, came from.

        Raises:
            AmbiguousOutput: no recorded run gave it.
        """
        keys = self.places(message)
        for run in reversed(self.runs):
            flow = run._result.flow
            sent = flow.sent_to(keys, message) if isinstance(flow, ClassicFlow) else None
            if sent is not None:
                ends = run._result.ends_of(sent)
                return ends[0] if len(ends) == 1 else run.output_of(sent)
        raise AmbiguousOutput("no recorded run gave this message", [])

    # --- what the hooks ask

    def is_open(self, call: Call) -> bool:
        """Whether a call of this recorder has not ended."""
        return call.id in self._open

    def is_inside(self, call: Call) -> bool:
        """Whether this is within a call."""
        here = FRAME.get()
        while here is not None and here is not call:
            around = self._open.get(here.parent)
            here = None if around is None else around[1]
        return here is call

    def keys(self, messages: Sequence[Any], agent: Any) -> list[list[Key]]:
        """Where each message stands: that very dict, else one of the agent's with the same content."""
        owners = [agent, *(each for each in list(self.agents) if each is not agent)]
        with self._lock:
            places = self._conversations.places(messages, owners)
        return [found or self._conversations.equal(each, agent) for found, each in zip(places, messages, strict=True)]

    def places(self, message: Any) -> list[Key]:
        """Where this very message stands."""
        with self._lock:
            return self._conversations.places([message], list(self.agents))[0]

    def after_hooks(self, reply: Call, messages: Sequence[Any]) -> dict[str, Any]:
        """What a reply is made from after hooks changed it, as its details: one that was made anew stands for another.

        That is the one in its place, if there are as many as before; the last one stands for the last one.
        """
        known, before = self.keys(messages, reply.details["agent"]), reply.details["messages"]
        shown = []
        for index, (message, keys) in enumerate(zip(messages, known, strict=True)):
            from_end = index - len(messages)
            is_in_place = len(messages) == len(before) or (from_end == -1 and before)
            if not keys and is_in_place:
                known[index], message = reply.details["keys"][from_end], before[from_end]
            shown.append(message)
        stands = {id(each): (keys, other) for each, keys, other in zip(messages, known, shown, strict=True)}
        return {"messages": shown, "keys": known, "stands": stands}

    def told(self, messages: Sequence[Any], agent: Any) -> dict[str, Any]:
        """What a model of an agent is told, as details of the call: as in the reply that it is for."""
        here = FRAME.get()
        is_reply = here is not None and here.kind == "reply" and here.details["agent"] is agent
        stands = here.details.get("stands", {}) if here is not None and is_reply else {}
        found = [
            stands.get(id(each)) or (keys, each)
            for each, keys in zip(messages, self.keys(messages, agent), strict=True)
        ]
        return {"messages": [each for _, each in found], "keys": [keys for keys, _ in found]}

    # --- how values are shown and linked

    def _flow(self, calls: list[Call], earlier: Sequence[Flow]) -> Flow:
        return ClassicFlow(calls, Ledger(values.opened, values.key), earlier)

    def _plain(self, value: Any) -> Any:
        return values.plain(value)

    def _began_outermost(self, run: Run, call: Call) -> None:
        run.conversation = call.details.get("conversation")
