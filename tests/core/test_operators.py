"""Operators between nodes: each gives what Python gives on the values, and remembers its operands."""

import math
import operator
from collections import OrderedDict, deque
from types import MappingProxyType

import pytest

from trace_core import MessageNode, bundle, node, template
from trace_core.errors import ExecutionError, ImmutableNode

BINARY = [
    (operator.add, 7, 2),
    (operator.sub, 7, 2),
    (operator.mul, 7, 2),
    (operator.truediv, 7, 2),
    (operator.floordiv, 7, 2),
    (operator.mod, 7, 2),
    (operator.pow, 7, 2),
    (operator.lshift, 7, 2),
    (operator.rshift, 7, 2),
    (operator.and_, 7, 2),
    (operator.or_, 5, 2),
    (operator.xor, 7, 2),
    (divmod, 7, 2),
    (operator.lt, 7, 2),
    (operator.le, 7, 2),
    (operator.gt, 7, 2),
    (operator.ge, 7, 2),
    (operator.add, "a", "b"),
    (operator.mul, "ab", 3),
    (operator.add, [1], [2]),
    (operator.or_, {"a": 1}, {"b": 2}),
    (operator.sub, {1, 2}, {2}),
]


class Matrix:
    """A tiny array-like: its operators give arrays, its comparison too, and it has no truth value."""

    def __init__(self, *rows):
        self.rows = rows

    def __matmul__(self, other):
        if not isinstance(other, Matrix):
            return NotImplemented
        return Matrix(*(a * b for a, b in zip(self.rows, other.rows, strict=True)))

    def __add__(self, other):
        return Matrix(*(a + other for a in self.rows)) if isinstance(other, int) else NotImplemented

    def __eq__(self, other):
        return Matrix(*(a == b for a, b in zip(self.rows, other.rows, strict=True)))

    __hash__ = None

    def __bool__(self):
        raise ValueError("the truth value of an array is ambiguous")


@pytest.mark.parametrize(("function", "x", "y"), BINARY)
def test_binary_operators_work_between_nodes_and_with_values_on_either_side(function, x, y):
    for made in (function(node(x), node(y)), function(node(x), y), function(x, node(y))):
        assert isinstance(made, MessageNode)
        assert made.data == function(x, y)
        assert type(made.data) is type(function(x, y))
        assert len(made.parents) == 2


def test_operands_stand_in_the_order_in_which_they_were_written():
    x = node(2)
    assert [p.data for p in (10 - x).parents] == [10, 2]
    assert (10 - x).parents[1] is x
    assert (x - 10).parents[0] is x
    assert list((x - 10).inputs) == ["x", "y"]


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (operator.neg, 3),
        (operator.pos, -3),
        (operator.invert, 3),
        (abs, -3),
        (round, 2.567),
        (math.trunc, -2.5),
        (math.floor, -2.5),
        (math.ceil, -2.5),
    ],
)
def test_unary_operators_give_nodes(function, value):
    x = node(value)
    made = function(x)
    assert isinstance(made, MessageNode)
    assert made.parents == (x,)
    assert made.data == function(value)


def test_round_takes_digits_and_pow_a_modulus_as_further_operands():
    assert round(node(2.567), 1).data == 2.6
    assert round(node(2.567), node(2)).data == 2.57
    made = pow(node(7), 3, 5)
    assert made.data == 3
    assert [p.data for p in made.parents] == [7, 3, 5]


def test_matmul_works_on_whatever_defines_it():
    a, b = Matrix(1, 2), Matrix(3, 4)
    assert (node(a) @ b).data.rows == (3, 8)
    assert (a @ node(b)).data.rows == (3, 8)


def test_array_likes_without_a_truth_value_pass_through_operators_and_bundles():
    array = node(Matrix(1, 2), trainable=True, name="array")
    summed = bundle(lambda x: sum(x.rows))(array + 1)
    assert summed.data == 5
    assert "summed" not in summed.graph().to_text()


def test_items_slices_and_nested_subscripts_keep_their_bounds_as_inputs():
    table = node({"rows": [[1, 2, 3], [4, 5, 6]]})
    first = node(1)
    assert table["rows"][first][0].data == 4
    part = node("abcdef")[first:4:2]
    assert part.data == "bd"
    assert part.inputs["start"] is first
    assert list(part.inputs) == ["x", "start", "stop", "step"]
    assert node("abc")[::-1].data == "cba"
    assert node("abc")[:2].data == "ab"


@pytest.mark.parametrize(
    ("value", "items"),
    [
        ([1, 2], [1, 2]),
        ((1, 2), [1, 2]),
        ("ab", ["a", "b"]),
        ({"a": 1, "b": 2}, ["a", "b"]),
        (OrderedDict(a=1), ["a"]),
        (MappingProxyType({"a": 1}), ["a"]),
        (range(3), [0, 1, 2]),
        (deque([1, 2]), [1, 2]),
        ({5}, [5]),
        (frozenset({5}), [5]),
    ],
)
def test_iteration_gives_each_item_as_a_node_of_its_own(value, items):
    x = node(value, trainable=True, name="x")
    made = list(x)
    assert [item.data for item in made] == items
    assert all(item.depends for item in made)


def test_a_generator_is_listed_once_and_its_items_come_from_the_list():
    made = list(node(i * i for i in range(3)))
    assert [item.data for item in made] == [0, 1, 4]
    assert len({item.parents[0].id for item in made}) == 1


