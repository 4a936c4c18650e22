"""Every row of what can be learned: rewritten, tried, recorded, refused, reverted, put back."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from trace_llamaindex import Recorder, expose, unexpose

from tests.llamaindex.rows import ROWS, Learned, Row
from trace_core import ParameterNode, ParameterSet
from trace_core.errors import InvalidValue

# What LlamaIndex does itself: its workflows look at all members of an agent, and ReAct asks what it should not.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:is_running called from within a step"),
    pytest.mark.filterwarnings("ignore::trace_llamaindex.NotExposed"),
]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


@pytest.fixture(autouse=True)
def no_loop() -> None:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open


def is_seen(row: Row, program: Learned) -> bool:
    """Whether what shows the value is seen of a new run; after "!", whether it is not."""
    program.run()
    text = program.seen()
    return row.shown[1:] not in text if row.shown.startswith("!") else row.shown in text


def exposed(program: Learned) -> ParameterSet:
    return expose(program.target, name="x", kinds="all")


def value_of(row: Row, parameter: ParameterNode) -> Any:
    return row.value(parameter.data) if callable(row.value) else row.value


@every_row
def test_rewritten_it_is_used_by_the_next_call_and_reverted_no_more(row: Row) -> None:
    program = row.make()
    parameter = exposed(program)[row.parameter]
    assert not is_seen(row, program)
    parameter.set(value_of(row, parameter))
    assert is_seen(row, program), program.seen()
    parameter.revert()
    assert not is_seen(row, program)


@every_row
def test_a_candidate_is_used_and_nothing_is_written(row: Row) -> None:
    program = row.make()
    parameters = exposed(program)
    before = parameters[row.parameter].binding.get()
    with parameters.candidate({row.parameter: value_of(row, parameters[row.parameter])}):
        assert is_seen(row, program), program.seen()
        assert parameters[row.parameter].binding.get() == before
    assert not is_seen(row, program)


@every_row
def test_a_run_says_what_was_read_and_feedback_reaches_it(row: Row) -> None:
    program = row.make()
    parameters = exposed(program)
    parameter = parameters[row.parameter]
    value = value_of(row, parameter)
    parameter.set(value)
    recorder = Recorder()
    with recorder.run() as run:
        program.run()
    assert parameter in run.graph.parameters, run.explain()
    assert run.graph.read(parameter).value == value
    run.output.backward("be better")
    assert parameter.feedback, run.explain()


@every_row
def test_what_was_written_stays_when_it_is_no_longer_exposed(row: Row) -> None:
    program = row.make()
    kind = type(program.target)
    parameters = exposed(program)
    parameters[row.parameter].set(value_of(row, parameters[row.parameter]))
    unexpose(parameters)
    assert type(program.target) is kind
    assert is_seen(row, program) is not row.parameter.endswith(".code")  # learned code is taken out


@every_row
def test_nothing_is_left_where_nothing_was_learned(row: Row) -> None:
    program = row.make()
    program.run()
    before = program.seen()
    unexpose(exposed(program))
    program.run()
    assert program.seen() == before


@every_row
def test_what_would_have_no_effect_or_cannot_be_used_is_refused(row: Row) -> None:
    program = row.make()
    parameter = exposed(program)[row.parameter]
    before = parameter.data
    with pytest.raises(InvalidValue):
        parameter.set(row.refused)
    assert parameter.data == before
    assert not is_seen(row, program)


@every_row
def test_looking_for_what_can_be_learned_touches_nothing_that_is_deprecated(row: Row) -> None:
    target = row.make().target
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        expose(target, name="x", kinds="all")
