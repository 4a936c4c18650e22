"""A LangChain chain is trained in worker processes as it is here: only its import path and JSON go there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("langchain_core")

from tests.train.executors import chains
from tests.train.executors.comparing import records
from tests.train.synthetic import NO_PAUSE, result
from tests.train.test_langchain_chain import TAUGHT, TICKETS, block
from trace_core import OptoPrime, ReplayChat
from trace_train import MaxSteps, MemoryJournal, ProcessExecutor, Target, Trainer


def learned(executor: Any, is_async: bool) -> tuple[Any, Any, Any]:
    program, parameters, guide, inputs = chains.make()
    optimizer = OptoPrime(parameters, ReplayChat([block("Guess."), block(TAUGHT)]))
    settings = {"inputs": inputs, "progress": False, "retry": NO_PAUSE, "executor": executor}
    trainer, journal = Trainer(program, optimizer, guide, **settings), MemoryJournal()
    options = {"batch_size": 2, "stopping": [Target(1.0), MaxSteps(2)], "journal": journal}
    if is_async:
        report = asyncio.run(trainer.afit(TICKETS[:2], TICKETS, **options))
    else:
        report = trainer.fit(TICKETS[:2], TICKETS, **options)
    return result(report), records(journal), parameters.state_dict()


@pytest.mark.parametrize("is_async", [False, True])
def test_a_chain_learns_the_same_in_worker_processes(is_async: bool) -> None:
    there = learned(ProcessExecutor("tests.train.executors.chains:make", workers=1), is_async)
    assert there == learned(None, is_async)
    assert there[2] == {"prompt.system": TAUGHT}
