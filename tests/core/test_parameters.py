"""Parameters: values with a history, sets of them, and candidates that only one thread or task sees."""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from trace_core.bundles import bundle
from trace_core.context import no_trace
from trace_core.errors import CandidateNotSeen, InvalidCode, InvalidValue, NameClash
from trace_core.nodes import LostEdge
from trace_core.parameter_nodes import ParameterNode, node
from trace_core.parameters import ParameterSet
from trace_core.validators import MaxLength


def parameter(data: Any, name: str | None = None, **options: Any) -> ParameterNode:
    return node(data, trainable=True, name=name, **options)


def style() -> ParameterNode:
    return parameter("terse", "style", type=Literal["terse", "friendly", "formal"])


def in_thread(work: Callable[[], Any]) -> Any:
    done: list[Any] = []
    thread = threading.Thread(target=lambda: done.append(work()))
    thread.start()
    thread.join(timeout=30)
    return done[0]


# --- one parameter


def test_a_new_value_is_a_version_with_an_author() -> None:
    prompt = parameter("a", "prompt")
    assert (prompt.version, prompt.data) == (0, "a")
    prompt.set("b")
    prompt.set("c", author="optimizer")
    assert (prompt.version, prompt.data) == (2, "c")
    assert [(each.version, each.value, each.author) for each in prompt.history] == [
        (0, "a", "user"),
        (1, "b", "user"),
        (2, "c", "optimizer"),
    ]


def test_a_value_is_taken_as_the_parameters_type() -> None:
    temperature = parameter(0.7, "temperature", type=Annotated[float, Field(ge=0, le=2)])
    temperature.set("0.2")
    assert temperature.data == 0.2
    stream = parameter(True, "stream")
    stream.set("False")
    assert stream.data is False


def test_an_invalid_value_leaves_all_as_it_was() -> None:
    chosen = style()
    chosen.set("formal")
    before = (chosen.data, chosen.version, chosen.history)
    with pytest.raises(InvalidValue, match="style: Input should be 'terse', 'friendly' or 'formal'") as caught:
        chosen.set("loud")
    assert caught.value.name == "style"
    assert caught.value.reason.endswith("(got 'loud')")
    assert (chosen.data, chosen.version, chosen.history) == before


def test_a_first_value_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InvalidValue, match="style"):
        parameter("loud", "style", type=Literal["terse"])
    with pytest.raises(InvalidValue, match="prompt: at most 2 characters"):
        parameter("abc", "prompt", validators=[MaxLength(2)])


def test_validators_see_the_converted_value_in_order() -> None:
    seen: list[Any] = []

    def even(value: int) -> None:
        seen.append(value)
        if value % 2:
            raise ValueError("must be even")

    count = parameter(2, "count", validators=[even, lambda value: seen.append("second")])
    seen.clear()
    count.set("4")
    with pytest.raises(InvalidValue, match="count: must be even"):
        count.set(5)
    assert seen == [4, "second", 5]


def test_a_validator_that_breaks_refuses_the_value() -> None:
    greeting = parameter("Hello", "greeting", type=str | None, validators=[MaxLength(9)])
    with pytest.raises(InvalidValue, match="greeting: TypeError: object of type 'NoneType' has no len"):
        greeting.set(None)
    assert greeting.data == "Hello"


def test_a_validators_own_kind_of_refusal_is_kept() -> None:
    def compiles(value: str) -> None:
        if "def" not in value:
            raise InvalidCode("anything", "must define a function")

    code = parameter("def f(): ...", "f.code", kind="code", validators=[compiles])
    with pytest.raises(InvalidCode, match=r"f\.code: must define a function"):
        code.set("x")


def test_revert_goes_back_step_by_step() -> None:
    prompt = parameter("a", "prompt")
    prompt.set("b")
    prompt.set("c")
    prompt.revert()
    assert (prompt.data, prompt.version) == ("b", 3)
    prompt.revert()
    assert (prompt.data, prompt.version) == ("a", 4)
    with pytest.raises(InvalidValue, match="prompt: there is no earlier value to go back to"):
        prompt.revert()
    assert [each.value for each in prompt.history] == ["a", "b", "c", "b", "a"]


