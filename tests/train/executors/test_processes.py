"""Evaluations in worker processes are what they would have been here, also where workers die."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.train.executors import tasks
from tests.train.executors.comparing import records, trained
from tests.train.executors.tasks import HERE
from tests.train.synthetic import NO_PAUSE, digits, examples, result, trainer
from trace_core.errors import CandidateNotSeen
from trace_train import Exact, MaxSteps, MemoryJournal, ProcessExecutor
from trace_train.errors import InvalidFactory, NotPlain
from trace_train.events import EvaluationLost
from trace_train.executors.factories import task_in_words


def processes(name: str, workers: int = 1, **arguments: Any) -> ProcessExecutor:
    return ProcessExecutor(f"{HERE}:{name}", workers=workers, arguments=arguments)


# --- the same


def test_a_run_in_processes_is_the_same_run_to_every_record() -> None:
    here, there = trained(tasks.make(), steps=4), trained(tasks.make(), processes("make", 2), steps=4)
    assert result(there[0]) == result(here[0])
    assert records(there[1]) == records(here[1])


def test_what_a_program_prints_and_reads_does_not_get_between_the_messages() -> None:
    here, there = trained(tasks.make()), trained(tasks.make(), processes("make_printing"))
    assert records(there[1]) == records(here[1])


def test_what_a_programs_and_a_guides_models_used_is_counted() -> None:
    here, there = trained(tasks.make_with_models()), trained(tasks.make_with_models(), processes("make_with_models"))
    assert there[0].spent == here[0].spent
    assert there[0].spent.calls == 8
    assert there[0].by_role == here[0].by_role
    assert records(there[1]) == records(here[1])


def test_errors_of_programs_and_guides_are_failing_scores_there_too() -> None:
    here, there = trained(tasks.make_failing()), trained(tasks.make_failing(), processes("make_failing"))
    assert records(there[1]) == records(here[1])
    assert sum(each.error is not None for each in there[1].evaluations.values()) == 2


def test_a_run_that_did_not_use_the_values_is_the_same_error() -> None:
    with pytest.raises(CandidateNotSeen):
        trained(tasks.make_blind(), processes("make_blind"))


def test_examples_arrive_as_they_were() -> None:
    data = [{"i": (1, 2)}, {"i": {3}}, {"i": {4: b"five"}}, {"i": float("inf")}]
    _, journal = trained(tasks.make_typed(), processes("make_typed"), data=data)
    assert {each.feedback for each in journal.evaluations.values()} == {repr(each) for each in data}


def test_a_run_that_is_known_starts_no_process() -> None:
    report, journal = trained(tasks.make())
    again, _ = trained(tasks.make(), processes("make_error"), journal=journal)
    assert result(again) == result(report)


# --- workers that are lost


@pytest.mark.parametrize("child", [False, True], ids=["alone", "with a forked child"])
def test_an_evaluation_whose_worker_is_killed_is_run_again_once_and_reported(tmp_path: Path, child: bool) -> None:
    events: list[Any] = []
    executor = processes("make_mortal", 2, places=str(tmp_path), child=child)
    here, there = trained(tasks.make()), trained(tasks.make(), executor, observers=[events.append])
    lost = [event for event in events if isinstance(event, EvaluationLost)]
    [place] = tmp_path.iterdir()
    assert [event.error for event in lost] == [
        f"the worker process {place.name} was killed by SIGKILL during an evaluation"
    ]
    assert result(there[0]) == result(here[0])
    assert records(there[1]) == records(here[1])
    assert there[1].repeated == there[0].repeated == 1


def test_one_whose_second_worker_is_killed_too_is_a_failing_score_that_is_not_kept(tmp_path: Path) -> None:
    report, journal = trained(tasks.make(), processes("make_mortal", places=str(tmp_path), deaths=9))
    assert len(list(tmp_path.iterdir())) == 2
    assert (report.state, len(journal.evaluations)) == ("finished", 3)
    assert report.spent.evaluations == 4


def gone(pid: int) -> bool:
    """Whether a process has ended, or does so soon."""
    for _ in range(2_000):
        if not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes():
            return True
        time.sleep(0.01)
    return False


async def appeared(path: Path) -> str:
    while not path.exists():
        await asyncio.sleep(0.01)
    return path.read_text()


async def test_what_goes_on_in_a_worker_ends_when_the_run_is_cancelled(tmp_path: Path) -> None:
    executor = processes("make_stuck", place=str(tmp_path))
    running = asyncio.create_task(trainer(digits(), executor=executor, retry=NO_PAUSE).afit(examples(2)))
    pid = int(await appeared(tmp_path / "pid"))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert gone(pid)


DRIVER = """
import sys
from tests.train.executors import tasks
from tests.train.executors.comparing import trained
from trace_train import ProcessExecutor
trained(tasks.make(), ProcessExecutor(tasks.HERE + ":make_stuck", workers=1, arguments={"place": sys.argv[1]}))
"""


async def test_a_worker_ends_when_its_driver_is_killed(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, str(tmp_path)], env=environment)
    pid = int(await appeared(tmp_path / "pid"))
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    assert gone(pid)


# --- what is refused


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere", "cannot be imported: .*nowhere"),
        ("make_error", r"failed: \(RuntimeError\) no model here"),
        ("make_nothing", r"gave int; expected \(program, parameters, guide\)"),
        ("make_mortal", r"failed: \(TypeError\).*'places'"),
    ],
)
def test_a_factory_that_does_not_work_is_an_error_that_names_it(name: str, said: str) -> None:
    with pytest.raises(InvalidFactory, match=f"the factory {HERE}:{name} {said}"):
        trained(tasks.make(), processes(name))


def test_a_factory_that_makes_something_else_is_an_error_that_says_what() -> None:
    with pytest.raises(InvalidFactory) as raised:
        trained(tasks.make(), processes("make_other"))
    p0, p3, guide, inputs = str(raised.value).splitlines()[1:-1]
    assert re.fullmatch(r"  the parameter p0: setting, .*int.* in the driver, prompt, builtins.str in the worker", p0)
    assert re.fullmatch(r"  the parameter p3: setting, .*int.* in the driver, missing in the worker", p3)
    assert guide == "  the guide: closeness in the driver, make_other in the worker"
    assert inputs == "  inputs: i in the driver, right in the worker"


def test_a_guide_that_looks_at_another_part_is_another_guide() -> None:
    one, other = (task_in_words(tasks.make()[1], Exact(part), None)["the guide"] for part in ("right", "wrong"))
    assert one != other


@pytest.mark.parametrize("path", ["make", "a.b.c", "a/b.py:make", "a:b:c", ":make", "__main__:make", tasks.make])
def test_what_is_no_import_path_is_refused_at_once(path: Any) -> None:
    with pytest.raises(InvalidFactory, match=r"package\.module:function|into a module"):
        ProcessExecutor(path)


def test_a_value_that_is_no_plain_data_is_named() -> None:
    data = [{"i": 0, "sent": [{"on": date(2026, 1, 2)}]}]
    with pytest.raises(
        NotPlain, match=r"the example [0-9a-f]{16}\['sent'\]\[0\]\['on'\] is of type .*date, which is no"
    ):
        trained(tasks.make(), processes("make"), data=data)
    with pytest.raises(NotPlain, match=r"an argument of the factory\['place'\] is of type .*Path"):
        trained(tasks.make(), processes("make_stuck", place=Path("x")))


def test_a_retry_of_the_users_own_cannot_be_sent() -> None:
    async def once(attempt: Any) -> Any:
        return await attempt()

    with pytest.raises(NotPlain, match="retry: function cannot be sent to workers; Backoff can"):
        trainer(digits(), executor=processes("make"), retry=once).fit(
            examples(2), journal=MemoryJournal(), stopping=[MaxSteps(0)]
        )


def test_there_is_at_least_one_worker() -> None:
    with pytest.raises(ValueError, match="workers must be at least 1, not 0"):
        processes("make", 0)
