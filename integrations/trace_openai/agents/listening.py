"""Where runs of agents are seen to begin and end.

`Runner.run`, `run_sync` and `run_streamed` hand their work to the default runner, which `set_default_agent_runner`
exchanges. Ours passes all of it on to the one that was there, and stands there only as long as something is to be
recorded. Hooks alone would not do: they are told neither of a run's input nor of an error, and an agent that is a tool
runs without those of the run around it.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from agents.lifecycle import RunHooksBase

from trace_openai.agents import private
from trace_openai.agents.hooks import Hooks, RecordedRun
from trace_openai.agents.standing import RUNNING
from trace_openai.agents.streams import end_with_stream

if TYPE_CHECKING:
    from trace_openai.agents.recorder import Recorder

BLOCK: ContextVar[Recorder | None] = ContextVar("trace_openai_agents_block", default=None)
"""The recorder in whose block we are."""


class RecordingRunner:
    """What stands in for the default runner."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def run(self, starting_agent: Any, input: Any, **options: Any) -> Any:
        """Run, and record it."""
        run = _begun(starting_agent, input, options)
        if run is None:
            return await self.inner.run(starting_agent, input, **options)
        with run.recorded():
            result = await self.inner.run(starting_agent, input, **{**options, "hooks": run})
        run.end(result)
        return result

    def run_sync(self, starting_agent: Any, input: Any, **options: Any) -> Any:
        """The same, in code that does not await."""
        run = _begun(starting_agent, input, options)
        if run is None:
            return self.inner.run_sync(starting_agent, input, **options)
        with run.recorded():
            result = self.inner.run_sync(starting_agent, input, **{**options, "hooks": run})
        run.end(result)
        return result

    def run_streamed(self, starting_agent: Any, input: Any, **options: Any) -> Any:
        """The same, for a result that is there before the run has ended."""
        run = _begun(starting_agent, input, options)
        if run is None:
            return self.inner.run_streamed(starting_agent, input, **options)
        with run.recorded():
            result = self.inner.run_streamed(starting_agent, input, **{**options, "hooks": run})
        LISTENING.begin()  # agents that are tools run later
        end_with_stream(run, result, LISTENING.end)
        return result


class Listening:
    """Whether anything is to be recorded: then our runner is the default one."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._uses = 0
        self._ours: RecordingRunner | None = None
        self._traced: dict[int, tuple[weakref.ref[Any], Recorder]] = {}

    def begin(self) -> None:
        """Something is to be recorded."""
        with self._lock:
            self._uses += 1
            if not isinstance(private.runner(), RecordingRunner):
                self._ours = RecordingRunner(private.runner())
                private.set_runner(self._ours)

    def end(self) -> None:
        """It is not any more; with the last, the runner that was there is put back, unless another one was since."""
        with self._lock:
            self._uses -= 1
            if not self._uses and self._ours is not None and private.runner() is self._ours:
                private.set_runner(self._ours.inner)
                self._ours = None

    @contextmanager
    def while_in_use(self) -> Iterator[None]:
        """Something is to be recorded in the block."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    def trace(self, agents: Iterable[Any], recorder: Recorder) -> None:
        """Record what begins with these agents, as long as they are there."""
        with self._lock:
            for agent in agents:
                if self.recorder_of(agent) is None:
                    self.begin()
                self._traced[id(agent)] = (weakref.ref(agent, self._gone(id(agent))), recorder)

    def untrace(self, agents: Iterable[Any], recorder: Recorder) -> None:
        """Record it no more."""
        with self._lock:
            for agent in agents:
                if self.recorder_of(agent) is recorder:
                    del self._traced[id(agent)]
                    self.end()

    def recorder_of(self, agent: Any) -> Recorder | None:
        """The one that an agent is traced with."""
        known = self._traced.get(id(agent))
        return known[1] if known is not None and known[0]() is agent else None

    def _gone(self, key: int) -> Any:
        def forget(reference: Any) -> None:
            with self._lock:
                if key in self._traced and self._traced[key][0] is reference:
                    del self._traced[key]
                    self.end()

        return forget


LISTENING = Listening()


def _begun(agent: Any, given: Any, options: dict[str, Any]) -> RecordedRun | None:
    """The run that begins, if it is to be recorded: for hooks, the run around it, a block, or an agent traced."""
    hooks, around = options.get("hooks"), RUNNING.get()
    if isinstance(hooks, RecordedRun) or not isinstance(hooks, (RunHooksBase, type(None))):
        return None  # another runner of ours stands before this one; or the SDK will refuse these hooks
    ours = hooks if isinstance(hooks, Hooks) else None
    recorder = next(
        (
            each
            for each in (
                None if ours is None else ours.recorder,
                None if around is None else around.recorder,
                BLOCK.get(),
                LISTENING.recorder_of(agent),
            )
            if each is not None
        ),
        None,
    )
    if recorder is None:
        return None
    outer = around if around is not None and around.recorder is recorder else None
    try:
        return RecordedRun.begin(recorder, outer, agent, given, options, hooks if ours is None else ours.also)
    except Exception as error:  # noqa: BLE001 - a bug of ours must not end the user's run
        recorder._missed("the beginning of a run", None, None, error)
        return None
