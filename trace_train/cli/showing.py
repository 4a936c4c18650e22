"""What a command writes: text for people, JSON for machines, each without what a terminal would obey."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import typer

from trace_core.parameters import ParameterSet

# A model's text may hold a terminal's commands, or letters that turn the direction of what follows.
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def say(text: str, *, to_people: bool = False) -> None:
    """Write lines to stdout; `to_people` are remarks, which go to stderr."""
    typer.echo(_OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text), err=to_people)


def say_json(data: Any) -> None:
    """Write data as JSON, in ASCII."""
    typer.echo(json.dumps(_plain(data), indent=2))


def say_table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write rows under the names of their columns."""
    cells = [list(names), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(names))]
    for row in cells:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.3f}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case _:
            return " ".join(str(value).split())


def _plain(data: Any) -> Any:
    if dataclasses.is_dataclass(data) and not isinstance(data, type):
        return {field.name: _plain(getattr(data, field.name)) for field in dataclasses.fields(data)}
    if isinstance(data, ParameterSet):
        return list(data)
    if isinstance(data, Mapping):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_plain(each) for each in data]
    if isinstance(data, datetime):
        return data.isoformat()
    return data if isinstance(data, (str, int, float, bool, type(None))) else str(data)
