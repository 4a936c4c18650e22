"""Texts in agents and group chats, as parameters: AG2 reads them from the objects, so that is where they are written.

A candidate's value is written nowhere: the calls that read the text put it in its place (`candidates`).
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from trace_autogen.classic import private, standing
from trace_autogen.classic.candidates import rewritten
from trace_autogen.classic.standing import Entry, ReadBy
from trace_core.bindings import Isolation
from trace_core.parameter_nodes import ParameterNode

if TYPE_CHECKING:
    from trace_core.exposing import Format


class TextBinding:
    """A text that an object holds.

    Args:
        owners: the objects that hold it; the first is read, all are written.
        key: what tells it from the other texts of these objects.
        argument: how the call that reads it calls it.
        read_by: which call that is.
        read: the text in an object.
        write: writes it there.
        form: the format string that it is, if it is one.
        readers: group chats whose model reads it too.
    """

    isolation: Isolation = "overlay"

    def __init__(
        self,
        owners: list[Any],
        key: tuple[str, ...],
        argument: str,
        read_by: ReadBy,
        read: Callable[[Any], str],
        write: Callable[[Any, str], None],
        form: Format | None = None,
        readers: Iterable[Any] = (),
    ) -> None:
        self.owners = owners
        self.key = key
        self.argument = argument
        self.read_by = read_by
        self.form = form
        self.lock = threading.Lock()
        self._read = read
        self._write = write
        self._readers = list(readers)
        self._clones: list[tuple[weakref.ref[Any], Entry]] = []  # a group chat has no hash

    def get(self) -> str:
        """The text as it is written."""
        return self._read(self.owners[0])

    def set(self, value: str) -> None:
        """Another text, for the next reply, of clones too."""
        for owner in [*self.owners, *(clone for clone, entry in self._living() if entry.read_by != "others")]:
            self._write(owner, value)

    def known(self) -> ParameterNode | None:
        """The parameter that it is already."""
        return next((known for owner in self.owners if (known := standing.known(owner, self.key)) is not None), None)

    def install(self, parameter: ParameterNode) -> None:
        """Have the calls that read it say so."""
        for owner in self.owners:
            standing.add(owner, Entry(self.key, self.argument, parameter, self.read_by))
        for reader in self._readers:
            standing.add(reader, Entry((*self.key, self.argument), self.argument, parameter, "others"))

    def follow(self, clone: Any, entry: Entry) -> None:
        """Write to a clone of an owner too, as long as it is there."""
        standing.add(clone, entry)
        self._clones = [(weakref.ref(each), known) for each, known in self._living()]
        self._clones.append((weakref.ref(clone), entry))

    def release(self) -> None:
        """Have them say so no more; the text stays as it is now."""
        for owner in self.owners:
            standing.forget(owner, self.key)
        for reader in self._readers:
            standing.forget(reader, (*self.key, self.argument))
        for clone, entry in self._living():
            standing.forget(clone, entry.key)
        self._clones = []

    def _living(self) -> list[tuple[Any, Entry]]:
        return [(clone, entry) for each, entry in self._clones if (clone := each()) is not None]


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


def description(agent: Any, readers: Iterable[Any]) -> TextBinding:
    """How an agent is described to the models of group chats that select who speaks."""
    binding = attribute([agent], "description", "description", readers=readers)
    binding.argument = f"{agent.name}_description"
    return binding


def attribute(
    owners: list[Any], name: str, read_by: ReadBy, form: Format | None = None, readers: Iterable[Any] = ()
) -> TextBinding:
    """An attribute, as it is or as a format string."""

    def read(owner: Any) -> str:
        return str(getattr(owner, name)) if form is None else str(form.text(getattr(owner, name)))

    def write(owner: Any, value: str) -> None:
        setattr(owner, name, value if form is None else form.written(value))

    return TextBinding(owners, (name,), name.removesuffix("_template"), read_by, read, write, form, readers)


def tool_text(agent: Any, tool: str, field: str | None = None) -> TextBinding:
    """How a tool, or one of its arguments, is described to an agent's model."""

    def place(signatures: list[dict[str, Any]]) -> dict[str, Any]:
        function = next(each["function"] for each in signatures if each.get("function", {}).get("name") == tool)
        found: dict[str, Any] = function if field is None else function["parameters"]["properties"][field]
        return found

    def read(agent: Any) -> str:
        return str(place(agent.llm_config["tools"]).get("description") or "")

    def write(agent: Any, value: str) -> None:
        clients = getattr(agent.client, private.CLIENTS, None)
        for signature in rewritten(agent.llm_config["tools"], {key: value}):  # all: AG2 puts an updated one at the end
            private.update_tool(agent, signature)
        private.keep_clients(agent, clients)

    key = (tool, "description") if field is None else (tool, "args", field)
    argument = f"{tool}_description" if field is None else f"{tool}_{field}_description"
    return TextBinding([agent], key, argument, "tools", read, write)