def test_revert_never_comes_back_to_what_was_reverted() -> None:
    prompt = parameter("a", "prompt")
    for value in ("b", "c"):
        prompt.set(value)
    prompt.revert()
    prompt.set("d")
    prompt.revert()
    assert prompt.data == "b"
    prompt.revert()
    assert prompt.data == "a"
    prompt.set("e")
    prompt.revert()
    assert prompt.data == "a"
    with pytest.raises(InvalidValue, match="no earlier value"):
        prompt.revert()


def test_a_copy_has_value_and_rules_and_a_history_of_its_own() -> None:
    original = parameter(["a"], "stops", type=list[str], description="where to stop")
    original.set(["b"])
    original[0].backward("too long")
    for twin in (copy.deepcopy(original), copy.copy(original)):
        assert (twin.data, twin.version, twin.name, twin.type, twin.kind) == (["b"], 0, "stops", list[str], "setting")
        assert twin.description == "where to stop"
        assert twin.data is not original.data
        assert twin.feedback == ()
        with pytest.raises(InvalidValue):
            twin.set(5)
        twin.set(["c"])
        assert (original.data, original.version) == (["b"], 1)


def test_a_copy_of_a_structure_copies_a_shared_parameter_once() -> None:
    shared = parameter("a", "prompt")
    first, second = copy.deepcopy([shared, shared])
    assert first is second is not shared


def test_what_a_run_read_stays_what_it_was() -> None:
    stops = parameter(["a"], "stops")
    output = stops * 2
    stops.set(["b"])
    assert output.data == ["a", "a"]
    assert output.values["x"] == ["a"]
    assert output.read_of(0).version == 0


def test_feedback_stays_until_it_is_cleared() -> None:
    parameters = ParameterSet([parameter(1, "a"), parameter(2, "b")])
    (parameters["a"] + parameters["b"]).backward("more")
    assert [len(each.feedback) for each in parameters.values()] == [1, 1]
    parameters.zero_feedback()
    assert [each.feedback for each in parameters.values()] == [(), ()]


def test_the_kind_follows_the_value() -> None:
    assert parameter("text").kind == "prompt"
    assert parameter(0.5).kind == "setting"
    assert parameter("x", kind="tool_description").kind == "tool_description"


# --- sets


def test_a_set_is_a_mapping_in_order() -> None:
    first, second = parameter("x", "first"), parameter(2, "second")
    parameters = ParameterSet([first, second])
    assert list(parameters) == ["first", "second"]
    assert dict(parameters) == {"first": first, "second": second}
    assert parameters["first"] is first
    assert "second" in parameters
    assert "third" not in parameters
    assert len(parameters) == 2
    assert parameters.get("third") is None
    assert repr(parameters) == "ParameterSet(<ParameterNode first: 'x'>, <ParameterNode second: 2>)"


def test_a_name_that_is_not_there_is_an_error_that_lists_those_that_are() -> None:
    with pytest.raises(KeyError, match="no parameter is named 'stile'; there are style"):
        ParameterSet([style()])["stile"]
    with pytest.raises(KeyError, match="there are none"):
        ParameterSet()["style"]


def test_a_set_is_made_of_a_set_a_mapping_or_anything_iterable() -> None:
    chosen = style()
    parameters = ParameterSet([chosen])
    assert ParameterSet.of(parameters) is parameters
    for given in (chosen, [chosen], (chosen,), {"style": chosen}, iter([chosen]), ParameterSet([chosen])):
        assert ParameterSet.of(given) == parameters


@pytest.mark.parametrize("wrong", [["text"], [node(1)], {"x": 5}, "text"])
def test_what_is_not_a_parameter_is_refused_with_the_way_out(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"a parameter is expected, not \w+: node\(value, trainable=True\)"):
        ParameterSet(wrong)


