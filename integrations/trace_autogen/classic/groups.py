"""Hooks of a group chat: who was selected, and by which model."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from trace_autogen.classic import private
from trace_autogen.classic.candidates import selected
from trace_autogen.classic.frames import FRAME, Begun, recorded
from trace_autogen.classic.holding import Hooks
from trace_autogen.classic.hooks import AgentHooks, next_id
from trace_autogen.classic.standing import parameters_of

_log = logging.getLogger(__name__)


class GroupHooks(Hooks):
    """The hooks of a group chat."""

    def install(self) -> None:
        """Put the hooks in."""
        replaced: dict[str, Callable[[Any], Any]] = {
            "select_speaker": self._select,
            "a_select_speaker": self._select,
            "select_speaker_msg": partial(selected, self.owner),
            "select_speaker_prompt": partial(selected, self.owner),
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

    def _inner_agents(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def create_internal_agents(*args: Any, **kwargs: Any) -> Any:
            agents = original(*args, **kwargs)
            try:
                selecting = agents[1]
                hooks = AgentHooks(selecting)
                hooks.extra = [
                    (entry.argument, entry.parameter)
                    for each in self.owner.agents
                    for entry in parameters_of(each, "description")
                ]
                hooks.extra += [(entry.argument, entry.parameter) for entry in parameters_of(self.owner, "selection")]
                hooks.install()
                hooks.record(self.recorder)
            except Exception as error:  # noqa: BLE001 - a bug of ours must not end the user's run
                _log.warning("the selection of a speaker is not recorded: %s", error, exc_info=error)
            return agents

        return create_internal_agents
