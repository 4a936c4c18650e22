"""Learned values as a file: what it holds, when it still fits, and that nothing in it is trusted."""

from __future__ import annotations

import datetime
import enum
import json
import pickle
import threading
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, Field

from trace_core.bindings import bind
from trace_core.errors import Drift, InvalidValue
from trace_core.parameter_nodes import ParameterNode, node
from trace_core.parameters import ParameterSet
from trace_core.rendering import literal


def parameter(data: Any, name: str, **options: Any) -> ParameterNode:
    return node(data, trainable=True, name=name, **options)


def support() -> ParameterSet:
    return ParameterSet(
        [
            parameter("Be brief.", "support.prompt"),
            parameter(0.7, "temperature", type=Annotated[float, Field(ge=0, le=2)]),
            parameter(["END"], "stops", type=list[str]),
        ]
    )


LEARNED = {"support.prompt": "Cite the page — always.", "temperature": 0.2, "stops": ["STOP", "."]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    parameters = support()
    parameters.set(LEARNED, author="optimizer")
    parameters.save(tmp_path / "support.json")
    return tmp_path / "support.json"


def edited(file: Path, **changes: Any) -> None:
    data = json.loads(file.read_text(encoding="utf-8"))
    for path, value in changes.items():
        *ways, last = path.split("__")
        here = data
        for way in ways:
            here = here[way]
        here[last] = value
    file.write_text(json.dumps(data), encoding="utf-8")


def test_what_was_saved_is_loaded(file: Path) -> None:
    parameters = support()
    assert parameters.load(file) is parameters
    assert parameters.state_dict() == LEARNED
    assert {each.history[-1].author for each in parameters.values()} == {"loaded"}
    parameters["temperature"].revert()
    assert parameters["temperature"].data == 0.7


def test_the_file_is_json_that_a_person_can_read(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    data = json.loads(text)
    assert set(data) == {"format", "version", "parameters"}
    assert (data["format"], data["version"]) == ("trace-parameters", 1)
    assert list(data["parameters"]) == ["support.prompt", "temperature", "stops"]
    entry = data["parameters"]["support.prompt"]
    assert set(entry) == {"value", "kind", "type", "original"}
    assert (entry["value"], entry["kind"], entry["type"]) == ("Cite the page — always.", "prompt", "builtins.str")
    assert len(entry["original"]) == 64
    assert "Be brief." not in text
    assert "Cite the page — always." in text
    assert text.endswith("}\n")


def test_the_same_values_give_the_same_file(file: Path, tmp_path: Path) -> None:
    parameters = support().load(file)
    parameters.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == file.read_bytes()


# --- drift


def test_an_original_that_was_edited_since_is_an_error_and_nothing_is_written(file: Path) -> None:
    parameters = support()
    changed = ParameterSet(
        [parameter("Be very brief.", "support.prompt"), parameters["temperature"], parameters["stops"]]
    )
    with pytest.raises(Drift, match=r"support.prompt: was edited in the source since the file was saved") as caught:
        changed.load(file)
    assert "temperature:" not in str(caught.value)
    assert 'on_drift="load"' in str(caught.value)
    assert [each.version for each in changed.values()] == [0, 0, 0]


def test_all_that_does_not_fit_is_listed(file: Path) -> None:
    other = ParameterSet(
        [
            parameter("edited", "support.prompt"),
            parameter(0.7, "temperature", type=float),
            parameter("x", "tone"),
        ]
    )
    with pytest.raises(Drift) as caught:
        other.load(file)
    text = str(caught.value)
    assert str(file) in text
    assert "support.prompt: was edited in the source" in text
    assert "temperature: has another type here (builtins.float) than in the file (" in text
    assert "stops: is in the file and not here" in text
    assert "tone: is here and not in the file" in text


def test_drift_is_skipped_or_loaded_if_the_user_says_so(file: Path) -> None:
    def other() -> ParameterSet:
        return ParameterSet(
            [parameter("edited", "support.prompt"), parameter(0.7, "temperature"), parameter("x", "tone")]
        )

    skipped = other().load(file, on_drift="skip")
    assert skipped.state_dict() == {"support.prompt": "edited", "temperature": 0.7, "tone": "x"}
    loaded = other().load(file, on_drift="load")
    assert loaded.state_dict() == {"support.prompt": LEARNED["support.prompt"], "temperature": 0.2, "tone": "x"}


def test_only_what_drifted_is_skipped(file: Path) -> None:
    parameters = support()
    changed = ParameterSet([parameter("edited", "support.prompt"), parameters["temperature"], parameters["stops"]])
    changed.load(file, on_drift="skip")
    assert changed.state_dict() == LEARNED | {"support.prompt": "edited"}


def test_a_word_that_on_drift_does_not_know_is_an_error(file: Path) -> None:
    with pytest.raises(ValueError, match="on_drift"):
        support().load(file, on_drift="ignore")  # type: ignore[arg-type]


def test_learning_or_loading_is_no_drift(file: Path) -> None:
    parameters = support()
    parameters.set({"support.prompt": "something else"}, author="optimizer")
    parameters.load(file)
    assert parameters.state_dict() == LEARNED


def test_a_value_that_is_refused_writes_nothing(file: Path) -> None:
    edited(file, parameters__temperature__value=9.0)
    parameters = support()
    with pytest.raises(InvalidValue, match="temperature: Input should be less than or equal to 2"):
        parameters.load(file)
    assert [each.version for each in parameters.values()] == [0, 0, 0]


def test_what_lives_in_another_object_is_loaded_into_it(tmp_path: Path) -> None:
    class Agent:
        prompt = "Be brief."

    first, second = Agent(), Agent()
    parameters = ParameterSet([bind(first, "prompt")])
    parameters.set({"prompt": "learned"})
    parameters.save(tmp_path / "agent.json")
    ParameterSet([bind(second, "prompt")]).load(tmp_path / "agent.json")
    assert second.prompt == "learned"


# --- values


class Route(BaseModel):
    queue: Literal["billing", "other"]
    pages: tuple[int, ...] = ()


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


VALUES = [
    ("text", "x", str),
    ("tuple", (1, ("a", None)), Any),
    ("set", {1, 2}, Any),
    ("frozenset", frozenset({"a"}), Any),
    ("bytes", b"\x00\xff", Any),
    ("dict with other keys", {1: "a", (2, 3): [True]}, Any),
    ("dict that looks tagged", {"$": "tuple", "items": [1]}, Any),
    ("dict with a null tag", {"$": None, "a": 1}, Any),
    ("nested", {"a": [{"b": (1.5, {2})}]}, Any),
    ("null", None, str | None),
    ("large number", 10**300, int),
    ("model", Route(queue="billing", pages=(1, 2)), Route),
    ("models", [Route(queue="other")], list[Route]),
    ("enum", Colour.BLUE, Colour),
    ("date", datetime.date(2024, 10, 12), datetime.date),
    ("unicode", "naïve ☃ \u2028 \x00", str),
]


@pytest.mark.parametrize(("value", "type"), [each[1:] for each in VALUES], ids=[each[0] for each in VALUES])
def test_a_value_of_any_plain_type_comes_back_as_it_was(tmp_path: Path, value: Any, type: Any) -> None:
    parameters = ParameterSet([parameter(value, "p", type=type)])
    parameters.save(tmp_path / "p.json")
    parameters.load(tmp_path / "p.json")
    loaded = parameters["p"].data
    assert loaded == value
    assert loaded.__class__ is value.__class__
    assert repr(loaded) == repr(value)


JSON_LIKE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.just("$"), inner, max_size=3)
        | st.dictionaries(st.integers(), inner, max_size=3)
        | st.sets(st.integers(), max_size=3)
    ),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None)
