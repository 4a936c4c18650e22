"""The sandbox: what hostile or exhausting code gets, and what becomes of the processes."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from datetime import datetime

import pytest

from tests.core.code.hostile_code import ATTACKS, HARMLESS, LIMIT
from trace_core.code import sandbox
from trace_core.code.crossing import Crossing
from trace_core.code.results import check_result
from trace_core.code.sandbox import Feed, Limits, definition, run
from trace_core.errors import SandboxedError, SandboxError, SandboxLimit

LIMITS = Limits(seconds=0.5, memory=48 * 2**20, recursion=200, output=100_000, calls=200, result=200_000)


class Thing:
    secret = "a class's secret"

    def __init__(self):
        made.append(self)
        self.secret = "an object's secret"
        self._secret = "a private secret"

    def method(self):
        return "called"

    def __call__(self):
        made.append(self)


made: list[Thing] = []
thing = Thing()


def helper(x):
    return x


def attack(body):
    """Run the body of `def attack()` with a function and an object of the program within its reach."""
    crossing = Crossing(frozenset({"shown"}))
    values = {"helper": crossing.send(helper), "thing": crossing.send(thing)}
    text = "def attack():\n" + textwrap.indent(body, "    ")
    feeds = [*definition(text, "", values), Feed("result = attack()\n(type(result).__name__, result)")]
    kind, value = run(feeds, crossing, LIMITS)
    check_result(kind, 1_000, value, LIMITS.result)
    return value


@pytest.mark.parametrize(("body", "kind", "message"), ATTACKS, ids=[body.replace("\n", "; ") for body, _, _ in ATTACKS])
def test_an_attack_is_held_with_a_clear_error(body, kind, message, capfd):
    if kind == HARMLESS:
        assert attack(body) == message
    elif kind == LIMIT:
        with pytest.raises(SandboxLimit, match=message):
            attack(body)
    else:
        with pytest.raises(SandboxedError, match=message) as caught:
            attack(body)
        assert type(caught.value.original).__name__ == kind
    assert attack("return 1 + 1") == 2
    assert made == [thing]
    assert capfd.readouterr() == ("", "")


def test_a_limit_names_the_line():
    with pytest.raises(SandboxLimit, match=r"line 3\)"):
        attack("x = 1\nreturn [0] * 10**10")


def test_a_process_that_is_killed_is_replaced(monkeypatch):
    monkeypatch.setattr(sandbox, "PROCESSES", 1)
    monkeypatch.setattr(sandbox, "_pool", sandbox._Pool())
    with sandbox._pool.checkout(LIMITS) as session:
        process = session.worker_pid
    crossing = Crossing()
    kill = crossing.send(lambda: os.kill(process, signal.SIGKILL))
    feeds = definition("def f():\n    return kill()", "", {"kill": kill})
    with pytest.raises(SandboxError, match="the next call gets a new one"):
        run([*feeds, Feed("f()")], crossing, LIMITS)
    assert run([Feed("1 + 1")], Crossing(), LIMITS) == 2


def test_calls_at_once_do_not_meet():
    results = []

    def work(number):
        results.append((number, run([Feed(f"x = {number}"), Feed("x * 2")], Crossing(), LIMITS)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [(number, number * 2) for number in range(24)]


def test_local_time_is_that_of_the_program():
    there = run([Feed("from datetime import datetime\ndatetime.now()")], Crossing(), LIMITS)
    assert abs((there - datetime.now()).total_seconds()) < 60


PROGRAM = """
import os, sys
from trace_core.code.crossing import Crossing
from trace_core.errors import SandboxError
from trace_core.code.sandbox import Feed, Limits, arun, run

def one():
    return run([Feed("1 + 1")], Crossing(), Limits())

def fork(child):
    pid = os.fork()
    if pid == 0:
        child()
        sys.exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
"""


def program(text):
    """What a program of its own prints; it must end by itself."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + textwrap.dedent(text)], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_program_ends_after_using_the_sandbox():
    assert program("import asyncio\nprint(one(), asyncio.run(arun([Feed('2 + 2')], Crossing(), Limits())))") == "2 4\n"


def test_a_fork_of_a_program_that_used_the_sandbox_cannot_and_both_end():
    printed = program("""
        print(one(), flush=True)
        def child():
            try:
                one()
            except SandboxError as error:
                print(str(error)[:23], flush=True)
        fork(child)
        print(one())
    """)
    assert printed == "2\nthis process was forked\n2\n"


def test_a_fork_of_a_program_that_did_not_use_it_yet_can():
    assert program("fork(lambda: print(one(), flush=True))\nprint(one())") == "2\n2\n"


def test_importing_it_starts_nothing():
    printed = program("""
        import trace_core.code
        print(sorted({"openai", "pydantic"} & sys.modules.keys()))
    """)
    assert printed == "[]\n"
