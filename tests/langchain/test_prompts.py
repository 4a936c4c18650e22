"""What can be learned of prompts, and what may be written into them."""

from __future__ import annotations

import datetime
import warnings
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.prompts import (
    ChatPromptTemplate,
    FewShotChatMessagePromptTemplate,
    FewShotPromptTemplate,
    FewShotPromptWithTemplates,
    PromptTemplate,
)
from trace_langchain import NotExposed, expose

from trace_core.errors import InvalidValue


def prompt(text: str, form: Any = "f-string") -> PromptTemplate:
    return PromptTemplate.from_template(text, template_format=form)


# --- placeholders that are written with a conversion or a format


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("Costs {x:.2f}", 2.5, "Costs 2.50"),
        ("On {x:%Y-%m-%d}", datetime.date(2026, 1, 2), "On 2026-01-02"),
        ("Got {x!r}", "it", "Got 'it'"),
        ("Cut {x:.0}", "it", "Cut "),
    ],
)
def test_a_placeholder_as_it_was_written_or_plain(text: str, value: Any, shown: str) -> None:
    made = prompt(text)
    [parameter] = expose(made).values()
    assert parameter.data == text
    assert made.format(x=value) == shown
    parameter.set("New: " + text)
    assert made.format(x=value) == "New: " + shown
    parameter.set("New: {x}")
    assert made.format(x=value) == f"New: {value}"


def test_another_format_could_not_be_rendered() -> None:
    [parameter] = expose(prompt("Costs {price:.2f} for {name}")).values()
    with pytest.raises(InvalidValue, match=r"\{price:\.3f\} must be written \{price\} or \{price:\.2f\}"):
        parameter.set("Costs {price:.3f} for {name}")
    with pytest.raises(InvalidValue, match=r"\{name:>99\} must be written \{name\}"):
        parameter.set("Costs {price} for {name:>99}")


# --- braces that are text


@pytest.mark.parametrize(
    "text", ["Answer {answer: string}", "As {answer:string}", "As {a: .2f}", 'As {"a": {x}}', "{ y }"]
)
def test_braces_that_do_not_look_like_a_placeholder_are_text(text: str) -> None:
    made = prompt("Old {x}")
    [parameter] = expose(made).values()
    parameter.set(text + " for {x}")
    assert made.format(x="tree") == text.replace("{x}", "tree") + " for tree"


@pytest.mark.parametrize("text", ["{x} {y}", "{x} {y:.2f}", "{x} {y!r}", "{x} {y:>10}", "{x} {y:%Y}", "{x} {y:}"])
def test_what_looks_like_a_placeholder_is_refused(text: str) -> None:
    [parameter] = expose(prompt("Old {x}")).values()
    with pytest.raises(InvalidValue, match=r"\{y\} is not known; only \{x\}"):
        parameter.set(text)


# --- mustache


def test_mustache_placeholders_are_named_as_they_are_written() -> None:
    made = prompt("{{x}} {{{raw}}} {{#items}}- {{name}}{{/items}} {{^items}}none{{/items}}", "mustache")
    [parameter] = expose(made).values()
    kept = "{{^items}}…{{/items}}, {{{raw}}}, {{#items}}…{{/items}}, {{name}}, {{x}}"
    assert f"keep the placeholders {kept} and add no other" in [str(rule) for rule in parameter.validators]
    parameter.set("{{#items}}{{name}};{{/items}}{{^items}}no{{/items}} {{{raw}}} {{x}} {literal}")
    assert made.format(x=1, raw="<", items=[{"name": "a"}, {"name": "b"}]) == "a;b; < 1 {literal}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Answer {x}", r"the placeholder \{\{x\}\} is missing"),
        ("{{x}} {{y}}", r"the placeholder \{\{y\}\} is not known; only \{\{x\}\} may stand in braces"),
        ("{{#x}}yes{{/x}}", r"the placeholder \{\{x\}\} is missing"),
        ("{{x}} {{#x}}yes", "the text cannot be rendered"),
        ("{{x}} {{x", "the text cannot be rendered"),
    ],
)
def test_mustache_refusals(text: str, reason: str) -> None:
    [parameter] = expose(prompt("Q {{x}}", "mustache")).values()
    with pytest.raises(InvalidValue, match=reason):
        parameter.set(text)


# --- content blocks


def blocks(*texts: str) -> list[str | dict[str, Any]]:
    image = {"type": "image_url", "image_url": {"url": "https://example.org/tree.png"}}
    return [image, *({"type": "text", "text": text, "cache_control": {"type": "ephemeral"}} for text in texts)]


def test_the_text_of_a_static_message_of_content_blocks() -> None:
    message = SystemMessage(content=blocks("Old one."))
    made = ChatPromptTemplate([message, ("human", "{x}")])
    parameters = expose(made)
    assert {name: (each.kind, each.data) for name, each in parameters.items()} == {
        "prompt.system": ("system_prompt", "Old one."),
        "prompt.human": ("prompt", "{x}"),
    }
    with parameters.candidate({"prompt.system": "Candidate."}):
        assert made.invoke({"x": 1}).to_messages()[0].content == blocks("Candidate.")
    parameters["prompt.system"].set("New one.")
    assert made.invoke({"x": 1}).to_messages()[0].content == blocks("New one.")
    assert message.content == blocks("Old one.")


