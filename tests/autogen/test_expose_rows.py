"""Every row of what can be learned: rewritten, tried, dumped, refused, reverted, put back."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from trace_autogen import expose, unexpose

from tests.autogen.rows import ROWS, Row
from trace_core.errors import InvalidValue

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


async def seen(row: Row, program: Any) -> str:
    """What is seen of a run of the program, which begins anew."""
    if hasattr(program, "reset"):
        await program.reset()
    return row.seen(program, await program.run(task="go"))


def loaded(program: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of AutoGen: a tool's source is executed
        return type(program).load_component(program.dump_component())


@every_row
async def test_rewritten_it_is_used_from_the_next_turn_on_and_reverted_no_more(row: Row) -> None:
    program = row.make()
    parameter = expose(program, name="x", kinds="all")[row.parameter]
    assert row.shown not in await seen(row, program)
    parameter.set(row.value)
    assert row.shown in await seen(row, program)
    parameter.revert()
    assert row.shown not in await seen(row, program)


@every_row
async def test_what_was_written_stays_when_it_is_no_longer_exposed(row: Row) -> None:
    program = row.make()
    kind = type(program)
    parameters = expose(program, name="x", kinds="all")
    parameters[row.parameter].set(row.value)
    unexpose(parameters)
    assert type(program) is kind
    assert row.shown in await seen(row, program)


@every_row
async def test_a_candidate_is_used_and_nothing_is_written(row: Row) -> None:
    program = row.make()
    parameters = expose(program, name="x", kinds="all")
    before = program.dump_component()
    with parameters.candidate({row.parameter: row.value}):
        assert row.shown in await seen(row, program)
        assert program.dump_component().config.keys() == before.config.keys()
        assert str(row.value) not in str(program.dump_component().config.get(row.parameter.rpartition(".")[2]))
    assert row.shown not in await seen(row, program)


@every_row
async def test_a_dump_gives_the_learned_value_and_behaves_the_same_where_it_is_loaded(row: Row) -> None:
    program = row.make()
    expose(program, name="x", kinds="all")[row.parameter].set(row.value)
    assert row.shown in await seen(row, loaded(program))


@every_row
def test_what_does_not_fit_is_refused(row: Row) -> None:
    program = row.make()
    parameter = expose(program, name="x", kinds="all")[row.parameter]
    before = parameter.data
    with pytest.raises(InvalidValue):
        parameter.set(row.refused)
    assert parameter.data == before


@every_row
async def test_exposed_after_a_run_it_is_used_too(row: Row) -> None:
    program = row.make()
    await seen(row, program)
    parameters = expose(program, name="x", kinds="all")
    with parameters.candidate({row.parameter: row.value}):
        assert row.shown in await seen(row, program)
    parameters[row.parameter].set(row.value)
    assert row.shown in await seen(row, program)
