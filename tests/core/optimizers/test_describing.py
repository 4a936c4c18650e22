"""What an LLM is shown of a value that is no plain data, and of its type."""

from __future__ import annotations

import dataclasses
import datetime
import enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from tests.core.optimizers.problem_program import about
from trace_core.bundles import bundle
from trace_core.llm.replay import ReplayChat
from trace_core.optimizers import OPRO, NothingChanged, OptoPrime, Proposal, StepRecord, TextGrad
from trace_core.optimizers.answer_format import schema
from trace_core.optimizers.describing import constraints
from trace_core.parameter_nodes import ParameterNode, node


class Route(BaseModel):
    queue: Literal["billing", "other"]
    weight: Annotated[float, Field(ge=0)] = 1.0
    key: SecretStr = SecretStr("sk-secret")


class Tree(BaseModel):
    name: str
    parts: list[Tree] = []


@dataclasses.dataclass
class Window:
    start: int


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Client:
    def __repr__(self) -> str:
        return "Client(sk-secret)"


@bundle
def used(value: Any) -> str:
    """Use it."""
    return "done"


def learned(value: Any, type: Any = None) -> ParameterNode:
    return node(value, trainable=True, name="x", type=type)


ROUTE = "object of {queue: one of 'billing', 'other', weight: number at least 0, key: password}"


@pytest.mark.parametrize(
    ("value", "type", "shown", "constraint"),
    [
        (Route(queue="other"), None, "{'queue': 'other', 'weight': 1.0, 'key': '**********'}", ROUTE),
        ([Window(1)], list[Window], "[{'start': 1}]", "array of object of {start: integer}"),
        (Colour.RED, None, "'red'", "one of 'red', 'blue'"),
        (datetime.date(2024, 1, 2), None, "'2024-01-02'", "date"),
        ("auto", Literal["auto"] | int, "'auto'", "'auto' or integer"),
        (3, int | str | None, "3", "integer or string"),
        (Tree(name="a"), None, "{'name': 'a', 'parts': []}", "object of {name: string, parts: array of object}"),
        (["a"], list[str], "['a']", "array of string"),
    ],
    ids=lambda each: str(each)[:30],
)
def test_a_value_and_its_type_are_written_out(value: Any, type: Any, shown: str, constraint: str) -> None:
    parameter = learned(value, type)
    used(parameter).backward("bad")
    text = str(OptoPrime(parameter, ReplayChat([])).problem())
    assert about(text, "Variables", 1) == f"x = {shown}"
    assert constraints({"x": parameter}) == [f"x: {constraint}"]


def test_a_model_that_holds_itself_has_its_definition_in_the_schema() -> None:
    assert list(schema({"x": learned(Tree(name="a"))})["$defs"]) == ["v0_Tree"]


@pytest.mark.parametrize("kind", [OPRO, TextGrad])
def test_every_optimizer_shows_it(kind: Any) -> None:
    parameter = learned(Window(1))
    chat = ReplayChat(["change it", "nonsense"])
    optimizer = kind(parameter, chat, retries=0)
    used(parameter).backward("bad")
    with pytest.warns(NothingChanged):
        optimizer.step()
    assert "{'start': 1}" in chat.calls[-1][0]["content"]


def test_an_older_value_is_written_out_as_the_present_one_is() -> None:
    parameter = learned(Window(1))
    output = used(parameter)
    parameter.set(Window(2))
    output.backward("bad")
    text = str(OptoPrime(parameter, ReplayChat([])).problem())
    assert about(text, "Inputs", 1) == "x_v0 = {'start': 1}"


def test_what_no_type_writes_is_shown_by_its_type_in_problems_and_records() -> None:
    parameter = learned(Client())
    used(parameter).backward("bad")
    assert "x = <" in about(str(OptoPrime(parameter, ReplayChat([])).problem()), "Variables", 1)
    proposal = Proposal({"x": Client()}, {"x": "old"})
    record = StepRecord(proposal=proposal, before={"x": "old"}, after={"x": Client()})
    for text in (proposal.diff(), repr(proposal), repr(record), str(record)):
        assert "secret" not in text
    assert "+<" in proposal.diff()


def test_a_model_is_compared_by_what_it_holds() -> None:
    assert Proposal({"x": Window(2)}, {"x": Window(1)}).diff().endswith("-{'start': 1}\n+{'start': 2}")


def test_a_masked_secret_does_not_become_the_secret() -> None:
    parameter = learned(Route(queue="other"))
    used(parameter).backward("bad")
    answer = '{"suggestion": {"x": {"queue": "billing", "key": "**********"}}}'
    with pytest.warns(NothingChanged, match="in place of a secret"):
        OptoPrime(parameter, ReplayChat([answer]), retries=0).step()
    assert parameter.data.key.get_secret_value() == "sk-secret"