@given(value=JSON_LIKE)
def test_any_plain_value_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    parameters = ParameterSet([parameter(value, "p", type=Any)])
    path = tmp_path_factory.mktemp("plain") / "p.json"
    parameters.save(path)
    parameters.load(path)
    assert parameters["p"].data == value
    assert literal(parameters["p"].data) == literal(value)


class Secret:
    def __repr__(self) -> str:
        return "sk-secret"


@pytest.mark.parametrize(
    ("value", "type"),
    [(Secret(), Any), ([Secret()], list[Any]), (Secret(), Secret), (Route(queue="other"), Any), (len, Any)],
)
def test_a_value_that_could_not_be_read_back_is_not_saved(tmp_path: Path, value: Any, type: Any) -> None:
    path = tmp_path / "p.json"
    path.write_text("the old file", encoding="utf-8")
    with pytest.raises(InvalidValue, match="p: the value is not plain data"):
        ParameterSet([parameter("x", "other"), parameter(value, "p", type=type)]).save(path)
    assert path.read_text(encoding="utf-8") == "the old file"
    assert list(tmp_path.iterdir()) == [path]


def test_an_original_that_pydantic_writes_drifts_too(tmp_path: Path) -> None:
    ParameterSet([parameter(Route(queue="billing"), "route")]).save(tmp_path / "p.json")
    with pytest.raises(Drift, match="route: was edited"):
        ParameterSet([parameter(Route(queue="other"), "route")]).load(tmp_path / "p.json")


# --- the file


