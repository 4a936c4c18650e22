"""What is hooked into an object of AutoGen, as long as somebody needs it."""

from __future__ import annotations

import contextlib
import threading
import weakref
from typing import TYPE_CHECKING, Any, TypeVar

from autogen_core import MessageHandlerContext

from trace_autogen import private
from trace_autogen.frames import FRAME, Frame
from trace_autogen.patches import Patches
from trace_core.errors import TraceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from trace_autogen.fresh import Fresh
    from trace_autogen.recorder import Recorder
    from trace_autogen.teams import TeamHooks
    from trace_core.recording import Call

ATTRIBUTE = "_trace_hooks"

LOCK = threading.RLock()
"""Several threads may trace clones at once, which share a client."""

Kind = TypeVar("Kind", bound="Hooks")


class Hooks:
    """What is hooked into one object; it is put back when nobody holds it any more.

    Args:
        owner: the object, which refers to its hooks, and the other way round.
    """

    def __init__(self, owner: Any) -> None:
        self.owner = owner
        self.patches = Patches()
        self.held: list[Hooks] = []
        self._holders: dict[int, Any] = {}

    def install(self) -> None:
        """Replace the methods of the object."""
        raise NotImplementedError

    def hold(self, by: object) -> None:
        """Keep it installed until this holder drops it."""
        with LOCK:
            self._holders[id(by)] = by

    def drop(self, by: object) -> None:
        """Put everything back, unless others hold it."""
        with LOCK:
            self._holders.pop(id(by), None)
            if not self._holders and hooks_of(self.owner) is self:
                self.patches.undo()
                vars(self.owner).pop(ATTRIBUTE, None)
                self.hold_only([])

    def is_held_by(self, holder: object) -> bool:
        """Whether this holder holds it."""
        return id(holder) in self._holders

    def hold_only(self, wanted: Iterable[Hooks]) -> None:
        """Hold these hooks of parts of the object, and none besides."""
        wanted = list({id(each): each for each in wanted}.values())
        for hooks in self.held:
            if all(hooks is not other for other in wanted):
                hooks.drop(self)
        for hooks in wanted:
            hooks.hold(self)
        self.held = wanted

    def clean(self, copy: Any) -> None:
        """Take what was copied of the hooks out of a copy of the object."""
        self.patches.clean(self.owner, copy)
        vars(copy).pop(ATTRIBUTE, None)


def unwrapped(program: Any) -> Any:
    """The agent or team itself, of one that is wrapped."""
    while (inner := getattr(program, "__dict__", {}).get("_traced")) is not None:
        program = inner
    return program


def hooks_of(owner: Any) -> Any:
    """The hooks of an object, or None; a copy of an object has none, whatever was copied with it."""
    hooks = getattr(owner, "__dict__", {}).get(ATTRIBUTE)
    return hooks if hooks is not None and hooks.owner is owner else None


def hooked(owner: Any, kind: type[Kind]) -> Kind:
    """The hooks of an object, installed if it has none; whoever asks must hold them, under `LOCK`.

    Raises:
        TraceError: the object takes no hooks.
    """
    known: Kind | None = hooks_of(owner)
    if known is not None:
        return known
    hooks = kind(owner)
    try:
        setattr(owner, ATTRIBUTE, hooks)
        hooks.install()
    except (AttributeError, TypeError, ValueError) as error:
        hooks.patches.undo()
        raise TraceError(f"{type(owner).__name__} cannot be traced: its methods cannot be replaced") from error
    return hooks


class ProgramHooks(Hooks):
    """Hooks of an agent or a team: something that runs.

    `on_request` has functions that are called before each call of a model: `(agent or team, messages, tools,
    create_args) -> (messages, tools, create_args)`; what they give is sent, and `reads.note` in them concerns that
    call. Functions of `on_turn` are called with the agent when its turn begins.
    """

    def __init__(self, owner: Any) -> None:
        super().__init__(owner)
        self.recorder: Recorder | None = None
        self.fresh: Fresh | None = None
        """What each run starts from, if it starts anew."""
        self.on_request: list[Callable[[Any, Any, Any, Any], tuple[Any, Any, Any]]] = []
        self.on_turn: list[Callable[[Any], None]] = []
        self.teams: weakref.WeakSet[TeamHooks] = weakref.WeakSet()
        """Teams of which it is a member."""
        self.conversation: object = object()

    def forget(self) -> None:
        """Begin a new conversation: what was said before is not known any more."""
        self.conversation = object()

    def around(self) -> Frame:
        """The frame in which it begins to run: that of a team, of a tool, or none, where its own recorder records.

        In an external runtime context variables are those of the time when it was started, so a team is asked itself.
        """
        here = FRAME.get()
        if here is not None and here.is_open and (here.hooks is self or here.is_tool):
            return here
        team = self._team()
        if team is not None and team.running is not None:
            return team.running
        if here is not None and here.is_open:
            return here
        return Frame(self, self.recorder)

    def _team(self) -> TeamHooks | None:
        running = [team for team in self.teams if team.running is not None]
        if len(running) > 1:
            with contextlib.suppress(RuntimeError):  # no handler runs here
                key = MessageHandlerContext.agent_id().key
                running = [team for team in running if private.team_id(team.owner) == key]
        return running[0] if running else None

    def refresh(self) -> None:
        """Hook what it uses now."""
        raise NotImplementedError

    def about_requests(self) -> dict[str, Any]:
        """What else is known of a call of a model."""
        return {}

    def begin_run(self, task: Any) -> Frame:
        """A run of it begins."""
        around = self.around()
        details = {"is": "run", "conversation": self.conversation, "chosen_by": self.chosen_by(around)}
        return around.begin("function", self.owner.name, task, details, self)

    def chosen_by(self, around: Frame) -> Call | None:
        """What selected it to speak next in the team inside whose run it begins, if something did."""
        team = self._team()
        return None if team is None or around is not team.running else team.chosen.pop(self.owner.name, None)
