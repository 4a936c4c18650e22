"""Running trainable functions: with the user's own text, and with rewritten ones."""

import asyncio
import functools
import heapq
import math
import threading
from math import sqrt

import pytest

from tests.core.code.trainable import call, helper, plain, reason, refusal, rewritten
from trace_core.code import TrainableCode, sandbox
from trace_core.code.sandbox import Limits
from trace_core.errors import SandboxedError, SandboxLimit
from trace_core.nodes import Node

LIMIT = 10
WEIGHTS = {"a": 1, "b": 2}
NODE = Node(5)


def doubling(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return 2 * function(*args, **kwargs)

    return wrapper


class TestRunning:
    def test_the_users_own_text_runs_natively_as_the_very_function(self):
        seen = []

        def recording(x):
            helper_list = [*seen, x]
            return len(helper_list), threading.get_ident

        code = TrainableCode(recording, native=True)
        assert code.call(code.source, (1,), {}) == (1, threading.get_ident)

    def test_arguments_of_every_kind(self):
        def kinds(a, /, b, c=3, *rest, d, e=5, **more):
            return [a, b, c, rest, d, e, more]

        assert call(kinds, "return [a", "return ['new', a", 1, 2, d=4) == ["new", 1, 2, 3, (), 4, 5, {}]
        assert call(kinds, "return [a", "return ['new', a", 1, 2, 3, 4, d=5, f=6)[4:] == [(4,), 5, 5, {"f": 6}]

    def test_globals_closures_and_modules_of_the_original_may_be_used(self):
        offset = 7

        def using(x):
            return math.floor(sqrt(x)) + LIMIT + offset + WEIGHTS["a"]

        assert call(using, "math.floor(", "math.ceil(", 5) == 3 + 10 + 7 + 1

    def test_outer_names_have_the_value_of_the_moment(self):
        offset = 1

        def using(x):
            return x + offset

        code, text = rewritten(using, "x +", "x + 0 +")
        offset = 2
        assert code.call(text, (1,), {}) == 3

    def test_functions_of_the_program_are_called_there(self):
        seen = []

        def outside(x):
            seen.append(x)
            return x * 2

        def using(x):
            return outside(x)

        assert call(using, "outside(x)", "outside(x) + outside(x + 1)", 1) == 6
        assert seen == [1, 2]

    def test_functions_of_the_program_work_as_keys_and_in_map(self):
        def score(x):
            return -x

        def using(xs):
            return [score(x) for x in sorted(xs)]

        text = """
def using(xs):
    return [
        sorted(xs, key=score), sorted(xs, key=lambda x: score(x), reverse=True), list(map(score, xs)),
        max(xs, key=score), min(xs, key=score), list(filter(score, xs)), max([], key=score, default=9), max(1, 2),
    ]
"""
        code = TrainableCode(using)
        code.check(text)
        assert code.call(text, ([2, 0, 1],), {}) == [[2, 1, 0], [0, 1, 2], [-2, 0, -1], 0, 2, [2, 1], 9, 2]

    def test_next_of_a_generator_expression(self):
        assert call(plain, "x + 1", "next((i for i in range(x) if i > 2), None)", 9) == 3
        assert call(plain, "x + 1", "next((i for i in range(x) if i > 2), None)", 1) is None

    def test_recursion_calls_the_rewritten_text_itself(self):
        def fib(n):
            return n if n < 2 else fib(n - 1) + fib(n - 2)

        assert call(fib, "n if n < 2", "1 if n < 2", 10) == 89

    def test_imports_helpers_and_constants_may_stand_around(self):
        text = '''
"""A better one."""
import math
from collections import Counter

FACTOR = 3

def inner(x):
    return math.floor(x) * FACTOR

def plain(x):
    return inner(x) + Counter("aab")["a"]

class Point:
    def __init__(self, x):
        self.x = x
'''
        code = TrainableCode(plain)
        code.check(text)
        assert code.call(text, (1.5,), {}) == 5

    def test_a_call_leaves_nothing_behind_for_the_next(self):
        text = "SEEN = []\ndef plain(x):\n    SEEN.append(x)\n    return len(SEEN)"
        code = TrainableCode(plain)
        code.check(text)
        assert [code.call(text, (1,), {}) for _ in range(3)] == [1, 1, 1]

    def test_rewritten_code_cannot_change_its_arguments(self):
        def first(lst):
            return lst[0]

        numbers = [3, 1, 2]
        assert call(first, "return lst[0]", "lst.sort()\n    return lst", numbers) == [1, 2, 3]
        assert numbers == [3, 1, 2]

    def test_a_function_of_the_program_that_changes_its_argument_is_an_error(self):
        def using(heap):
            pair = list(heap)
            push(pair, 1)
            return pair

        push = heapq.heappush
        with pytest.raises(SandboxedError, match="changes its argument in place"):
            call(using, "return pair", "return pair + [0]", [2, 3])

    def test_what_cannot_leave_the_sandbox_cannot_be_given_to_a_function_of_the_program(self):
        def using(d):
            return helper(len(d))

        for given in ("d.values()", "range(3)", "iter([1])", "[lambda: 1]", "{1: using}", "(range(3),)", "[len]"):
            with pytest.raises(SandboxedError, match="cannot leave the sandbox"):
                call(using, "len(d)", given, {})

    def test_nodes_around_are_read_as_their_values(self):
        def using(x):
            return x + NODE

        assert call(using, "x + NODE", "x * NODE", 3) == 15

    def test_nodes_whose_data_is_read_keep_it(self):
        def using(x):
            return x + NODE.data

        assert call(using, "x + NODE", "x * NODE", 3) == 15

    def test_what_python_keeps_in_names_and_annotations_is_no_obstacle(self):
        def annotated(x: "Unknown", y: int | None = None) -> "list[int]":  # noqa: F821
            z: Unknown = y  # noqa: F821
            return [x, z]

        assert call(annotated, "[x, z]", "[x, z, 3]", 1, 2) == [1, 2, 3]

    def test_printed_text_does_not_reach_the_user(self, capfd):
        assert call(plain, "return", "print('hello')\n    return", 1) == 2
        assert capfd.readouterr() == ("", "")

    def test_from_several_threads_and_inside_a_running_loop(self):
        code, text = rewritten(plain, "x + 1", "x + 2")
        results = []

        async def inside():
            results.append(code.call(text, (1,), {}))

        threads = [threading.Thread(target=lambda: asyncio.run(inside())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [3] * 8

    def test_a_sandboxed_function_may_call_another_through_the_program(self):
        inner_code, inner_text = rewritten(plain, "x + 1", "x + 2")

        def inner(x):
            return inner_code.call(inner_text, (x,), {})

        def outer(x):
            return inner(x)

        assert call(outer, "inner(x)", "inner(inner(x))", 1) == 5

    def test_calls_nested_without_end_are_ended(self, monkeypatch):
        monkeypatch.setattr(sandbox, "CHECKOUT_SECONDS", 0.2)
        monkeypatch.setattr(sandbox, "PROCESSES", 3)
        monkeypatch.setattr(sandbox, "_pool", sandbox._Pool())

        def again(x):
            return code.call(text, (x,), {})

        def endless(x):
            return again(x)

        code, text = rewritten(endless, "again(x)", "again(x + 1)")
        with pytest.raises(SandboxedError) as caught:
            code.call(text, (1,), {})
        error = caught.value
        while isinstance(error, SandboxedError):
            error = error.original
        assert isinstance(error, SandboxLimit)
        assert "inside one another" in str(error)


class TestNative:
    def test_rewritten_code_may_run_natively_with_the_names_of_the_module(self):
        offset = 3

        def using(x):
            return x + offset

        code = TrainableCode(using, native=True)
        text = "import string\n\ndef more(x):\n    return helper(x) + len(string.digits)\n\n"
        text += code.source.replace("x + offset", "more(x) + offset + LIMIT")
        code.check(text)
        assert code.call(text, (1,), {}, native=True) == 100 + 10 + 3 + 10
        assert "more" not in globals()

    def test_recursion_reaches_the_rewritten_text(self):
        def down(n):
            return 0 if n == 0 else down(n - 1)

        code = TrainableCode(down, native=True)
        assert code.call(code.source.replace("down(n - 1)", "1 + down(n - 1)"), (3,), {}, native=True) == 3

    def test_nothing_is_refused_for_the_sandboxs_sake(self):
        def counting(n):
            global LIMIT
            yield from range(n)

        assert TrainableCode(counting, native=True).name == "counting"

    def test_an_error_has_its_line_in_the_text(self):
        code = TrainableCode(plain, native=True)
        with pytest.raises(ZeroDivisionError) as caught:
            code.call("def plain(x):\n    y = 0\n    return x / y", (1,), {}, native=True)
        last = caught.traceback[-1]
        assert last.lineno + 1 == 3
        assert "return x / y" in str(last.statement)


class TestDecorators:
    def test_wrappers_below_are_put_around_rewritten_code_too(self):
        @doubling
        @doubling
        def decorated(x):
            return x

        code, text = rewritten(decorated, "return x", "return x + 1")
        assert code.call(code.source, (1,), {}) == 4
        assert code.call(text, (1,), {}) == 8

    def test_a_wrapper_that_cannot_be_put_around_is_refused(self):
        @functools.lru_cache
        def cached(x):
            return x

        assert "write it above @bundle" in refusal(cached)


class TestAsync:
    async def test_async_functions_of_the_program_are_awaited(self):
        async def fetch(x):
            await asyncio.sleep(0)
            return x * 10

        async def using(x):
            return await fetch(x)

        code, text = rewritten(using, "await fetch(x)", "[await fetch(x), await fetch(x + 1)]")
        assert await code.acall(code.source, (1,), {}) == 10
        assert await code.acall(text, (1,), {}) == [10, 20]

    async def test_gathered_calls_run_together(self):
        waiting = asyncio.Barrier(3)

        async def meet(x):
            await waiting.wait()
            return x

        async def using(xs):
            return await asyncio.gather(*[meet(x) for x in xs])

        code, text = rewritten(using, "return", "return [0] +")
        assert await code.acall(text, ([1, 2, 3],), {}) == [0, 1, 2, 3]

    async def test_errors_and_sync_functions(self):
        async def failing(x):
            raise LookupError(f"no {x}")

        async def using(x):
            return await failing(helper(x))

        code, text = rewritten(using, "return", "x += 1\n    return")
        with pytest.raises(SandboxedError) as caught:
            await code.acall(text, (1,), {})
        assert type(caught.value.original) is LookupError
        assert caught.value.line == 3

    async def test_a_cancelled_call_is_cancelled(self):
        started = asyncio.Event()

        async def forever():
            started.set()
            await asyncio.Event().wait()

        async def using():
            return await forever()

        code, text = rewritten(using, "return", "x = 1\n    return")
        task = asyncio.ensure_future(code.acall(text, (), {}))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        plain_code, plain_text = rewritten(plain, "x + 1", "x + 2")
        assert plain_code.call(plain_text, (1,), {}) == 3

    def test_one_pool_serves_several_event_loops(self):
        async def using(x):
            return x

        code, text = rewritten(using, "return x", "return x + 1")
        assert [asyncio.run(code.acall(text, (n,), {})) for n in range(3)] == [1, 2, 3]

    def test_a_sync_function_cannot_call_an_async_one(self):
        async def fetch(x):
            return x

        def using(x):
            return fetch(x)

        with pytest.raises(SandboxedError, match="async"):
            call(using, "fetch(x)", "fetch(x + 1)", 1)

    def test_an_async_text_does_not_replace_a_sync_function(self):
        assert "`def plain(x)`" in reason(plain, "async def plain(x):\n    return x")


class TestLimits:
    def test_are_those_of_the_function(self):
        code = TrainableCode(plain, limits=Limits(seconds=0.1))
        with pytest.raises(SandboxLimit, match="longer than it may"):
            code.call("def plain(x):\n    while True:\n        pass", (1,), {})
