"""Bundles of every kind: a function as one operation, whose inputs are its arguments and what its body read."""

import functools

import pytest

from trace_core import MessageNode, Module, bundle, no_trace, node, template
from trace_core.errors import ExecutionError, UndeclaredInput


@pytest.fixture
def x():
    return node(2, trainable=True, name="x")


@bundle
def add(a, b=10, *rest, c=100, **more):
    """Add it all up.

    More that no optimizer is told.
    """
    return a + b + sum(rest) + c + sum(more.values())


def test_a_call_is_one_operation_with_all_arguments_as_inputs(x):
    made = add(x, 3)
    assert isinstance(made, MessageNode)
    assert (made.data, made.op, made.description) == (105, "add", "Add it all up.")
    assert {name: n.data for name, n in made.inputs.items()} == {"a": 2, "b": 3, "c": 100}
    assert made.inputs["a"] is x


def test_varargs_keyword_only_and_further_keywords_are_inputs_too(x):
    made = add(1, 2, x, 4, c=5, d=x)
    assert made.data == 1 + 2 + 2 + 4 + 5 + 2
    assert list(made.inputs) == ["a", "b", "rest_0", "rest_1", "c", "d"]
    assert made.operation.template == "add({0}, {1}, {2}, {3}, c={4}, d={5})"


def test_positional_only_arguments_are_shown_by_position(x):
    made = bundle(lambda a, /, b: a + b, name="plus")(x, 1)
    assert made.operation.template == "plus({0}, b={1})"


def test_a_call_that_does_not_fit_is_pythons_own_error():
    with pytest.raises(TypeError, match="missing a required argument: 'a'"):
        add()


def test_a_default_that_is_a_node_is_an_input_and_reaches_the_body_as_its_value(x):
    @bundle
    def kind(y, z=x, *, w=x):
        return f"{type(z).__name__} {type(w).__name__} {y + z + w}"

    made = kind(1)
    assert made.data == "int int 5"
    assert [made.inputs["z"], made.inputs["w"]] == [x, x]
    assert kind(1, 5, w=6).data == "int int 12"


def test_what_a_past_call_read_does_not_change():
    values = node([1], trainable=True, name="values")
    first = bundle(lambda v: len(v), name="count")(values)
    values.set([1, 2, 3])
    second = bundle(lambda v: len(v), name="count")(values)
    assert first.values == {"v": [1]}
    assert second.values == {"v": [1, 2, 3]}
    assert first.inputs["v"] is second.inputs["v"]


@pytest.mark.parametrize(
    "read",
    [
        lambda n: n.data,
        str,
        lambda n: f"{n}",
        bool,
        lambda n: len(n) or 1,
        lambda n: n == "a",
        list,
        lambda n: "a" in n,
    ],
)
def test_a_node_that_was_not_passed_in_is_an_implicit_input(read):
    outside = node("abc", trainable=True, name="outside")

    @bundle
    def reads():
        return bool(read(outside))

    made = reads()
    assert {a.name: a.why for a in made.operation.arguments}.popitem()[1] == "implicit"
    made.backward("bad")
    assert len(outside.feedback) == 1
    with pytest.raises(UndeclaredInput, match="reads is strict"):
        bundle(strict=True)(reads.function)()


def test_implicit_inputs_keep_what_was_read_and_their_text_is_a_comment(x):
    made = bundle(lambda: x.data + 1, name="reads")()
    x.set(50)
    assert made.values == {"x": 2}
    assert "reads0 = reads()  # also reads x" in made.graph().to_text()


def test_what_was_passed_in_also_inside_containers_is_not_implicit(x):
    @bundle(strict=True)
    def reads(parts):
        return parts[0] + x.data

    assert reads([x, 1]).data == 4
    assert list(reads([x]).inputs) == ["parts"]


def test_constants_made_in_the_body_are_no_inputs_and_operations_on_parameters_are(x):
    @bundle
    def body():
        return (node(3) + 4).data + (x * 2).data

    made = body()
    assert made.data == 11
    assert [n.op for n in made.parents] == ["multiply"]


