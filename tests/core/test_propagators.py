"""Feedback on its way back: what reaches which parameter, what an operation may change, and what nothing reaches."""

import math

import pytest

from trace_core import (
    Batch,
    Feedback,
    GraphPropagator,
    OptoPrime,
    ParameterSet,
    ReplayChat,
    SumPropagator,
    bundle,
    node,
)
from trace_core.optimizers.problem import make_problem
from trace_core.propagators import NothingReached


@pytest.fixture
def x():
    return node(2, trainable=True, name="x")


@pytest.fixture
def y():
    return node(3, trainable=True, name="y")


def test_feedback_reaches_each_parameter_behind_the_output_and_no_other(x, y):
    output = x * 2 + 1
    output.backward("too low")
    (received,) = x.feedback
    assert received.output is output
    assert str(received.feedback) == str(received.message) == "too low"
    assert y.feedback == ()


def test_a_parameter_that_is_used_twice_receives_feedback_once(x):
    (x * x).backward("bad")
    assert len(x.feedback) == 1
    assert [n.op for n in x.feedback[0].output.graph().operations] == ["multiply"]


def test_two_feedbacks_on_one_parameter_stay_two(x):
    output = x + 1
    output.backward("too low")
    output.backward("too curt")
    (x * 2).backward("other")
    assert [str(r.feedback) for r in x.feedback] == ["too low", "too curt", "other"]
    x.zero_feedback()
    assert x.feedback == ()


def test_feedback_on_a_parameter_itself_reaches_it(x):
    x.backward("bad")
    assert x.feedback[0].output is x


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("wrong", "wrong"),
        (0.5, "score: 0.5"),
        ({"speed": 1, "cost": 0.25}, "speed: 1, cost: 0.25"),
        (Feedback("wrong", 0), "wrong\nscore: 0"),
    ],
)
def test_feedback_is_a_text_a_number_named_numbers_or_both(x, given, text):
    (x + 1).backward(given)
    assert str(x.feedback[0].feedback) == text


@pytest.mark.parametrize("wrong", [None, math.nan, {"a": math.inf}, [1], b"bytes"])
def test_feedback_that_is_none_of_these_is_refused(x, wrong):
    with pytest.raises(ValueError, match="score"):
        (x + 1).backward(wrong)
    assert x.feedback == ()


def test_the_text_of_feedback_is_a_str():
    with pytest.raises(ValueError, match="must be a str, not bytes"):
        Feedback(text=b"wrong")


def test_feedback_that_reaches_nothing_says_so_where_it_was_given():
    with pytest.warns(NothingReached, match="formatted into a string") as caught:
        (node(1) + 1).backward("bad")
    assert caught[0].filename == __file__


def test_feedback_that_is_blocked_everywhere_says_so(x):
    propagator = GraphPropagator()
    propagator.register("add", lambda operation, message: [None] * len(operation.parents))
    with pytest.warns(NothingReached):
        (x + 1).backward("bad", propagator)
    assert x.feedback == ()


def blocking(op, *inputs):
    propagator = GraphPropagator()
    propagator.register(op, lambda operation, message: [None if i in inputs else message for i in range(2)])
    return propagator


def text_of(parameters):
    optimizer = OptoPrime(parameters, ReplayChat([]))
    return str(make_problem(optimizer.parameters, optimizer.received()))


def test_an_override_stops_feedback_and_the_problem_shows_what_it_stopped_as_given(x, y):
    output = (x + 1) * (y + 5)
    output.backward("bad", blocking("multiply", 1))
    assert (len(x.feedback), y.feedback) == (1, ())
    text = text_of([x, y])
    assert "multiply0 = add0 * 8" in text
    assert "y" not in text.split("#Variables")[1].split("#")[0]


def test_a_parameter_whose_only_way_is_stopped_is_a_given_value(x, y):
    (x + y).backward("bad", blocking("add", 1))
    text = text_of([x, y])
    assert "#Variables\nx = 2\n" in text
    assert "#Inputs\ny = 3\n" in text


