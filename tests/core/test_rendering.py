"""Values as text: what is written out, what is shown by its type alone, and that no value takes endless time."""

from __future__ import annotations

import datetime
import enum
import pathlib
import uuid
from decimal import Decimal
from typing import Any

import pytest

from trace_core.rendering import literal


class Colour(enum.Enum):
    RED = "red"


class Zone(datetime.tzinfo):
    def __repr__(self) -> str:
        return "sk-secret"


class Moment(datetime.date):
    def __repr__(self) -> str:
        return "sk-secret"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime.date(2024, 1, 2), "datetime.date(2024, 1, 2)"),
        (
            datetime.datetime(2024, 1, 2, 3, tzinfo=datetime.UTC),
            "datetime.datetime(2024, 1, 2, 3, 0, tzinfo=datetime.timezone.utc)",
        ),
        ([datetime.timedelta(hours=1)], "[datetime.timedelta(seconds=3600)]"),
        (Decimal("1.50"), "Decimal('1.50')"),
        (uuid.UUID(int=1), "UUID('00000000-0000-0000-0000-000000000001')"),
        (pathlib.PurePosixPath("/a"), "PurePosixPath('/a')"),
        ({"colour": Colour.RED}, "{'colour': Colour.RED}"),
    ],
    ids=str,
)
def test_what_says_no_more_than_its_value_is_written_out(value: Any, text: str) -> None:
    assert literal(value) == text


@pytest.mark.parametrize(
    "value", [datetime.time(1, tzinfo=Zone()), Moment(2024, 1, 2), object()], ids=lambda each: type(each).__name__
)
def test_what_may_say_more_is_shown_by_its_type(value: Any) -> None:
    assert literal(value).endswith(f".{type(value).__qualname__}>")


def test_what_holds_itself_is_opaque_within_itself() -> None:
    tree: dict[str, Any] = {"name": "root"}
    tree["children"] = [{"name": "leaf", "parent": tree}]
    assert literal(tree) == "{'name': 'root', 'children': [{'name': 'leaf', 'parent': <builtins.dict>}]}"


def test_a_value_of_endless_parts_is_written_in_part() -> None:
    shared: list[Any] = [1]
    for _ in range(60):
        shared = [shared, shared]
    assert "…" in literal(shared)
    assert literal(list(range(200_000))).endswith("99998, …]")
    assert literal([[1], [1]]) == "[[1], [1]]"
