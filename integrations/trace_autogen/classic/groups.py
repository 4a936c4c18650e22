"""Hooks of a group chat: who was selected, and by which model."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from trace_autogen.classic import private
from trace_autogen.classic.frames import FRAME, recorded
from trace_autogen.classic.hooks import AgentHooks, next_id
from trace_autogen.classic.standing import parameters_of
from trace_autogen.patches import Patches

if TYPE_CHECKING:
    from trace_autogen.classic.recorder import Recorder
    from trace_core.recording import Call

_log = logging.getLogger(__name__)
_KEPT_IN = "_trace_classic"


class GroupHooks:
    """The hooks of a group chat.

    Args:
        group: a `GroupChat`.
        recorder: where selections are recorded.
    """

    def __init__(self, group: Any, recorder: Recorder) -> None:
        self.group = group
        self.recorder = recorder
        self._patches = Patches()

    @staticmethod
    def of(group: Any) -> GroupHooks | None:
        """A group chat's, if it has them."""
        found: GroupHooks | None = vars(group).get(_KEPT_IN)
        return found

    def install(self) -> None:
        """Put the hooks in."""
        replaced = {
            "select_speaker": self._select,
            "a_select_speaker": self._select,
            private.INNER_AGENTS: self._inner_agents,
        }
        private.require(self.group, *replaced)
        vars(self.group)[_KEPT_IN] = self
        for name, make in replaced.items():
            self._patches.replace(self.group, name, make)

    def remove(self) -> None:
        """Take them out."""
        self._patches.undo()
        vars(self.group).pop(_KEPT_IN, None)

    def _select(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def enter(args: Any, kwargs: Any) -> Call | None:
            here = FRAME.get()
            if here is None or not self.recorder._is_open(here):
                return None
            return self.recorder._begin(next_id(), here.id, "select", "select_speaker", None, {})

        def leave(call: Call | None, chosen: Any) -> None:
            if call is not None:
                self.recorder._end(call.id, chosen)

        return recorded(original, enter, leave, self.recorder)

    def _inner_agents(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def create_internal_agents(*args: Any, **kwargs: Any) -> Any:
            agents = original(*args, **kwargs)
            try:
                selecting = agents[1]
                hooks = AgentHooks(selecting, self.recorder)
                hooks.extra = [
                    (f"{each.name}_description", entry.parameter)
                    for each in self.group.agents
                    for entry in parameters_of(each, "description")
                ]
                hooks.extra += [(entry.argument, entry.parameter) for entry in parameters_of(self.group, "selection")]
                hooks.install()
            except Exception as error:  # noqa: BLE001 - a bug of ours must not end the user's run
                _log.warning("the selection of a speaker is not recorded: %s", error, exc_info=error)
            return agents

        return create_internal_agents
