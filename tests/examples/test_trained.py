"""The programs that the command trains come with files that it takes, and learn from a model that proposes well."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from trace_core.llm import ReplayChat
from trace_train import read_data

pytest.importorskip("typer")
from trace_train.cli.plan import read_plan
from trace_train.cli.training import run_training

EXAMPLES = Path(__file__).parents[2] / "examples"
BBH = EXAMPLES / "bbh"


@pytest.fixture(autouse=True)
def modules_of_their_own() -> Iterator[None]:
    """A module reads the model when it is imported."""
    names = ("ticket_chain", "ticket_agent", "bbh")
    yield
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Trains with a model from a script; gives the report as data."""

    def trained(file: Path, model: Any, *settings: str) -> Any:
        monkeypatch.setattr("trace_core.llm.default.default_llm", lambda: ReplayChat([model] * 1_000))
        places = [f"store={tmp_path / 'store.db'}", f"out={tmp_path / 'learned.json'}"]
        assert run_training(read_plan(file, [*settings, *places]), None, as_json=True, progress=False) == 0
        return json.loads(capsys.readouterr().out)

    return trained


@pytest.mark.parametrize(
    ("file", "name"), [("ticket_chain.toml", "prompt.system"), ("ticket_agent.toml", "router.system_prompt")]
)
def test_tickets_are_routed_better(train: Any, file: str, name: str) -> None:
    queues = {ticket["text"]: ticket["queue"] for ticket in read_data(EXAMPLES / "tickets.jsonl")}

    def model(messages: list[dict[str, str]]) -> str:
        text = messages[-1]["content"]
        if "#Variables" in text:
            return "```\nRoute by the rules.\n```"
        return f"{queues[text].title()}." if "rules" in messages[0]["content"] else "IT"

    report = train(EXAMPLES / file, model)
    assert report["values"] == {name: "Route by the rules."}
    assert report["test"] == {"before": 0.0, "after": 1.0, "count": 40, "of": 40}


@pytest.mark.parametrize("task", ["navigate", "object_counting", "word_sorting"])
def test_a_task_of_big_bench_hard_learns_what_the_model_is_told(train: Any, task: str) -> None:
    examples = read_data(BBH / f"{task}.jsonl")
    targets = {example["input"]: example["target"] for example in examples}

    def model(messages: list[dict[str, str]]) -> str:
        text = messages[-1]["content"]
        if "#Variables" in text:
            return "```\nGive the answer alone.\n```"
        return targets[text] if "alone" in messages[0]["content"] else f"It is {targets[text]}."

    report = train(BBH / f"{task}.toml", model)
    assert len(examples) == 250
    assert report["values"] == {"prompt": "Give the answer alone."}
    assert report["test"] == {"before": 0.0, "after": 1.0, "count": 40, "of": 40}