def test_reading_under_no_trace_is_no_input(x):
    @bundle
    def reads():
        with no_trace():
            inner = add(x)
            return inner + x.data

    made = reads()
    assert (made.data, made.parents) == (114, ())


def test_a_bundle_inside_a_bundle_is_part_of_it_and_gives_a_plain_value(x):
    inner_types = []

    @bundle
    def outer(a):
        inner = add(a)
        inner_types.append(type(inner))
        return inner + 1

    made = outer(x)
    assert inner_types == [int]
    assert [n.op for n in made.graph().operations] == ["outer"]


def test_code_of_a_bundle_inside_is_an_implicit_input_of_the_outer_one():
    @bundle(trainable=True)
    def inner(a):
        return a + 1

    made = bundle(lambda a: inner(a), name="outer")(1)
    assert inner.code in made.parents
    made.backward("bad")
    assert len(inner.code.feedback) == 1


def test_trace_inside_shows_the_operations_and_not_the_function(x):
    @bundle(trace_inside=True)
    def outer(a):
        return [add(a), a * 2]

    made = outer(x)
    assert [n.op for n in made.graph().operations] == ["add", "multiply", "list"]
    with pytest.raises(ValueError, match="choose one"):
        bundle(trainable=True, trace_inside=True)(add.function)


def test_recursion_is_one_operation():
    @bundle
    def total(n):
        return 0 if n == 0 else n + total(n - 1)

    made = total(10)
    assert made.data == 55
    assert len(made.parents) == 1


class Agent:
    def __init__(self, n):
        self.n = n

    @bundle
    def method(self, a):
        return self.n + a

    @bundle(trainable=True)
    def learned(self, a):
        return a + 1

    @classmethod
    @bundle
    def below_classmethod(cls, a):
        return cls.__name__, a

    @bundle
    @classmethod
    def above_classmethod(cls, a):
        return cls.__name__, a

    @staticmethod
    @bundle
    def below_staticmethod(a):
        return a

    @bundle
    @staticmethod
    def above_staticmethod(a):
        return a


def test_methods_are_operations_without_self(x):
    made = Agent(5).method(x)
    assert made.data == 7
    assert made.parents == (x,)
    assert Agent(6).method(a=x).data == 8


@pytest.mark.parametrize("name", ["below_classmethod", "above_classmethod"])
@pytest.mark.parametrize("owner", [Agent, Agent(1)])
def test_class_methods_work_in_both_orders(x, owner, name):
    made = getattr(owner, name)(x)
    assert made.data == ("Agent", 2)
    assert made.inputs["a"] is x


@pytest.mark.parametrize("name", ["below_staticmethod", "above_staticmethod"])
@pytest.mark.parametrize("owner", [Agent, Agent(1)])
def test_static_methods_work_in_both_orders(x, owner, name):
    assert getattr(owner, name)(x).parents == (x,)


def test_a_bundle_put_on_a_class_later_is_a_method(x):
    class Late:
        pass

    Late.method = bundle(lambda self, a: (type(self).__name__, a), name="method")
    assert Late().method(x).data == ("Late", 2)


def test_each_instance_has_its_own_code_of_a_trainable_method():
    one, other = Agent(1), Agent(1)
    assert one.learned.code is one.learned.code
    assert one.learned.code is not other.learned.code
    made = one.learned(3)
    assert {n.id for n in made.parents} >= {one.learned.code.id}
    one.learned.code.set("def learned(self, a):\n    return a + 100")
    assert (one.learned(3).data, other.learned(3).data) == (103, 4)


def test_two_methods_with_the_same_name_and_description_stay_apart():
    class One(Module):
        @bundle(trainable=True)
        def act(self, a):
            """Act."""
            return a + 1

    class Other(Module):
        @bundle(trainable=True)
        def act(self, a):
            """Act."""
            return a * 2

    one, other = One(), Other()
    made = other.act(one.act(3))
    assert made.data == 8
    made.backward("bad")
    assert len(one.act.code.feedback) == len(other.act.code.feedback) == 1
    assert one.act.code.data != other.act.code.data


