"""Hooks of a team: its runs, and the steps of its manager, which selects who speaks next.

In an external runtime the members run in tasks that know nothing of the caller's context variables: the team itself
knows which run it is in, and its members ask it.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any

from autogen_agentchat.base import TaskResult
from autogen_agentchat.messages import BaseChatMessage, SelectSpeakerEvent
from autogen_core import AgentId

from trace_autogen import private
from trace_autogen.frames import FRAME, Frame
from trace_autogen.hooks import LOCK, ProgramHooks
from trace_autogen.parts import models, program
from trace_autogen.streams import framed, in_frame
from trace_core.recording import MISSING, Call

_log = logging.getLogger(__name__)

_STEPS = ("GroupChatStart", "GroupChatAgentResponse", "GroupChatTeamResponse")
_REQUEST = "GroupChatRequestPublish"


class TeamHooks(ProgramHooks):
    """Hooks of a team, its members and its manager."""

    def __init__(self, owner: Any) -> None:
        super().__init__(owner)
        self.running: Frame | None = None
        self.chosen: dict[str, Call] = {}
        """What selected the member that speaks next, by its name."""
        self._manager: Any = None

    def install(self) -> None:
        """Replace what runs the team, and what makes its manager."""
        for name in ("run_stream", "reset"):
            self.patches.replace(self.owner, name, getattr(self, f"_{name}"))
        self.patches.replace(self.owner, private.MANAGER_FACTORY, self._manager_factory)
        self.refresh()

    def refresh(self) -> None:
        """Hook the members, and the manager's model."""
        with LOCK:
            members = [program(member) for member in private.participants(self.owner)]
            for member in members:
                member.teams.add(self)
            self.hold_only([*members, *models(self.owner, self._manager)])

    # --- runs

    def _run_stream(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def run_stream(*, task: Any = None, **arguments: Any) -> AsyncGenerator[Any, None]:
            stream = self._streamed(original, task, arguments)
            outer = FRAME.get()
            if outer is not None:
                outer.streams.append(stream)
            return stream

        return run_stream

    async def _streamed(
        self, original: Callable[..., Any], task: Any, arguments: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        if self.running is not None:  # AutoGen refuses it
            async for item in original(task=task, **arguments):
                yield item
            return
        if self.fresh is not None:
            await self.fresh.begin()
        frame = self.begin_run(list(task) if isinstance(task, list) else task)
        self.running = frame
        try:
            await self._find_manager()
            self.refresh()
            async with aclosing(framed(original(task=task, **arguments), frame)) as stream:
                async for item in stream:
                    if isinstance(item, TaskResult):
                        frame.end(item)
                    yield item
        except GeneratorExit:
            raise
        except BaseException as error:
            _name_the_cause(error, frame.errors)
            frame.fail(error)
            raise
        finally:
            self.running = None
            self.chosen.clear()
            frame.end(MISSING)

    def _reset(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def reset(*args: Any, **arguments: Any) -> Any:
            self.forget()
            return await original(*args, **arguments)

        return reset

    # --- the manager

    def _manager_factory(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def create_factory(*args: Any, **arguments: Any) -> Callable[[], Any]:
            factory = original(*args, **arguments)

            def managed() -> Any:
                manager = factory()
                self._hook_manager(manager)
                return manager

            return managed

        return create_factory

    async def _find_manager(self) -> None:
        """Hook the manager of a team that had run before it was traced."""
        if self._manager is not None or not private.is_initialized(self.owner):
            return
        try:
            name = AgentId(private.manager_topic(self.owner), private.team_id(self.owner))
            self._hook_manager(await private.runtime(self.owner).try_get_underlying_agent_instance(name))
        except Exception as error:  # noqa: BLE001 - a runtime of another kind may raise anything
            _log.warning("the selection of speakers is not recorded: %s", type(error).__name__, exc_info=error)

    def _hook_manager(self, manager: Any) -> None:
        self._manager = manager
        self.patches.replace(manager, "on_message_impl", self._on_message)
        self.patches.replace(manager, "publish_message", self._publish)
        if hasattr(manager, "update_message_thread"):
            self.patches.replace(manager, "update_message_thread", self._update_thread)

    def about_requests(self) -> dict[str, Any]:
        """What the thread holds when the manager asks its model."""
        return {"thread": private.thread(self._manager)} if self._manager is not None else {}

    def _on_message(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def on_message_impl(message: Any, ctx: Any) -> Any:
            running = self.running
            if running is None or type(message).__name__ not in _STEPS:
                return await original(message, ctx)
            frame = running.begin("function", private.manager_name(self._manager), None, {"is": "step"}, self)
            try:
                result = await in_frame(original(message, ctx), frame)
            except BaseException as error:
                if frame.call is not None:
                    frame.call.take_in(private.thread(self._manager))
                frame.fail(error)
                raise
            frame.end(None)
            return result

        return on_message_impl

    def _publish(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def publish_message(message: Any, topic_id: Any, **arguments: Any) -> Any:
            step = FRAME.get()
            if step is not None and step.hooks is self and type(message).__name__ == _REQUEST:
                self._selected(step, topic_id.type.removesuffix(f"_{private.team_id(self.owner)}"))
            elif step is not None and step.hooks is self and step.call is not None:
                event = getattr(message, "message", None)
                if isinstance(event, SelectSpeakerEvent):
                    step.call.details.setdefault("events", []).append((event, step.call))
            return await original(message, topic_id, **arguments)

        return publish_message

    def _selected(self, step: Frame, name: str) -> None:
        """A member was selected: by a model, by the user's function, else by the order alone, which is no node."""
        function = private.selector_function(self._manager)
        selects = step.of_kind("select")
        if selects:
            self.chosen[name] = selects[-1]
        elif step.of_kind("llm"):
            self._select(step, name, "select", None)
        elif function is not None:
            self._select(step, name, getattr(function, "__name__", "select"), private.thread(self._manager))

    def _select(self, step: Frame, name: str, called: str, thread: list[Any] | None) -> None:
        frame = step.begin("select", called, thread)
        frame.end(name)
        if frame.call is not None:
            self.chosen[name] = frame.call

    def _update_thread(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def update_message_thread(messages: Sequence[Any]) -> Any:
            step = FRAME.get()
            if step is not None and step.hooks is self:
                own = private.manager_name(self._manager)
                for message in messages:
                    if isinstance(message, BaseChatMessage) and message.source == own:
                        step.begin("function", "ledger", None, {"is": "message"}).end(message)
            return await original(messages)

        return update_message_thread


def _name_the_cause(error: BaseException, inner: Sequence[BaseException]) -> None:
    """AutoGen makes a new error of the text of the one that a member raised, and forgets that."""
    if error.__cause__ is None:
        causes = [each for each in inner if each is not error and str(each) in str(error)]
        error.__cause__ = causes[-1] if causes else None
