"""What may be changed in a text that LlamaIndex fills."""

from __future__ import annotations

import pytest

pytest.importorskip("llama_index.core")

from trace_llamaindex.formats import Format, NotPlain, SameFields, SameTags, Unfilled

JINJA = '{% chat role="user" %}Read {{ context_str }}, then {{ query_str }}{% endchat %}'


@pytest.mark.parametrize(
    "text",
    ["{b} {a}", "{a}{b}{a}", 'Return JSON {"a": 1} for {a} {b}', "{a} {b} {0} {} {c!r} {c:>9}", "{{a}} {b}"],
)
def test_a_template_keeps_its_placeholders(text: str) -> None:
    SameFields("{a} {b}")(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{a}", r"the placeholder \{b\} is missing; keep it"),
        ("{a} {b} {c}", r"the placeholder \{c\} is not known; only \{a\}, \{b\} may stand in braces"),
        ("{a} {b.c}", r"\{b\} is missing"),
        ("{a!r} {b}", r"\{a\} is missing"),
    ],
)
def test_a_template_that_would_be_filled_otherwise(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        SameFields("{a} {b}")(text)


def test_a_template_without_placeholders_gets_none() -> None:
    with pytest.raises(ValueError, match=r"\{a\} is not known; there is none here"):
        SameFields("Be brief.")("Be {a}.")


def test_a_format_string_is_shown_as_it_is_seen_and_written_with_its_braces_doubled() -> None:
    form = Format('{a} {{"x": 1}}', ("a",))
    assert form.text('{a} {{"x": 1}}') == '{a} {"x": 1}'
    assert form.written('{"y": {z}} {a}') == '{{"y": {{z}}}} {a}'
    form('{"y": {0}} {a}')


@pytest.mark.parametrize("text", ["nothing", "{a.__class__}", "{a} {b}", "{a[0]}", "{a:>999999999}"])
def test_a_format_string_that_would_be_filled_otherwise(text: str) -> None:
    with pytest.raises(ValueError, match=r"is missing|is not known|must be written"):
        Format("{a}", ("a",))(text)


@pytest.mark.parametrize("first", ["{a} {b}", "{a} {", "{a} {{b}"])
def test_a_format_string_that_cannot_be_filled_is_not_learned(first: str) -> None:
    with pytest.raises(NotPlain):
        Format(first, ("a",))


def test_a_text_in_a_template_may_have_other_braces() -> None:
    rule = Unfilled(("a",))
    rule('{"a": 1} {b}')
    with pytest.raises(ValueError, match=r"\{a\} would be filled in here"):
        rule("{a}")


def test_the_texts_around_jinja_tags_may_change() -> None:
    SameTags(JINJA)(JINJA.replace("Read", 'Return JSON {"a": 1}. Study'))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (JINJA.replace("{{ query_str }}", ""), "these tags must stay"),
        (JINJA.replace("query_str", "query_str.__class__"), "these tags must stay"),
        (JINJA.replace("then", "then {% for x in range(999999999) %}{% endfor %}"), "these tags must stay"),
        (JINJA.replace("then", "then {{ lipsum"), "these tags must stay|begin tags"),
        (JINJA.replace("then", "then {% "), "these tags must stay|begin tags"),
        (f"Be brief. {JINJA}", "a text before, between or behind messages is not sent"),
    ],
)
def test_jinja_tags_stay_as_they_are(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        SameTags(JINJA)(text)
