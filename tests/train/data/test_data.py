"""Examples: read from files, known by their content, split by a seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from trace_train import InvalidData, read_data, split
from trace_train.data import Examples
from trace_train.data.examples import part


def written(folder: Path, name: str, text: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_json_lines_of_any_kind_of_value(tmp_path: Path) -> None:
    file = written(tmp_path, "a.jsonl", '\ufeff{"text": "a\u2028b"}\n\n["x", 1]\r\n"alone"')
    assert read_data(file) == [{"text": "a\u2028b"}, ["x", 1], "alone"]


def test_a_list_in_json(tmp_path: Path) -> None:
    assert read_data(written(tmp_path, "a.json", "[1,\n 2]")) == [1, 2]


def test_csv_with_names_and_texts_of_several_lines(tmp_path: Path) -> None:
    file = written(tmp_path, "a.csv", 'text,queue\r\n"one\ntwo, and ""three""",billing\r\nfour,login\r\n')
    assert read_data(str(file)) == [
        {"text": 'one\ntwo, and "three"', "queue": "billing"},
        {"text": "four", "queue": "login"},
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", '{"a": 1}\n{"a": }', r"a\.jsonl:2: not JSON: .* at column 7"),
        ("a.jsonl", b'{"a": 1}\n"\xff"', r"a\.jsonl:2: not UTF-8"),
        ("a.jsonl", "[" * 100_000, r"a\.jsonl:1: not JSON that can be read"),
        ("a.jsonl", "\n\n", r"a\.jsonl holds no example"),
        ("a.json", '{"a": 1}', r"a\.json: expected a list of examples, not dict"),
        ("a.json", "[1,\n2,\n]", r"a\.json:3: not JSON"),
        ("a.csv", "a,b\n1,2\n3\n", r"a\.csv:3: expected 2 columns"),
        ("a.csv", "a,b\n1,2,3\n", r"a\.csv:2: expected 2 columns"),
        ("a.csv", "a,a\n1,2\n", r"a\.csv:1: each column needs a name of its own, not 'a', 'a'"),
        ("a.csv", 'a,b\n1,"2\n', r"a\.csv:2: unexpected end of data"),
        ("a.csv", "a,b\n", r"a\.csv holds no example"),
        ("a.txt", "", r"a\.txt: expected a file that ends in \.jsonl"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(tmp_path: Path, name: str, text: str | bytes, message: str) -> None:
    with pytest.raises(InvalidData, match=message):
        read_data(written(tmp_path, name, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidData, match=r"none\.csv cannot be read: No such file"):
        read_data(tmp_path / "none.csv")


# --- splits


def test_parts_have_nothing_in_common_and_are_the_same_again() -> None:
    parts = split(range(100), (60, 24, 16), seed=3)
    assert [len(part) for part in parts] == [60, 24, 16]
    assert sorted(each for part in parts for each in part) == list(range(100))
    assert parts == split(range(100), (60, 24, 16), seed=3) != split(range(100), (60, 24, 16), seed=4)


def test_shares_and_order() -> None:
    assert split("abcdefghij", (0.5, 0.3, 0.2), seed=None) == [list("abcde"), list("fgh"), list("ij")]
    assert [len(part) for part in split(range(7), (1 / 3, 1 / 3, 1 / 3))] == [2, 3, 2]


@pytest.mark.parametrize("sizes", [(8, 4), (0.9, 0.2), (), (0, 5), (0.5, 5), (0.04, 0.9)])
def test_parts_that_cannot_be(sizes: Any) -> None:
    with pytest.raises(InvalidData):
        split(range(10), sizes)


# --- examples


@dataclass
class Ticket:
    text: str
    queue: str


class Source:
    """A data set of another library: a length and items."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Ticket:
        return Ticket(f"ticket {index}", "login")


def test_examples_are_known_by_their_content() -> None:
    first, second = Examples(Source()), Examples([{"b": 1, "a": 2}, {"a": 2, "b": 1}, {"a": 2}])
    assert len(first.ids()) == len(first) == 3
    assert [example.id for example in first] == [example.id for example in Examples(Source())]
    assert second[0].id == second[1].id != second[2].id


def test_examples_that_cannot_be_known_again_are_refused() -> None:
    with pytest.raises(InvalidData, match="example 1 of train is no plain data"):
        _ = [*Examples([1, object()], "train")]


@pytest.mark.parametrize("data", ["text", {"a": 1}, iter([1]), 3])
def test_what_is_no_sequence_is_refused(data: Any) -> None:
    with pytest.raises(InvalidData, match="train: expected a sequence of examples"):
        Examples(data, "train")


def test_parts_of_examples() -> None:
    assert part({"queue": "login"}, "queue") == part(Ticket("x", "login"), "queue") == "login"
    assert part(["x", "login"], 1) == part("login", lambda text: text) == "login"
    with pytest.raises(LookupError, match="the example has no 'team'; it has text, queue"):
        part({"text": "", "queue": ""}, "team")
    with pytest.raises(LookupError, match="of type Ticket, has no 'team'"):
        part(Ticket("", ""), "team")
