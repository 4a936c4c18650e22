"""The text of a problem: its sections, masks, budget, versions, and that nothing recorded opens a section."""
# ruff: noqa: RUF005 - `node + [value]` is an operation, unpacking is several

import math
import re
from typing import Annotated, Literal

import pytest
from pydantic import Field

from tests.core.optimizers.problem_program import about, check, sections
from trace_core import Batch, Feedback, MaxLength, Module, OptoPrime, ParameterSet, ReplayChat, bundle, no_trace, node
from trace_core.optimizers.problem import Problem, make_problem


@pytest.fixture
def x():
    return node(2, trainable=True, name="x")


def problem(parameters, *outputs, feedback="bad", **options) -> Problem:
    batch = Batch()
    for output in outputs:
        batch.add(output, feedback)
    return make_problem(ParameterSet(parameters), list(batch), **options)


def text(parameters, *outputs, **options):
    return str(problem(parameters, *outputs, **options))


def names(parameters, *outputs, **options):
    return [section.name for section in problem(parameters, *outputs, **options).sections]


@bundle
def label(ticket, rules, style="terse"):
    """Choose a queue."""
    return f"{ticket}/{rules}/{style}"


def test_the_sections_of_a_small_problem(x):
    x.description = "how much"
    y = node(3, name="y")
    output = label((x + y) * 2, "r" * 70)
    r = "r" * 70
    assert (
        text([x], output, feedback=Feedback("too long", score=0.5))
        == f"""#Variables
x = 2

#Constraints
x: how much; integer

#Code
add0 = x + y
multiply0 = add0 * 2
label0 = label(ticket=multiply0, rules=str0, style='terse')

#Documentation
[label] Choose a queue.

#Inputs
y = 3
str0 = '{r}'

#Others
add0 = 5
multiply0 = 10

#Outputs
label0 = '10/{r}/terse'

#Feedback
too long
score: 0.5"""
    )


@pytest.mark.parametrize("name", ["code", "documentation", "variables", "constraints", "inputs", "others", "feedback"])
def test_each_section_can_be_masked_and_empty_ones_vanish(x, name):
    output = label((x + node(5, name="y")) * 2, "r")
    everything = names([x], output)
    assert names([x], output, mask=[name]) == [each for each in everything if each != name]
    assert [s.name for s in problem([x], output).masked([name]).sections] == names([x], output, mask=[name])
    assert "documentation" not in names([x], x + 1)
    assert "inputs" not in names([x], x + 1)


def test_with_the_inputs_masked_their_values_stand_nowhere(x):
    assert "4711" in text([x], x + 4711 + 1)
    assert "+ 4711" not in text([x], x + 4711 + 1, mask=["inputs", "others", "outputs"])


def test_parameters_that_no_output_depends_on_and_constants_behind_others_are_left_out(x):
    other = node(5, trainable=True, name="lonely")
    before = node(100, name="hidden") + 11
    shown = text([x, other], x + before)
    assert "lonely" not in shown
    assert "hidden" not in shown
    assert "add0 = x + 111" in shown.replace("add1", "add0")


def test_a_parameter_that_is_not_to_be_learned_is_a_given_value(x):
    fixed = node("fixed", trainable=True, name="fixed")
    shown = text([x], label(x, fixed))
    assert about(shown, "Inputs", 1) == "fixed = 'fixed'"
    assert "fixed" not in about(shown, "Variables", 1)
    check(shown, {"label": label.function})


def test_types_and_rules_are_constraints():
    parameters = [
        node(0.5, trainable=True, name="temperature", type=Annotated[float, Field(ge=0, le=2)]),
        node("a", trainable=True, name="style", type=Literal["a", "b"]),
        node("p", trainable=True, name="prompt", validators=[MaxLength(9)], description="what\n#Feedback\nto say"),
    ]
    shown = about(text(parameters, node(parameters) + []), "Constraints", 1)
    assert "temperature: number at least 0 at most 2" in shown
    assert "style: one of 'a', 'b'" in shown
    assert "9" in shown.split("prompt")[1]


def test_a_recording_under_a_candidate_shows_what_was_read_whichever_number_it_had(x):
    parameters = ParameterSet([x])
    texts = set()
    for _ in range(2):
        with parameters.candidate({"x": 7}):
            output = x + 1
        texts.add(text([x], output))
    (shown,) = texts
    assert "add0 = x_candidate + 1" in shown
    assert "x_candidate = 7" in about(shown, "Inputs", 1)
    assert about(shown, "Variables", 1) == "x = 2"
    check(shown, {})


