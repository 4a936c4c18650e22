"""Evaluations on a real Ray cluster of two nodes with one worker each, of which some are killed. Run where Ray is
installed: `make test-ray`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.train.executors import tasks
from tests.train.executors.comparing import records, trained
from tests.train.executors.tasks import HERE
from tests.train.executors.test_processes import appeared, gone
from tests.train.synthetic import NO_PAUSE, digits, examples, result, trainer
from trace_train import MaxSteps, RayExecutor
from trace_train.cli.building import trainer_of
from trace_train.cli.importing import importable
from trace_train.cli.plan import read_plan
from trace_train.errors import InvalidFactory, TrainingError
from trace_train.events import EvaluationLost

ray = pytest.importorskip("ray")
pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore")]

PATHS = {"env_vars": {"PYTHONPATH": ":".join(sys.path)}}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head that runs nothing, and two nodes."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    try:
        for _ in range(2):
            made.add_node(num_cpus=1)
        ray.init(address=made.address)
        yield made
    finally:
        ray.shutdown()
        made.shutdown()


def on_ray(name: str, **arguments: Any) -> RayExecutor:
    return RayExecutor(f"{HERE}:{name}", arguments=arguments, runtime_env=PATHS)


def test_a_run_on_two_nodes_is_the_same_run_to_every_record(cluster: Any, tmp_path: Path) -> None:
    here = trained(tasks.make(), steps=4, count=16)
    there = trained(tasks.make(), on_ray("make_seen", places=str(tmp_path)), steps=4, count=16)
    assert result(there[0]) == result(here[0])
    assert records(there[1]) == records(here[1])
    assert len({place.name.partition("-")[0] for place in tmp_path.iterdir()}) == 2


def test_an_evaluation_whose_worker_is_killed_is_run_again_once_and_reported(cluster: Any, tmp_path: Path) -> None:
    events: list[Any] = []
    executor = on_ray("make_mortal", places=str(tmp_path))
    here, there = trained(tasks.make(), steps=2), trained(tasks.make(), executor, steps=2, observers=[events.append])
    [lost] = [event for event in events if isinstance(event, EvaluationLost)]
    assert lost.error.startswith("a Ray worker was lost during an evaluation: WorkerCrashedError")
    assert len(list(tmp_path.iterdir())) == 1
    assert result(there[0]) == result(here[0])
    assert records(there[1]) == records(here[1])
    assert there[0].repeated == 1


def test_a_plan_is_a_factory_of_its_own_that_needs_nothing_but_the_folder(cluster: Any, tmp_path: Path) -> None:
    (tmp_path / "greeter_on_ray.py").write_text(GREETER)
    settings = ["program=greeter_on_ray:program", "parameters=greeter_on_ray:greeting", "inputs=name"]
    settings += [
        "optimizer=greeter_on_ray:optimizer",
        "guide.use=Exact",
        "guide.field=polite",
        "data.file=unused.jsonl",
    ]
    settings += [f"folder={tmp_path}", "executor.use=RayExecutor", "executor.num_cpus=1"]
    settings += [f"executor.runtime_env.env_vars.PYTHONPATH={json.dumps(PATHS['env_vars']['PYTHONPATH'])}"]
    data = [{"name": name, "polite": f"Good morning, {name}!"} for name in ("Ada", "Alan", "Grace")]
    with importable(str(tmp_path)):
        trained = trainer_of(read_plan(None, settings), [], progress=False).fit(data, stopping=[MaxSteps(1)])
    assert trained.validation == (0.0, 1.0)
    seen = {int(each.name) for each in (tmp_path / "pids").iterdir()}
    assert seen
    assert os.getpid() not in seen


GREETER = """
import json, os
from pathlib import Path

from trace_core import OptoPrime, ReplayChat, node, template

greeting = node("Hi", trainable=True, name="greeting")
pids = Path(__file__).parent / "pids"


def program(name):
    pids.mkdir(exist_ok=True)
    (pids / str(os.getpid())).touch()
    return template("{greeting}, {name}!", greeting=greeting, name=name)


answer = {"reasoning": "as the feedback says", "suggestion": {"greeting": "Good morning"}}
optimizer = OptoPrime(greeting, ReplayChat([json.dumps(answer)]))
"""


def test_a_factory_that_cannot_be_imported_is_an_error_that_names_it(cluster: Any) -> None:
    with pytest.raises(InvalidFactory, match=f"the factory {HERE}:nowhere cannot be imported"):
        trained(tasks.make(), on_ray("nowhere"))


def test_what_ray_cannot_do_is_an_error_with_what_it_says(cluster: Any) -> None:
    nowhere = RayExecutor(f"{HERE}:make", runtime_env={"conda": "an-environment-that-is-not-there"})
    with pytest.raises(TrainingError, match=r"(?s)Ray could not run an evaluation: .*Conda"):
        trained(tasks.make(), nowhere)


async def test_what_goes_on_in_a_worker_ends_when_the_run_is_cancelled(cluster: Any, tmp_path: Path) -> None:
    executor = on_ray("make_stuck", place=str(tmp_path))
    running = asyncio.create_task(trainer(digits(), executor=executor, retry=NO_PAUSE).afit(examples(2)))
    pid = int(await appeared(tmp_path / "pid"))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert gone(pid)


def test_a_node_that_is_lost_during_a_run_changes_nothing(cluster: Any, tmp_path: Path) -> None:
    events: list[Any] = []
    executor = on_ray("make_seen", places=str(tmp_path), stuck=1)
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(trained, tasks.make(), executor, steps=2, observers=[events.append])
        while not (names := [place.name for place in tmp_path.iterdir()]):
            assert not running.done()
        where = names[0].partition("-")[0]
        [node] = [each for each in cluster.worker_nodes if each.node_id == where]
        cluster.remove_node(node, allow_graceful=False)
        there = running.result()
    here = trained(tasks.make(), steps=2)
    assert [type(event).__name__ for event in events].count("EvaluationLost") == 1
    assert result(there[0]) == result(here[0])
    assert records(there[1]) == records(here[1])
