"""Graphs as JSON: both ways with the same problem text, and a refusal for whatever is not a graph."""

import copy
import json
from collections import namedtuple

import pytest

from trace_core import Batch, ExceptionNode, ParameterSet, TraceGraph, bundle, no_trace, node
from trace_core.errors import InvalidTrace
from trace_core.graph_json import decode, encode
from trace_core.optimizers.problem import make_problem
from trace_core.rendering import Opaque

Point = namedtuple("Point", "x y")


@bundle
def ask(prompt, parts, count=1):
    """Ask somebody."""
    return prompt * count + "".join(map(str, parts))


def workflow():
    prompt = node("Be brief.\n#Feedback", trainable=True, name="a.prompt", description="what to say")
    values = node([1], trainable=True, name="values")
    question = node("why?", name="question", description="asked")
    first = ask(prompt, [question, {"k {1}": values}], count=2)
    first.name = "draft"
    values.set([1, 2])
    second = first[0:3] + prompt.upper() + bundle(lambda: prompt.data, name="aside")()
    return ParameterSet([prompt, values]), second


def there_and_back(graph, parameters=None):
    return TraceGraph.from_json(json.loads(json.dumps(graph.to_json())), parameters)


def problem_text(parameters, output):
    return str(make_problem(parameters, list(Batch().add(output, "bad"))))


def test_a_loaded_graph_gives_the_same_problem_text_and_the_same_json():
    parameters, output = workflow()
    graph = TraceGraph.of(output)
    loaded = there_and_back(graph, parameters)
    assert problem_text(parameters, loaded.outputs[0]) == problem_text(parameters, output)
    assert loaded.to_json() == graph.to_json()
    assert loaded.to_text() == graph.to_text()
    assert loaded.to_mermaid() == graph.to_mermaid()


def test_the_minimal_subgraph_can_be_saved_too():
    parameters, output = workflow()
    loaded = there_and_back(TraceGraph.between(parameters.values(), [output]), parameters)
    assert problem_text(parameters, loaded.outputs[0]) == problem_text(parameters, output)


def test_feedback_on_a_loaded_graph_reaches_the_parameters_that_were_given_by_name():
    parameters, output = workflow()
    there_and_back(output.graph(), parameters).outputs[0].backward("bad")
    assert [len(p.feedback) for p in parameters.values()] == [1, 1]


def test_a_parameter_that_holds_something_falsy_is_taken_by_name():
    empty = node("", trainable=True, name="empty")
    assert there_and_back((empty + "x").graph(), {"empty": empty}).parameters == (empty,)


def test_without_parameters_they_stand_as_values():
    _, output = workflow()
    loaded = there_and_back(output.graph())
    assert loaded.parameters == ()
    assert not loaded.outputs[0].depends
    assert loaded.outputs[0].data == output.data


def test_a_parameter_that_holds_another_value_in_this_process_is_not_taken_for_the_old_one():
    old = node("old", trainable=True, name="prompt")
    data = (old + "!").graph().to_json()
    new = node("new", trainable=True, name="prompt")
    loaded = TraceGraph.from_json(data, {"prompt": new})
    text = problem_text(ParameterSet([new]), loaded.outputs[0])
    assert "prompt_v0 = 'old'" in text
    assert "add0 = prompt_v0 + '!'" in text


def test_json_has_what_was_read_and_not_what_a_parameter_holds_now():
    x = node(1, trainable=True, name="x")
    made = x + 1
    x.set(99)
    (entry,) = [n for n in made.graph().to_json()["nodes"] if n["name"] == "x"]
    assert (entry["data"], entry["version"]) == (1, 0)


def test_failed_operations_and_what_was_computed_untraced_can_be_loaded():
    x = node(0, trainable=True, name="x")
    with pytest.raises(ZeroDivisionError) as info:
        1 / x
    loaded = there_and_back(info.value.node.graph(), {"x": x})
    assert isinstance(loaded.outputs[0], ExceptionNode)
    with no_trace():
        untraced = x + 1
    assert there_and_back(untraced.graph()).outputs[0].op == "add"