def test_a_parameter_that_is_reached_another_way_stays_a_variable(x, y):
    ((x + y) * y).backward("bad", blocking("add", 1))
    assert len(y.feedback) == 1
    assert "x = 2\ny = 3" in text_of([x, y]).split("#Variables")[1]


def test_what_one_feedback_was_stopped_at_another_passes(x, y):
    middle = x * y
    (middle + 1).backward("stopped at y", blocking("multiply", 1))
    (middle - 1).backward("not stopped")
    assert (len(x.feedback), len(y.feedback)) == (2, 1)
    assert "x = 2\ny = 3" in text_of([x, y]).split("#Variables")[1]


def test_an_override_changes_what_is_passed_on(x, y):
    propagator = GraphPropagator()
    propagator.register("add", lambda operation, message: [Feedback("left: " + message.text), message])
    (x + y).backward("bad", propagator)
    assert str(x.feedback[0].message) == "left: bad"
    assert str(y.feedback[0].message) == "bad"
    assert str(x.feedback[0].feedback) == "bad"


def test_changed_feedback_that_meets_again_is_joined(x):
    propagator = GraphPropagator()
    propagator.register("negative", lambda operation, message: [Feedback("negated: " + message.text)])
    (x + -x).backward("bad", propagator)
    assert set(str(x.feedback[0].message).splitlines()) == {"bad", "negated: bad"}


def test_the_sum_propagator_adds_numbers_over_all_ways(x):
    (x + x * 2 + x).backward(0.5, SumPropagator())
    assert x.feedback[0].message == 1.5


def test_the_sum_propagator_joins_texts(x):
    (x + x).backward("bad", SumPropagator())
    assert x.feedback[0].message == "bad\nbad"
    (x + x).backward(Feedback("bad", score={"a": 1}), SumPropagator())
    assert x.feedback[1].message == "bad\na: 1\nbad\na: 1"


def test_the_sum_propagator_can_be_overridden_with_a_derivative(x):
    propagator = SumPropagator()
    propagator.register("multiply", lambda op, m: [m * op.values["y"], m * op.values["x"]])
    (x * 5 + x * x).backward(1.0, propagator)
    assert x.feedback[0].message == 5 + 2 + 2


@pytest.mark.parametrize("step", ["init", "propagate", "combine", "length"])
def test_an_error_in_a_propagator_leaves_no_parameter_with_feedback(x, y, step):
    class Broken(GraphPropagator):
        def init(self, node, feedback):
            return 1 / 0 if step == "init" else feedback

        def propagate(self, operation, message):
            if operation.op == "negative":
                return 1 / 0 if step == "propagate" else [] if step == "length" else [message]
            return super().propagate(operation, message)

        def combine(self, messages):
            return 1 / 0 if step == "combine" else messages[0]

    with pytest.raises((ZeroDivisionError, ValueError)):
        (-x + -x + y).backward("bad", Broken())
    assert (x.feedback, y.feedback) == ((), ())


def test_800_inputs_of_one_operation_arrive_once(x):
    output = bundle(lambda parts: sum(parts), name="total")([x + i for i in range(800)])
    output.backward("bad")
    assert len(x.feedback) == 1


def test_a_batch_keeps_outputs_with_their_feedback_and_leaves_parameters_alone(x):
    outputs = [x + i for i in range(3)]
    batch = Batch()
    for number, output in enumerate(outputs):
        assert batch.add(output, f"feedback {number}") is batch
    assert len(batch) == 3
    assert [r.output for r in batch] == outputs
    assert x.feedback == ()
    with pytest.raises(TypeError, match="takes nodes, not int"):
        batch.add(3, "bad")
    text = str(make_problem(ParameterSet([x]), list(batch)))
    assert [f"\n   feedback: feedback {n}" in text for n in range(3)] == [True] * 3