def test_sets_are_equal_if_they_hold_the_same_parameters() -> None:
    first, second = parameter("x", "first"), parameter("x", "second")
    assert ParameterSet([first]) == ParameterSet([first])
    assert ParameterSet([first]) != ParameterSet([second])
    assert ParameterSet([first]) != ParameterSet([first, second])
    assert ParameterSet([first]) != [first]


def test_two_parameters_with_the_same_given_name_clash() -> None:
    with pytest.raises(NameClash, match=r"two parameters are named 'style': <.*'terse'> and <.*'loud'>"):
        ParameterSet([style(), parameter("loud", "style")])


def test_a_given_name_cannot_be_listed_under_another() -> None:
    with pytest.raises(NameClash, match="the parameter named 'style' is listed under another name, 'tone'"):
        ParameterSet({"tone": style()})


def test_parameters_without_a_name_are_numbered() -> None:
    parameters = ParameterSet([parameter("a"), parameter("b"), parameter("c")])
    assert list(parameters) == ["parameter", "parameter[1]", "parameter[2]"]
    assert [each.name for each in parameters.values()] == list(parameters)
    assert [each.data for each in parameters.values()] == ["a", "b", "c"]


def test_a_parameter_without_a_name_takes_its_key() -> None:
    parameters = ParameterSet({"rules": parameter("a"), "style": style()})
    assert {name: each.name for name, each in parameters.items()} == {"rules": "rules", "style": "style"}


def test_a_default_name_gives_way_to_a_given_one() -> None:
    unnamed, named = parameter("a"), parameter("b", "parameter")
    for order in ([unnamed, named], [named, unnamed]):
        parameters = ParameterSet(order)
        assert parameters["parameter"] is named
        assert parameters["parameter[1]"] is unnamed


def test_a_parameter_that_is_listed_twice_is_there_once() -> None:
    shared = parameter("a")
    assert len(ParameterSet([shared, shared])) == 1
    parameters = ParameterSet({"planner": shared, "writer": shared})
    assert list(parameters) == ["planner"]
    assert shared.name == "planner"


def test_instances_of_one_function_are_numbered() -> None:
    def made() -> Any:
        @bundle(trainable=True)
        def route(text):
            return text

        return route

    parameters = made().parameters() | made().parameters()
    assert list(parameters) == ["route.code", "route.code[1]"]


def test_sets_merge() -> None:
    first, second, shared = parameter("a", "first"), parameter("b", "second"), parameter("c", "shared")
    merged = ParameterSet([first, shared]) | ParameterSet([second, shared])
    assert list(merged) == ["first", "shared", "second"]
    assert list(merged | [parameter("d", "fourth")]) == ["first", "shared", "second", "fourth"]
    with pytest.raises(NameClash):
        merged | [parameter("e", "first")]


def test_a_set_knows_its_parameters_by_the_names_that_a_merge_gave_them() -> None:
    one, other = ParameterSet([parameter("a")]), ParameterSet([parameter("b")])
    merged = one | other
    assert list(merged) == ["parameter", "parameter[1]"]
    assert list(other) == ["parameter[1]"]
    assert other["parameter[1]"].data == "b"
    assert "parameter" not in other
    again = ParameterSet([merged["parameter[1]"], parameter("c")])
    assert len(again) == 2
    assert all(name == each.name for name, each in again.items())


def test_kinds_are_selected() -> None:
    parameters = ParameterSet(
        [parameter("p", "prompt"), parameter(1, "count"), parameter("d", "doc", kind="description")]
    )
    assert list(parameters.select(["prompt", "description"])) == ["prompt", "doc"]
    assert list(parameters.select("setting")) == ["count"]
    assert not parameters.select([])


def test_values_are_written_all_or_none() -> None:
    parameters = ParameterSet([style(), parameter(1, "count")])
    with pytest.raises(InvalidValue, match="count"):
        parameters.set({"style": "formal", "count": "many"})
    with pytest.raises(KeyError, match="tone"):
        parameters.set({"style": "formal", "tone": "x"})
    assert parameters.state_dict() == {"style": "terse", "count": 1}
    assert [each.version for each in parameters.values()] == [0, 0]
    parameters.set({"style": "formal", "count": "2"}, author="optimizer")
    assert parameters.state_dict() == {"style": "formal", "count": 2}
    assert {each.history[-1].author for each in parameters.values()} == {"optimizer"}