def test_what_is_known_of_a_call_is_kept():
    made = node(1) + 1
    made.info["seconds"] = 0.5
    assert there_and_back(made.graph()).outputs[0].info == {"seconds": 0.5}


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, -2.5, float("inf"), "text\n", b"\xff", 10**40, 2j, [1, [2]], (1,), {1, 2}, frozenset({3}),
        {"a": 1}, {1: 2, (1, 2): 3}, {"$": "dict"}, {"$": {"$": None}}, [],
    ],
)  # fmt: skip
def test_plain_data_comes_back_as_it_was(value):
    back = decode(json.loads(json.dumps(encode(value))))
    assert type(back) is type(value) or value == 2j
    assert back == value or back == Opaque("builtins.complex")


def test_subclasses_of_plain_data_come_back_plain_and_objects_as_their_type():
    class Text(str):
        pass

    class Client:
        key = "sk-secret"

    assert decode(encode(Point(1, 2))) == (1, 2)
    assert decode(encode(Text("a"))) == "a"
    opaque = decode(json.loads(json.dumps(encode([Client()]))))[0]
    assert isinstance(opaque, Opaque)
    assert repr(opaque).endswith("Client>")
    assert "secret" not in json.dumps(encode(Client()))
    assert encode(opaque) == encode(Client())


def test_very_deep_and_circular_values_end_as_opaque():
    circle = [1]
    circle.append(circle)
    assert '"opaque"' in json.dumps(encode(circle))


def changed(path, value):
    data = copy.deepcopy(GOOD)
    place = data
    for key in path[:-1]:
        place = place[key]
    if value is DELETE:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return data


DELETE = object()
GOOD = (node(1, name="one") + node("t", trainable=True, name="t").call("count", "t")).graph().to_json()
OPERATION = len(GOOD["nodes"]) - 1
HOSTILE = [
    (["format"], "other"), (["version"], 2), (["version"], DELETE), (["nodes"], {}), (["nodes"], None),
    (["nodes", 0], 5), (["nodes", 0], []), (["nodes", 0, "name"], DELETE), (["nodes", 0, "name"], 3),
    (["nodes", 0, "name"], "a\n#Feedback"), (["nodes", 0, "name"], "x" * 5_000), (["nodes", 0, "kind"], "unknown"),
    (["nodes", 0, "kind"], DELETE), (["nodes", 0, "kind"], []), (["nodes", 0, "data"], DELETE),
    (["nodes", 0, "data"], {"$": "pickle"}), (["nodes", 0, "data"], {"$": []}), (["nodes", 0, "data"], {"$": "bytes"}),
    (["nodes", 0, "data"], {"$": "bytes", "hex": "zz"}), (["nodes", 0, "data"], {"$": "float", "text": "x"}),
    (["nodes", 0, "data"], {"$": "set", "items": [[1]]}), (["nodes", 0, "data"], {"$": "dict", "items": [1]}),
    (["nodes", 0, "data"], {"$": "dict", "items": [[[1], 2]]}), (["nodes", 0, "data"], {"$": "tuple", "items": 5}),
    (["nodes", 0, "data"], {"$": "opaque", "type": "a\nb"}), (["nodes", 0, "data"], {"$": "opaque", "type": 3}),
    (["nodes", 0, "description"], 5), (["nodes", 0, "description"], ["a"]),
    (["nodes", OPERATION, "op"], "a\n#Code"), (["nodes", OPERATION, "op"], DELETE), (["nodes", OPERATION, "op"], 3),
    (["nodes", OPERATION, "template"], "{0}\n#Outputs"), (["nodes", OPERATION, "template"], "{7}"),
    (["nodes", OPERATION, "template"], "{0} \u2028 {1}"), (["nodes", OPERATION, "template"], None),
    (["nodes", OPERATION, "inputs"], "x"), (["nodes", OPERATION, "inputs"], [3]),
    (["nodes", OPERATION, "inputs", 0, "node"], 99), (["nodes", OPERATION, "inputs", 0, "node"], -1),
    (["nodes", OPERATION, "inputs", 0, "node"], OPERATION), (["nodes", OPERATION, "inputs", 0, "node"], True),
    (["nodes", OPERATION, "inputs", 0, "node"], "0"), (["nodes", OPERATION, "inputs", 0, "argument"], "a\nb"),
    (["nodes", OPERATION, "inputs", 0, "argument"], DELETE), (["nodes", OPERATION, "inputs", 0, "why"], None),
    (["nodes", OPERATION, "inputs", 0, "kind"], 5), (["nodes", OPERATION, "inputs", 0, "read"], {"$": "nothing"}),
    (["nodes", OPERATION, "inputs", 0], {"node": 0, "argument": "x", "why": "a", "kind": "data", "read": 1}),
    (["nodes", OPERATION, "inputs", 0],
     {"node": 0, "argument": "x", "why": "a", "kind": "data", "read": 1, "version": []}),
    (["nodes", OPERATION, "info"], "text"), (["nodes", OPERATION, "info"], [1]),
    (["outputs"], DELETE), (["outputs"], 0), (["outputs"], [99]), (["outputs"], ["0"]), (["outputs"], [None]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), HOSTILE, ids=lambda value: str(value)[:40])