def test_decorators_may_stand_above_and_below(x):
    def doubled(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return 2 * function(*args, **kwargs)

        return wrapper

    below = bundle(doubled(lambda a: a + 1), name="below")
    above = doubled(bundle(lambda a: a + 1, name="above"))
    assert below(x).data == above(x).data == 6
    assert [n.op for n in above(x).graph().operations] == ["above", "multiply"]


def test_any_callable_with_a_signature_can_be_a_bundle_and_lambdas_have_a_usable_name(x):
    assert bundle(len)([1, x]).data == 2
    assert bundle(lambda a: a)(x).operation.template.isascii()
    assert "<" not in bundle(lambda a: a)(x).graph().to_text()


def test_a_trace_function_of_the_users_is_left_alone(x):
    import sys

    before = sys.gettrace()
    add(x)
    assert sys.gettrace() is before


def test_text_made_inside_a_bundle_keeps_the_edge_without_a_warning(x):
    assert bundle(lambda: f"{x}", name="text")().parents == (x,)
    assert template("{a}", a=x).parents[1] is x


def test_the_error_of_a_strict_bundle_is_both(x):
    with pytest.raises(ExecutionError) as caught:
        bundle(strict=True)(lambda: x.data)()
    assert isinstance(caught.value, UndeclaredInput)


def test_a_node_that_the_body_calculates_with_is_an_input_or_an_error_where_it_is_strict():
    outer = node(5, name="outer")
    assert bundle(lambda a: outer + a, name="sum")(1).inputs["outer"] is outer
    assert bundle(lambda a: a if outer > a else 0, name="most")(1).inputs["outer"] is outer
    with pytest.raises(UndeclaredInput, match="outer"):
        bundle(strict=True)(lambda a: outer + a)(1)
    assert bundle(strict=True)(lambda a: (node(a) + 1).data)(1).data == 2


def test_what_a_text_reads_that_depends_on_a_parameter_is_one_input(x):
    made = bundle(lambda: x + 1, name="more")()
    assert [n.op for n in made.parents] == ["add"]


def test_many_nodes_of_one_name_that_are_read_aside_are_told_apart():
    values = [node(i, name="value") for i in range(2_000)]
    made = bundle(lambda: sum(value.data for value in values), name="total")()
    assert [*made.inputs][:3] == ["value", "value_1", "value_2"]
    assert len(made.inputs) == 2_000


def test_an_argument_by_position_and_one_by_keyword_may_have_one_name():
    @bundle
    def both(a, /, **others):
        return a + others["a"]

    made = both(node(1, name="first"), a=2)
    assert {name: n.data for name, n in made.inputs.items()} == {"a_1": 1, "a": 2}
    assert "both(first, a=int0)" in made.graph().to_text()


def test_a_call_that_does_not_fit_names_the_bundle():
    with pytest.raises(TypeError, match=r"add\(\).*'a'"):
        add()


def test_what_has_no_name_or_no_signature_can_be_a_bundle():
    class Adder:
        def __call__(self, a):
            return a + 1

    assert bundle(Adder())(1).op == "Adder"
    assert bundle(functools.partial(pow, 2))(3).data == 8
    assert bundle(max)(node(1), 2).graph().to_text().splitlines()[2] == "max0 = max(int0, int1)"


def test_two_threads_that_ask_for_a_methods_code_first_get_one(monkeypatch):
    class Router:
        @bundle(trainable=True)
        def route(self, text):
            return text

    router, made = Router(), type(vars(Router)["route"])._code_parameter

    def meanwhile(bundle):
        monkeypatch.undo()
        others.append(router.route.code)
        return made(bundle)

    others = []
    monkeypatch.setattr(type(vars(Router)["route"]), "_code_parameter", meanwhile)
    assert router.route.code is others[0]
