"""One evaluation after another: what is a score, what is not, what is run again."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar
from typing import Any

import pytest

from tests.train.synthetic import AnyOrder, closeness, digits, examples, program, show, trainer
from trace_core import ParameterSet, bind, bundle, node
from trace_core.errors import CandidateNotSeen
from trace_train import Exact, InvalidGuide, MaxSteps, MemoryJournal
from trace_train.records import Evaluation, Failures

NO_STEPS = {"stopping": [MaxSteps(0)]}


def evaluated(run: Any, guide: Any = closeness, count: int = 4, **options: Any) -> list[Evaluation]:
    """What came of a program on some examples, in order."""
    parameters = options.pop("parameters", None) or digits()
    journal = MemoryJournal()
    settings = {"parallel": 2, **NO_STEPS, **options}
    made = trainer(
        parameters, run(parameters), guide, **{k: settings.pop(k) for k in ("repeats", "failing") if k in settings}
    )
    made.fit(examples(count), journal=journal, **settings)
    by_example = {key.example: evaluation for key, evaluation in journal.evaluations.items()}
    from trace_train.data import Examples

    return [by_example[example.id] for example in Examples(examples(count)) if example.id in by_example]


def test_a_node_keeps_its_trace_and_a_value_has_none() -> None:
    [with_trace, *_] = evaluated(program)
    assert with_trace.trace is not None
    assert with_trace.trace["nodes"][-1]["op"] == "show"
    assert with_trace.output == 0
    assert (with_trace.score, with_trace.feedback) == (pytest.approx(2 / 9), "should be 7")
    [without, *_] = evaluated(lambda parameters: lambda i: 7)
    assert (without.trace, without.output, without.score) == (None, 7, 1.0)


def test_nodes_in_a_list_are_a_node() -> None:
    run = lambda parameters: lambda i: [show(parameters["p0"], i), i]  # noqa: E731
    [first, *_] = evaluated(run, lambda example, output: float(output == [0, 0]))
    assert first.score == 1
    assert first.trace is not None


def test_one_bad_example_is_a_failing_score_with_its_error_to_learn_from() -> None:
    @bundle
    def fails(digit: int, i: int) -> int:
        """The digit."""
        if i == 2:
            raise ValueError("two is too much")
        return digit

    found = evaluated(lambda parameters: lambda i: fails(parameters["p0"], i), failing=-1.0)
    assert [each.error is not None for each in found] == [False, False, True, False]
    assert found[2].score == -1
    assert "(ValueError) two is too much" in str(found[2].feedback)
    assert found[2].trace is not None
    assert found[2].trace["nodes"][-1]["kind"] == "exception"


def test_an_error_outside_of_a_node_has_no_trace() -> None:
    def run(parameters: ParameterSet) -> Any:
        return lambda i: program(parameters)(i) if i else 1 / 0

    first, second, *_ = evaluated(run)
    assert (first.error, first.trace) == ("(ZeroDivisionError) division by zero", None)
    assert second.error is None


def test_a_guide_that_fails_on_one_example_is_a_failing_score() -> None:
    def picky(example: Any, output: Any) -> float:
        return 1.0 if example["i"] else 1 / 0

    first, second, *_ = evaluated(program, picky)
    assert (first.score, first.error) == (0, "the guide picky failed: (ZeroDivisionError) division by zero")
    assert second.score == 1


def test_a_guide_that_fails_on_all_is_an_error_before_anything_is_learned() -> None:
    with pytest.raises(InvalidGuide, match=r"on every example: the guide Exact failed.*no 'queue'; it has i, right"):
        evaluated(program, Exact("queue"))


def test_a_guide_without_a_score_is_an_error() -> None:
    with pytest.raises(InvalidGuide, match="the guide <lambda> gave a text without a score"):
        evaluated(program, lambda example, output: "good")


def test_a_run_that_did_not_use_the_values_is_never_a_score() -> None:
    journal = MemoryJournal()
    constant = node(3, name="constant")
    with pytest.raises(CandidateNotSeen):
        trainer(digits(), lambda i: constant + i).fit(examples(4), journal=journal)
    assert journal.evaluations == {}
    assert journal.state == "failed"


def test_a_run_that_read_another_version_is_never_a_score_even_where_it_failed() -> None:
    parameters = digits()
    outside = parameters["p0"] + 1

    @bundle
    def fails(value: int) -> int:
        raise ValueError

    with pytest.raises(CandidateNotSeen):
        trainer(parameters, lambda i: fails(outside)).fit(examples(4))


# --- repeats


def test_repeats_are_runs_of_their_own_and_count_by_their_mean() -> None:
    count = iter(range(100))
    parameters, journal = digits(), MemoryJournal()
    guide = lambda example, output: float(next(count) % 2)  # noqa: E731
    report = trainer(parameters, guide=guide, repeats=2).fit(examples(5), journal=journal, parallel=1, **NO_STEPS)
    assert report.validation == (0.5, 0.5)
    assert len(journal.evaluations) == 10


# --- what is tried again


def flaky(failures: int, error: type[Exception] = TimeoutError) -> Any:
    """A program that fails so often on each example before it works."""
    left: dict[int, int] = {}

    def made(parameters: ParameterSet) -> Any:
        inner = program(parameters)

        def run(i: int) -> Any:
            left[i] = left.get(i, failures) - 1
            if left[i] >= 0:
                raise error(f"attempt on {i}")
            return inner(i)

        return run

    return made


def test_what_failed_in_passing_is_run_again_and_no_trace_of_that_is_kept() -> None:
    assert evaluated(flaky(4))[0].error is None
    assert [each.score for each in evaluated(flaky(4))] == [each.score for each in evaluated(program)]


def test_what_goes_on_failing_in_passing_is_not_kept() -> None:
    def run(parameters: ParameterSet) -> Any:
        inner = program(parameters)

        def once(i: int) -> Any:
            if i == 1:
                raise ConnectionError
            return inner(i)

        return once

    assert len(evaluated(run)) == 3


def test_an_error_of_its_own_is_not_run_again() -> None:
    assert [each.error for each in evaluated(flaky(1, ValueError), count=1)] == ["(ValueError) attempt on 0"]


def test_where_most_fails_in_passing_the_run_stops_and_can_be_gone_on_with() -> None:
    journal, parameters = MemoryJournal(), digits()
    report = trainer(parameters, flaky(1_000)(parameters)).fit(examples(4), journal=journal)
    assert report.state == journal.state == "stopped"
    assert report.reason.startswith("4 of 4 evaluations failed in passing: (TimeoutError)")
    assert report.validation is None
    assert trainer(digits()).fit(examples(4), journal=journal, **NO_STEPS).validation is not None


def test_a_guide_that_fails_in_passing_is_asked_again_and_the_program_is_not_run_again() -> None:
    runs, calls = [], []

    def counted(parameters: ParameterSet) -> Any:
        inner = program(parameters)
        return lambda i: runs.append(i) or inner(i)

    def guide(example: Any, output: Any) -> float:
        calls.append(example)
        if len(calls) % 2:
            raise TimeoutError
        return 1.0

    evaluated(counted, guide, parallel=1)
    assert len(runs) == 4
    assert len(calls) == 8


# --- concurrency


def test_as_many_go_on_at_once_as_wanted_and_no_more() -> None:
    now, most = [0], [0]

    def run(parameters: ParameterSet) -> Any:
        inner, barrier = program(parameters), asyncio.Barrier(5)

        async def counting(i: int) -> Any:
            now[0] += 1
            most[0] = max(most[0], now[0])
            await barrier.wait()
            now[0] -= 1
            return inner(i)

        return counting

    assert len(evaluated(run, count=20, parallel=5)) == 20
    assert most[0] == 5


def test_sync_programs_run_in_threads_together_and_in_their_context() -> None:
    barrier, tenant = threading.Barrier(4, timeout=20), ContextVar("tenant", default="")

    def run(parameters: ParameterSet) -> Any:
        def each(i: int) -> Any:
            barrier.wait()
            return parameters["p0"] + (tenant.get() == "us") * 5

        return each

    tenant.set("us")
    assert [each.output for each in evaluated(run, lambda example, output: 1.0, parallel=4)] == [5] * 4


@pytest.mark.parametrize("error", [StopIteration, asyncio.CancelledError])
@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize("in_guide", [True, False])
def test_an_error_that_python_takes_for_something_else_is_a_failing_score(
    error: type[BaseException], is_async: bool, in_guide: bool
) -> None:
    def fail(*_: Any) -> Any:
        raise error("odd")

    async def fail_async(*_: Any) -> Any:
        raise error("odd")

    failing = fail_async if is_async else fail

    def run(parameters: ParameterSet) -> Any:
        return program(parameters) if in_guide else failing

    def guide(example: Any, output: Any) -> float:
        return 1.0

    def half(example: Any, output: Any) -> Any:
        return failing() if example["i"] % 2 else 1.0

    evaluations = evaluated(run, half if in_guide else guide, count=6, parallel=2)
    failed = [each for each in evaluations if each.error is not None]
    assert len(failed) == (3 if in_guide else 6)
    assert {each.score for each in failed} == {0.0}
    assert all(error.__name__ in (each.error or "") for each in failed)


@pytest.mark.parametrize("parallel", [1, 2, 8])
def test_a_program_that_cancels_itself_is_a_failing_score(parallel: int) -> None:
    async def ends_itself(_: Any) -> Any:
        task = asyncio.current_task()
        asyncio.get_running_loop().call_soon(task.cancel if task is not None else None)
        await asyncio.get_running_loop().create_future()

    evaluations = evaluated(lambda parameters: ends_itself, lambda example, output: 1.0, count=9, parallel=parallel)
    assert ["was cancelled" in (each.error or "") for each in evaluations] == [True] * 9


async def test_a_time_limit_of_a_retry_is_that_limits_error_and_holds_up_no_other() -> None:
    go_on, hangs, loop = threading.Event(), asyncio.Event(), asyncio.get_running_loop()

    async def limited(attempt: Any) -> Any:
        tried, given_up = asyncio.ensure_future(attempt()), asyncio.ensure_future(hangs.wait())
        await asyncio.wait({tried, given_up}, return_when=asyncio.FIRST_COMPLETED)
        given_up.cancel()
        if tried.done():
            return tried.result()
        hangs.clear()
        return await asyncio.wait_for(tried, 0)

    parameters, journal = digits(), MemoryJournal()

    def run(i: int) -> Any:
        if i == 0:
            loop.call_soon_threadsafe(hangs.set)
            go_on.wait(20)
        return parameters["p0"] + 1

    made = trainer(parameters, run, lambda example, output: 1.0, retry=limited)
    report = await made.afit(examples(9), journal=journal, parallel=1, **NO_STEPS)
    go_on.set()
    assert report.failures == Failures(1, 9, "(TimeoutError)")
    assert len(journal.evaluations) == 8


def test_each_run_sees_its_own_values() -> None:
    parameters, journal = digits(), MemoryJournal()
    trainer(parameters, AnyOrder(program(parameters), 1)).fit(
        examples(8), journal=journal, parallel=8, stopping=[MaxSteps(5)]
    )
    for key, evaluation in journal.evaluations.items():
        assert evaluation.output in journal.candidates[key.candidate].values.values()


class Holder:
    prompt = "old"


@pytest.mark.parametrize("is_async", [True, False])
def test_objects_that_have_one_state_are_used_by_one_run_at_a_time(is_async: bool) -> None:
    holder, inside = Holder(), []
    prompt = bind(holder, "prompt", name="prompt")

    @bundle
    def say(prompt: str) -> str:
        """Say it."""
        assert holder.prompt == prompt
        inside.append(len(inside))
        return holder.prompt

    async def arun(i: int) -> Any:
        await asyncio.sleep(0)
        return say(prompt)

    made = trainer(ParameterSet([prompt]), arun if is_async else lambda i: say(prompt), lambda example, output: 1.0)
    report = made.fit(examples(6), parallel=6, **NO_STEPS)
    assert report.validation == (1.0, 1.0)
    assert len(inside) == 6
    assert holder.prompt == "old"


class TwoFaces:
    """A program as adapters make them."""

    def __init__(self, parameters: ParameterSet) -> None:
        self.used: list[str] = []
        self._run = program(parameters)

    def __call__(self, i: int) -> Any:
        self.used.append("sync")
        return self._run(i)

    async def acall(self, i: int) -> Any:
        self.used.append("async")
        return self._run(i)


async def test_fit_calls_the_sync_face_and_afit_awaits_the_async_one() -> None:
    parameters = digits()
    run = TwoFaces(parameters)
    made = trainer(parameters, run)
    await made.afit(examples(2), **NO_STEPS)
    assert set(run.used) == {"async"}
    run.used.clear()
    made.fit(examples(2), **NO_STEPS)  # in a running loop
    assert set(run.used) == {"sync"}


def test_a_function_that_gives_something_to_await_runs_with_the_candidates_values_too() -> None:
    async def later(parameters: ParameterSet, i: int) -> Any:
        return program(parameters)(i)

    assert [each.error for each in evaluated(lambda parameters: lambda i: later(parameters, i))] == [None] * 4


def test_what_is_no_function_is_refused_with_what_to_do() -> None:
    with pytest.raises(TypeError, match=r"recorder\.program"):
        trainer(digits(), 3).fit(examples(2))
