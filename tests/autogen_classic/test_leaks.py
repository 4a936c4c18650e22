"""Nothing leaks: no context variable, no hook, no memory."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
from collections.abc import Callable
from typing import Any

import pytest
from trace_autogen.classic import Recorder, clone, expose, private, trace, unexpose, untrace
from trace_autogen.classic.frames import FRAME

from tests.autogen_classic.agents import add, answering, assistant, group, user, with_tools


def ours() -> dict[Any, Any]:
    """What is set here: the call and the run that we are in, and the candidate."""
    names = ("trace_autogen_classic_frame", "trace_overlay", "trace_runs")
    return {variable: value for variable, value in contextvars.copy_context().items() if variable.name in names}


def hooks_in(agent: Any) -> dict[str, list[Any]]:
    return {name: list(hooks) for name, hooks in agent.hook_lists.items()}


def test_a_chat_leaves_no_context_variable() -> None:
    asking, helper = user(), assistant("helper", "Hello.")
    trace(helper, trace(asking))
    before = ours()
    asking.initiate_chat(helper, message="Hi!", max_turns=1, silent=True)
    assert FRAME.get() is None
    assert ours() == before


def test_an_exception_leaves_no_context_variable() -> None:
    asking, helper = user(), assistant("helper", ValueError("no model"))
    recorder, before = trace(helper, trace(asking)), ours()
    with pytest.raises(ValueError, match="no model"):
        asking.initiate_chat(helper, message="Hi!", max_turns=1, silent=True)
    assert ours() == before
    assert not recorder.last.is_active


async def test_a_cancelled_chat_leaves_no_context_variable_and_nothing_open() -> None:
    begun = asyncio.Event()
    asking, helper = user(), assistant("helper")

    async def never(recipient: Any, messages: Any, sender: Any, config: Any) -> tuple[bool, str]:
        begun.set()
        await asyncio.Event().wait()
        return True, "never"

    helper.register_reply([type(asking), None], never, position=0, ignore_async_in_sync_chat=True)
    recorder, before = trace(helper, trace(asking)), ours()
    chat = asyncio.create_task(asking.a_initiate_chat(helper, message="Hi!", max_turns=1, silent=True))
    await begun.wait()
    chat.cancel()
    with pytest.raises(asyncio.CancelledError):
        await chat
    assert ours() == before
    assert not recorder.last.is_active
    helper.script.append("Hello.")
    assert asking.initiate_chat(helper, message="Hi!", max_turns=1, silent=True).summary == "Hello."


def test_events_that_are_left_early_leave_nothing_open() -> None:
    asking, (helper, told) = user(), answering("helper", lambda messages: "Hello.")
    if not hasattr(asking, "run_iter"):
        pytest.skip("this release has no iterator of events")
    recorder, before = trace(helper, trace(asking)), ours()
    for _ in asking.run_iter(helper, message="Hi!", max_turns=50):
        if len(told) > 1:
            break
    assert recorder.last.wait(30)
    assert ours() == before
    assert asking.initiate_chat(helper, message="Hi!", max_turns=1, silent=True).summary == "Hello."


def test_register_hook_lists_are_as_before() -> None:
    asking, helper = user(), assistant("helper", "Hello.")
    with_tools(helper, asking, add)
    manager = group(helper, assistant("critic", "Bad."), rounds=3, script=["helper"])
    manager.groupchat.speaker_selection_method = "auto"
    agents = [asking, manager, *manager.groupchat.agents]
    helper.register_hook("process_message_before_send", lambda sender, message, recipient, silent: message)
    before, attributes = [hooks_in(each) for each in agents], [set(vars(each)) for each in agents]
    for _ in range(3):
        trace(manager, trace(asking))
        parameters = expose([asking, manager], kinds="all")
        untrace(asking)
        unexpose(parameters)
        untrace(manager)
        assert [hooks_in(each) for each in agents] == before
        assert [set(vars(each)) for each in agents] == attributes


def test_what_is_learned_stays_hooked_until_it_is_given_back() -> None:
    helper = assistant("helper")
    before = set(vars(helper))
    recorder, parameters = trace(helper), expose(helper)
    untrace(helper)
    assert private.MODEL_CALL in vars(helper)
    unexpose(parameters)
    assert set(vars(helper)) == before
    assert recorder.runs == ()


def growth(once: Callable[[], None], warm: int, number: int) -> int:
    """How many more objects there are after so many runs; pytest would keep what is logged."""

    def runs(count: int) -> int:
        for _ in range(count):
            once()
        gc.collect()
        return len(gc.get_objects())

    logging.disable(logging.CRITICAL)
    try:
        before = runs(warm)
        return abs(runs(number) - before)
    finally:
        logging.disable(logging.NOTSET)


def chatting() -> Callable[[], None]:
    """A chat of two, with a tool."""
    asking, (helper, told) = user(), answering("helper", lambda messages: "Hello.", system_message="Be brief.")
    recorder = trace(helper, trace(asking, Recorder(max_runs=3)))
    parameters = expose(helper)

    def once() -> None:
        with parameters.candidate({"helper.system_prompt": "Be kind."}):
            result = asking.initiate_chat(helper, message="Hi!", max_turns=1, silent=True)
        assert recorder.output(result).data == "Hello."
        told.clear()

    return once


def cloning() -> Callable[[], None]:
    """A chat of clones that are traced for its time."""
    asking, (helper, told) = user(), answering("helper", lambda messages: "Hello.", system_message="Be brief.")
    recorder, parameters = Recorder(max_runs=3), expose(helper)

    def once() -> None:
        agents = clone([asking, helper])
        for each in agents:
            trace(each, recorder)
        agents[0].initiate_chat(agents[1], message="Hi!", max_turns=1, silent=True)
        for each in agents:
            untrace(each)
        assert recorder.last.output.data == "Hello."
        told.clear()
        assert len(parameters) == 1

    return once


@pytest.mark.parametrize("make", [chatting, cloning])
def test_memory_stays_flat(make: Callable[[], Callable[[], None]]) -> None:
    assert growth(make(), 60, 200) < 200


@pytest.mark.long
@pytest.mark.parametrize("make", [chatting, cloning])
def test_no_growth_over_two_thousand_runs(make: Callable[[], Callable[[], None]]) -> None:
    assert growth(make(), 100, 2000) < 500
