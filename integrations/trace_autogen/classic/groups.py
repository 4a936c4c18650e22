"""Hooks of a group chat: who was selected, and by which model."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from trace_autogen.classic import private
from trace_autogen.classic.candidates import selected
from trace_autogen.classic.frames import FRAME, Begun, recorded
from trace_autogen.classic.holding import Hooks
from trace_autogen.classic.hooks import AgentHooks, next_id
from trace_autogen.classic.standing import parameters_of
from trace_core.exposing import read_now

if TYPE_CHECKING:
    from trace_core.parameter_nodes import ParameterNode
    from trace_core.recording.call import ParameterRead

_log = logging.getLogger(__name__)


class GroupHooks(Hooks):
    """The hooks of a group chat.

    Args:
        owner: a `GroupChat`.
    """

    def __init__(self, owner: Any) -> None:
        super().__init__(owner)
        self.introduction: tuple[str, list[ParameterRead]] | None = None
        """What its agents were told of each other last, and what was read for it."""

    def install(self) -> None:
        """Put the hooks in."""
        replaced: dict[str, Callable[[Any], Any]] = {
            "select_speaker": self._select,
            "a_select_speaker": self._select,
            "select_speaker_msg": partial(selected, self.owner),
            "select_speaker_prompt": partial(selected, self.owner),
            "introductions_msg": self._introduces,
            private.INNER_AGENTS: self._inner_agents,
        }
        private.require(self.owner, *replaced)
        super().install()
        for name, make in replaced.items():
            self.patches.replace(self.owner, name, make)

    def _select(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def enter(args: Any, kwargs: Any) -> Begun:
            here, recorder = FRAME.get(), self.recorder
            if recorder is None or here is None or not recorder.is_open(here):
                return None
            call = recorder._begin(next_id(), here.id, "select", "select_speaker", None, {})
            return None if call is None else (recorder, call)

        def leave(begun: Begun, chosen: Any) -> None:
            if begun is not None:
                begun[0]._end(begun[1].id, chosen)

        return recorded(original, enter, leave)

    def _introduces(self, original: Callable[..., Any]) -> Callable[..., Any]:
        introduced = selected(self.owner, original)

        @functools.wraps(original)
        def introductions_msg(*args: Any, **kwargs: Any) -> Any:
            text = introduced(*args, **kwargs)
            self.introduction = text, [(name, each, read_now(each)) for name, each in self._descriptions()]
            return text

        return introductions_msg

    def _descriptions(self) -> list[tuple[str, ParameterNode]]:
        """The descriptions of its agents that are parameters, each with how it is called where it is read."""
        entries = [entry for each in self.owner.agents for entry in parameters_of(each, "description")]
        return [(entry.argument, entry.parameter) for entry in entries]

    def _inner_agents(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def create_internal_agents(*args: Any, **kwargs: Any) -> Any:
            agents = original(*args, **kwargs)
            try:
                selecting = agents[1]
                hooks = AgentHooks(selecting)
                hooks.extra = self._descriptions()
                hooks.extra += [(entry.argument, entry.parameter) for entry in parameters_of(self.owner, "selection")]
                hooks.install()
                hooks.record(self.recorder)
            except Exception as error:  # noqa: BLE001 - a bug of ours must not end the user's run
                _log.warning("the selection of a speaker is not recorded: %s", error, exc_info=error)
            return agents

        return create_internal_agents
