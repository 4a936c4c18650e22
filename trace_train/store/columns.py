"""How values stand in the columns of a store: JSON as ASCII text, numbers, and moments.

JSON data stands as it is. Whatever else (numbers that are not finite, sets, objects) stands as `trace_core.graph_json`
writes it: objects by their type's name, so that no key gets into a store with the settings of a model. All of it is
ASCII, since neither SQLite nor PostgreSQL takes a lone surrogate, and PostgreSQL no NUL. Nothing is pickled.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Dialect, Double, Text
from sqlalchemy.types import TypeDecorator

from trace_core.graph_json import decode, encode

_ENCODED = "encoded"


def to_text(value: Any) -> str:
    """A value as JSON text, in ASCII."""
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return json.dumps({"$": _ENCODED, "value": encode(value)})


def from_text(text: str) -> Any:
    """The value of `to_text`."""
    value = json.loads(text)
    if isinstance(value, dict) and value.get("$") == _ENCODED and value.keys() == {"$", "value"}:
        return decode(value["value"])
    return value


class Json(TypeDecorator[Any]):
    """Any value; None is NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """As text."""
        return None if value is None else to_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """From text."""
        return None if value is None else from_text(value)


class Score(TypeDecorator[float]):
    """A number by which SQL can sort; what is not a number is NULL there, since SQLite makes it that."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        """As a float."""
        return None if value is None or math.isnan(value) else float(value)

    def process_result_value(self, value: float | None, dialect: Dialect) -> float:
        """From a float."""
        return math.nan if value is None else value


class Moment(TypeDecorator[datetime]):
    """A point in time, as seconds since 1970."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> float | None:
        """As seconds."""
        return None if value is None else value.timestamp()

    def process_result_value(self, value: float | None, dialect: Dialect) -> datetime | None:
        """From seconds, in UTC."""
        return None if value is None else datetime.fromtimestamp(value, UTC)


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def as_id(text: str) -> str:
    """A text from outside as an id to look for; one that no column could hold becomes one that none holds."""
    return text if text.isascii() and text.isprintable() else ""
