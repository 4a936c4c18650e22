"""Values in columns: what goes in comes out, as ASCII text, and nothing of an object but its type."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trace_train.store.columns import as_id, from_text, to_text

TEXTS = st.text(st.characters(codec=None))
JSON_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS | st.just("$"), inner),
)


@settings(max_examples=50, deadline=None)
@given(JSON_DATA)
def test_json_data_comes_back(value: Any) -> None:
    text = to_text(value)
    assert from_text(text) == value
    assert text.isascii()
    assert "\x00" not in text


def test_other_plain_values_come_back() -> None:
    for value in (math.inf, [-math.inf], {1, 2}, b"\xff", 10**5000, {"a": {1: (2, {3})}}):
        assert from_text(to_text(value)) == value


def test_what_is_not_a_number_comes_back() -> None:
    assert math.isnan(from_text(to_text({"score": math.nan}))["score"])


def test_the_text_is_json_for_everybody() -> None:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    json.loads(to_text([math.nan, math.inf]), parse_constant=refuse)


def test_an_object_leaves_only_its_type() -> None:
    class Client:
        def __init__(self) -> None:
            self.api_key = "sentinel"

        def __repr__(self) -> str:
            return self.api_key

    text = to_text({"llm": Client()})
    assert "sentinel" not in text
    assert "Client" in text


def test_what_stands_in_itself_or_very_deep_does_not_fail() -> None:
    loop: list[Any] = []
    loop.append(loop)
    deep: Any = []
    for _ in range(5_000):
        deep = [deep]
    for value in (loop, deep):
        assert isinstance(from_text(to_text(value)), list)


@pytest.mark.parametrize("text", ["\ud800", "a\x00b", "é"])
def test_a_text_that_is_no_id_is_not_looked_for(text: str) -> None:
    assert as_id(text) == ""
    assert as_id("4f2a-11") == "4f2a-11"
