"""Bundles that take their time: generators, async functions, several tasks and threads at once."""

import asyncio
import functools
import threading

import pytest

from trace_core import bundle, node
from trace_core.errors import ExecutionError


@pytest.fixture
def x():
    return node(2, trainable=True, name="x")


def test_a_generator_gives_items_whose_parent_is_the_call(x):
    closed = []

    @bundle
    def numbers(n, step=1):
        try:
            for i in range(n):
                yield i * step
        finally:
            closed.append(True)

    first, second = numbers(x)
    assert (first.data, second.data) == (0, 1)
    assert first.parents[0] is second.parents[0]
    assert first.parents[0].inputs["n"] is x
    iterator = numbers(9)
    next(iterator)
    iterator.close()
    assert closed == [True, True]


def test_what_a_generator_reads_on_its_way_is_an_input_of_the_items_after(x):
    late = node(7, trainable=True, name="late")

    @bundle
    def numbers(n):
        yield n
        yield late.data
        yield late.data

    first, second, third = numbers(1)
    assert not first.depends
    assert second.inputs["late"] is late
    assert [*third.inputs.values()][2] is second  # it may remember what it read there


def test_what_is_sent_to_a_generator_reaches_it_and_is_an_input_of_its_next_item(x):
    @bundle
    def echo():
        heard = yield "begin"
        yield heard + 1
        return "end"

    generator = echo()
    next(generator)
    item = generator.send(x)
    assert item.data == x.data + 1
    assert x in item.parents
    with pytest.raises(StopIteration) as ended:
        next(generator)
    assert ended.value.value == "end"


async def test_async_bundles_and_async_generators(x):
    @bundle
    async def later(a):
        await asyncio.sleep(0)
        return a + x.data

    @bundle
    async def numbers(n):
        for i in range(n):
            await asyncio.sleep(0)
            yield i

    made = await later(3)
    assert (made.data, made.inputs["x"]) == (5, x)
    items = [item async for item in numbers(x)]
    assert [item.data for item in items] == [0, 1]
    assert items[0].parents[0] is items[1].parents[0]


async def test_gathered_bundles_do_not_mix_their_implicit_inputs():
    parameters = [node(i, trainable=True, name=f"p{i}") for i in range(20)]

    @bundle
    async def reads(i):
        for _ in range(i % 4):
            await asyncio.sleep(0)
        return parameters[i].data

    made = await asyncio.gather(*[reads(i) for i in range(20)])
    assert [list(each.inputs) for each in made] == [["i", f"p{i}"] for i in range(20)]


async def test_an_async_call_reads_its_inputs_when_it_is_made(x):
    waiting = bundle(later_plus_one)(x)
    x.set(40)
    made = await waiting
    assert (made.data, made.values) == (3, {"a": 2})


async def later_plus_one(a):
    return a + 1


async def test_trace_inside_of_an_async_function(x):
    @bundle(trace_inside=True)
    async def outer(a):
        return [await bundle(later_plus_one)(a), a]

    made = await outer(x)
    assert made.data == [3, 2]
    assert made.depends


def test_threads_do_not_mix_their_implicit_inputs():
    parameters = [node(i, trainable=True, name=f"p{i}") for i in range(8)]
    barrier = threading.Barrier(8)
    made = {}

    @bundle
    def reads(i):
        barrier.wait()
        value = parameters[i].data
        barrier.wait()
        return value

    threads = [threading.Thread(target=lambda i=i: made.update({i: reads(i)})) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {i: list(each.inputs) for i, each in made.items()} == {i: ["i", f"p{i}"] for i in range(8)}


def test_the_failing_line_is_one_of_the_function_that_the_error_left():
    @bundle(trainable=True)
    def inner(x):
        return x

    @bundle
    def outer(x):
        y = x + 1
        return inner(y)

    inner.code.set("def inner(x):\n    return 1 / 0")
    with pytest.raises(ExecutionError) as caught:
        outer(3)
    assert "line 3 of outer:  return inner(y)" in caught.value.node.data


def test_a_result_is_shown_as_it_was_made():
    messages = []

    @bundle
    def turn(question):
        messages.append(question)
        return messages

    first, second = turn("a"), turn("b")
    assert [each.graph().read(each).value for each in (first, second)] == [["a"], ["a", "b"]]


def passing(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


async def test_a_plain_wrapper_around_another_kind_of_function_is_of_that_kind(x):
    @bundle
    @passing
    async def later(a):
        await asyncio.sleep(0)
        return a + x.data

    @bundle
    @passing
    def numbers(n):
        yield from range(n)

    @bundle
    @passing
    async def slow_numbers(n):
        yield n

    made = await later(1)
    assert (made.data, made.inputs["x"]) == (3, x)
    assert [item.data for item in numbers(2)] == [0, 1]
    assert [item.data async for item in slow_numbers(2)] == [2]

    @bundle
    @passing
    async def failing():
        raise KeyError("a")

    with pytest.raises(KeyError) as caught:
        await failing()
    assert caught.value.node.op == "failing"


def test_what_a_failing_generator_read_before_is_an_input_of_its_error(x):
    @bundle
    def numbers():
        yield 1
        yield x.data
        raise ValueError

    generator = numbers()
    _, second = next(generator), next(generator)
    with pytest.raises(ExecutionError) as caught:
        next(generator)
    assert caught.value.node.depends
    assert [*caught.value.node.parents][-1] is second