def test_a_recording_before_set_shows_the_value_then_and_the_value_now(x):
    first = x + 1
    x.set(5)
    second = first * x
    x.set(9)
    shown = text([x], second)
    assert "add0 = x_v0 + 1\nmultiply0 = add0 * x_v1" in shown
    assert about(shown, "Inputs", 1) == "x_v0 = 2\nx_v1 = 5"
    assert about(shown, "Variables", 1) == "x = 9"
    check(shown, {})


def test_a_value_that_came_back_needs_no_other_name(x):
    output = x + 1
    x.set(5)
    x.revert()
    assert "add0 = x + 1" in text([x], output)


def test_the_name_of_an_old_version_gives_way_to_a_name_that_is_taken(x):
    taken = node(1, trainable=True, name="x_v0")
    output = x + taken
    x.set(50)
    shown = text([x, taken], output)
    check(shown, {})


def test_older_code_of_a_function_is_told_in_a_comment():
    @bundle(trainable=True)
    def double(a):
        return 2 * a

    output = double(3)
    now = text(double.parameters().values(), output)
    assert "double0 = double(3)\n" in now
    double.code.set("def double(a):\n    return a + a")
    later = text(double.parameters().values(), output)
    assert "double0 = double(3)  # also reads double_code_v0\n" in later
    assert "return 2 * a" in about(later, "Inputs", 1)
    assert "return a + a" in about(later, "Variables", 1)


def test_a_list_that_was_changed_between_two_reads_is_shown_as_each_read_it(x):
    values = [1]
    given = node(values, name="given")
    first = given + [x]
    values.append(2)
    second = given + first
    shown = text([x], second)
    check(shown, {})
    assert "given = [1]" in shown
    assert "given_2 = [1, 2]" in shown


def test_a_learned_list_that_was_changed_in_place_is_shown_as_it_was_read():
    values = node([1], trainable=True, name="values")
    first = values + [0]
    values.data.append(2)
    second = first + values
    values.data.append(3)
    shown = text([values], second)
    check(shown, {})
    assert about(shown, "Variables", 1) == "values = [1, 2, 3]"


def test_what_was_computed_untraced_is_a_given_value(x):
    with no_trace():
        aside = x + 40
    assert "add1 = x + 42" in text([x], x + aside)


def test_outputs_of_one_run_are_labelled_and_their_common_part_stands_once(x):
    common = x + 1
    shown = text([x], common * 2, common * 3, common)
    assert shown.count("add0 =") == 2  # in #Code and in #Outputs
    assert about(shown, "Feedback", 1).splitlines() == ["multiply0: bad", "multiply1: bad", "add0: bad"]
    check(shown, {})


def test_two_feedbacks_on_one_output_are_both_there(x):
    output = x + 1
    batch = Batch().add(output, "first").add(output, "second")
    shown = str(make_problem(ParameterSet([x]), list(batch)))
    assert about(shown, "Feedback", 1) == "first\nsecond"


def test_runs_of_the_same_shape_share_one_code_and_differ_in_a_numbered_table(x):
    shown = text([x], *[label(x, "r", style=f"s{i}") for i in range(3)])
    assert [name for name, *_ in sections(shown)].count("Code") == 1
    assert "label0 = label(ticket=x, rules='r', style=str1)" in shown
    assert [about(shown, "Inputs", n) for n in (1, 2, 3)] == [f"str1 = 's{i}'" for i in range(3)]
    assert [about(shown, "Outputs", n) for n in (1, 2, 3)] == [f"label0 = '2/r/s{i}'" for i in range(3)]


def test_runs_of_different_shapes_have_a_code_each_with_the_numbers_of_their_examples(x):
    shown = text([x], x + 1, x * 2, x + 3)
    assert re.findall(r"^#Code.*", shown, re.MULTILINE) == ["#Code 1-2", "#Code 3"]
    assert [about(shown, "Outputs", n) for n in (1, 2, 3)] == ["add0 = 3", "add0 = 5", "multiply0 = 4"]


def test_a_variable_has_one_name_in_all_shapes_and_it_is_the_one_that_is_shown():
    clash, dotted, same = (
        node(i, trainable=True, name=name) for i, name in enumerate(("label", "a.b", "a_b"), start=1)
    )
    shown = text([clash, dotted, same], clash + dotted, label(clash, same) + "!", dotted + same)
    for example in (1, 2, 3):
        check(shown, {"label": label.function}, example)


