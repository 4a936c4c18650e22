"""What is not documented of the SDK and is relied upon, looked up here alone; tests watch each of it."""

from __future__ import annotations

import logging
from typing import Any

from agents.run import get_default_agent_runner, set_default_agent_runner

_log = logging.getLogger(__name__)

AGENT_OF_TOOL = "_agent_instance"
"""`FunctionTool`: the agent that `Agent.as_tool` made it of."""

AGENT_OF_HANDOFF = "_agent_ref"
"""`Handoff`: a weak reference to the agent that `handoff()` made it of."""


def runner() -> Any:
    """What `Runner.run`, `run_sync` and `run_streamed` hand their work to; the SDK calls that experimental."""
    return get_default_agent_runner()


def set_runner(runner: Any) -> None:
    """Have them hand it to this."""
    set_default_agent_runner(runner)


def agent_of_tool(tool: Any) -> Any:
    """The agent behind a tool that is one; None of another tool."""
    return _found(tool, AGENT_OF_TOOL)


def agent_of_handoff(handoff: Any) -> Any:
    """The agent that a handoff leads to; None where only its function knows."""
    reference = _found(handoff, AGENT_OF_HANDOFF)
    return None if reference is None else reference()


def _found(owner: Any, name: str) -> Any:
    if not hasattr(owner, name):
        _log.warning("%s has no %s any more: this version of the SDK is not known", type(owner).__name__, name)
    return getattr(owner, name, None)
