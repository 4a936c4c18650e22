"""Functions of the user's that ask traced clients, as functions from an example to the node of what they give."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import TYPE_CHECKING, Any

from trace_core.errors import TraceError
from trace_core.recording.loops import OwnLoop
from trace_core.recording.run import causes

if TYPE_CHECKING:
    from trace_core.nodes import Node
    from trace_openai.recorder import Recorder

PROGRAM: ContextVar[tuple[int, str] | None] = ContextVar("trace_openai_program", default=None)
"""Which recorder's program runs here (by id), and as which call."""

_OTHER_LOOP = ("different event loop", "different loop", "Event loop is closed")
_numbers = count(1)


class OtherLoop(TraceError, RuntimeError):
    """The connections of a client belong to another event loop than the one in which a program ran."""


def check_loop(error: Exception) -> None:
    """Raise `OtherLoop` where an error comes of that: it says nothing of the program, and is no answer of it."""
    said = [str(cause) for cause in causes(error) if isinstance(cause, RuntimeError)]  # openai 2 wraps it
    if any(text in each for each in said for text in _OTHER_LOOP):
        where = "the client of a model keeps connections of another event loop, which this one cannot use: "
        raise OtherLoop(where + "await the program's acall there, or use another client here") from error


class Program:
    """A function, sync or async, as a function to nodes; each call is a run of its own."""

    def __init__(self, recorder: Recorder, function: Callable[[Any], Any]) -> None:
        if not callable(function):
            raise TypeError(f"a function that asks traced clients is expected, not {type(function).__name__}")
        self._recorder = recorder
        self._function = function
        self._loop = OwnLoop()

    def __call__(self, example: Any) -> Node:
        """The node of what the function gives for an example, or of the error that it raised.

        Raises:
            OtherLoop: a client was used in another event loop.
        """
        with self._recorder.run() as run, self._running(example) as returns:
            given = self._function(example)
            returns.append(self._loop.run(_awaited(given)) if inspect.isawaitable(given) else given)
        return run.output

    async def acall(self, example: Any) -> Node:
        """The same in async code."""
        with self._recorder.run() as run, self._running(example) as returns:
            given = self._function(example)
            returns.append(await given if inspect.isawaitable(given) else given)
        return run.output

    @contextmanager
    def _running(self, example: Any) -> Iterator[list[Any]]:
        """The function's call, with what it returns; its error is a node, and ends here."""
        id = f"program {next(_numbers)}"
        returned: list[Any] = []
        name = getattr(self._function, "__name__", type(self._function).__name__)
        self._recorder._begin(id, None, "function", name, example, {"is_program": True})
        token = PROGRAM.set((_key(self._recorder), id))
        try:
            yield returned
        except Exception as error:  # noqa: BLE001 - whatever the user's function raises is what it gave
            self._recorder._fail(id, error)
            check_loop(error)
        except BaseException as error:
            self._recorder._fail(id, error)
            raise
        else:
            self._recorder._end(id, returned[0])
        finally:
            PROGRAM.reset(token)


async def _awaited(given: Any) -> Any:
    return await given


_key = id  # `id` names a call's id
