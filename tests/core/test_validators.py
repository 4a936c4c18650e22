"""How a value is taken as a parameter's type, and which values never are."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import re
import sys
import threading
import warnings
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, BeforeValidator, Field, PlainValidator

from trace_core.errors import InvalidValue
from trace_core.parameter_nodes import node
from trace_core.validators import MaxLength, NotEmpty, Placeholders, convert, placeholders

Temperature = Annotated[float, Field(ge=0, le=2)]


class Route(BaseModel):
    queue: Literal["billing", "other"]
    weight: float = 1.0


@dataclasses.dataclass
class Window:
    start: float
    end: float


class Colour(enum.Enum):
    RED = "red"


class Client:
    def __repr__(self) -> str:
        return "Client(api_key='sk-secret')"


def nested(depth: int) -> list[Any]:
    made: list[Any] = []
    for _ in range(depth):
        made = [made]
    return made


TAKEN = [
    # --- text for a type that is not text
    ("False", bool, False),
    ("true", bool, True),
    ("0", bool, False),
    ("2", int, 2),
    (" 2\n", int, 2),
    ("2.0", int, 2),
    (2.0, int, 2),
    ("1_000", int, 1000),
    ("0.5", float, 0.5),
    ("1e-3", float, 0.001),
    ("2", float, 2.0),
    ('["a", "b"]', list[str], ["a", "b"]),
    ("['a', 'b']", list[str], ["a", "b"]),
    ("('a', 'b')", list[str], ["a", "b"]),
    ('["1", 2]', list[int], [1, 2]),
    ("[1, 2]", tuple[int, int], (1, 2)),
    ("{1, 2}", set[int], {1, 2}),
    ('{"1": "a"}', dict[int, str], {1: "a"}),
    ("{1: 'a'}", dict[int, str], {1: "a"}),
    ('{"a": [1, null]}', dict[str, list[int | None]], {"a": [1, None]}),
    # --- choices and bounds
    ("terse", Literal["terse", "friendly"], "terse"),
    ("1", Literal[1, 2], 1),
    ("1", Literal["1", "2"], "1"),
    ("red", Colour, Colour.RED),
    ("2", Temperature, 2.0),
    # --- models
    ('{"queue": "billing"}', Route, Route(queue="billing")),
    ("{'queue': 'billing', 'weight': '2'}", Route, Route(queue="billing", weight=2.0)),
    ({"start": 0, "end": "1"}, Window, Window(0.0, 1.0)),
    ("2024-10-12", datetime.date, datetime.date(2024, 10, 12)),
    # --- null
    (True, int | bool, True),
    ("null", int | None, None),
    ("None", int | None, None),
    (None, int | None, None),
    ("null", str | None, "null"),
    (None, str | None, None),
    # --- text stays text, whatever it says
    ("2", str, "2"),
    ("null", str, "null"),
    ("['a']", Any, "['a']"),
    ("2", int | str, "2"),
    # --- bytes
    ("abc", bytes, b"abc"),
    ("b'\\x00'", bytes, b"\x00"),
    (bytearray(b"a"), bytes, b"a"),
]


@pytest.mark.parametrize(("value", "type", "expected"), TAKEN, ids=lambda each: str(each)[:40])
def test_a_value_is_taken_as_its_type(value: Any, type: Any, expected: Any) -> None:
    taken = convert(value, type)
    assert taken == expected
    assert taken.__class__ is expected.__class__


REFUSED = [
    # --- another type
    (3.7, int, "fractional part"),
    ("3.7", int, "fractional part"),
    ("many", int, "valid integer"),
    ("maybe", bool, "valid boolean"),
    ("2", bool, "valid boolean"),
    (5, str, "valid string"),
    (None, int, "valid integer"),
    ("null", int, "valid integer"),
    ("a, b", list[str], "valid list"),
    ("['a'", list[str], "valid list"),
    ('{"a": 1}', list[str], "valid list"),
    ("x = 5", int | None, "valid integer"),
    ("", int, "valid integer"),
    ('["a", 5]', list[str], "at 1: Input should be a valid string"),
    ("warm", Literal["terse", "friendly"], "'terse' or 'friendly'"),
    ("blue", Colour, "'red'"),
    ("2.1", Temperature, "less than or equal to 2"),
    (-0.1, Temperature, "greater than or equal to 0"),
    ('{"queue": "sales"}', Route, "at queue: Input should be 'billing' or 'other'"),
    ("{}", Route, "at queue: Field required"),
    # --- a bool is no number
    (True, int, "a number is expected, not True"),
    (False, float, "a number is expected, not False"),
    ("true", float, "a number is expected, not True"),
    ('{"a": 1, "b": 2, "a": 3}', dict[int, int], "valid integer"),
    ("{1: 2, 1: 3}", dict[int, int], "valid dictionary"),
    # --- no finite number
    (float("nan"), float, "a finite number is expected"),
    ("NaN", float, "a finite number is expected"),
    ("-Infinity", float, "a finite number is expected"),
    ("1e999", float, "a finite number is expected"),
    ("9" * 400, float, "a finite number is expected"),
    (float("inf"), Any, "a finite number is expected"),
    (complex("nan"), Any, "a finite number is expected"),
    ([1.0, [float("nan")]], list[Any], "a finite number is expected"),
    ({"a": (float("nan"),)}, dict[str, Any], "a finite number is expected"),
    ({float("nan"): 1}, dict[float, int], "a finite number is expected"),
    (frozenset([float("nan")]), Any, "a finite number is expected"),
    ("[1, NaN]", list[float], "a finite number is expected"),
    ({"queue": "other", "weight": float("inf")}, Route, "a finite number is expected"),
    ('[{"queue": "other", "weight": NaN}]', list[Route], "a finite number is expected"),
    ({"start": 0, "end": float("nan")}, Window, "a finite number is expected"),
    (Decimal("NaN"), Decimal, "finite number"),
    # --- half a character
    ("\ud800", str, "lone surrogates"),
    ("\ud800", str | None, "lone surrogates"),
    (["\ud800"], list[str], "lone surrogates"),
    ({"\ud800": 1}, dict[str, int], "lone surrogates"),
    ('["\\ud800"]', list[str], "lone surrogates"),
    ("\ud800", Annotated[str, Field(max_length=5)], "unicode"),
    # --- too large, too deep
    ("9" * 5_000, int, "maximum size"),
    ("0x" + "f" * 5_000, int, "too long"),
    (10**400, float, "valid number"),
    (10**5_000, Literal[1], "got 0x"),
    (nested(60), Any, "nested too deeply"),
    (nested(100_000), Any, "nested too deeply"),
    (nested(100_000), list[int], "at 0: Input should be a valid integer (got <builtins.list>)"),
    ("[" * 60 + "]" * 60, list[Any], "nested too deeply"),
    ("[" * 100_000 + "]" * 100_000, list[Any], "valid list"),
    ("-" * 100_000 + "1", int, "valid integer"),
    # --- an object that no type is known for
    ("Client()", Client, "an instance of Client"),
    (Client(), int, "valid integer (got <"),
]


@pytest.mark.parametrize(("value", "type", "reason"), REFUSED, ids=[str(index) for index in range(len(REFUSED))])
def test_a_value_that_does_not_fit_is_refused_with_the_reason(value: Any, type: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)) as caught:
        convert(value, type)
    assert len(str(caught.value)) < 400


def test_a_value_that_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless += [endless, endless]
    with pytest.raises(ValueError, match="nested too deeply"):
        convert(endless, Any)


def test_a_value_that_is_shared_many_times_over_is_checked_once_a_level() -> None:
    shared: list[Any] = [1]
    for _ in range(45):
        shared = [shared, shared]
    assert convert(shared, Any) is shared


def test_an_instance_fits_its_class_though_pydantic_does_not_know_it() -> None:
    client = Client()
    assert convert(client, Client) is client
    assert convert([client], list[Client]) == [client]


def test_a_refusal_does_not_show_the_inside_of_an_object() -> None:
    with pytest.raises(ValueError, match="valid string") as caught:
        convert(Client(), str)
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize("rule", [BeforeValidator(str.strip), PlainValidator(lambda value: value["queue"])])
def test_a_type_whose_own_rule_raises_anything_refuses_the_value(rule: Any) -> None:
    with pytest.raises(ValueError, match="TypeError"):
        convert(5, Annotated[str, rule])


def test_a_type_that_is_none_is_an_error_where_it_is_declared() -> None:
    for wrong in ("no such type", "Unknown", 5):
        with pytest.raises(InvalidValue, match="temperature: "):
            node(1, trainable=True, name="temperature", type=wrong)


def test_a_type_that_cannot_be_hashed_is_taken() -> None:
    assert convert("2", Annotated[int, {"unhashable": []}]) == 2


@pytest.mark.parametrize("text", [r"'\d'", r"['\d']", "1if 1else 2", "0x1for x in y", "1 is 1", "(1)(2)"])
def test_reading_an_llms_text_gives_no_warning(text: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for type in (list[str], int):
            try:
                convert(text, type)
            except ValueError:
                continue
    assert caught == []
    assert convert(r"['\d']", list[str]) == [r"\d"]


def test_reading_texts_in_many_threads_leaves_the_warning_filters_as_they_were() -> None:
    before = list(warnings.filters)
    threads = [threading.Thread(target=lambda: [convert(r"['\d']", list[str]) for _ in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before


TYPES = [bool, int, float, str, bytes, list[str], dict[str, int], Literal["a", 1], Route, Temperature, int | None, Any]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(value=JSON | st.text(st.characters(codec=None), max_size=30) | JSON.map(repr), type=st.sampled_from(TYPES))
@example(value="\0", type=int)
@example(value="{" * 300, type=dict[str, int])
def test_whatever_is_given_is_taken_or_refused(value: Any, type: Any) -> None:
    try:
        taken = convert(value, type)
    except ValueError:
        return
    assert convert(taken, type) == taken


@settings(max_examples=200, deadline=None)
@given(value=JSON)
def test_a_value_written_as_a_python_literal_is_read_as_itself(value: Any) -> None:
    try:
        taken = convert(value, list[Any])
    except ValueError:
        return
    assert convert(repr(taken), list[Any]) == taken


# --- rules


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Answer {question}", {"question"}),
        ("{0} and {1}", {"0", "1"}),
        ("{{no place}} {place!r:>10}", {"place"}),
        ("{user.name} {items[0]}", {"user.name", "items[0]"}),
        ("{text:{width}}", {"text", "width"}),
        ("none", set()),
    ],
)
def test_the_places_of_a_text_are_found(text: str, names: set[str]) -> None:
    assert placeholders(text) == names


@pytest.mark.parametrize("text", ["{", "}", "{question", "{question}}", "{a:{b}", '{"json": 1'])
def test_a_brace_that_is_open_or_alone_is_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(ValueError, match="a brace that is meant as text is written twice"):
        placeholders(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Answer", r"the placeholder \{question\} is missing; keep it"),
        ("{Question}", r"\{question\} is missing"),
        ("{question} {context}", r"\{context\} is not known; only \{question\} may stand in braces"),
        ("{question} {question.__class__}", r"\{question.__class__\} is not known"),
        ("{question} {question:{secret}}", r"\{secret\} is not known"),
        ("{question} {}", r"the placeholder \{\} is not known"),
        ("{question} {", "written twice"),
    ],
)
def test_a_placeholder_that_is_lost_or_invented_is_refused(text: str, reason: str) -> None:
    rule = Placeholders({"question"})
    rule("Now answer this: {question} {{literally}}")
    with pytest.raises(ValueError, match=reason):
        rule(text)


@pytest.mark.parametrize("text", ["{q!r}", "{q} {q:>300000000}", "{q:{q}}"])
def test_a_place_gets_no_conversion_and_no_format_that_is_not_listed(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be written \{q\}"):
        Placeholders({"q"})(text)


def test_a_conversion_and_a_format_that_are_listed_are_kept() -> None:
    rule = Placeholders({"q!r", "price:.2f"})
    rule("{price:.2f} for {q!r}")
    with pytest.raises(ValueError, match=r"the placeholder \{q!r\} is missing"):
        rule("{price:.2f} for {q}")
    with pytest.raises(ValueError, match=r"\{price:.2f\} is missing"):
        rule("{price:.3f} for {q!r}")


def test_several_placeholders_are_named_as_several() -> None:
    with pytest.raises(ValueError, match=r"the placeholders \{a\}, \{b\} are missing; keep them"):
        Placeholders({"a", "b"})("Answer")
    with pytest.raises(ValueError, match=r"the placeholders \{b\}, \{c\} are not known"):
        Placeholders({"a"})("{a} {c} {b}")


def test_without_placeholders_none_is_allowed() -> None:
    with pytest.raises(ValueError, match="there is none here"):
        Placeholders(())("{question}")


def test_the_names_of_placeholders_are_kept_however_they_were_given() -> None:
    for given_names in ({"a", "b"}, ["b", "a"], (name for name in "ab")):
        rule = Placeholders(given_names)
        for _ in range(2):
            with pytest.raises(ValueError, match="missing"):
                rule("{a}")
    assert Placeholders("question") == Placeholders({"question"})
    assert hash(Placeholders(["question"])) == hash(Placeholders({"question"}))


def test_lengths_are_held() -> None:
    MaxLength(3)("abc")
    with pytest.raises(ValueError, match="at most 3 characters are allowed, these are 4"):
        MaxLength(3)("abcd")
    NotEmpty()("x")
    with pytest.raises(ValueError, match="an empty text"):
        NotEmpty()(" \n")


def test_rules_say_what_they_ask_for() -> None:
    assert str(Placeholders({"b", "a"})) == "keep the placeholders {a}, {b} and add no other"
    assert str(MaxLength(10)) == "at most 10 characters"
    assert str(NotEmpty()) == "not empty"


def test_pydantic_is_loaded_only_where_it_is_needed() -> None:
    import subprocess

    code = "import sys, trace_core; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