def test_whatever_is_not_a_graph_is_refused(path, value):
    with pytest.raises(InvalidTrace):
        TraceGraph.from_json(changed(path, value))


@pytest.mark.parametrize("data", [None, [], "graph", 5, {}])
def test_data_of_another_shape_is_refused(data):
    with pytest.raises(InvalidTrace, match='"format": "trace-graph"'):
        TraceGraph.from_json(data)


def test_nesting_that_exhausts_the_stack_is_refused():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(InvalidTrace, match="node 0"):
        TraceGraph.from_json({**GOOD, "nodes": [{"kind": "value", "name": None, "data": deep}], "outputs": [0]})
    while deep:
        (deep,) = deep


def test_the_unchanged_data_is_a_graph():
    assert len(TraceGraph.from_json(GOOD)) == len(GOOD["nodes"])


def test_what_has_no_name_of_its_own_is_called_the_same_after_loading():
    class Document:
        pass

    @bundle
    def ask(rules, document):
        return rules

    rules = node("be brief", trainable=True, name="rules")
    graph = ask(rules, Document()).graph()
    assert TraceGraph.from_json(json.loads(json.dumps(graph.to_json())), {"rules": rules}).to_text() == graph.to_text()


def test_an_operation_on_many_inputs_can_be_loaded():
    x = node(1, trainable=True, name="x")
    graph = node([x + number for number in range(700)]).graph()
    assert len(TraceGraph.from_json(graph.to_json(), {"x": x})) == len(graph)


def test_two_parameters_of_one_name_stay_two():
    one, two = (node(value, trainable=True, name="x") for value in (1, 2))
    graph = (one * 10 + two).graph()
    assert [graph.name(each) for each in graph.parameters] == ["x", "x[1]"]
    loaded = TraceGraph.from_json(graph.to_json(), {"x": one, "x[1]": two})
    assert loaded.parameters == (one, two)


def test_what_holds_what_it_stands_in_ends_there_and_what_is_shared_is_not_written_without_end():
    parent = {"name": "root"}
    parent["children"] = [{"name": name, "parent": parent} for name in "ab"]
    written = encode(parent)
    assert [child["name"] for child in written["children"]] == ["a", "b"]
    assert written["children"][0]["parent"] == {"$": "opaque", "type": "builtins.dict"}
    shared = [1, 2]
    for _ in range(40):
        shared = [shared, shared]
    assert len(json.dumps(encode(shared))) < 1_000_000
    long = [[number] for number in range(200_000)]
    assert decode(encode(long)) == long


def test_numbers_of_many_digits_can_be_written():
    made = node(1, trainable=True, name="x") * -(10**5000)
    graph = TraceGraph.from_json(json.loads(json.dumps(made.graph().to_json())))
    assert graph.outputs[0].data == made.data
    assert "n2" in graph.to_mermaid()
    assert repr(made).startswith("<MessageNode: -0x")
