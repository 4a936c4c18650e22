"""The recorder of AG2's agents and group chats."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable, Sequence
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

    def output(self, result: Any) -> Node:
        """The node of what an agent, or a chat, gave: also of a chat in a list of chats, or within another one.

        Raises:
            AmbiguousOutput: several runs, or none, may have given it.
        """
        for run in reversed(self.runs) if values.is_result(result) else ():
            for call in run.calls:
                if self._is_result(call, result):
                    return run.output_of(call)
        return super().output(result)

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
                return run.output_of(sent)
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

    def asked(self, messages: Sequence[Any], agent: Any) -> dict[str, Any]:
        """What an agent is asked to reply to, as details of the call."""
        return _seen(messages, self.keys(messages, agent), messages)

    def after_hooks(self, reply: Call, messages: Sequence[Any]) -> dict[str, Any]:
        """The same after hooks changed it: a message that was made anew stands for another.

        That is the one in its place, if there are as many as before; the last one stands for the last one.
        """
        known = self._stands(reply, messages)
        before, keys_before = reply.details["messages"], reply.details["keys"]
        for index, (keys, _) in enumerate(known):
            from_end = index - len(messages)
            if not keys and (len(messages) == len(before) or (from_end == -1 and before)):
                known[index] = (keys_before[from_end], before[from_end])
        return _seen(messages, [keys for keys, _ in known], [each for _, each in known])

    def told(self, messages: Sequence[Any], agent: Any) -> dict[str, Any]:
        """What a model of an agent is told, as details of the call: as in the reply that it is for."""
        here = FRAME.get()
        if here is None or here.kind != "reply" or here.details["agent"] is not agent:
            return self.asked(messages, agent)
        known = self._stands(here, messages)
        return {"messages": [each for _, each in known], "keys": [keys for keys, _ in known]}

    def _stands(self, reply: Call, messages: Sequence[Any]) -> list[tuple[list[Key], Any]]:
        """For each message where it stands, and what it stands for; those of the reply are known."""
        stands = reply.details["stands"]
        new = [each for each in messages if id(each) not in stands]
        found = dict(zip(map(id, new), self.keys(new, reply.details["agent"]), strict=True)) if new else {}
        return [stands.get(id(each)) or (found[id(each)], each) for each in messages]

    # --- how values are shown and linked

    def _flow(self, calls: list[Call], earlier: Sequence[Flow]) -> Flow:
        return ClassicFlow(calls, Ledger(values.opened, values.key), earlier)

    def _plain(self, value: Any) -> Any:
        return values.plain(value)

    def _conversations_of(self, run: Run) -> set[Hashable]:
        """What the chats in a run are turns of, and a reply that an agent gave to one that is not traced."""
        calls = [call for call in run.calls if call.kind == "run" or call is run.calls[0]]
        return {call.details["conversation"] for call in calls if "conversation" in call.details}


def _seen(messages: Sequence[Any], keys: list[list[Key]], shown: Sequence[Any]) -> dict[str, Any]:
    stands = {id(each): (at, other) for each, at, other in zip(messages, keys, shown, strict=True)}
    return {"messages": list(shown), "keys": keys, "stands": stands}
