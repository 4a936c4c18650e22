"""What an optimizer's LLM is asked for, and what is read from whatever it answers."""

from __future__ import annotations

import ast
import json
import warnings
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model

from tests.core.optimizers import answers_table as table
from trace_core.errors import InvalidCode, UnusableAnswer
from trace_core.optimizers.answer import Answer, parse
from trace_core.optimizers.answer_format import answers_in_blocks, format_instruction, schema
from trace_core.parameter_nodes import ParameterNode, node
from trace_core.validators import Placeholders


def function(name: str, *arguments: str) -> Any:
    def check(value: str) -> None:
        try:
            with warnings.catch_warnings(action="ignore"):
                body = ast.parse(value).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise InvalidCode(name, f"does not compile: {error}") from error
        found = [each for each in body if isinstance(each, ast.FunctionDef) and each.name == name]
        if len(found) != 1:
            raise InvalidCode(name, f"must define {name} once; is {value[:20]!r}")
        if [each.arg for each in found[0].args.args] != [*arguments]:
            raise InvalidCode(name, "the signature must stay as it was")

    return check


def parameters(*made: ParameterNode) -> dict[str, ParameterNode]:
    return {each.name: each for each in made}


def parameter(name: str, data: Any, **options: Any) -> ParameterNode:
    return node(data, trainable=True, name=name, **options)


def code(name: str, source: str, *arguments: str) -> ParameterNode:
    checks = [function(name, *arguments)]
    return parameter(f"{name}.code", source, kind="code", type=str, validators=checks)


def prompt() -> ParameterNode:
    return parameter("support.prompt", "Answer {question}", validators=[Placeholders({"question"})])


def temperature() -> ParameterNode:
    return parameter("temperature", 0.7, type=Annotated[float, Field(ge=0, le=2)])


def short_settings() -> dict[str, ParameterNode]:
    return parameters(
        temperature(),
        parameter("style", "terse", type=Literal["terse", "friendly"]),
        parameter("retries", 3),
        parameter("stream", False),
        parameter("cache", True),
        parameter("stops", ["END", "."], type=list[str]),
        parameter("weights", [1.0], type=list[float]),
        parameter("scale", 1.0),
        parameter("greeting", "Hello", type=str | None),
    )


def strange_sort() -> ParameterNode:
    return code("strange_sort", table.CURRENT, "lst")


def router() -> ParameterNode:
    return parameter("support.prompt", table.ROUTER)


ASKED: dict[str, dict[str, ParameterNode]] = {
    "router": parameters(router()),
    "prompts": parameters(router(), parameter("summary.prompt", "Sum it.")),
    "mixed": parameters(router(), temperature()),
    "settings": short_settings(),
    "prompt": parameters(prompt()),
    "code": parameters(strange_sort()),
    "functions": parameters(strange_sort(), code("route", 'def route(text):\n    return "other"', "text")),
    "agent": parameters(prompt(), strange_sort(), temperature()),
}


def reading(case: table.Case) -> Answer:
    return parse(case.text, ASKED[case.asked], case.finish_reason)


@pytest.mark.parametrize("case", table.CASES, ids=lambda case: case.title)
def test_an_answer_comes_to_what_the_table_says(case: table.Case) -> None:
    if case.reason and not case.refused:
        with pytest.raises(UnusableAnswer) as caught:
            reading(case)
        assert case.reason in caught.value.reason
        return
    answer = reading(case)
    assert answer.values == case.values
    assert {name: type(each) for name, each in answer.values.items()} == {
        name: type(each) for name, each in case.values.items()
    }
    assert [*answer.refusals] == ([case.refused] if case.refused else [])
    assert case.reason in answer.refusals.get(case.refused, "")


def test_the_table_is_as_large_as_it_claims_to_be() -> None:
    assert len({case.title for case in table.CASES}) == len(table.CASES) >= 60
    assert sum(bool(case.values) and not case.reason for case in table.CASES) >= 25
    assert sum(bool(case.reason) for case in table.CASES) >= 30


def test_reading_an_answer_writes_nothing() -> None:
    before = {name: (each.data, each.version) for asked in ASKED.values() for name, each in asked.items()}
    for case in table.CASES:
        try:
            reading(case)
        except UnusableAnswer:
            continue
    assert before == {name: (each.data, each.version) for asked in ASKED.values() for name, each in asked.items()}


GOOD = [case for case in table.CASES if case.values and not case.reason]


@settings(max_examples=600, deadline=None)
@given(case=st.sampled_from(GOOD), data=st.data())
def test_a_damaged_answer_gives_checked_values_or_is_unusable(case: table.Case, data: st.DataObject) -> None:
    text = case.text
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 40)))
        middle = data.draw(
            st.sampled_from(["", text[start:end] * 2, "}", '"', "```", "\n", "\\", ",", "null", "<", "\ud800", "\0"])
            | st.text(max_size=5)
        )
        text = text[:start] + middle + text[end if data.draw(st.integers(0, 9)) else len(text) :]
    asked = ASKED[case.asked]
    try:
        answer = parse(text, asked)
    except UnusableAnswer:
        return
    for name, value in answer.values.items():
        assert asked[name].check(value) == value != asked[name].data
    assert all(answer.refusals.values())
    json.dumps([answer.reasoning, answer.refusals], ensure_ascii=False).encode()


