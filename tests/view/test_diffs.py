"""Word by word, what changed from one text to another."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from trace_view import diffs
from trace_view.diffs import Piece, word_diff

TEXTS = st.text(alphabet="ab .\n\t", max_size=60)


def kinds(before: str, after: str) -> list[tuple[str, str]]:
    return [tuple(piece) for piece in word_diff(before, after)]


@given(TEXTS, TEXTS)
def test_the_pieces_make_up_both_texts(before: str, after: str) -> None:
    pieces = word_diff(before, after)
    assert "".join(text for kind, text in pieces if kind != "added") == before
    assert "".join(text for kind, text in pieces if kind != "removed") == after
    assert all(text for _, text in pieces)


@given(TEXTS, TEXTS)
def test_the_pieces_of_long_texts_make_up_both_too(before: str, after: str) -> None:
    with patch.object(diffs, "_MOST_COMPARED", 3):
        test_the_pieces_make_up_both_texts.hypothesis.inner_test(before, after)


def test_only_the_words_that_differ_are_marked() -> None:
    assert kinds("Route the ticket.\nBe brief.\n", "Route the ticket.\nBe kind.\n") == [
        ("same", "Route the ticket.\nBe "),
        ("removed", "brief"),
        ("added", "kind"),
        ("same", ".\n"),
    ]


def test_a_space_between_two_changes_belongs_to_them() -> None:
    assert kinds("one two three", "four five three") == [
        ("removed", "one two"),
        ("added", "four five"),
        ("same", " three"),
    ]


def test_equal_texts_are_one_piece_and_empty_texts_none() -> None:
    assert word_diff("as it was\n", "as it was\n") == [Piece("same", "as it was\n")]
    assert word_diff("", "") == []


def test_what_is_too_long_to_compare_is_shown_whole() -> None:
    before, after = "a " * 10_000 + "end", "b " * 10_000 + "end"
    assert [piece.kind for piece in word_diff(before, after)] == ["removed", "added", "same"]


def test_a_long_text_with_a_small_change_is_compared_in_words() -> None:
    lines = [f"line {number} of many\n" for number in range(50_000)]
    changed = [*lines[:25_000], "line that is new\n", *lines[25_000:]]
    assert [tuple(piece) for piece in word_diff("".join(lines), "".join(changed))][1] == ("added", "line that is new\n")


def test_changes_here_and_there_in_a_long_text_are_found() -> None:
    lines = [f"line {number} of many\n" for number in range(20_000)]
    changed = [line.replace("many", "few") if number % 1_000 == 0 else line for number, line in enumerate(lines)]
    pieces = word_diff("".join(lines), "".join(changed[100:]))
    assert [tuple(piece) for piece in pieces[1:4]][1:] == [("removed", "many"), ("added", "few")]
    assert [piece.text for piece in pieces if piece.kind == "added"] == ["few"] * 19
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == "".join(changed[100:])