def test_a_state_is_loaded_whole() -> None:
    parameters = ParameterSet([style(), parameter(1, "count")])
    state = parameters.state_dict()
    parameters.set({"style": "formal", "count": 2})
    parameters.load_state_dict(state)
    assert parameters.state_dict() == {"style": "terse", "count": 1}
    assert parameters["count"].history[-1].author == "loaded"
    with pytest.raises(KeyError, match=r"missing: \['count'\], not known: \['tone'\]"):
        parameters.load_state_dict({"style": "terse", "tone": 1})


# --- candidates


def test_a_candidate_holds_inside_its_block_only() -> None:
    chosen = style()
    parameters = ParameterSet([chosen])
    with parameters.candidate({"style": "friendly"}) as candidate:
        assert chosen.data == "friendly"
        assert chosen.version == candidate.label
        output = chosen + "!"
    assert (chosen.data, chosen.version, len(chosen.history)) == ("terse", 0, 1)
    assert output.data == "friendly!"
    assert output.read_of(0).version == candidate.label
    candidate.verify(output)


def test_an_invalid_candidate_changes_nothing() -> None:
    chosen = style()
    parameters = ParameterSet([chosen])
    with pytest.raises(InvalidValue), parameters.candidate({"style": "loud"}):
        pytest.fail("the block ran")
    with pytest.raises(KeyError), parameters.candidate({"tone": "x"}):
        pytest.fail("the block ran")
    assert chosen.data == "terse"


def test_an_error_in_the_block_ends_the_candidate() -> None:
    chosen = style()
    with pytest.raises(ZeroDivisionError), ParameterSet([chosen]).candidate({"style": "friendly"}):
        _ = 1 / 0
    assert chosen.data == "terse"


def test_candidates_nest() -> None:
    chosen, count = style(), parameter(1, "count")
    parameters = ParameterSet([chosen, count])
    with parameters.candidate({"style": "friendly", "count": 2}) as outer:
        with parameters.candidate({"style": "formal"}) as inner:
            assert parameters.state_dict() == {"style": "formal", "count": 2}
            output = chosen + "!"
        assert parameters.state_dict() == {"style": "friendly", "count": 2}
    inner.verify(output)
    with pytest.raises(CandidateNotSeen):
        outer.verify(output)
    assert parameters.state_dict() == {"style": "terse", "count": 1}


