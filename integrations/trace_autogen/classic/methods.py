"""Methods of an agent that are replaced: each is recorded as a call, with what went in and what came out."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from trace_autogen.classic import private
from trace_autogen.classic.candidates import told
from trace_autogen.classic.frames import FRAME, Begun, in_callers_context, recorded
from trace_autogen.classic.joining import joining
from trace_autogen.classic.running import taking_over
from trace_autogen.classic.standing import parameters_of
from trace_autogen.classic.talks import ConcurrentTurns
from trace_core.exposing import read_now

if TYPE_CHECKING:
    from trace_autogen.classic.hooks import AgentHooks
    from trace_autogen.classic.recorder import Recorder
    from trace_core.parameter_nodes import ParameterNode
    from trace_core.recording import Call

Method = Callable[..., Any]


class ToolFailed(Exception):
    """What a tool failed with, as the agent is told."""


def reply(hooks: AgentHooks, original: Method) -> Method:
    """An agent makes a reply to messages."""

    def began(recorder: Recorder, messages: Any = None, sender: Any = None) -> Begun:
        if messages is None and sender is not None:
            messages = private.conversations(hooks.agent)[sender]
        seen = list(messages or ())
        details = {**recorder.asked(seen, hooks.agent), "sender": sender}
        if sender is None:
            return hooks.begin("reply", hooks.agent.name, seen, details)
        details["conversation"] = recorder.talks.conversation(hooks.agent, sender)
        return _talk(hooks, recorder, sender, lambda: hooks.begin("reply", hooks.agent.name, seen, details))

    def ended(call: Call, said: Any) -> None:
        call.details["is_default"] = said == getattr(hooks.agent, "_default_auto_reply", None)
        if call.details["sender"] is not None and said is not None:
            hooks.said[call.details["sender"]] = (call, said)

    return _framed(hooks, original, ("messages", "sender"), began, ended)


def _talk(hooks: AgentHooks, recorder: Recorder, peer: Any, begin: Callable[[], Begun]) -> Begun:
    """A call in which the agent talks with another one.

    Raises:
        ConcurrentTurns: they talk already, elsewhere.
    """
    with recorder._lock:
        recorder.talks.check(hooks.agent, peer, recorder.is_inside)
        begun = begin()
        if begun is not None:
            recorder.talks.begin(hooks.agent, peer, begun[1])
        return begun


def chat(hooks: AgentHooks, original: Method) -> Method:
    """An agent begins a chat with another one."""

    def began(
        recorder: Recorder, recipient: Any, clear_history: bool = True, message: Any = None, kwargs: Any = None
    ) -> Begun:
        given = message if isinstance(message, (str, dict)) else None
        carried = (kwargs or {}).get("carryover") or ()
        details: dict[str, Any] = {
            "carried": [carried] if isinstance(carried, str) else list(carried),
            "is_constant": given is not None and _is_constant(given),
        }

        def begin() -> Begun:
            talks = recorder.talks
            details["conversation"] = talks.conversation(hooks.agent, recipient, clear_history)
            return hooks.begin("run", hooks.agent.name, given, details)

        return _talk(hooks, recorder, recipient, begin)

    wanted = ("recipient", "clear_history", "message", "kwargs")
    return taking_over(_framed(hooks, joining(original, lambda: hooks.recorder), wanted, began))


def _is_constant(message: Any) -> bool:
    """Whether the agent that makes a reply here has a nested chat that is always begun with this message."""
    here = FRAME.get()
    return here is not None and here.kind == "reply" and private.is_told_in_nested_chats(here.details["agent"], message)


def chats(hooks: AgentHooks, original: Method) -> Method:
    """Several chats, of which later ones are told what came out of earlier ones."""

    def began(recorder: Recorder) -> Begun:
        return hooks.begin("chats", hooks.agent.name, None, {})

    return _framed(hooks, original, (), began)


def tool(hooks: AgentHooks, original: Method) -> Method:
    """An agent runs a tool."""

    def began(recorder: Recorder, func_call: Any, call_id: Any = None) -> Begun:
        asked = func_call if isinstance(func_call, dict) else {}
        return hooks.begin("tool", str(asked.get("name", "")), asked.get("arguments"), {"tool_call_id": call_id})

    def output(result: Any) -> Any:
        succeeded, said = result
        return said.get("content") if succeeded else ToolFailed(said.get("content"))

    made = _framed(hooks, original, ("func_call", "call_id"), began, output=output)
    return in_callers_context(made) if inspect.iscoroutinefunction(original) else made


def model(hooks: AgentHooks, original: Method) -> Method:
    """An agent asks its model."""

    def began(recorder: Recorder, llm_client: Any, messages: Any) -> Begun:
        system = getattr(hooks.agent, private.SYSTEM)
        seen = [message for message in messages if not any(message is each for each in system)]
        begun = hooks.begin("llm", hooks.agent.name, seen, recorder.told(seen, hooks.agent))
        if begun is not None:
            wanted = _read(hooks, len(seen) < len(messages), llm_client)
            recorder._read_before(begun[1], [(name, each, read_now(each)) for name, each in wanted])
        return begun

    return _framed(hooks, told(hooks.agent, original), ("llm_client", "messages"), began)


def _read(hooks: AgentHooks, with_system: bool, client: Any) -> list[tuple[str, ParameterNode]]:
    """The parameters that go into a request to a model, each with how it is called there."""
    entries = parameters_of(hooks.agent, "system") if with_system else []
    if client is hooks.agent.client:
        entries += parameters_of(hooks.agent, "tools")
    return [*hooks.extra, *((entry.argument, entry.parameter) for entry in entries)]


def _framed(
    hooks: AgentHooks,
    original: Method,
    wanted: tuple[str, ...],
    began: Callable[..., Begun],
    ended: Callable[[Call, Any], None] = lambda call, result: None,
    output: Callable[[Any], Any] = lambda result: result,
) -> Method:
    """A method of the instance that is recorded as a call; `wanted` are the arguments that `began` is told."""
    signature = inspect.signature(original)

    def enter(args: Any, kwargs: Any) -> Begun:
        if hooks.recorder is None:
            return None
        try:
            bound = signature.bind(*args, **kwargs).arguments
            given = {name: bound[name] for name in wanted if name in bound}
            return began(hooks.recorder, **given)
        except ConcurrentTurns:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours, or a wrong call, must be the method's to tell
            hooks.missed(f"the beginning of {original.__name__}", error)
            return None

    def leave(begun: Begun, result: Any) -> None:
        if begun is None:
            return
        recorder, call = begun
        try:
            ended(call, result)
            given = output(result)
        except Exception as error:  # noqa: BLE001 - a bug of ours must not end the user's run
            hooks.missed(f"the end of {original.__name__}", error, call.id)
            given = result
        if isinstance(given, ToolFailed):
            recorder._fail(call.id, given)
        else:
            recorder._end(call.id, given)

    def closed(begun: Begun) -> None:
        if begun is not None:
            begun[0].talks.end(begun[1])

    return recorded(original, enter, leave, closed)
