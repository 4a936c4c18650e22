"""Nodes: identity and values, text, copies, scopes, and how little keeps them alive."""
# ruff: noqa: RUF005 - `node + [value]` is an operation, unpacking is several

import copy
import pickle
import threading
import warnings

import pytest

from trace_core import MessageNode, Node, TraceGraph, bundle, no_trace, node, template
from trace_core.nodes import LostEdge


def test_equality_compares_values_and_hash_is_identity():
    x, y = node(1), node(1)
    assert (x == y) is True
    assert (x == 1) is True
    assert (x != 2) is True
    assert y in [x]
    assert y not in {x}
    assert hash(x) != hash(y)
    assert (x < y).data is False


def test_a_message_knows_its_operation_inputs_and_parents():
    x, y = node(2, name="x"), node(3)
    z = x + y
    assert z.op == "add"
    assert z.parents == (x, y)
    assert z.inputs["x"] is x
    assert z.inputs["y"] is y
    assert z.values == {"x": 2, "y": 3}
    assert not z.info


def test_ids_grow_so_parents_come_first():
    x = node(1)
    y = x + x
    assert x.id < y.id


def test_node_gives_a_node_back_and_wraps_anything_else():
    x = node(1)
    assert node(x) is x
    parameter = node(x, trainable=True)
    assert parameter is not x
    assert parameter.data == 1


def test_what_an_operation_read_does_not_change_with_its_inputs():
    values = [1, 2]
    x = node(values)
    y = x + [3]
    values.append(99)
    assert y.values["x"] == [1, 2]
    assert x.data == [1, 2, 99]


def test_large_containers_are_kept_by_reference_and_marked():
    x = node(list(range(65)))
    y = x + [1]
    assert y.read_of(0).by_reference
    assert y.values["x"] is x.data
    assert not (node([1]) + [1]).read_of(0).by_reference


def test_a_parameters_version_is_kept_with_what_was_read():
    x = node(1, trainable=True, name="x")
    y = x + 1
    x.set(5)
    assert (y.values["x"], y.read_of(0).version) == (1, 0)
    assert ((x + 1).values["x"], (x + 1).read_of(0).version) == (5, 1)


def test_an_f_string_renders_the_value_and_warns_once_per_place():
    x = node(3, trainable=True, name="x")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        texts = [f"{x + i}" for i in range(4)]
        other_place = f"{x + 1:03d}"
    assert texts == ["3", "4", "5", "6"]
    assert other_place == "004"
    assert [w.category for w in caught] == [LostEdge, LostEdge]
    assert all(w.filename == __file__ for w in caught)
    assert "template" in str(caught[0].message)


def test_text_of_nodes_that_no_parameter_is_behind_does_not_warn():
    x = node(3)
    assert f"{x + 1}" == str(x + 1) == "4"
    assert f"{node(2.5):.2f}" == "2.50"
    with no_trace():
        assert str(node(1, trainable=True)) == "1"


def test_template_keeps_the_edge():
    rules = node("Be brief.", trainable=True, name="rules")
    prompt = template("{rules} {text} {n:03d}", rules=rules, text="Hi", n=node(7))
    assert prompt.data == "Be brief. Hi 007"
    assert rules in prompt.parents
    prompt.backward("too curt")
    assert len(rules.feedback) == 1


def test_a_template_may_itself_be_learned():
    form = node("Q: {q}", trainable=True, name="form")
    assert form in template(form, q="why").parents


def test_no_trace_gives_values_without_history_and_nests():
    x = node(1, trainable=True)
    with no_trace():
        first = x + 1
        with no_trace():
            second = first + 1
        third = second + 1
    assert [n.data for n in (first, second, third)] == [2, 3, 4]
    assert [n.parents for n in (first, second, third)] == [(), (), ()]
    assert (x + 1).parents


def test_no_trace_ends_with_an_exception_and_concerns_this_thread_only():
    x = node(1)
    seen = []
    with no_trace():
        thread = threading.Thread(target=lambda: seen.append((x + 1).parents))
        thread.start()
        thread.join()
    with pytest.raises(ZeroDivisionError), no_trace():
        raise ZeroDivisionError
    assert seen[0][0] is x
    assert (x + 1).parents[0] is x


def test_no_trace_holds_for_bundles_and_what_generators_give():
    @bundle
    def letters(text):
        yield from text

    with no_trace():
        assert [item.parents for item in letters(node("ab"))] == [(), ()]


async def test_no_trace_concerns_one_task_only():
    import asyncio

    x = node(1)
    untraced_entered, traced_done = asyncio.Event(), asyncio.Event()

    async def untraced():
        with no_trace():
            untraced_entered.set()
            await traced_done.wait()
            return x + 1

    async def traced():
        await untraced_entered.wait()
        made = x + 1
        traced_done.set()
        return made

    one, other = await asyncio.gather(untraced(), traced())
    assert one.parents == ()
    assert other.parents[0] is x


def test_detach_and_copies_are_roots_with_the_same_value():
    x = node([1], trainable=True, name="x")
    y = x + [2]
    for root in (y.detach(), copy.copy(y), copy.deepcopy(y)):
        assert type(root) is Node
        assert root.data == [1, 2]
        assert root.parents == ()
    assert copy.deepcopy(y).data is not y.data


def test_a_copied_parameter_is_another_one_and_stays_shared_where_it_was_shared():
    x = node([1], trainable=True, name="x")
    (x + [2]).backward("bad")
    first, second = copy.deepcopy([x, x])
    assert first is second
    assert first is not x
    assert first.name == "x"
    assert first.feedback == ()
    first.set([9])
    assert x.data == [1]


def test_nodes_refuse_to_be_pickled_and_name_what_to_use():
    for value in (node(1), node(1, trainable=True), node(1) + 1):
        with pytest.raises(TypeError, match="to_json"):
            pickle.dumps({"kept": [value]})


def test_repr_shows_no_object_of_the_users():
    class Client:
        def __repr__(self):
            return "key=sk-secret"

    assert "secret" not in repr(node(Client()))
    assert len(repr(node("x" * 1_000))) < 100
    assert len(repr(node(b"x" * 1_000))) < 100


def test_24_000_nodes_named_from_8_threads_have_24_000_names():
    made = [[] for _ in range(8)]

    def work(mine):
        mine += [node(1) + i for i in range(3_000)]

    threads = [threading.Thread(target=work, args=(mine,)) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outputs = [each for mine in made for each in mine]
    assert all(isinstance(each, MessageNode) for each in outputs)
    graph = TraceGraph.of(*outputs)
    assert len({each.id for each in graph.nodes}) == 72_000
    assert len({graph.name(each) for each in outputs}) == 24_000