def test_a_write_that_fails_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_bytes()

    def full(*args: object, **kwargs: object) -> None:
        raise OSError("disk full")

    parameters = support()
    for name in ("write_text", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(Path, name, full)
            with pytest.raises(OSError, match="disk full"):
                parameters.save(file)
        assert file.read_bytes() == before
        assert list(file.parent.iterdir()) == [file]


def test_a_file_is_replaced_as_a_whole(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moves = []
    replace = Path.replace

    def noted(self: Path, target: Path) -> Path:
        moves.append((json.loads(self.read_text(encoding="utf-8"))["format"], Path(target)))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", noted)
    support().save(file)
    assert moves == [("trace-parameters", file)]
    assert list(file.parent.iterdir()) == [file]


def test_threads_may_save_to_the_same_file(tmp_path: Path) -> None:
    parameters, path, errors = support(), tmp_path / "p.json", []

    def work() -> None:
        try:
            for _ in range(20):
                parameters.save(path)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert errors == []
    assert list(tmp_path.iterdir()) == [path]
    support().load(path)


def test_no_file_is_the_usual_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        support().load(tmp_path / "none.json")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"not JSON",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"format": "trace-graph", "version": 1, "parameters": {}}',
        b'{"format": "trace-parameters", "version": 2, "parameters": {}}',
        b'{"format": "trace-parameters", "version": 1}',
        b'{"format": "trace-parameters", "version": 1, "parameters": []}',
        b'{"format": "trace-parameters", "version": 1, "parameters": {"a": 1}}',
        b'{"format": "trace-parameters", "version": 1, "parameters": {"a": {"type": "x"}}}',
        b"[" * 100_000,
        b'{"format": "trace-parameters", "version": ' + b"9" * 5_000 + b"}",
        pickle.dumps({"format": "trace-parameters"}),
    ],
    ids=lambda each: str(each[:40]),
)
def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(content)
    for on_drift in ("raise", "skip", "load"):
        parameters = support()
        with pytest.raises(Drift, match=r"p\.json"):
            parameters.load(path, on_drift=on_drift)  # type: ignore[arg-type]
        assert [each.version for each in parameters.values()] == [0, 0, 0]


def deep(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"$": "tuple", "items": [value]}
    return value


@pytest.mark.parametrize(
    "value",
    [
        {"$": "opaque", "type": "os.system"},
        [{"$": "opaque", "type": "os.system"}],
        {"$": "pickle", "data": "gASVBQ=="},
        {"$": ["tuple"]},
        {"$": "tuple"},
        {"$": "tuple", "items": 5},
        {"$": "set", "items": [[1]]},
        {"$": "dict", "items": [[1]]},
        {"$": "dict", "items": [[[], 1]]},
        {"$": "bytes", "hex": "zz"},
        {"$": "float", "text": "one"},
        {"$": "float", "text": "nan"},
        {"$": "float", "text": "inf"},
        deep(200),
        deep(60),
        "\ud800",
        None,
        5,
    ],
    ids=lambda each: str(each)[:40],
)
@pytest.mark.parametrize("on_drift", ["raise", "load"])
def test_a_hostile_value_is_refused_and_writes_nothing(file: Path, value: Any, on_drift: Any) -> None:
    edited(file, **{"parameters__support.prompt__value": value})
    parameters = support()
    with pytest.raises((Drift, InvalidValue), match=r"support\.prompt"):
        parameters.load(file, on_drift=on_drift)
    assert [each.version for each in parameters.values()] == [0, 0, 0]


@pytest.mark.parametrize("value", [{"$": "opaque", "type": "x"}, {"$": "float", "text": "nan"}, deep(60), deep(400)])
def test_a_hostile_value_is_refused_where_any_type_is_taken(tmp_path: Path, value: Any) -> None:
    parameters = ParameterSet([parameter("x", "p", type=Any)])
    parameters.save(tmp_path / "p.json")
    edited(tmp_path / "p.json", parameters__p__value=value)
    with pytest.raises((Drift, InvalidValue), match="p: "):
        parameters.load(tmp_path / "p.json")
    assert parameters["p"].data == "x"


@pytest.mark.parametrize("field", ["original", "type"])
@pytest.mark.parametrize("value", [None, 5, [], "x"])
def test_an_entry_whose_origin_is_no_text_is_drift(file: Path, field: str, value: Any) -> None:
    edited(file, **{f"parameters__temperature__{field}": value})
    with pytest.raises(Drift, match="temperature: "):
        support().load(file)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_loaded_whole_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "p.json"
    parameters = support()
    parameters.set(LEARNED)
    parameters.save(path)
    content = path.read_bytes()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 30)))
    path.write_bytes(
        content[:start] + data.draw(st.binary(max_size=4) | st.just(content[start:end] * 2)) + content[end:]
    )
    fresh = support()
    before = fresh.state_dict()
    try:
        fresh.load(path, on_drift=data.draw(st.sampled_from(["raise", "skip", "load"])))
    except (Drift, InvalidValue):
        assert fresh.state_dict() == before
    else:
        assert {name: each.check(each.data) for name, each in fresh.items()} == fresh.state_dict()


def test_no_code_is_stored_or_run() -> None:
    import trace_core.saving

    source = Path(trace_core.saving.__file__).read_text(encoding="utf-8")
    assert not any(f"import {name}" in source for name in ("pickle", "marshal", "shelve", "importlib"))


def test_a_type_with_a_function_in_it_is_the_same_in_another_process(tmp_path):
    def made():
        def even(value):
            return value

        return node(2, trainable=True, name="n", type=Annotated[int, AfterValidator(even)])

    kept = [made(), made()]  # both alive: their functions have two addresses
    ParameterSet([kept[0]]).save(tmp_path / "n.json")
    ParameterSet([kept[1]]).load(tmp_path / "n.json")
