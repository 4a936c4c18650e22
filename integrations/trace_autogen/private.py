"""What is private to AutoGen and is relied upon, looked up here alone; tests/autogen/test_private.py watches each."""

from __future__ import annotations

import asyncio
import copy
import logging
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from autogen_core import AgentId, SingleThreadedAgentRuntime

_log = logging.getLogger(__name__)


def _found(owner: Any, name: str, default: Any) -> Any:
    """A private attribute; where it is gone, the log says so and what depends on it is left out."""
    try:
        return getattr(owner, name)
    except AttributeError:
        _log.warning("%s has no %s any more: this version of AutoGen is not known", type(owner).__name__, name)
        return default


# --- agents


def system_messages(agent: Any) -> list[Any]:
    """The system messages of an agent; none of one that has none."""
    return list(getattr(agent, "_system_messages", ()))


def sends_its_context(agent: Any) -> bool:
    """Whether an agent sends the messages of its context to its model, behind its system messages."""
    return hasattr(agent, "_system_messages") and hasattr(agent, "_model_context")


def message_history(agent: Any) -> list[Any]:
    """What an `OpenAIAgent`, which has no context, keeps of its conversation and sends again, each as a dict."""
    return [each for each in getattr(agent, "_message_history", ()) if isinstance(each, dict)]


def handoff_tools(agent: Any) -> list[Any]:
    """The tools by which an agent hands over; none of one that cannot."""
    return list(getattr(agent, "_handoff_tools", ()))


# --- teams


def participants(team: Any) -> Sequence[Any]:
    """The agents and teams of a team."""
    return list(_found(team, "_participants", ()))


def team_id(team: Any) -> str:
    """The id that is in the names of a team's topics."""
    return str(_found(team, "_team_id", ""))


MANAGER_FACTORY = "_create_group_chat_manager_factory"
"""The method of a team that gives a function that makes its manager."""


def manager_topic(team: Any) -> str:
    """The topic of a team's manager."""
    return str(_found(team, "_group_chat_manager_topic_type", ""))


def runtime(team: Any) -> Any:
    """The runtime of a team."""
    return _found(team, "_runtime", None)


def is_initialized(team: Any) -> bool:
    """Whether a team has registered its agents with the runtime, so that its manager is there."""
    return bool(_found(team, "_initialized", False))


# --- managers


def thread(manager: Any) -> list[Any]:
    """The messages of a group chat, as its manager knows them."""
    return list(_found(manager, "_message_thread", ()))


def selector_function(manager: Any) -> Any:
    """The user's function that selects speakers, if there is one."""
    return getattr(manager, "_selector_func", None)


def manager_name(manager: Any) -> str:
    """Under which name a manager speaks."""
    return str(_found(manager, "_name", ""))


# --- what is learned: the attributes in which AutoGen 0.7 keeps it (each has a canary in tests/autogen/test_private.py)

SYSTEM_MESSAGES = "_system_messages"
INSTRUCTIONS = "_instructions"
DESCRIPTION = "_description"
SUMMARY_FORMAT = "_tool_call_summary_format"
SUMMARY_FORMATTER = "_tool_call_summary_formatter"
REFLECT = "_reflect_on_tool_use"
ITERATIONS = "_max_tool_iterations"
HANDOFFS = "_handoffs"
HANDOFF_TOOLS = "_handoff_tools"
SOCIETY_INSTRUCTION = "_instruction"
SOCIETY_RESPONSE_PROMPT = "_response_prompt"
SELECTOR_PROMPT = "_selector_prompt"
FINAL_ANSWER_PROMPT = "_final_answer_prompt"
PARTICIPANT_DESCRIPTIONS = "_participant_descriptions"
TEAM_DESCRIPTION = "_team_description"
TOOL_ARGUMENTS = "_args_type"
TOOL_FUNCTION = "_func"
TOOL_OVERRIDES = "_tool_overrides"
CREATE_ARGS = "_create_args"
RAW_CONFIG = "_raw_config"


def has(owner: Any, *attributes: str) -> bool:
    """Whether the object keeps all of these in itself."""
    return hasattr(owner, "__dict__") and all(attribute in vars(owner) for attribute in attributes)


def model_client_of(owner: Any) -> Any:
    """The model client of an agent or a team, if it has one."""
    return vars(owner).get("_model_client")


def workbenches_of(agent: Any) -> list[Any]:
    """The workbenches of an agent."""
    found = vars(agent).get("_workbench")
    return list(found) if isinstance(found, (list, tuple)) else [] if found is None else [found]


def tools_in(workbench: Any) -> list[Any]:
    """The tools of a workbench that holds them itself; none of one that asks a server for them."""
    return list(vars(workbench).get("_tools") or ())


def inside(owner: Any) -> Any:
    """The agent or team that an agent or a tool runs: wrapped, an inner team, or what an `AgentTool` asks."""
    known = vars(owner)
    return next((known[name] for name in ("_wrapped_agent", "_team", "_task_runner") if name in known), None)


def given_participants(team: Any) -> list[Any]:
    """The participants that the user gave a team."""
    return list(vars(team).get("_input_participants") or vars(team)["_participants"])


def manager_of(team: Any) -> Any:
    """The manager of a team that has run; None before, or where its runtime is not in this process."""
    agents = vars(runtime(team)).get("_instantiated_agents") or {}
    return agents.get(AgentId(type=manager_topic(team), key=team_id(team)))


# --- what a clone needs anew


def fresh_context(context: Any) -> Any:
    """A model context like this one, as it was before anything was said."""
    made = copy.copy(context)
    vars(made).update((name, each.copy()) for name, each in vars(made).items() if type(each) in (list, dict, set))
    vars(made)["_messages"] = list(vars(context).get("_initial_messages") or ())
    return made


def renew_team(team: Any, clone_of: Callable[[Any], Any]) -> None:
    """Give a copied team members, an identity, a queue and a runtime of its own, as `BaseGroupChat.__init__` does."""
    known = vars(team)
    for name in ("_participants", "_input_participants"):
        if name in known:
            known[name] = [clone_of(each) for each in known[name]]
    memo: dict[int, Any] = {}
    for name in ("_termination_condition", "_input_termination_condition"):
        if name in known:
            known[name] = copy.deepcopy(known[name], memo)
    identity = known["_team_id"] = str(uuid.uuid4())
    known["_group_topic_type"] = f"group_topic_{identity}"
    known["_output_topic_type"] = f"output_topic_{identity}"
    known["_group_chat_manager_topic_type"] = f"{known['_group_chat_manager_name']}_{identity}"
    known["_participant_topic_types"] = [f"{each.name}_{identity}" for each in known["_participants"]]
    known["_output_message_queue"] = asyncio.Queue()
    if known["_embedded_runtime"]:
        known["_runtime"] = SingleThreadedAgentRuntime(ignore_unhandled_exceptions=False)
    known["_initialized"] = known["_is_running"] = False


INIT = "_init"
"""The method of a team that registers its members and the factory of its manager, once."""
IS_RUNNING = "_is_running"
