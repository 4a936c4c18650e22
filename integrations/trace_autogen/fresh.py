"""Runs that each start from what an agent or a team was when it was traced: examples must not see each other.

What was said since is forgotten by AutoGen's own means: `on_reset` or `reset`, and then the state that was saved.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from autogen_agentchat.base import Team
from autogen_core import CancellationToken
from autogen_core.model_context import ChatCompletionContext

from trace_autogen.hooks import ProgramHooks
from trace_autogen.parts import referred_to


class Fresh:
    """The state of an agent or a team, and of all that it uses; it is taken before the first run.

    Args:
        hooks: its hooks, which know what it uses.
    """

    def __init__(self, hooks: ProgramHooks) -> None:
        self._hooks = hooks
        self._saved: list[Callable[[], Awaitable[None]]] | None = None

    async def begin(self) -> None:
        """Put everything back as it was, before a run; before the first one, take it down."""
        if self._saved is None:
            self._saved = [await _saved(kept) for kept in _kept_by(self._hooks)]
        else:
            for put_back in self._saved:
                await put_back()


def _kept_by(hooks: ProgramHooks, is_member: bool = False) -> Iterator[Any]:
    """What keeps something: agents and teams, but for members, of which their team takes care; contexts at last."""
    hooks.refresh()
    if not is_member:
        yield hooks.owner
    for inner in hooks.held:
        if isinstance(inner, ProgramHooks):
            yield from _kept_by(inner, isinstance(hooks.owner, Team))
    yield from (each for each in referred_to(hooks.owner) if isinstance(each, ChatCompletionContext))


async def _saved(kept: Any) -> Callable[[], Awaitable[None]]:
    state = await kept.save_state()

    async def put_back() -> None:
        if isinstance(kept, Team):
            await kept.reset()
        elif not isinstance(kept, ChatCompletionContext):
            await kept.on_reset(CancellationToken())
        await kept.load_state(state)

    return put_back
