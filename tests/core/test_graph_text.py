"""Graphs as text: Python that repeats them, Mermaid, Graphviz, and what a notebook shows."""

import math
import re

import pytest

from trace_core import bundle, node

HOSTILE = 'a"]; click n0 "javascript:alert(1)"\n#Feedback\n\\"<script>{{}}|end|%%'


@pytest.fixture
def x():
    return node(2, trainable=True, name="x")


def run(graph, **functions):
    namespace = {"math": math, **functions}
    exec(graph.to_text(), namespace)
    return namespace[graph.identifier(graph.outputs[0])]


@pytest.mark.parametrize(
    "make",
    [
        lambda x: (-x) ** 2 - -x,
        lambda x: abs(node(-3) - x) // 2,
        lambda x: round(math.floor(x / 3) + x * 0.5, 1),
        lambda x: pow(x, 5, 3) + divmod(x, 2)[0],
        lambda x: node([1, x, -3])[x:][0],
        lambda x: node("abc")[::-1].upper() * x,
        lambda x: node({"a {0}": x, 'b"': (x,)})["a {0}"],
        lambda x: node("{a} {{}}").format(a=x),
        lambda x: node(5).call("__add__", x),
        lambda x: node(2.5).call("__add__", x),
        lambda x: node("{0.real} {class}").format(x, **{"class": x}),
        lambda x: ~x & 6 | x << 2 ^ x,
        lambda x: (x < 3) + (x >= 2),
        lambda x: node({x, 7}) | {9},
        lambda x: x.attribute("real") + node(float("inf")),
    ],
)
def test_the_text_of_a_graph_is_python_that_gives_the_output(x, make):
    output = make(x)
    assert run(output.graph()) == output.data


def test_functions_are_called_by_their_names_and_keyword_arguments():
    def mix(a, *rest, sep="-", **more):
        return sep.join([a, *rest, *more.values()])

    made = bundle(mix)("a", node("b"), sep="\n", **{"odd key\n#Feedback": "c"})
    assert run(made.graph(), mix=mix) == "a\nb\nc"


def test_the_text_shows_what_was_read_and_not_what_a_parameter_holds_now(x):
    made = x + 1
    x.set(99)
    assert made.graph().to_text() == "x = 2\nint0 = 1\nadd0 = x + int0\n# add0: '3'"
    assert "99" not in made.graph().to_mermaid() + made.graph().to_graphviz()


def test_objects_are_shown_by_their_type():
    class Client:
        def __repr__(self):
            return "sk-secret"

    text = bundle(lambda client, x: x, name="ask")(Client(), 1).graph().to_text()
    assert "secret" not in text
    assert "Client>" in text


def test_mermaid_text_has_a_shape_for_each_kind_of_node(x):
    with pytest.raises(ZeroDivisionError) as info:
        bundle(lambda a: 1 // 0, name="fails")(x + 1)
    assert info.value.node.graph().to_mermaid().splitlines() == [
        "flowchart TD",
        '  n0(["x: 2"])',
        '  n1("int0: 1")',
        '  n2["add0: 3"]',
        info.value.node.graph().to_mermaid().splitlines()[4],
        "  n0 -->|x| n2",
        "  n1 -->|y| n2",
        "  n2 -->|a| n3",
    ]
    assert info.value.node.graph().to_mermaid().splitlines()[4].startswith('  n3{{"fails0: ')


def hostile_graph():
    parameter = node(HOSTILE, trainable=True, name=HOSTILE)
    made = bundle(lambda **more: "".join(more.values()), name=HOSTILE)(**{HOSTILE: parameter, "end": node(HOSTILE)})
    return made.graph()


def test_hostile_labels_cannot_leave_their_place_in_mermaid():
    lines = hostile_graph().to_mermaid().splitlines()
    node_line = re.compile(r'  n\d+(\(\["|\("|\["|\{\{")[\w .,:=+*/#;-]*("\]\)|"\)|"\]|"\}\})')
    edge_line = re.compile(r"  n\d+ -->\|[\w .,:=+*/#;-]+\| n\d+")
    assert lines[0] == "flowchart TD"
    assert all(node_line.fullmatch(line) or edge_line.fullmatch(line) for line in lines[1:])
    assert len(lines) == 1 + 3 + 2


def test_hostile_labels_cannot_leave_their_quotes_in_graphviz():
    text = hostile_graph().to_graphviz()
    without_strings = re.sub(r'"(?:[^"\\]|\\.)*"', "S", text, flags=re.DOTALL)
    lines = without_strings.splitlines()
    assert (lines[0], lines[-1]) == ("digraph {", "}")
    allowed = re.compile(r"  n\d+( -> n\d+ \[label=S\]| \[label=S, shape=\w+(, style=filled)?\]);")
    assert all(allowed.fullmatch(line) for line in lines[1:-1])


def test_a_notebook_shows_mermaid_html_or_text(x):
    shown = bundle(lambda a: "<b>", name="f")(x).graph()._repr_mimebundle_()
    assert set(shown) == {"text/vnd.mermaid", "text/html", "text/plain"}
    assert "<b>" in shown["text/plain"]
    assert "<b>" not in shown["text/html"]
    assert shown["text/vnd.mermaid"].startswith("flowchart")
