"""What is looked up in AG2's objects and is not in its documents: in one place, with tests that it is there."""

from __future__ import annotations

import copy
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from trace_core.errors import TraceError

MODEL_CALL = "_generate_oai_reply_from_client"
"""`ConversableAgent`: asks the model; `register_hook` has nothing for how that ends."""

INNER_AGENTS = "_create_internal_agents"
"""`GroupChat`: makes the agent whose model selects who speaks."""

EXECUTOR = "_create_or_get_executor"
"""`ConversableAgent`: makes the agent with which `run` has a chat without another agent; AutoGen 0.2 has it not."""

SYSTEM = "_oai_system_message"
MESSAGES = "_oai_messages"
FUNCTIONS = "_function_map"
HOOKS = "hook_lists"
CLIENTS = "_clients"
WRAP = "_wrap_function"
REPLIES = "_reply_func_list"
QUEUE = "chat_queue"
"""The variable of a reply function of `register_nested_chats` that holds the chats."""

CONTEXT = "context_variables"
CONFIGS = "_config_list"
USAGE = ("total_usage_summary", "actual_usage_summary")


def is_agent(value: Any) -> bool:
    """Whether it is a `ConversableAgent`, of any release."""
    return isinstance(getattr(value, HOOKS, None), dict) and hasattr(value, "register_hook")


def is_group_chat(value: Any) -> bool:
    """Whether it is a `GroupChat`."""
    return hasattr(value, "select_speaker") and isinstance(getattr(value, "agents", None), list)


def groups_of(agent: Any) -> list[Any]:
    """The group chats that an agent manages: its own, and the copies that AG2 made of it for the reply functions."""
    replies = [entry.get("config") for entry in getattr(agent, REPLIES, ())]
    return [group for group in [getattr(agent, "groupchat", None), *replies] if is_group_chat(group)]


def fills_prompt_by_format(group: Any) -> bool:
    """Whether a group chat fills its `select_speaker_prompt` by `format`, as AutoGen 0.2 does; AG2 replaces text."""
    shown = copy.copy(group)
    shown.select_speaker_prompt_template = "{{"
    return bool(type(group).select_speaker_prompt(shown, []) == "{")


def has(owner: Any, name: str) -> bool:
    """Whether this release has it."""
    return hasattr(owner, name)


def require(owner: Any, *names: str) -> None:
    """Make sure that an object has what is hooked.

    Raises:
        TraceError: it has not; this release is another one than those that are supported.
    """
    missing = [name for name in names if not hasattr(owner, name)]
    if missing:
        raise TraceError(
            f"a {type(owner).__name__} of this release has no {', '.join(missing)}: it cannot be traced; "
            "AutoGen 0.2 and AG2 below 1.0 can"
        )


def unhook(agent: Any, hookable: str, hook: Any) -> None:
    """Take out what `register_hook` put in; AG2 has no function for that."""
    hooks = getattr(agent, HOOKS).get(hookable, [])
    if hook in hooks:
        hooks.remove(hook)


def conversations(agent: Any) -> dict[Any, list[dict[str, Any]]]:
    """An agent's messages, by the other agent."""
    found: dict[Any, list[dict[str, Any]]] = getattr(agent, MESSAGES)
    return found


def count(agent: Any, peer: Any) -> int:
    """How many messages an agent has with another one."""
    messages = getattr(agent, MESSAGES, None)
    return len(messages[peer]) if messages is not None and peer in messages else 0


def update_tool(agent: Any, signature: dict[str, Any]) -> None:
    """Have an agent's model be told this of a tool, without AG2's warning that it was told something else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        agent.update_tool_signature(signature, is_remove=False)


def keep_clients(agent: Any, clients: Any) -> None:
    """Have the new wrapper of an agent's model use these clients: `update_tool_signature` loses those of one's own."""
    if clients is not None and hasattr(agent.client, CLIENTS):
        setattr(agent.client, CLIENTS, clients)


def functions(agent: Any) -> dict[str, Any]:
    """An agent's tools, by name."""
    found: dict[str, Any] = getattr(agent, FUNCTIONS, {})
    return found


def made_for_tools(agent: Any, function: Any) -> Any:
    """A function as AG2 makes it for a tool: it takes pydantic models, and gives text."""
    return getattr(agent, WRAP)(function)


@contextmanager
def with_tools(client: Any, rewrite: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Iterator[Any]:
    """A copy of an agent's model wrapper that tells of tools in other words; what it costs is the wrapper's."""
    shown = copy.copy(client)
    configs = getattr(client, CONFIGS)
    setattr(
        shown, CONFIGS, [{**each, "tools": rewrite(each["tools"])} if "tools" in each else each for each in configs]
    )
    try:
        yield shown
    finally:
        for name in USAGE:  # one that is there already is written into
            if getattr(client, name, None) is None:
                setattr(client, name, getattr(shown, name, None))


def forget_all(agent: Any) -> None:
    """Give a copy of an agent conversations, counters and lists of its own."""
    kept = vars(agent)
    for name, value in kept.items():
        if type(value) in (list, dict, set):
            kept[name] = value.copy()
    kept[MESSAGES] = defaultdict(list)
    kept[SYSTEM] = copy.deepcopy(kept[SYSTEM])
    kept[HOOKS] = {name: list(hooks) for name, hooks in kept[HOOKS].items()}
    kept[REPLIES] = [dict(entry) for entry in kept[REPLIES]]
    if kept.get("llm_config"):
        kept["llm_config"] = copy.copy(kept["llm_config"])
    if "_max_consecutive_auto_reply_dict" in kept:
        limits = defaultdict(agent.max_consecutive_auto_reply, kept["_max_consecutive_auto_reply_dict"])
        kept["_max_consecutive_auto_reply_dict"] = limits
    for name in ("_consecutive_auto_reply_counter", "reply_at_receive"):
        if name in kept:
            kept[name] = defaultdict(kept[name].default_factory)
    for name, empty in (("_human_input", []), ("client_cache", None), ("_last_speaker", None), ("run_executor", None)):
        if name in kept:
            kept[name] = empty


def set_context(agent: Any, made_of: Callable[[Any], Any]) -> None:
    """Give a copy of an agent context variables of its own; AutoGen 0.2 has none."""
    context = getattr(agent, CONTEXT, None)
    if isinstance(getattr(context, "data", None), dict):
        setattr(agent, CONTEXT, made_of(context))


def replies(agent: Any) -> list[dict[str, Any]]:
    """An agent's reply functions, each with when and with what it is called."""
    found: list[dict[str, Any]] = getattr(agent, REPLIES)
    return found


def is_told_in_nested_chats(agent: Any, message: Any) -> bool:
    """Whether a message stands in the nested chats that an agent has, as it is."""
    for entry in replies(agent):
        function = entry["reply_func"]
        names = getattr(getattr(function, "__code__", None), "co_freevars", ())
        if QUEUE in names:
            chats = function.__closure__[names.index(QUEUE)].cell_contents
            if isinstance(chats, list) and any(isinstance(c, dict) and c.get("message") is message for c in chats):
                return True
    return False


def set_group(manager: Any, group: Any) -> None:
    """Have a manager manage another group chat."""
    vars(manager)["_groupchat"] = group


def user() -> Any:
    """An agent that begins a chat and answers nothing."""
    made = import_module("autogen").ConversableAgent
    return made("user", llm_config=False, human_input_mode="NEVER", code_execution_config=False)
