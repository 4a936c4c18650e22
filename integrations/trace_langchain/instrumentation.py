"""Recording where no config can be passed: LangChain asks its configure hooks for handlers at every outermost call.

A hook is an object whose `.get()` gives a handler or None (https://reference.langchain.com/python/langchain-core/tracers/context/register_configure_hook).
Nothing is patched; after `uninstrument()` the hook gives None.
"""

from __future__ import annotations

import threading
from typing import Any

from langchain_core.tracers.context import register_configure_hook

from trace_langchain.handler import Recorder


class _Hook:
    """What LangChain asks; one for the process, since a hook cannot be taken back."""

    def __init__(self) -> None:
        self.recorder: Recorder | None = None
        self.is_registered = False
        self.lock = threading.Lock()

    def get(self) -> Recorder | None:
        """The recorder that is on, if one is."""
        return self.recorder


_hook = _Hook()


def instrument(recorder: Recorder | None = None, **options: Any) -> Recorder:
    """Record every LangChain and LangGraph program of this process from now on; gives the recorder.

    It also sees what runs in threads of the program's own, where a handler that was passed is lost. A second call
    replaces the recorder.

    Args:
        recorder: by default a new one, with these options.

    Example:
        recorder = instrument()
        answer = somebody_elses_function(question)
        recorder.last.output.backward("too long")
        uninstrument()
    """
    with _hook.lock:
        if not _hook.is_registered:
            register_configure_hook(_hook, True)  # type: ignore[arg-type]
            _hook.is_registered = True
        _hook.recorder = recorder if recorder is not None else Recorder(**options)
        return _hook.recorder


def uninstrument() -> None:
    """Stop what `instrument` began."""
    with _hook.lock:
        _hook.recorder = None
