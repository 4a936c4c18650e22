"""How little keeps a graph alive, at any depth, and without the garbage collector."""

import gc
import weakref

import pytest

from trace_core import Feedback, Node, ParameterSet, TraceGraph, bundle, node


def _chain(length):
    x = node(1, trainable=True, name="x")
    y = x
    for _ in range(length):
        y = y + 1
    return x, y


def _goes_up_and_down(length):
    x, y = _chain(length)
    assert y.data == length + 1
    y.backward("bad")
    (received,) = x.feedback
    assert received.output is y
    freed = weakref.ref(y.parents[0])
    x.zero_feedback()
    gc.disable()
    try:
        del y, received
        assert freed() is None
    finally:
        gc.enable()


def test_a_chain_of_100_000_is_built_sent_backward_and_freed():
    _goes_up_and_down(100_000)


@pytest.mark.long
def test_a_chain_of_a_million_is_built_sent_backward_and_freed():
    _goes_up_and_down(1_000_000)


def _alive_after_dropping(make):
    """How many of the nodes that `make` made are alive once its result is dropped, without the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        before = sum(isinstance(o, Node) for o in gc.get_objects())
        kept = make()
        during = sum(isinstance(o, Node) for o in gc.get_objects())
        assert during > before
        del kept
        return sum(isinstance(o, Node) for o in gc.get_objects()) - before
    finally:
        gc.enable()


def test_dropping_the_output_frees_all_nodes_without_the_garbage_collector():
    @bundle
    def join(parts, *more, sep="-"):
        return sep.join([*parts, *more])

    @bundle
    def letters(text):
        yield from text

    @bundle
    def fails(text):
        raise ValueError(text)

    def workflow():
        x = node("a", trainable=True, name="x")
        y = join([x, {"k": x}["k"], "b"], x.upper(), sep=node("+"))
        for letter in letters(y):
            y = y + letter
        try:
            fails(y)
        except ValueError as error:
            return error.node
        raise AssertionError

    assert _alive_after_dropping(workflow) == 0


def test_feedback_holds_the_graph_until_zero_feedback():
    x = node(1, trainable=True, name="x")

    def workflow():
        y = (x + 1) * 2
        y.backward(Feedback("low", score=0.5))
        y.graph().to_text()
        TraceGraph.between([x], [y]).to_json()

    gc.collect()
    gc.disable()
    try:
        before = sum(isinstance(o, Node) for o in gc.get_objects())
        workflow()
        assert sum(isinstance(o, Node) for o in gc.get_objects()) > before
        ParameterSet([x]).zero_feedback()
        assert sum(isinstance(o, Node) for o in gc.get_objects()) == before
    finally:
        gc.enable()
