"""Hooks of one agent: what it is told, asked, and says, and which models and tools it calls.

`register_hook` gives the messages that a reply is made from (`process_all_messages_before_reply`) and those that are
sent. It has nothing for the end of a call and for exceptions, so the methods that AG2 looks up on the instance are
replaced there. Messages are copied for each of two agents; a message is known by whose it is, with whom, and its index.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from trace_autogen.classic import private
from trace_autogen.classic.frames import FRAME, recorded
from trace_autogen.classic.standing import parameters_of
from trace_autogen.patches import Patches
from trace_autogen.reads import read_now
from trace_core.recording import Call

if TYPE_CHECKING:
    from trace_autogen.classic.recorder import Recorder
    from trace_core.parameter_nodes import ParameterNode

_KEPT_IN = "_trace_classic"
_ids = count(1)


def next_id() -> tuple[str, int]:
    """An id for a call."""
    return "classic", next(_ids)


class ToolFailed(Exception):
    """What a tool failed with, as the agent is told."""


class AgentHooks:
    """The hooks of an agent.

    Args:
        agent: a `ConversableAgent`.
        recorder: where its calls are recorded.
    """

    def __init__(self, agent: Any, recorder: Recorder) -> None:
        self.agent = agent
        self.recorder = recorder
        self.turns: list[Call] = []
        """Its replies that are being made, the last innermost."""
        self.said: tuple[Call, Any] | None = None
        """What its last reply was, and where it was made, until it is sent."""
        self.extra: list[tuple[str, ParameterNode]] = []
        """What was read for its prompt that is not its own: the descriptions of those among whom it selects."""
        self._patches = Patches()
        self._registered: list[tuple[str, Callable[..., Any]]] = []

    @staticmethod
    def of(agent: Any) -> AgentHooks | None:
        """An agent's, if it has them."""
        found: AgentHooks | None = vars(agent).get(_KEPT_IN)
        return found

    def install(self) -> None:
        """Put the hooks in.

        Raises:
            TraceError: this release of AG2 has no such places.
        """
        replaced = {
            "generate_reply": self._reply,
            "a_generate_reply": self._reply,
            "initiate_chat": self._chat,
            "a_initiate_chat": self._chat,
            "execute_function": self._tool,
            "a_execute_function": self._tool,
            private.MODEL_CALL: self._model,
        }
        private.require(self.agent, private.MESSAGES, private.SYSTEM, *replaced)
        vars(self.agent)[_KEPT_IN] = self
        self.recorder._agents.add(self.agent)
        for name, make in replaced.items():
            self._patches.replace(self.agent, name, make)
        self._register("process_all_messages_before_reply", self._sees)
        self._register("process_message_before_send", self._sends)
        hookable = getattr(self.agent, private.HOOKS)
        if "update_agent_state" in hookable:  # AG2; AutoGen 0.2 has it not
            self._register("update_agent_state", self._begins)
        if "a_process_message_before_send" in hookable:  # AutoGen 0.2; AG2 has one for both
            self._register("a_process_message_before_send", self._asends)

    def remove(self) -> None:
        """Take them out."""
        for hookable, hook in self._registered:
            private.unhook(self.agent, hookable, hook)
        self._patches.undo()
        self.recorder._agents.discard(self.agent)
        vars(self.agent).pop(_KEPT_IN, None)

    def _register(self, hookable: str, hook: Callable[..., Any]) -> None:
        self.agent.register_hook(hookable, hook)
        self._registered.append((hookable, hook))

    def begin(self, kind: str, name: str, inputs: Any, details: dict[str, Any], made_in: Any = None) -> Call | None:
        """A call began here; outside of any, it belongs to the call that it was made in."""
        around = self._around(details)
        return self.recorder._begin(next_id(), made_in if around is None else around.id, kind, name, inputs, details)

    def _around(self, details: dict[str, Any]) -> Call | None:
        """The call that we are in; where AG2 went to another thread, the agent's reply that has these messages."""
        here = FRAME.get()
        if here is not None and self.recorder._is_open(here):
            return here
        seen = {id(message) for message in details.get("messages", ())}
        with_them = [turn for turn in self.turns if any(id(each) in seen for each in turn.details["messages"])]
        found = with_them or self.turns
        return found[-1] if found else None

    # --- what `register_hook` tells

    def _begins(self, agent: Any, messages: Any) -> None:
        """A reply is begun with these messages."""
        self._take_in(messages)

    def _sees(self, messages: Any) -> Any:
        """A reply is made from these messages: others before us may have changed them."""
        self._take_in(messages)
        return messages

    def _take_in(self, messages: Any) -> None:
        here = FRAME.get()
        if here is not None and here.kind == "reply" and here.details["agent"] is self.agent:
            here.details["messages"] = list(messages or ())
            here.details["keys"] = self.recorder._keys(messages or (), self.agent)
            here.take_in(list(messages or ()))

    def _sends(self, sender: Any, message: Any, recipient: Any, silent: bool) -> Any:
        """A message is sent."""
        try:
            self._record_sent(sender, message, recipient)
        except Exception as error:  # noqa: BLE001 - a bug of ours must not end the user's run
            self.recorder._missed("a message", None, None, error)
        return message

    async def _asends(self, sender: Any, message: Any, recipient: Any, silent: bool) -> Any:
        """A message is sent in async code."""
        return self._sends(sender, message, recipient, silent)

    def _record_sent(self, sender: Any, message: Any, recipient: Any) -> None:
        """It is the next one that the two have of each other."""
        places = [
            (sender, recipient, private.count(sender, recipient)),
            (recipient, sender, private.count(recipient, sender)),
        ]
        passed_on = self.recorder._places(message) if isinstance(message, dict) else None
        made_in = None
        if self.said is not None and (self.said[1] is message or self.said[1] == message):
            made_in, self.said = self.said[0].id, None
        here = FRAME.get()
        if made_in is None and not passed_on and here is not None and here.kind == "run" and here.given is None:
            here.take_in(message)
        details = {"places": places, "passed_on": passed_on, "made_in": made_in, "agent": sender}
        call = self.begin("message", sender.name, message, details, made_in)
        if call is not None:
            self.recorder._end(call.id, message)

    # --- what methods tell

    def _reply(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def began(messages: Any = None, sender: Any = None) -> Call | None:
            if messages is None and sender is not None:
                messages = private.conversations(self.agent)[sender]
            seen = list(messages or ())
            details = {"messages": seen, "keys": self.recorder._keys(seen, self.agent), "agent": self.agent}
            details["conversation"] = self.recorder._conversation(self.agent, sender)
            call = self.begin("reply", self.agent.name, seen, details)
            if call is not None:
                self.turns.append(call)
            return call

        def ended(call: Call | None, reply: Any) -> None:
            if call is not None:
                call.details["is_default"] = reply == getattr(self.agent, "_default_auto_reply", None)
                self.said = (call, reply)

        def closed(call: Call | None) -> None:
            if call in self.turns:
                self.turns.remove(call)

        return self._framed(original, ("messages", "sender"), began, ended, closed)

    def _chat(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def began(recipient: Any, clear_history: bool = True, message: Any = None) -> Call | None:
            given = message if isinstance(message, (str, dict)) else None
            conversation = self.recorder._conversation(self.agent, recipient, clear_history)
            return self.begin("run", self.agent.name, given, {"conversation": conversation, "agent": self.agent})

        return self._framed(original, ("recipient", "clear_history", "message"), began)

    def _tool(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def began(func_call: Any, call_id: Any = None) -> Call | None:
            asked = func_call if isinstance(func_call, dict) else {}
            details = {"tool_call_id": call_id, "agent": self.agent}
            return self.begin("tool", str(asked.get("name", "")), asked.get("arguments"), details)

        def output(result: Any) -> Any:
            succeeded, said = result
            return said.get("content") if succeeded else ToolFailed(said.get("content"))

        return self._framed(original, ("func_call", "call_id"), began, output=output)

    def _model(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def began(llm_client: Any, messages: Any) -> Call | None:
            system = getattr(self.agent, private.SYSTEM)
            seen = [message for message in messages if not any(message is each for each in system)]
            details = {"messages": seen, "keys": self.recorder._keys(seen, self.agent), "agent": self.agent}
            call = self.begin("llm", self.agent.name, seen, details)
            if call is not None:
                wanted = self._read(len(seen) < len(messages), llm_client)
                self.recorder._read_before(call, [(name, each, read_now(each)) for name, each in wanted])
            return call

        return self._framed(original, ("llm_client", "messages"), began)

    def _read(self, with_system: bool, client: Any) -> list[tuple[str, ParameterNode]]:
        """The parameters that go into a request to a model, each with how it is called there."""
        entries = parameters_of(self.agent, "system") if with_system else []
        if client is self.agent.client:
            entries += parameters_of(self.agent, "tools")
        return [*self.extra, *((entry.argument, entry.parameter) for entry in entries)]

    def _framed(
        self,
        original: Callable[..., Any],
        wanted: tuple[str, ...],
        began: Callable[..., Call | None],
        ended: Callable[[Call | None, Any], None] = lambda call, result: None,
        closed: Callable[[Call | None], None] = lambda call: None,
        output: Callable[[Any], Any] = lambda result: result,
    ) -> Callable[..., Any]:
        """A method of the instance that is recorded as a call; `wanted` are the arguments that `began` is told."""
        signature = inspect.signature(original)

        def enter(args: Any, kwargs: Any) -> Call | None:
            try:
                bound = signature.bind(*args, **kwargs).arguments
                return began(**{name: bound[name] for name in wanted if name in bound})
            except Exception as error:  # noqa: BLE001 - a bug of ours, or a wrong call, must be the method's to tell
                self.recorder._missed(f"the beginning of {original.__name__}", None, None, error)
                return None

        def leave(call: Call | None, result: Any) -> None:
            if call is None:
                return
            try:
                ended(call, result)
                given = output(result)
            except Exception as error:  # noqa: BLE001 - a bug of ours must not end the user's run
                self.recorder._missed(f"the end of {original.__name__}", call.id, None, error)
                given = result
            if isinstance(given, ToolFailed):
                self.recorder._fail(call.id, given)
            else:
                self.recorder._end(call.id, given)

        return recorded(original, enter, leave, self.recorder, closed)
