"""Whatever an LLM answers, a step does not crash, and each parameter has its old value or a checked one."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from tests.core.optimizers import answers_table as table
from trace_core.bundles import bundle
from trace_core.llm.chat import Message
from trace_core.llm.replay import ReplayChat
from trace_core.optimizers import OPRO, NothingChanged, OptoPrime, TextGrad
from trace_core.parameter_nodes import node
from trace_core.parameters import ParameterSet
from trace_core.validators import Placeholders

GOOD = [
    case for case in table.CASES if case.values and not case.reason and case.asked in ("settings", "prompt", "agent")
]


@bundle
def gathered(values):
    """Put together."""
    return list(values)


def asked(which: str) -> ParameterSet:
    prompt = node("Answer {question}", trainable=True, name="support.prompt", validators=[Placeholders({"question"})])
    temperature = node(0.7, trainable=True, name="temperature", type=Annotated[float, Field(ge=0, le=2)])
    if which == "prompt":
        return ParameterSet([prompt])
    if which == "agent":
        code = node(table.CURRENT, trainable=True, name="strange_sort.code", kind="code", type=str)
        return ParameterSet([prompt, code, temperature])
    return ParameterSet(
        [
            temperature,
            node("terse", trainable=True, name="style", type=Literal["terse", "friendly"]),
            node(3, trainable=True, name="retries"),
            node(False, trainable=True, name="stream"),
            node(["END", "."], trainable=True, name="stops", type=list[str]),
            node("Hello", trainable=True, name="greeting", type=str | None),
        ]
    )


def damaged(text: str, data: st.DataObject) -> str:
    for _ in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 40)))
        pieces = [
            "",
            text[start:end] * 2,
            "}",
            '"',
            "```",
            "\n",
            "\\",
            "null",
            "NaN",
            "1e999",
            "<",
            "\ud800",
            "\0",
            "{x}",
        ]
        middle = data.draw(st.sampled_from(pieces) | st.text(max_size=5))
        text = text[:start] + middle + text[end if data.draw(st.integers(0, 9)) else len(text) :]
    return text


@settings(max_examples=250, deadline=None)
@given(case=st.sampled_from(GOOD), data=st.data(), kind=st.sampled_from([OptoPrime, OPRO, TextGrad]))
def test_whatever_is_answered_nothing_crashes_and_every_parameter_is_whole(
    case: table.Case, data: st.DataObject, kind: Any
) -> None:
    parameters = asked(case.asked)
    texts = [damaged(case.text, data) for _ in range(2)]
    count = 0

    def reply(messages: Sequence[Message]) -> str:
        nonlocal count
        count += 1
        return texts[count % 2]

    optimizer = kind(parameters, ReplayChat([reply] * 50))
    before = parameters.state_dict()
    gathered([*parameters.values()]).backward("do better")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NothingChanged)
        record = optimizer.step()
    for name, parameter in parameters.items():
        assert parameter.data is before[name] or parameter.check(parameter.data) == parameter.data
        assert len(parameter.history) == 1 + (name in record.changed)
    assert record.after == parameters.state_dict()
    assert bool(record.changed) == bool(record.proposal and record.proposal.values)
    str(record).encode()
