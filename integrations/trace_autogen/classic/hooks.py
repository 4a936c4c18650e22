"""Hooks of one agent: what it is told, asked, and says, and which models and tools it calls.

`register_hook` gives the messages that are sent. It has nothing for the end of a call and for exceptions, so the
methods that AG2 looks up on the instance are replaced there (`methods`). Messages are copied for each of two agents; a
message is known by whose it is, with whom, and its index.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from trace_autogen.classic import methods, private
from trace_autogen.classic.frames import FRAME, Begun, Carried, in_carried_context
from trace_autogen.classic.holding import Hooks, hooks_of
from trace_autogen.classic.running import executing, running
from trace_core.recording import Call

if TYPE_CHECKING:
    from trace_autogen.classic.recorder import Recorder
    from trace_core.parameter_nodes import ParameterNode
    from trace_core.recording.call import ParameterRead

_ids = count(1)


def next_id() -> tuple[str, int]:
    """An id for a call."""
    return "classic", next(_ids)


class AgentHooks(Hooks):
    """The hooks of an agent.

    Args:
        owner: a `ConversableAgent`.
    """

    def __init__(self, owner: Any) -> None:
        super().__init__(owner)
        self.agent = owner
        self.said: WeakKeyDictionary[Any, tuple[Call, Any]] = WeakKeyDictionary()
        """What its last reply to each other agent was, and where it was made, until it is sent."""
        self.extra: list[tuple[str, ParameterNode]] = []
        """What was read for its prompt that is not its own: the descriptions of those among whom it selects."""
        self.registered: list[tuple[str, Callable[..., Any]]] = []

    def install(self) -> None:
        """Put the hooks in.

        Raises:
            TraceError: this release of AG2 has no such places.
        """
        replaced: dict[str, Callable[[Any], Any]] = {
            "generate_reply": partial(methods.reply, self),
            "a_generate_reply": partial(methods.reply, self),
            "initiate_chat": partial(methods.chat, self),
            "a_initiate_chat": partial(methods.chat, self),
            "initiate_chats": partial(methods.chats, self),
            "a_initiate_chats": partial(methods.chats, self),
            "process_all_messages_before_reply": self._sees,
            "generate_oai_reply": in_carried_context,
            "execute_function": partial(methods.tool, self),
            "a_execute_function": partial(methods.tool, self),
            private.MODEL_CALL: partial(methods.model, self),
        }
        for name in ("run", "run_iter", "a_run_iter"):
            if private.has(self.agent, name):  # AG2
                replaced[name] = running
        if private.has(self.agent, private.EXECUTOR):
            replaced[private.EXECUTOR] = partial(executing, recorder=lambda: self.recorder)
        if private.has(self.agent, "a_process_all_messages_before_reply"):  # AutoGen 0.2; AG2 has one for both
            replaced["a_process_all_messages_before_reply"] = self._sees
        private.require(self.agent, private.MESSAGES, private.SYSTEM, *replaced)
        super().install()
        for name, make in replaced.items():
            self.patches.replace(self.agent, name, make)
        self._register("process_message_before_send", self._sends)
        if "a_process_message_before_send" in getattr(self.agent, private.HOOKS):  # as above
            self._register("a_process_message_before_send", self._asends)

    def remove(self) -> None:
        """Take them out."""
        for hookable, hook in self.registered:
            private.unhook(self.agent, hookable, hook)
        super().remove()

    def clean(self, copy: Any) -> None:
        """Take what was copied of them out of a copy of the agent."""
        for hookable, hook in self.registered:
            private.unhook(copy, hookable, hook)
        super().clean(copy)

    def _register(self, hookable: str, hook: Callable[..., Any]) -> None:
        self.agent.register_hook(hookable, hook)
        self.registered.append((hookable, hook))

    def record(self, recorder: Recorder | None) -> None:
        """Record its calls there from now on, or no more."""
        if self.recorder is not None:
            self.recorder.agents.discard(self.agent)
        super().record(recorder)
        if recorder is not None:
            recorder.agents.add(self.agent)

    def begin(self, kind: str, name: str, inputs: Any, details: dict[str, Any], made_in: Any = None) -> Begun:
        """A call began here; outside of any, it belongs to the call that it was made in."""
        recorder = self.recorder
        if recorder is None:
            return None
        here = FRAME.get()
        around = here.id if here is not None and recorder.is_open(here) else made_in
        call = recorder._begin(next_id(), around, kind, name, inputs, {**details, "agent": self.agent})
        return None if call is None else (recorder, call)

    # --- what is told of messages

    def _sees(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """A reply is made from these messages; all hooks had their say."""

        def taken(seen: Any) -> Any:
            here = FRAME.get()
            if here is not None and here.kind == "reply" and here.details["agent"] is self.agent and self.recorder:
                here.details.update(self.recorder.after_hooks(here, seen or ()))
                here.take_in(list(seen or ()))
            return Carried(seen) if isinstance(seen, list) else seen

        def called(messages: Any) -> Any:
            return taken(original(messages))

        async def awaited(messages: Any) -> Any:
            return taken(await original(messages))

        return awaited if inspect.iscoroutinefunction(original) else called

    def _sends(self, sender: Any, message: Any, recipient: Any, silent: bool) -> Any:
        """A message is sent."""
        try:
            self._record_sent(sender, message, recipient)
        except Exception as error:  # noqa: BLE001 - a bug of ours must not end the user's run
            self.missed("a message", error)
        return message

    async def _asends(self, sender: Any, message: Any, recipient: Any, silent: bool) -> Any:
        """A message is sent in async code."""
        return self._sends(sender, message, recipient, silent)

    def _record_sent(self, sender: Any, message: Any, recipient: Any) -> None:
        """It is the next one that the two have of each other."""
        if self.recorder is None:
            return
        places = [
            (sender, recipient, private.count(sender, recipient)),
            (recipient, sender, private.count(recipient, sender)),
        ]
        made_in, said = None, self.said.get(recipient)
        if said is not None and (said[1] is message or said[1] == message or self._is_changed_by_others()):
            made_in = self.said.pop(recipient)[0].id
        passed_on = self.recorder.places(message) if made_in is None and isinstance(message, dict) else None
        here = FRAME.get()
        if made_in is None and not passed_on and here is not None and here.kind == "run" and here.given is None:
            here.take_in(message)
        details = {"places": places, "passed_on": passed_on, "made_in": made_in}
        begun = self.begin("message", sender.name, message, details, made_in)
        if begun is not None:
            begun[0]._read_before(begun[1], self._read_for(message))
            begun[0]._end(begun[1].id, message)

    def _read_for(self, message: Any) -> list[ParameterRead]:
        """What was read for a message that introduces the agents of a group chat to each other."""
        told = [hooks.introduction for group in private.groups_of(self.agent) if (hooks := hooks_of(group)) is not None]
        return next((reads for text, reads in filter(None, told) if text is message), [])

    def _is_changed_by_others(self) -> bool:
        """Whether hooks of the user may change what is sent."""
        ours = [hook for _, hook in self.registered]
        return any(hook not in ours for hookable, _ in self.registered for hook in self._hooks(hookable))

    def _hooks(self, hookable: str) -> list[Any]:
        found: list[Any] = getattr(self.agent, private.HOOKS)[hookable]
        return found

    def missed(self, what: str, error: Exception, id: Any = None) -> None:
        """Something could not be recorded."""
        if self.recorder is not None:
            self.recorder._missed(what, id, None, error)
