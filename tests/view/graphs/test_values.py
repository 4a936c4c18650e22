"""Values as text for people to read."""

from __future__ import annotations

from typing import Any

import pytest

from trace_view.graphs.values import label, shown, visible


def test_an_outline_keeps_the_lines_of_a_text() -> None:
    message = {"role": "user", "content": "one\ntwo", "calls": [{"id": 1}, []]}
    assert shown([message]).text.splitlines() == [
        "- role: 'user'",
        "  content: |",
        "    one",
        "    two",
        "  calls:",
        "    - id: 1",
        "    - []",
    ]


def test_a_text_stands_as_it_is() -> None:
    assert shown("be <b>brief</b>\n").text == "be <b>brief</b>\n"


def test_a_long_text_keeps_its_head_and_tail_and_says_that_it_is_cut() -> None:
    cut = shown("a" * 1_000 + "the end", 100)
    assert cut.is_cut
    assert cut.text.startswith("aaa")
    assert cut.text.endswith("the end")
    assert len(cut.text) < 120


def deep(levels: int) -> Any:
    value: Any = "inside"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [deep(100_000), {"text": "x" * 10_000_000}, list(range(1_000_000)), 1 << 1_000_000, {"a": b"x" * 10_000_000}],
    ids=["deep", "long text in a dict", "long list", "long number", "long bytes"],
)
def test_what_is_large_is_cut(value: Any) -> None:
    cut = shown(value, 300)
    assert cut.is_cut
    assert len(cut.text) < 700


def test_what_holds_itself_ends() -> None:
    value: list[Any] = []
    value.append(value)
    assert shown(value).is_cut


def test_characters_that_hide_or_turn_what_follows_are_shown_by_their_code() -> None:
    assert visible("a\x1b[31m\u202eb\ud800\x00") == "a\\x1b[31m\\u202eb\\ud800\\x00"
    assert visible("tab\tand\nline") == "tab\tand\nline"


def test_an_object_is_shown_by_its_type_alone() -> None:
    class Secret:
        def __repr__(self) -> str:
            return "password"

    assert "password" not in shown({"key": Secret()}).text
    assert "password" not in label([Secret()])


def test_a_label_is_one_short_line() -> None:
    assert label("one\ntwo") == "one two"
    assert len(label(["x" * 1_000_000] * 1_000)) < 120