def test_unpacking_a_node_gives_nodes():
    x, *rest = node((1, 2, 3))
    assert x.op == "getitem"
    assert [each.data for each in rest] == [2, 3]


def test_a_node_that_holds_a_function_can_be_called():
    f = node(sorted)
    made = f([3, 1], reverse=node(True))
    assert made.data == [3, 1]
    assert list(made.inputs) == ["function", "args_0", "reverse"]


def test_methods_of_text_lists_dicts_and_sets_are_traced():
    text, d = node("a-b"), node({"a": 1})
    assert text.upper().replace("A", node("x")).data == "x-B"
    assert text.split("-").data == ["a", "b"]
    assert node(", ").join(["a", node("b")]).data == "a, b"
    assert node([1, 1]).count(1).data == 2
    assert d.get("z", node(9)).data == 9
    assert list(d.keys().data) == ["a"]
    assert list(d.items().data) == [("a", 1)]
    assert node({1}).union({2}).data == {1, 2}
    assert d.call("values").op == "values"
    assert node(3 + 4j).attribute("imag").data == 4.0


def test_keyword_arguments_may_have_any_name():
    assert node("{self}{text}").format(self=1, text=2).data == "12"
    assert node("{method}").call("format", method=1).data == "1"


@pytest.mark.parametrize(
    ("change", "instead"),
    [
        (lambda x: operator.setitem(x, 0, 1), r"node\[:i\] \+ \[value\]"),
        (lambda x: operator.delitem(x, 0), "make a new value"),
        (lambda x: x.append(1), r"node \+ \[value\]"),
        (lambda x: x.sort(), "sorted"),
        (lambda x: x.update({}), r"node \| other"),
        (lambda x: x.pop(), r"node\[-1\]"),
    ],
)
def test_changing_in_place_is_an_error_that_names_the_alternative(change, instead):
    with pytest.raises(ImmutableNode, match=instead) as caught:
        change(node([1, 2]))
    assert isinstance(caught.value, TypeError)


def test_augmented_assignment_makes_a_new_node():
    x = y = node([1])
    x += [2]
    assert (x.data, y.data) == ([1, 2], [1])


def test_what_python_needs_as_a_plain_value_is_plain():
    x = node(3)
    assert (bool(x), int(x), float(x), complex(x), range(9)[x], [0, 1, 2, 7][x]) == (True, 3, 3.0, 3 + 0j, 3, 7)
    assert len(node("abc")) == 3
    assert "a" in node("abc")
    assert node("a") in node({"a": 1})
    assert node("a") in node(["a"])
    assert all(type(value) is not MessageNode for value in (bool(x), len(node("a"))))


def test_a_failing_operator_leaves_as_its_own_error_with_a_node():
    x = node(0, trainable=True, name="x")
    with pytest.raises(ZeroDivisionError) as caught:
        1 / x
    assert isinstance(caught.value, ExecutionError)
    assert caught.value.node.parents[1] is x
    assert str(caught.value) == "(ZeroDivisionError) division by zero"
    caught.value.node.backward("do not divide by zero")
    assert len(x.feedback) == 1


def test_an_attribute_that_is_not_there_fails_without_breaking_the_text_of_the_graph():
    with pytest.raises(AttributeError) as caught:
        node("x").call("no\n#Feedback")
    assert "\n#Feedback" not in caught.value.node.graph().to_text()


def test_a_learned_text_may_name_values_and_not_reach_into_them() -> None:
    class User:
        key = "secret"

    learned = node("Hello {user.key}", trainable=True)
    with pytest.raises(ValueError, match="not reach into them"):
        template(learned, user=User())
    assert template("Hello {user.key}", user=User()).data == "Hello secret"
    learned.set("Hello {name!r:>6} {}")
    assert learned.format("you", name="Jo").data == "Hello   'Jo' you"


class Client:
    def __repr__(self) -> str:
        return "Client(key=sk-secret)"


@pytest.mark.parametrize("text", ["{:>300000000}", "{:.300000000f}", "{:{}}", "{!r}", "{!a:>9}"])
def test_a_learned_text_may_neither_ask_for_a_huge_width_nor_print_an_object(text: str) -> None:
    value = Client() if "!" in text else 1.5
    with pytest.raises(ValueError, match="a learned text may not"):
        node(text, trainable=True).format(value, 300_000_000)
    if "!" in text:
        assert "sk-secret" in node(text).format(value).data


@pytest.mark.parametrize("text", ["%300000000s", "%-.300000000s", "%(a)300000000s", "%r", "%5.2a", "%(a)r"])
def test_nor_may_a_learned_text_with_percent_signs(text: str) -> None:
    value = Client() if text[-1] in "ra" else "x"
    with pytest.raises(ValueError, match="a learned text may not"):
        node(text, trainable=True) % ({"a": value} if "(a)" in text else value)
    if text == "%r":
        assert "sk-secret" in (node(text) % value).data


def test_other_learned_texts_and_numbers_are_formatted_as_ever() -> None:
    assert (node("%5.2f%% %r", trainable=True) % (1.5, "a")).data == " 1.50% 'a'"
    assert (node(7, trainable=True) % 4).data == 3


def test_the_items_of_a_parameter_are_those_that_it_holds_when_the_iteration_begins() -> None:
    values = node([1, 2], trainable=True, name="values")
    first, second = values
    values.set([3, 4])
    assert (first.data, second.data) == (1, 2)
    assert [item.values["x"] for item in (first, second)] == [[1, 2]] * 2
    assert [item.parents[0] for item in (first, second)] == [values, values]
