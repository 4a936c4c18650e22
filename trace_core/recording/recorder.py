"""The base of every adapter's `Recorder`: which run a call belongs to, and where the runs are kept."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import TYPE_CHECKING, Any

from trace_core.errors import AmbiguousOutput, NothingRecorded
from trace_core.nodes import ExceptionNode, Node
from trace_core.parameter_nodes import ParameterNode
from trace_core.recording.call import MISSING, Call, ParameterRead
from trace_core.recording.callers import Caller
from trace_core.recording.flow import Flow
from trace_core.recording.ledger import equal_values
from trace_core.recording.run import Run

if TYPE_CHECKING:
    from trace_core.context import Read

_log = logging.getLogger(__name__)

_RUNS: ContextVar[Mapping[int, Run]] = ContextVar("trace_runs", default={})  # noqa: B039 - never written to
"""The run that each recorder (by id) is in, here."""

_OUTERMOST: ContextVar[Mapping[int, Hashable]] = ContextVar("trace_outermost", default={})  # noqa: B039
"""The outermost call that each recorder saw begin last, here."""

RUN_BEGAN: ContextVar[Callable[[Run], object] | None] = ContextVar("trace_run_began", default=None)
"""What is told of each run that begins here."""


class BaseRecorder:
    """Records the calls of a framework; an adapter reports them with `_begin`, `_end` and `_fail`.

    Args:
        max_runs: how many runs are kept; older ones are let go.
        redact: called with each value before it reaches a graph, a problem or a file; gives what is shown instead.
    """

    def __init__(self, *, max_runs: int = 100, redact: Callable[[Any], Any] | None = None) -> None:
        if max_runs < 1:
            raise ValueError(f"max_runs must be at least 1, not {max_runs}")
        self._lock = threading.RLock()
        self._runs: deque[Run] = deque(maxlen=max_runs)
        self._open: dict[Hashable, tuple[Run, Call, float]] = {}
        self._held: list[tuple[Run, Callable[[Run], object] | None]] = []
        self._beside: dict[Hashable, list[Run]] = {}
        self._redact = redact
        self._count = count(1).__next__

    # --- what a user asks

    @contextmanager
    def run(self) -> Iterator[Run]:
        """Record all that is called in the block as one run.

        Example:
            with recorder.run() as run:
                agent.invoke(question, config={"callbacks": [recorder]})
            run.output.backward("too long")
        """
        run = self._new_run()
        held = run, RUN_BEGAN.get()
        token = _RUNS.set({**_RUNS.get(), _key(self): run})
        with self._lock:
            self._held.append(held)
        try:
            yield run
        finally:
            _RUNS.reset(token)
            with self._lock:
                self._held.remove(held)

    @property
    def last(self) -> Run:
        """The run that began last.

        Raises:
            NothingRecorded: there is none.
        """
        if not self._runs:
            raise NothingRecorded("nothing was recorded yet: was the recorder passed to the program?")
        return self._runs[-1]

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that are kept, in the order in which they began."""
        return tuple(self._runs)

    def output(self, result: Any) -> Node:
        """The node of what a program returned.

        Raises:
            AmbiguousOutput: several runs, or none, may have given it.
        """
        for is_it in (self._is_result, self._equals_result):
            found = [(run, call) for run in self._runs for call in _roots(run) if is_it(call, result)]
            if len(found) == 1:
                [(run, call)] = found
                return run.output_of(call)
            if found:
                said = f"{len(found)} recorded runs gave this result; use `with recorder.run() as run:` and run.output"
                raise AmbiguousOutput(said, [run for run, _ in found])
        raise AmbiguousOutput("no recorded run gave this result", [])

    def error(self, exception: BaseException) -> ExceptionNode:
        """The node of an exception that left a program.

        Raises:
            AmbiguousOutput: it was not recorded.
        """
        for run in reversed(self._runs):
            for call in run.calls:
                if call.error is exception:
                    return run.output_of(call)  # type: ignore[return-value]
        raise AmbiguousOutput(f"no recorded run ended with this {type(exception).__name__}", [])

    def clear(self) -> None:
        """Let go of all runs."""
        with self._lock:
            self._runs.clear()
            self._open.clear()

    # --- what an adapter says

    def _flow(self, calls: list[Call], earlier: Sequence[Flow]) -> Flow:
        """How data went between calls of its framework, with those of earlier runs of the conversation."""
        raise NotImplementedError

    def _callers(self, call: Call, around: Call | None) -> Sequence[Caller]:
        """The user's functions that led to a call that begins now, if the adapter can tell and it matters."""
        return ()

    def _conversations_of(self, run: Run) -> set[Hashable]:
        """What a run is a turn of, of which a run may hold several."""
        return set() if run.conversation is None else {run.conversation}

    def _plain(self, value: Any) -> Any:
        """A value of its framework as plain data."""
        return value

    def _is_result(self, call: Call, result: Any) -> bool:
        """Whether a program's result is what this call gave."""
        return call.succeeded and call.gave is result

    def _equals_result(self, call: Call, result: Any) -> bool:
        """Whether it is equal to what this call gave."""
        return call.succeeded and equal_values(call.output, result)

    # --- what an adapter reports

    def _begin(
        self, id: Hashable, parent: Hashable | None, kind: str, name: str, inputs: Any, details: dict[str, Any]
    ) -> Call | None:
        """A call began; one that is known already is not told twice. Never raises into the program."""
        try:
            call = Call(id, parent, kind, name, inputs, self._count(), details)
            call.start = time.time()
            with self._lock:
                around = None if parent is None else self._open.get(parent)
                if callers := self._callers(call, None if around is None else around[1]):
                    call.callers = callers
                if around is None and id in self._open:
                    return None
                run = around[0] if around is not None else self._run_of(parent, details)
                entry = (run, call, time.perf_counter())
                if self._open.setdefault(id, entry) is not entry:
                    return None
                run.began(call)
                if parent is None:
                    self._began_outermost(run, call)
            return call
        except Exception as error:  # noqa: BLE001 - a bug of ours must not end the user's run
            self._missed(f"the beginning of {name}", id, parent, error)
            return None

    def _end(self, id: Hashable, output: Any) -> Call | None:
        """A call ended with this output. Never raises into the program."""
        try:
            with self._lock:
                found = self._open.pop(id, None)
                if found is None:
                    return None
                run, call, start = found
                call.seconds = time.perf_counter() - start
                call.end(output, self._count())
                run.ended(call)
                if self._beside:
                    self._take_in(call)
                return call
        except Exception as error:  # noqa: BLE001 - a bug of ours must not end the user's run
            self._missed("the end of a call", id, None, error)
            return None

    def _fail(self, id: Hashable, error: BaseException) -> Call | None:
        """A call raised."""
        with self._lock:
            found = self._open.get(id)
            if found is not None:
                found[1].error = error
            return self._end(id, MISSING)

    def _missed(self, what: str, id: Hashable | None, parent: Hashable | None, error: Exception) -> None:
        """A call could not be recorded: the log and the run's `explain()` say so."""
        _log.warning("%s was not recorded: %s", what, type(error).__name__, exc_info=error)
        with self._lock:
            found = self._open.get(id) or self._open.get(parent)
            run = (
                found[0]
                if found is not None
                else _RUNS.get().get(_key(self)) or (self._runs[-1] if self._runs else None)
            )
            if run is not None:
                run.lacks.append(f"{what}: {type(error).__name__}")

    def _note(self, id: Hashable, argument: str, parameter: ParameterNode, read: Read) -> None:
        """A call that is open read a parameter."""
        with self._lock:
            found = self._open.get(id)
            if found is not None:
                self._read_before(found[1], [(argument, parameter, read)])

    def _read_before(self, call: Call, reads: Sequence[ParameterRead]) -> None:
        """A call that is open had read parameters, or other nodes that it was given, before it began."""
        with self._lock:
            for argument, node, read in reads:
                if isinstance(node, ParameterNode):
                    node.runs.add(self._open[call.id][0])
                if all(known is not node for _, known, _ in call.reads):
                    call.reads = (*call.reads, (argument, node, read))

    def _earlier(self, run: Run) -> list[Run]:
        """The runs before this one with a conversation that goes on in it."""
        runs = self.runs
        going_on, found = self._conversations_of(run), []
        for other in reversed(runs[: runs.index(run)] if run in runs else runs):
            theirs = self._conversations_of(other)
            if not going_on.isdisjoint(theirs):
                going_on |= theirs
                found.append(other)
        return found[::-1]

    def _began_outermost(self, run: Run, call: Call) -> None:
        here = _OUTERMOST.get()
        around = self._open.get(here.get(_key(self)))
        if around is not None and around[0] is not run and around[1].given is call.given:
            self._beside.setdefault(around[1].id, []).append(run)
        _OUTERMOST.set({**here, _key(self): call.id})

    def _take_in(self, call: Call) -> None:
        """Take in runs that were attempts of this call, whose parent the framework lost (langchain issue 36072)."""
        beside = self._beside.pop(call.id, None)
        if beside is None:
            return
        run = next((run for run in self._runs if run.calls and run.calls[0] is call), None)
        if run is None or len(run.calls) > 1:  # it has calls of its own, so the others only began beside it
            return
        for attempt in beside:
            first = attempt.calls[0]
            if not attempt.is_active and (first.error is not None or first.gave is call.gave):
                run.take_in(attempt)
                self._runs.remove(attempt)

    def _run_of(self, parent: Hashable | None, details: dict[str, Any]) -> Run:
        """The block's that we are in; in a thread that knows of no block, the only one there is; else a new one.

        A thread that knows of an evaluation is in none of another one's blocks.
        """
        here = _RUNS.get().get(_key(self))
        if here is not None:
            return here
        if parent is not None:
            known = next((run for run in reversed(self._runs) if any(call.id == parent for call in run.calls)), None)
            if known is not None:
                return known
        told = RUN_BEGAN.get()
        held = [run for run, theirs in self._held if told is None or told == theirs]
        if len(held) == 1:
            details["strayed"] = True
            return held[0]
        return self._new_run()

    def _new_run(self) -> Run:
        run = Run(self._flow, self._shown, self._earlier)
        with self._lock:
            self._runs.append(run)
        if (told := RUN_BEGAN.get()) is not None:
            told(run)
        return run

    def _shown(self, value: Any) -> Any:
        plain = self._plain(value)
        return plain if self._redact is None else self._redact(plain)


_key = id  # `id` names a call's id in the methods


def _roots(run: Run) -> list[Call]:
    known = {call.id for call in run.calls}
    return [call for call in run.calls if call.parent not in known]
