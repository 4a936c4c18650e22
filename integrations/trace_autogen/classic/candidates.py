"""What models are sent while a candidate is tried: its texts, which are written nowhere."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from trace_autogen.classic import private
from trace_autogen.classic.standing import tried


def told(agent: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    """The method that asks an agent's model; the system message and the tools are those of the candidate."""
    signature = inspect.signature(original)

    @functools.wraps(original)
    def called(*args: Any, **kwargs: Any) -> Any:
        system, tools = tried(agent, "system"), tried(agent, "tools")
        if not system and not tools:
            return original(*args, **kwargs)
        bound = signature.bind(*args, **kwargs)
        written = getattr(agent, private.SYSTEM)
        for _, value in system:
            bound.arguments["messages"] = [
                {**each, "content": value} if any(each is own for own in written) else each
                for each in bound.arguments["messages"]
            ]
        client = bound.arguments["llm_client"]
        if not tools or client is not agent.client:
            return original(*bound.args, **bound.kwargs)
        texts = {entry.key: value for entry, value in tools}
        with private.with_tools(client, lambda signatures: rewritten(signatures, texts)) as shown:
            bound.arguments["llm_client"] = shown
            return original(*bound.args, **bound.kwargs)

    return called


def rewritten(signatures: list[dict[str, Any]], texts: dict[tuple[str, ...], Any]) -> list[dict[str, Any]]:
    """Copies of tools' signatures with other texts: by `(tool, "description")` or `(tool, "args", argument)`."""
    made = copy.deepcopy(list(signatures))
    for (tool, *place), value in texts.items():
        for function in [each["function"] for each in made if each.get("function", {}).get("name") == tool]:
            described = function if place == ["description"] else function["parameters"]["properties"][place[1]]
            described["description"] = value
    return made


def selected(group: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    """The method that makes a text for the model that selects; descriptions and templates are the candidate's."""

    @functools.wraps(original)
    def called(agents: Any = None) -> Any:
        templates = tried(group, "selection")
        described = {id(each): value for each in group.agents for _, value in tried(each, "description")}
        if not templates and not described:
            return original(agents)
        shown = copy.copy(group)
        for entry, value in templates:
            form = getattr(entry.parameter.binding, "form", None)
            setattr(shown, entry.key[0], value if form is None else form.written(value))
        those = [
            SimpleNamespace(name=each.name, description=described[id(each)]) if id(each) in described else each
            for each in (group.agents if agents is None else agents)
        ]
        return getattr(type(group), original.__name__)(shown, those)

    return called
