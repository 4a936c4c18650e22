"""Graphs as values: which nodes are in them, in which order, and what they are called."""
# ruff: noqa: RUF005 - `node + [value]` is an operation, unpacking is several

import pytest

from trace_core import GraphPropagator, MessageNode, TraceGraph, bundle, node


@pytest.fixture
def x():
    return node(2, trainable=True, name="x")


@pytest.fixture
def y():
    return node(3, trainable=True, name="y")


def names(graph):
    return [graph.name(n) for n in graph.nodes]


def test_the_minimal_subgraph_has_what_depends_on_the_parameters_and_its_other_inputs_as_values(x, y):
    output = x * 2 + y * 3 + 1
    graph = TraceGraph.between([x], [output])
    assert [n.op for n in graph.operations] == ["multiply", "add", "add"]
    given = [n for n in graph.nodes if not graph.is_operation(n)]
    assert [n.data for n in given] == [2, 2, 9, 1]
    assert y not in set(graph.nodes)
    assert graph.parameters == (x,)
    assert graph.outputs == (output,)


def test_what_does_not_lead_to_an_output_is_not_in_it(x):
    middle = x + 1
    other = middle * 100
    graph = TraceGraph.between([x], [middle * 2])
    assert other not in set(graph.nodes)
    assert len(graph) == 5


def test_the_whole_graph_has_everything(x, y):
    constant = node(4) + 1
    graph = (x + constant).graph()
    assert [n.op for n in graph.operations] == ["add", "add"]
    assert len(TraceGraph.of(x + y, x * y)) == 4


def test_nodes_stand_in_topological_order_and_draft_comes_before_critique_and_revision():
    draft = bundle(lambda p: p + "d", name="draft")
    critique = bundle(lambda d: d + "c", name="critique")
    revise = bundle(lambda d, c: d + c, name="revise")
    prompt = node("p", trainable=True, name="prompt")
    first = draft(prompt)
    output = revise(first, critique(first))
    assert names(output.graph()) == ["prompt", "draft0", "critique0", "revise0"]


def test_the_same_workflow_gives_the_same_names_every_time():
    def text():
        a, b = node(1, trainable=True, name="a"), node("t")
        return ((a + 1) * (a + 2)).graph().to_text() + (b + "u").graph().to_text()

    assert len({text() for _ in range(5)}) == 1


def test_edges_say_by_which_argument_and_why(x, y):
    made = bundle(lambda a: a + y.data, name="f")(x)
    assert [(e.source, e.target, e.argument, e.why, e.kind) for e in made.graph().edges] == [
        (x, made, "a", "argument", "data"),
        (y, made, "y", "implicit", "data"),
    ]


def test_parameters_keep_their_name_and_an_identifier_stands_for_it_in_code():
    dotted = node(1, trainable=True, name="support.prompt[1]")
    graph = (dotted + 1).graph()
    assert graph.name(dotted) == "support.prompt[1]"
    assert graph.identifier(dotted) == "support_prompt_1_"


def test_names_that_were_given_come_before_counted_ones_and_functions_keep_theirs():
    taken, function = node(1, trainable=True, name="add0"), node(2, trainable=True, name="double")
    double = bundle(lambda a: 2 * a, name="double")
    graph = (taken + double(function)).graph()
    assert names(graph) == ["add0", "double", "double0", "add1"]
    assert graph.identifier(function) == "double_"


def test_names_that_give_the_same_identifier_are_told_apart():
    inputs = [node(i, trainable=True, name=name) for i, name in enumerate(("a.b", "a_b", "a b"))]
    graph = (inputs[0] + inputs[1] + inputs[2]).graph()
    assert len({graph.identifier(n) for n in graph.nodes}) == len(graph)


def test_a_parameter_has_its_name_before_an_input_of_the_same_name():
    given = node(1, name="question")
    parameter = node(2, trainable=True, name="question")
    graph = (given + parameter).graph()
    assert graph.identifier(parameter) == "question"
    assert graph.identifier(given) == "question_"


def test_keywords_and_what_literals_call_are_no_names():
    inputs = [node(1, trainable=True, name=name) for name in ("class", "float", "1st", "")]
    graph = node(inputs).graph()
    assert not {graph.identifier(n) for n in inputs} & {"class", "float", "1st", ""}


def test_a_name_of_a_node_that_is_not_in_the_graph_is_an_error(x, y):
    with pytest.raises(KeyError):
        (x + 1).graph().name(y)


def test_blocked_edges_cut_the_graph(x, y):
    propagator = GraphPropagator()
    propagator.register("multiply", lambda operation, message: [message, None])
    output = (x + 1) * (y + 1)
    output.backward("bad", propagator)
    graph = TraceGraph.between([x, y], [output], x.feedback[0].blocked)
    assert [n.op for n in graph.operations] == ["add", "multiply"]


def test_a_call_without_inputs_stands_as_a_value(x):
    made = bundle(lambda: 5, name="make")() + x
    graph = made.graph()
    assert graph.to_text() == "x = 2\nmake0 = 5\nadd0 = make0 + x\n# add0: '7'"


def test_a_graph_tells_what_a_node_held_when_it_was_read(x):
    values = [1]
    made = node(values) + [x]
    x.set(50)
    values.append(2)
    graph = made.graph()
    assert graph.read(x).value == 2
    assert graph.read(made.parents[0]).value == [1]
    assert graph.read(made).value == [1, 2]
    assert "x = 2\n" in graph.to_text()


def test_a_wide_graph_and_a_deep_graph_are_extracted_without_recursion(x):
    deep = x
    for _ in range(20_000):
        deep = deep + 1
    parameters = [node(i, trainable=True, name=f"p{i}") for i in range(50)]
    wide = node([deep, *parameters])
    graph = TraceGraph.between([x, *parameters], [wide])
    assert len(graph.operations) == 20_001
    assert len(graph.parameters) == 51
    assert all(isinstance(n, MessageNode) for n in graph.operations)


def test_a_name_that_is_an_identifier_is_kept_whatever_comes_before():
    dotted, exact = node(1, trainable=True, name="a.b"), node(2, trainable=True, name="a_b")
    graph = (dotted + exact).graph()
    assert (graph.identifier(dotted), graph.identifier(exact)) == ("a_b_", "a_b")


def test_many_nodes_of_one_name_are_numbered(x):
    graph = node([x, *(node(i, name="value") + x for i in range(2_000))]).graph()
    given = [n for n in graph.nodes if n.name == "value"]
    assert [graph.identifier(n) for n in given[:3]] == ["value", "value_", "value__1"]
    assert len({graph.identifier(n) for n in graph.nodes}) == len(graph)