def test_each_text_of_several_content_blocks() -> None:
    made = ChatPromptTemplate([HumanMessage(content=["plain", *blocks("one", "two")])])
    parameters = expose(made)
    assert {name: each.data for name, each in parameters.items()} == {
        "prompt": "plain",
        "prompt[1]": "one",
        "prompt[2]": "two",
    }
    parameters.set({"prompt": "other", "prompt[2]": "more"})
    assert made.invoke({}).to_messages()[0].content == ["other", *blocks("one", "more")]


def test_the_template_in_a_content_block_with_other_keys() -> None:
    made = ChatPromptTemplate([("system", blocks("Be {how}, {{so}}."))])
    [parameter] = expose(made).values()
    assert parameter.data == "Be {how}, {so}."
    parameter.set("Stay {how} {always}: yes".replace("{always}", "{always: yes}"))
    assert made.invoke({"how": "calm"}).to_messages()[0].content[1]["text"] == "Stay calm {always: yes}: yes"


# --- few-shot prompts


PAIR = PromptTemplate.from_template("{q}={a}")


def test_few_shot_prompts_made_of_templates() -> None:
    made = FewShotPromptWithTemplates(
        examples=[{"q": "1+1", "a": "2"}],
        example_prompt=PAIR.model_copy(),
        prefix=prompt("Old {how}"),
        suffix=prompt("{x}"),
        example_separator="; ",
        input_variables=["how", "x"],
    )
    parameters = expose(made, kinds=("prompt", "examples"))
    assert list(parameters) == ["prompt.prefix", "prompt.suffix", "prompt.examples", "prompt.example"]
    new = {
        "prompt.prefix": "New {how} {}",
        "prompt.suffix": "{{x}}?",
        "prompt.examples": [{"q": "{1}", "a": "{x}"}],
        "prompt.example": "{q} {} {a}",
    }
    with parameters.candidate(new):
        assert made.format(how="way", x="3") == "New way {}; {1} {} {x}; {3}?"
    assert made.format(how="way", x="3") == "Old way; 1+1=2; 3"
    parameters.set(new)
    assert {name: each.data for name, each in parameters.items()} == new
    assert made.format(how="way", x="3") == "New way {}; {1} {} {x}; {3}?"


def test_braces_in_the_examples_of_a_few_shot_prompt() -> None:
    made = FewShotPromptTemplate(
        examples=[{"q": "{{}}", "a": 2}], example_prompt=PAIR.model_copy(), suffix="{x}", example_separator="; "
    )
    parameters = expose(made, kinds=("prompt", "examples"))
    assert parameters["prompt.examples"].data == [{"q": "{}", "a": 2}]
    parameters.set({"prompt.examples": [{"q": "{x}", "a": "{"}], "prompt.example": "{q} is {{a}}"})
    assert made.format(x=1) == "{x} is {{}; 1"


def test_the_messages_of_chat_examples() -> None:
    each = ChatPromptTemplate([("human", "{q}"), ("ai", "So {a}")])
    made = FewShotChatMessagePromptTemplate(examples=[{"q": "1", "a": "2"}], example_prompt=each)
    parameters = expose(ChatPromptTemplate([made, ("human", "{x}")]), name="sums")
    assert list(parameters) == ["sums.prompt.example.human", "sums.prompt.example.ai", "sums.prompt.human"]
    parameters["sums.prompt.example.ai"].set("Thus {a}")
    assert [message.content for message in made.format_messages()] == ["1", "Thus 2"]


def test_examples_with_the_keys_of_one_of_the_first() -> None:
    given = [{"q": "1", "a": "2"}, {"q": "1", "a": "2", "hint": "?"}]
    made = FewShotPromptTemplate(examples=given, example_prompt=PAIR.model_copy(), suffix="{x}")
    [parameter] = expose(made, kinds="examples").values()
    parameter.set(given[1:])
    with pytest.raises(InvalidValue, match="example 1 must have just the keys a, q or a, hint, q"):
        parameter.set([{"q": "1"}])


# --- what is not offered


def test_templates_that_cannot_be_learned_are_named() -> None:
    jinja = PromptTemplate.model_construct(template="{{ x }}", template_format="jinja2", input_variables=["x"])
    braces = FewShotPromptTemplate(
        examples=[{"q": "{x}", "a": "1"}], example_prompt=prompt("{{x}} {q} {a}"), suffix="{x}", prefix="Sums"
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parameters = expose({"a": jinja, "b": braces}, kinds=("prompt", "examples"))
    assert list(parameters) == ["b.prompt.prefix", "b.prompt.suffix"]
    assert [str(each.message) for each in caught if each.category is NotExposed] == [
        "a.prompt: a jinja2 template can run code; only f-string and mustache templates are learned",
        "b.prompt.examples: a brace in them is a placeholder of the prompt",
        "b.prompt.example: a brace in it is neither text nor one of its placeholders",
    ]
