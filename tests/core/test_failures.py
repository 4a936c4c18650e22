"""Errors in bundles: a node in the graph, the failing line, and an error that is still of its own type."""

import asyncio
import dataclasses
import re

import pytest

from trace_core import ExceptionNode, bundle, node
from trace_core.errors import ExecutionError


class TwoArguments(Exception):
    def __init__(self, message, code):
        super().__init__(message)
        self.code = code


class Unprintable(Exception):
    def __str__(self):
        raise ValueError("no text")


class HasNode(Exception):
    @property
    def node(self):
        return "its own"


class DemandingNew(Exception):
    def __new__(cls, *, token):
        return super().__new__(cls)

    def __init__(self, *, token):
        self.token = token


class Slotted(Exception):
    __slots__ = ("place",)

    def __init__(self, place):
        self.place = place


@dataclasses.dataclass(frozen=True)
class Frozen(Exception):
    code: int


@bundle
def fails(error):
    raise error


def caught(error, run=fails):
    with pytest.raises(ExecutionError) as info:
        run(error)
    return info.value


ODD = [
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), {"encoding": "utf-8", "start": 0, "end": 1, "reason": "bad"}),
    (KeyError("k"), {"args": ("k",)}),
    (FileNotFoundError(2, "missing", "a.txt"), {"errno": 2, "strerror": "missing", "filename": "a.txt"}),
    (ImportError("no", name="module"), {"name": "module"}),
    (StopIteration(5), {"value": 5}),
    (SyntaxError("bad", ("f.py", 3, 2, "x =")), {"filename": "f.py", "lineno": 3}),
    (TwoArguments("m", 7), {"code": 7}),
    (DemandingNew(token="t"), {}),
    (Slotted("here"), {"place": "here"}),
    (Frozen(3), {"code": 3}),
    (HasNode(), {}),
    (Unprintable(), {}),
]


@pytest.mark.parametrize(("original", "fields"), ODD, ids=lambda value: type(value).__name__)
def test_the_error_is_of_the_original_type_with_what_it_carries(original, fields):
    error = caught(original)
    assert error.__cause__ is original
    assert isinstance(error.node, ExceptionNode)
    assert type(original).__name__ in str(error)
    if not isinstance(original, DemandingNew):  # whose __new__ cannot be called again
        assert isinstance(error, type(original))
    for name, value in fields.items():
        assert getattr(error, name) == value


def test_a_group_of_errors_can_be_taken_apart():
    try:
        fails(ExceptionGroup("several", [ValueError(1), KeyError(2)]))
    except* ValueError as group:
        values = group
    except* KeyError:
        pass
    assert len(values.exceptions) == 1


def test_the_text_marks_the_failing_line_counted_from_the_def():
    x = node(0, trainable=True, name="x")

    @bundle(
        name="invert",
    )
    def invert(value):
        doubled = value * 2
        return 1 / doubled

    with pytest.raises(ZeroDivisionError) as info:
        invert(x)
    error = info.value
    assert str(error) == error.node.data
    assert error.node.data.splitlines() == [
        "(ZeroDivisionError) division by zero",
        "line 3 of invert:  return 1 / doubled  <--- it was raised here",
    ]
    assert error.node.parents == (x,)
    error.node.backward("handle zero")
    assert len(x.feedback) == 1


def test_a_line_of_rewritten_code_is_the_one_that_is_marked():
    @bundle(trainable=True)
    def ratio(a):
        return 1 / a

    ratio.code.set("def ratio(a):\n    b = a\n    return 1 / b")
    with pytest.raises(ZeroDivisionError) as info:
        ratio(0)
    assert "line 3 of ratio:  return 1 / b" in info.value.node.data
    assert ratio.code in info.value.node.parents


def test_an_assert_without_a_message_is_told_by_its_line():
    @bundle
    def checks(value):
        assert value > 0
        return value

    error = caught(0, checks)
    assert isinstance(error, AssertionError)
    message, line = error.node.data.splitlines()
    assert message.startswith("(AssertionError)")  # pytest adds a message of its own
    assert line == "line 2 of checks:  assert value > 0  <--- it was raised here"
    assert caught(AssertionError()).node.data.splitlines()[0] == "(AssertionError)"


def test_builtins_and_functions_without_a_file_fail_without_a_line():
    assert caught(5, bundle(len)).node.data.startswith("(TypeError) object of type 'int'")
    namespace = {}
    exec("def made(x):\n    return 1 / x", namespace)
    assert isinstance(caught(0, bundle(namespace["made"])), ZeroDivisionError)


def test_very_long_messages_are_cut_in_the_middle():
    text = caught(ValueError("x" * 100_000)).node.data
    assert len(text) < 3_000
    assert "characters left out" in text


def test_an_error_in_an_inner_bundle_or_operation_leaves_the_outer_one_with_both_in_the_graph():
    x = node(0, trainable=True, name="x")

    @bundle
    def outer():
        return 1 / x

    with pytest.raises(ZeroDivisionError) as info:
        outer()
    assert [type(n) for n in info.value.node.graph().operations] == [ExceptionNode, ExceptionNode]
    info.value.node.backward("bad")
    assert len(x.feedback) == 1


def test_a_group_of_errors_keeps_its_type_through_two_bundles():
    outer = bundle(lambda x: 1 / x, name="inner", trace_inside=True)
    group = ExceptionGroup("several", [ValueError(1)])
    again = bundle(lambda: fails(group), name="again")
    assert isinstance(caught_from(again), ExceptionGroup)
    assert isinstance(caught_from(lambda: outer(node(0))), ZeroDivisionError)


def caught_from(run):
    with pytest.raises(ExecutionError) as info:
        run()
    return info.value


def test_what_is_no_error_of_the_function_passes_untouched():
    for signal in (KeyboardInterrupt(), GeneratorExit(), SystemExit(3)):
        with pytest.raises(type(signal)) as info:
            fails(signal)
        assert info.value is signal


async def test_cancelling_passes_untouched():
    started = asyncio.Event()

    @bundle
    async def waits():
        started.set()
        await asyncio.Event().wait()

    task = asyncio.ensure_future(waits())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as info:
        await task
    assert not isinstance(info.value, ExecutionError)


async def test_errors_of_async_bundles_and_of_generators_have_nodes_too():
    @bundle
    async def later(a):
        return 1 / a

    @bundle
    def items(a):
        yield a
        yield 1 / a

    @bundle
    async def later_items(a):
        yield a
        yield 1 / a

    x = node(0)
    with pytest.raises(ZeroDivisionError) as from_async:
        await later(x)
    iterator = items(x)
    assert next(iterator).data == 0
    with pytest.raises(ZeroDivisionError) as from_generator:
        next(iterator)
    async_iterator = later_items(x)
    assert (await anext(async_iterator)).data == 0
    with pytest.raises(ZeroDivisionError) as from_async_generator:
        await anext(async_iterator)
    for info in (from_async, from_generator, from_async_generator):
        assert info.value.node.parents[0] is x
        assert re.search(r"line \d of \w+:  \w+ 1 / a", info.value.node.data)


def test_a_missing_stop_in_a_generator_is_an_error_with_a_node():
    @bundle
    def stops():
        yield 1
        raise StopIteration(2)

    iterator = stops()
    next(iterator)
    with pytest.raises(RuntimeError) as info:
        next(iterator)
    assert isinstance(info.value, ExecutionError)


def test_failed_operations_are_marked_in_the_text_of_the_graph():
    error = caught(ValueError("x"))
    assert "fails0 = fails(valueerror0)  # raised" in error.node.graph().to_text().lower()