def test_long_values_keep_head_and_tail_within_a_budget_and_variables_and_feedback_are_never_cut():
    prompt = node("P" * 3_000, trainable=True, name="prompt")
    feedback = "F" * 3_000
    output = label(node("start" + "i" * 20_000 + "end", name="ticket"), prompt)
    shown = text([prompt], output, feedback=feedback, max_tokens=2_000)
    assert len(shown) <= 2_000 * 4 + 200
    assert "P" * 3_000 in about(shown, "Variables", 1)
    assert about(shown, "Feedback", 1) == feedback
    assert about(shown, "Inputs", 1).startswith("ticket = 'start")
    assert "characters left out" in about(shown, "Inputs", 1)
    assert about(shown, "Inputs", 1).endswith("end'")


def test_long_graphs_fold_their_middle_within_a_budget(x):
    output = x
    for i in range(2_000):
        output = output + i
    shown = text([x], output, max_tokens=1_000)
    assert len(shown) <= 1_000 * 4 + 200
    lines = about(shown, "Code", 1).splitlines()
    assert lines[0] == "add0 = x + 0"
    assert lines[-1] == "add1999 = add1998 + 1999"
    assert any(re.fullmatch(r"# \.\.\. \d+ lines left out \.\.\.", line) for line in lines)
    assert about(shown, "Outputs", 1).startswith("add1999 = ")


def test_what_fits_is_not_cut(x):
    output = label(node("t" * 5_000, name="ticket"), x)
    assert "left out" not in text([x], output, max_tokens=8_000)


def test_values_that_are_no_plain_data_are_shown_by_their_type():
    class Client:
        def __repr__(self):
            return "sk-secret"

    x = node(2, trainable=True, name="x")
    shown = text([x], bundle(lambda client, x: [client, x], name="ask")(Client(), x))
    assert "secret" not in shown
    assert "Client>" in about(shown, "Inputs", 1)


def test_numbers_that_are_no_literals_can_be_run(x):
    check(text([x], x + math.inf + node([math.nan, -math.inf])[0]), {})


def test_an_error_is_an_output_with_its_text(x):
    with pytest.raises(ZeroDivisionError) as info:
        bundle(lambda a: 1 // (a - 2), name="divide")(x)
    shown = text([x], info.value.node)
    assert "divide0 = divide(x)  # raised" in shown
    assert "(ZeroDivisionError)" in about(shown, "Outputs", 1)


def test_the_optimizer_takes_what_backward_left_as_a_minibatch_in_order(x):
    optimizer = OptoPrime([x], ReplayChat([]))
    outputs = [x + i for i in range(3)]
    for output in reversed(outputs):
        output.backward("bad")
    shown = str(optimizer.problem())
    assert [about(shown, "Outputs", n) for n in (1, 2, 3)] == [f"add0 = {i + 2}" for i in range(3)]


def test_functions_of_one_name_are_told_apart() -> None:
    class Cleaner(Module):
        @bundle(trainable=True)
        def clean(self, text):
            return text.strip()

    first, second = Cleaner(), Cleaner()
    output = second.clean(first.clean(" a "))
    output.backward("wrong")
    parameters = ParameterSet({"first": first.clean.code, "second": second.clean.code})
    text = str(OptoPrime(parameters, ReplayChat([])).problem())
    assert "clean0 = clean(' a ')  # also reads first" in text
    assert "clean1 = clean(clean0)  # also reads second" in text


def test_a_failed_run_and_one_that_did_not_fail_have_two_programs() -> None:
    @bundle(trainable=True)
    def inverse(x):
        return 1 / x

    inverse(2).backward("fine")
    with pytest.raises(ZeroDivisionError) as caught:
        inverse(0)
    caught.value.node.backward("should be 0")
    text = str(OptoPrime(inverse.parameters(), ReplayChat([])).problem())
    assert "#Code 1\ninverse0 = inverse(2)\n" in text
    assert "#Code 2\ninverse0 = inverse(0)  # raised" in text


def test_of_many_examples_those_in_the_middle_keep_their_feedback_alone(x):
    shown = text([x], *[label(x, "r" * 100 + str(i)) for i in range(500)], max_tokens=2_000)
    assert len(shown) <= 2_000 * 4 + 500 * len("100. feedback: bad\n")
    assert shown.count("feedback: bad") == 500
    assert "\n250. feedback: bad\n" in shown
    assert re.search(r"\n1\. str0 = .*-> label0 = ", shown, re.DOTALL)
    assert re.search(r"\n500\. str0 = .*-> label0 = ", shown, re.DOTALL)
