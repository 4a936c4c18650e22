"""Places in agents, teams and their managers where a value stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from autogen_core.models import SystemMessage

from trace_autogen import private
from trace_autogen.carried import carry

if TYPE_CHECKING:
    from trace_autogen.standing import Noted
    from trace_core.exposing import Format


class AttributeText:
    """A value that an attribute holds as it is, or as a format string."""

    def __init__(self, attribute: str, argument: str, noted: Noted, form: Format | None = None) -> None:
        self.argument = argument
        self.attributes = (attribute,)
        self.key = attribute
        self.noted = noted
        self.form = form

    def read(self, owner: Any) -> Any:
        """The value."""
        stored = vars(owner)[self.key]
        return stored if self.form is None else self.form.text(stored)

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """The value as AutoGen takes it."""
        return value if self.form is None else self.form.written(value)


class SystemText:
    """One of an agent's system messages; a new text is a new message, since recorded prompts hold the old one."""

    argument = "system_prompt"
    noted = None
    attributes = (private.SYSTEM_MESSAGES,)

    def __init__(self, index: int) -> None:
        self.key = (private.SYSTEM_MESSAGES, index)
        self._index = index

    def read(self, owner: Any) -> str:
        """The text."""
        return str(vars(owner)[private.SYSTEM_MESSAGES][self._index].content)

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """The messages, one of them made anew."""
        made = SystemMessage(content=value)
        if use is not None:
            carry(made, self.argument, *use)
        return [*stored[: self._index], made, *stored[self._index + 1 :]]


class ParticipantDescription:
    """The description of a participant, as a team copied it when it was made."""

    attributes = (private.PARTICIPANT_DESCRIPTIONS,)

    def __init__(self, index: int, name: str, noted: Noted = None) -> None:
        self.argument = f"{name}_description"
        self.key = (private.PARTICIPANT_DESCRIPTIONS, index)
        self.noted = noted
        self.index = index
        self.name = name

    def read(self, owner: Any) -> str:
        """The description."""
        return str(vars(owner)[private.PARTICIPANT_DESCRIPTIONS][self.index])

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """The descriptions, one of them anew."""
        return [*stored[: self.index], value, *stored[self.index + 1 :]]


class LineOfTeam(ParticipantDescription):
    """The line of a participant in the description of the team that Magentic-One's orchestrator made of them."""

    attributes = (private.TEAM_DESCRIPTION,)

    def read(self, owner: Any) -> str:
        """The description, with the spaces that the orchestrator leaves."""
        line: str = vars(owner)[private.TEAM_DESCRIPTION].split("\n")[self.index]
        return line.removeprefix(f"{self.name}: ")

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """The description of the team, one line anew."""
        lines = stored.split("\n")
        lines[self.index] = re.sub(r"\s+", " ", f"{self.name}: {value}").strip()
        return "\n".join(lines)
