"""Texts in agents and group chats, as parameters: AG2 reads them from the objects, so that is where they are written.

A candidate's value stands there for the time of the candidate, one at a time.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any

from trace_autogen.classic import private, standing
from trace_autogen.classic.standing import Entry, ReadBy
from trace_core.bindings import Isolation
from trace_core.parameter_nodes import ParameterNode


class TextBinding:
    """A text that an object holds.

    Args:
        owners: the objects that hold it; the first is read, all are written.
        key: what tells it from the other texts of these objects.
        argument: how the call that reads it calls it.
        read_by: which call that is.
        read: the text in an object.
        write: writes it there.
    """

    isolation: Isolation = "exclusive"

    def __init__(
        self,
        owners: list[Any],
        key: tuple[str, ...],
        argument: str,
        read_by: ReadBy,
        read: Callable[[Any], str],
        write: Callable[[Any, str], None],
    ) -> None:
        self.owners = owners
        self.key = key
        self.argument = argument
        self.read_by = read_by
        self._read = read
        self._write = write
        self.lock = threading.Lock()

    def get(self) -> str:
        """The text as it is now."""
        return self._read(self.owners[0])

    def set(self, value: str) -> None:
        """Another text, for the next reply."""
        for owner in self.owners:
            self._write(owner, value)

    def known(self) -> ParameterNode | None:
        """The parameter that it is already."""
        return next((known for owner in self.owners if (known := standing.known(owner, self.key)) is not None), None)

    def install(self, parameter: ParameterNode) -> None:
        """Have the calls that read it say so."""
        for owner in self.owners:
            standing.add(owner, Entry(self.key, self.argument, parameter, self.read_by))

    def release(self) -> None:
        """Have them say so no more; the text stays as it is now."""
        for owner in self.owners:
            standing.forget(owner, self.key)


def system_message(agent: Any) -> TextBinding:
    """An agent's system message."""
    return TextBinding(
        [agent],
        ("system_prompt",),
        "system_prompt",
        "system",
        lambda agent: str(agent.system_message),
        lambda agent, value: agent.update_system_message(value),
    )


def attribute(owners: list[Any], name: str, read_by: ReadBy, form: Any = None) -> TextBinding:
    """An attribute, as it is or as a format string."""

    def read(owner: Any) -> str:
        return str(getattr(owner, name)) if form is None else str(form.text(getattr(owner, name)))

    def write(owner: Any, value: str) -> None:
        setattr(owner, name, value if form is None else form.written(value))

    return TextBinding(owners, (name,), name.removesuffix("_template"), read_by, read, write)


def tool_text(agent: Any, tool: str, field: str | None = None) -> TextBinding:
    """How a tool, or one of its arguments, is described to an agent's model."""

    def place(signatures: list[dict[str, Any]]) -> dict[str, Any]:
        function = next(each["function"] for each in signatures if each.get("function", {}).get("name") == tool)
        found: dict[str, Any] = function if field is None else function["parameters"]["properties"][field]
        return found

    def read(agent: Any) -> str:
        return str(place(agent.llm_config["tools"]).get("description") or "")

    def write(agent: Any, value: str) -> None:
        signatures = copy.deepcopy(list(agent.llm_config["tools"]))
        place(signatures)["description"] = value
        clients = getattr(agent.client, private.CLIENTS, None)
        for signature in signatures:  # all of them: AG2 puts one that is updated at the end
            private.update_tool(agent, signature)
        private.keep_clients(agent, clients)

    key = (tool, "description") if field is None else (tool, "args", field)
    argument = f"{tool}_description" if field is None else f"{tool}_{field}_description"
    return TextBinding([agent], key, argument, "tools", read, write)
