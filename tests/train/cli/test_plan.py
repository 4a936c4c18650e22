"""What a TOML file and KEY=VALUE arguments say, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("typer")

from trace_train.cli.errors import BadPlan
from trace_train.cli.plan import Plan, read_plan

LEAST = ["program=app:program", "guide=app:guide", "data.file=a.jsonl"]


def plan(*settings: str) -> Plan:
    return read_plan(None, [*LEAST, *settings])


def wrong(*settings: str) -> str:
    with pytest.raises(BadPlan) as caught:
        plan(*settings)
    return str(caught.value)


def test_arguments_alone_make_a_plan() -> None:
    made = plan("seed=7", "data.split=[0.8, 0.2]", "inputs=text", "store=postgresql://u:p@host/db")
    assert (made.seed, made.data.split, made.inputs, made.place) == (7, [0.8, 0.2], "text", made.store)


def test_arguments_count_before_the_file_whose_paths_begin_in_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "train.toml"
    file.parent.mkdir()
    file.write_text(
        'program="a:b"\nguide="Exact"\nseed=1\n[data]\nfile="a.jsonl"\nsplit=[1, 1]\n', encoding="utf-8-sig"
    )
    made = read_plan(file, ["seed=2", "guide.field=queue", "data.split=[2, 1]"])
    assert made.seed == 2
    assert (made.guide.use, made.guide.options) == ("Exact", {"field": "queue"})
    assert (made.data.file, made.data.split) == ("a.jsonl", [2, 1])
    assert made.path(made.out) == tmp_path / "deep" / "learned.json"
    assert Path(made.place) == tmp_path / "deep" / "trace-suite.db"


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.5", 0.5), ("queue", "queue"), ('"0.5"', "0.5"), ("[1, 2]", [1, 2]), ("a\nseed = 3", "a\nseed = 3"), ("", "")],
)
def test_a_value_is_toml_or_else_a_text(text: str, value: object) -> None:
    assert plan(f"guide.given={text}").guide.options == {"given": value}


def test_unknown_keys_are_named_with_the_near_ones() -> None:
    assert wrong("budgt.calls=3") == "the arguments: the key 'budgt' is not known; did you mean budget?"
    assert "the key 'data.tran' is not known; did you mean data.train" in wrong("data.tran=a.csv")
    assert "the key 'strategies.choose' is not known; did you mean strategies.choosing" in wrong(
        "strategies.choose=Best"
    )
    assert "the key 'xyzzy' is not known; there are batch_size, budget, data" in wrong("xyzzy=1")


def test_what_is_missing_or_does_not_fit_is_named() -> None:
    with pytest.raises(BadPlan, match=r"program is missing; guide is missing; data is missing"):
        read_plan(None, [])
    assert "batch_size: Input should be greater than or equal to 1, not 0" in wrong("batch_size=0")
    assert "seed: Input should be a valid integer" in wrong("seed=one")
    assert "data: expected either file (and split), or train" in wrong("data.train=b.jsonl")
    assert "split goes with file" in wrong("data.split=[1, 2, 3, 4]")
    assert "strategies.stopping" in wrong("strategies.stopping=Patience")
    assert "expected a file that is there, or KEY=VALUE" in wrong("seed")
    assert "seed is no table that could hold x" in wrong("seed=1", "seed.x=2")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadPlan, match=r"none\.toml cannot be read: No such file"):
        read_plan(tmp_path / "none.toml", [])
    (tmp_path / "bad.toml").write_text("a = [1,")
    with pytest.raises(BadPlan, match=r"bad\.toml is no TOML file: Invalid value"):
        read_plan(tmp_path / "bad.toml", [])
    (tmp_path / "latin.toml").write_bytes(b'a = "\xe9"')
    with pytest.raises(BadPlan, match=r"latin\.toml is no TOML file"):
        read_plan(tmp_path / "latin.toml", [])


def test_the_file_in_the_documentation_is_one_that_can_be_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "command-line.md").read_text()
    text = page.split("```toml\n")[1].split("```")[0]
    (tmp_path / "train.toml").write_text(text)
    made = read_plan(tmp_path / "train.toml", [])
    assert made.guide.options == {"field": "queue"}
    assert [part.use for part in made.strategies.stopping or ()] == ["Patience", "MaxSteps"]