def test_other_threads_do_not_see_a_candidate() -> None:
    chosen = style()
    parameters = ParameterSet([chosen])
    entered = threading.Barrier(8)
    seen: list[tuple[str, str]] = []

    def work(value: str) -> None:
        with parameters.candidate({"style": value}) as candidate:
            entered.wait(timeout=30)
            output = chosen + ""
            entered.wait(timeout=30)
            candidate.verify(output)
            seen.append((value, output.data))

    threads = [threading.Thread(target=work, args=(["terse", "friendly", "formal"][i % 3],)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(seen) == 8
    assert all(value == read for value, read in seen)
    with parameters.candidate({"style": "formal"}):
        assert in_thread(lambda: chosen.data) == "terse"


async def test_other_tasks_do_not_see_a_candidate() -> None:
    chosen = style()
    parameters = ParameterSet([chosen])
    everyone = asyncio.Barrier(3)

    async def work(value: str) -> tuple[str, str]:
        with parameters.candidate({"style": value}) as candidate:
            await everyone.wait()
            output = chosen + ""
            await everyone.wait()
            candidate.verify(output)
            return value, output.data

    done = await asyncio.gather(*(work(value) for value in ("terse", "friendly", "formal")))
    assert all(value == read for value, read in done)
    assert chosen.data == "terse"


async def test_a_task_that_is_started_in_a_candidate_has_it() -> None:
    chosen = style()
    with ParameterSet([chosen]).candidate({"style": "friendly"}):
        task = asyncio.create_task(asyncio.to_thread(lambda: chosen.data))
        assert await task == "friendly"


def test_a_run_that_read_another_version_is_not_the_candidates() -> None:
    chosen = style()
    parameters = ParameterSet([chosen])
    before = chosen + "!"
    with parameters.candidate({"style": "friendly"}) as candidate:
        mixed = before + chosen
    with pytest.raises(CandidateNotSeen, match=r"'add' read version 0 of 'style', not candidate \d+"):
        candidate.verify(before)
    with pytest.raises(CandidateNotSeen):
        candidate.verify(mixed)


def test_a_run_that_did_not_read_the_candidate_is_not_its_own() -> None:
    chosen = style()
    parameters = ParameterSet([chosen])
    with parameters.candidate({"style": "friendly"}) as candidate:
        unrelated = node("question") + "?"
        with no_trace():
            untraced = chosen + "!"
        with pytest.warns(LostEdge):
            rendered = node(f"{chosen}") + "!"
    for output in (unrelated, untraced, rendered):
        with pytest.raises(CandidateNotSeen, match=r"nothing that led to the output used candidate \d+ \(style\)"):
            candidate.verify(output)


def test_a_run_need_not_read_every_value_of_a_candidate_and_what_led_to_its_output_is_given() -> None:
    parameters = ParameterSet([style(), parameter(1, "count")])
    with parameters.candidate({"style": "friendly", "count": 2}) as candidate:
        output = parameters["style"] + "!"
        other = parameters["count"] + 1
    assert candidate.verify(output).outputs == (output,)
    assert candidate.verify(output, other).parameters == (*parameters.values(),)


def test_a_candidate_is_seen_inside_a_bundle() -> None:
    chosen = style()

    @bundle
    def answer(question):
        return f"{question} ({chosen.data})"

    with ParameterSet([chosen]).candidate({"style": "friendly"}) as candidate:
        output = answer("Why?")
    assert output.data == "Why? (friendly)"
    candidate.verify(output)


def test_candidate_code_runs_for_this_thread_only() -> None:
    @bundle(trainable=True)
    def double(x):
        return x + x

    with double.parameters().candidate({"double.code": "def double(x):\n    return 2 * x + 1"}) as candidate:
        output = double(3)
        assert in_thread(lambda: double(3).data) == 6
    candidate.verify(output)
    assert (output.data, double(3).data) == (7, 6)


def test_a_list_that_is_changed_in_place_is_a_version_of_its_own():
    numbers = node([3, 1], trainable=True, name="numbers")
    numbers.data.append(2)
    assert numbers.version == 1
    assert [version.value for version in numbers.history] == [[3, 1], [3, 1, 2]]
    numbers.set([9])
    numbers.revert()
    numbers.revert()
    assert numbers.data == [3, 1]


def test_a_change_in_place_is_not_lost_when_a_value_is_set_nor_does_it_reach_earlier_versions():
    settings = node({"a": 1}, trainable=True, name="settings")
    settings.data["b"] = 2
    settings.set({"c": 1})
    settings.revert()
    assert settings.data == {"a": 1, "b": 2}
    settings.data["d"] = 3
    assert settings.version == 4
    assert [version.value for version in settings.history[:3]] == [{"a": 1}, {"a": 1, "b": 2}, {"c": 1}]


def test_a_set_of_many_numbers_them_and_gives_them_in_order() -> None:
    parameters = ParameterSet([parameter(i) for i in range(3_000)])
    assert [*parameters][:3] == ["parameter", "parameter[1]", "parameter[2]"]
    assert [p.data for p in parameters.values()] == [p.data for _, p in parameters.items()] == [*range(3_000)]
    assert parameters.check(dict.fromkeys(parameters, 0))["parameter[2999]"] == 0


def test_a_history_shows_objects_by_their_type() -> None:
    class Client:
        def __repr__(self) -> str:
            return "Client(key=sk-secret)"

    assert "secret" not in repr(parameter(Client()).history)
    assert repr(parameter("a\nb").history[0]) == "Version(0, 'a\\nb', author='user')"
