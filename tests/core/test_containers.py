"""Containers that hold nodes: each is an operation on what it holds, at any depth, and stays of its own type."""

from collections import Counter, OrderedDict, defaultdict, deque, namedtuple

import pytest

from trace_core import MessageNode, Node, bundle, node

Point = namedtuple("Point", "x y")


@bundle
def same(value):
    return value


@pytest.fixture
def x():
    return node(1, trainable=True, name="x")


@pytest.mark.parametrize("wrap", [lambda x: [x, 2], lambda x: (x,), lambda x: {"a": x}, lambda x: {x}])
def test_a_container_of_nodes_is_an_operation_on_them(x, wrap):
    made = node(wrap(x))
    assert isinstance(made, MessageNode)
    assert made.parents[0] is x
    assert made.data == type(wrap(x))(wrap(1))
    assert node(wrap(5)).parents == ()


def test_nested_containers_are_operations_on_operations(x):
    made = node({"outer": [(x, 2), {"inner": {x}}]})
    assert made.data == {"outer": [(1, 2), {"inner": {1}}]}
    assert [step.op for step in made.graph().operations] == ["tuple", "set", "dict", "list", "dict"]
    made.backward("bad")
    assert len(x.feedback) == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda x: Point(x, 2),
        lambda x: OrderedDict(a=x, b=2),
        lambda x: defaultdict(list, {"a": x}),
        lambda x: Counter({"a": x}),
        lambda x: frozenset({x}),
        lambda x: [frozenset({x})],
    ],
)
def test_subclasses_stay_what_they_were_and_keep_the_edge(x, make):
    made = same(make(x))
    assert made.data == make(1)
    assert type(made.data) is type(make(1))
    assert made.depends


def test_a_defaultdict_keeps_its_factory(x):
    assert same(defaultdict(list, {"a": x})).data["missing"] == []


def test_a_list_that_holds_itself_is_a_value():
    circle = [1]
    circle.append(circle)
    assert type(node(circle)) is Node


def test_functions_get_plain_values_and_their_results_are_made_plain(x):
    seen = []

    @bundle
    def take(parts):
        seen.append(parts)
        return [parts, {"again": x}]

    made = take([x, {"k": x}])
    assert seen == [[1, {"k": 1}]]
    assert type(seen[0][0]) is int
    assert made.data == [[1, {"k": 1}], {"again": 1}]
    assert type(made.data[1]["again"]) is int


def test_a_set_of_nodes_gives_the_same_text_however_it_is_ordered():
    def text(names):
        made = {name: node(name, trainable=True, name=name) for name in ("c", "a", "b")}
        return node({made[name] for name in names}).graph().to_text()

    assert text("abc") == text("cba") == text("bca")


def test_keys_are_shown_as_literals_and_never_by_their_repr(x):
    class Key:
        def __repr__(self):
            return "sk-secret\n#Feedback"

    text = node({Key(): x, "a\n#Outputs {0}": x}).graph().to_text()
    assert "secret" not in text
    assert "\n#" not in text.replace("\n# dict0", "")


def test_an_item_of_a_container_of_nodes_leads_back_to_them(x):
    y = node(2, trainable=True, name="y")
    node([x, y])[0].backward("bad")
    assert len(x.feedback) == 1


def test_nothing_recurses_and_what_stands_in_several_places_is_made_once(x):
    deep, shared = x, [x]
    for _ in range(3_000):
        deep = [deep]
    for _ in range(40):
        shared = [shared, shared]
    assert len(node(deep).graph()) == 3_001
    assert len(node(shared).graph()) == 42
    made = same(shared).data
    assert made[0] is made[1]


def test_a_container_that_holds_itself_and_a_node_is_refused(x):
    circle = [x]
    circle.append(circle)
    with pytest.raises(ValueError, match="holds itself"):
        node(circle)


def test_a_deque_of_nodes_reaches_a_bundle_as_values(x):
    made = same(deque([x, 2], maxlen=2))
    assert made.data == deque([1, 2], maxlen=2)
    assert made.data.maxlen == 2
    assert made.inputs["value"].parents[0] is x
    assert "deque0 = deque([x, int0])" in made.graph().to_text()