@pytest.mark.parametrize("case", [case for case in GOOD if case.text[:1] == "{"], ids=lambda case: case.title)
def test_a_json_answer_that_is_cut_anywhere_gives_no_other_value(case: table.Case) -> None:
    for length in range(len(case.text)):
        try:
            answer = parse(case.text[:length], ASKED[case.asked])
        except UnusableAnswer:
            continue
        assert answer.values == case.values


def test_the_reasoning_is_kept() -> None:
    asked = ASKED["settings"]
    assert parse('{"reasoning": "so {x}", "suggestion": {"retries": 5}}', asked).reasoning == "so {x}"
    assert parse("<think>less is more</think>retries = 1", asked).reasoning == "retries = 1"
    assert parse(f"It must alternate.\n\n{table.FIXED}", ASKED["code"]).reasoning == "It must alternate."
    assert parse(f"It must alternate.\n```\n{table.FIXED}\n```", ASKED["code"]).reasoning == "It must alternate."


class Route(BaseModel):
    queue: Literal["billing", "other"]
    limit: Annotated[int, Field(ge=1)] = 3


def test_the_schema_holds_an_answer_to_its_form() -> None:
    made = schema(short_settings())
    suggestion = made["properties"]["suggestion"]
    assert made["required"] == ["reasoning", "suggestion"]
    assert made["additionalProperties"] is False is suggestion["additionalProperties"]
    assert suggestion["required"] == [*suggestion["properties"]] == [*short_settings()]
    assert suggestion["properties"]["temperature"] == {
        "anyOf": [{"maximum": 2, "minimum": 0, "type": "number"}, {"type": "null"}]
    }
    assert suggestion["properties"]["style"]["anyOf"][0]["enum"] == ["terse", "friendly"]
    assert suggestion["properties"]["greeting"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}


def test_models_in_the_schema_are_closed_and_do_not_share_names() -> None:
    other = create_model("Route", default=(str, ...))
    first = parameter("a", [Route(queue="other")], type=list[Route])
    made = schema(parameters(first, parameter("b", [other(default="x")], type=list[other])))
    assert set(made["$defs"]) == {"v0_Route", "v1_Route"}
    assert made["$defs"]["v0_Route"]["required"] == ["queue", "limit"]
    assert made["$defs"]["v0_Route"]["additionalProperties"] is False
    assert "default" not in made["$defs"]["v0_Route"]["properties"]["limit"]
    assert made["$defs"]["v1_Route"]["required"] == ["default"]
    assert made["properties"]["suggestion"]["properties"]["a"]["anyOf"][0]["items"] == {"$ref": "#/$defs/v0_Route"}


def test_lengths_are_left_out_of_the_schema_since_a_server_would_cut_the_text() -> None:
    short = parameter("label", "x", kind="setting", type=Annotated[str, Field(max_length=5)])
    assert schema(parameters(short))["properties"]["suggestion"]["properties"]["label"] == {"type": "string"}


def test_code_and_long_text_are_asked_for_in_blocks_and_short_values_in_json() -> None:
    assert not answers_in_blocks(short_settings())
    assert answers_in_blocks(ASKED["code"])
    assert answers_in_blocks(ASKED["prompt"])
    assert answers_in_blocks(ASKED["agent"])
    assert answers_in_blocks(parameters(parameter("note", "two\nlines", kind="description")))
    assert answers_in_blocks(parameters(parameter("note", "long " * 50, kind="tool_description")))
    assert not answers_in_blocks(parameters(parameter("note", "short", kind="description")))


def test_a_lone_short_text_is_asked_for_in_json_that_must_change_it() -> None:
    lone = parameters(parameter("note", "short", kind="description"))
    asked = 'Write a new note that replaces the old one. Answer as JSON: {"suggestion": {"note": ...}}.'
    assert format_instruction(lone) == asked
    assert schema(lone)["properties"]["suggestion"]["properties"] == {"note": {"type": "string"}}
    assert "reasoning" not in schema(lone)["properties"]


def test_the_instruction_is_short_and_does_not_depend_on_values() -> None:
    assert format_instruction(ASKED["code"]).endswith("Give the corrected function in one block.")
    assert format_instruction(ASKED["prompt"]).endswith("Give it in one block.")
    for name, asked in ASKED.items():
        instruction = format_instruction(asked)
        assert len(instruction) < 250, name
        assert not any(str(each.data) in instruction for each in asked.values() if len(str(each.data)) > 3)
    several = format_instruction(ASKED["agent"])
    assert "support.prompt and of " in several
    assert "reason" not in several


@pytest.mark.parametrize("asked", ["agent", "functions"])
def test_an_llm_that_repeats_the_form_it_was_shown_changes_nothing(asked: str) -> None:
    with pytest.raises(UnusableAnswer):
        parse(format_instruction(ASKED[asked]), ASKED[asked])
