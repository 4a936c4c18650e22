"""What a program may hold that our own rules would refuse, what cannot be learned, and how things are named."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import SystemMessage
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import BaseTool
from trace_langchain import NotExposed, NothingToLearn, expose

from tests.langchain.programs import Answering, Streaming
from trace_core.errors import InvalidValue


def listening(**settings: Any) -> Answering:
    return Streaming(answer=lambda messages: str(messages[-1].content), sent=[], **settings)


def prompt(text: str = "Old {x}") -> PromptTemplate:
    return PromptTemplate.from_template(text)


# --- first values


def test_a_program_without_a_text_somewhere_is_exposed() -> None:
    chat = ChatPromptTemplate([SystemMessage(""), ("human", "{x}")])
    parameters = expose({"a": chat, "b": prompt("")})
    assert parameters["a.prompt.system"].data == parameters["b.prompt"].data == ""
    parameters.set({"a.prompt.system": "New.", "b.prompt": "New."})
    parameters["a.prompt.system"].revert()
    assert parameters["a.prompt.system"].data == ""


@pytest.mark.parametrize(
    ("setting", "value", "good", "bad"), [("max_tokens", -1, 5, 0), ("temperature", 3.0, 0.5, 2.5)]
)
def test_a_setting_may_be_what_it_was(setting: str, value: Any, good: Any, bad: Any) -> None:
    for program in (listening(**{setting: value}), listening().bind(**{setting: value})):
        parameter = expose(program, kinds="setting")[setting]
        parameter.set(good)
        parameter.set(value)
        with pytest.raises(InvalidValue):
            parameter.set(bad)


def test_what_is_of_another_kind_than_expected_is_named_and_left_out() -> None:
    chain = prompt() | listening().bind(temperature="hot", max_tokens=5)
    with pytest.warns(NotExposed, match=r"t\.temperature: .*a valid number") as warned:
        parameters = expose(chain, name="t", kinds=["prompt", "setting"])
    assert warned[0].filename == __file__
    assert {name for name in parameters if "model" not in name} >= {"t.prompt", "t.max_tokens"}
    assert "t.temperature" not in parameters or parameters["t.temperature"].data is None


def test_nothing_is_done_when_something_cannot_be_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    from trace_langchain.standing_in import PlaceBinding

    install, objects = PlaceBinding.install, [prompt("one {x}"), prompt("two {x}")]

    def failing(self: Any, parameter: Any) -> None:
        if self.owner is objects[1]:
            raise RuntimeError("this one does not")
        install(self, parameter)

    monkeypatch.setattr(PlaceBinding, "install", failing)
    with pytest.raises(RuntimeError, match="this one does not"):
        expose(objects)
    assert [type(each) for each in objects] == [PromptTemplate] * 2


# --- code


def test_both_functions_of_a_runnable_are_learned() -> None:
    def shout(x: str) -> str:
        return x + "!"

    async def ashout(x: str) -> str:
        return x + "!"

    both = RunnableLambda(shout, afunc=ashout)
    assert list(expose(both, kinds="code")) == ["shout.code", "ashout.code"]


async def test_each_function_of_a_runnable_is_used_by_its_own_way_to_call() -> None:
    def shout(x: str) -> str:
        return x + "!"

    async def ashout(x: str) -> str:
        return x + "!"

    both = RunnableLambda(shout, afunc=ashout)
    parameters = expose(both, kinds="code")
    parameters["ashout.code"].set("async def ashout(x: str) -> str:\n    return x + '?'")
    assert both.invoke("x") == "x!"
    assert await both.ainvoke("x") == "x?"


def test_a_function_in_several_places_is_one() -> None:
    def shout(x: str) -> str:
        return x + "!"

    program = RunnableLambda(shout) | RunnableLambda(shout)
    parameters = expose(program, kinds="code")
    assert list(parameters) == ["shout.code"]
    parameters["shout.code"].set("def shout(x: str) -> str:\n    return x + '?'")
    assert program.invoke("x") == "x??"


class Classy(BaseTool):
    name: str = "classy"
    description: str = "Old."

    def _run(self) -> str:
        return ""


class Asks:
    def ask(self, x: str) -> str:
        return x


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (RunnableLambda(lambda x: x), "it is a lambda"),
        (RunnableLambda(Asks().ask), "ask.code: it is a method"),
        (RunnableLambda(functools.partial(Asks().ask)), "it is a partial"),
        (Classy(), "classy.code: the code of a class's _run"),
    ],
)
def test_code_that_cannot_be_learned_is_told_to_those_who_ask_for_code(value: Any, said: str) -> None:
    def shout(x: str) -> str:
        return x

    with pytest.warns(NotExposed, match=said):
        expose([RunnableLambda(shout), value], kinds=["code", "prompt"])
    with pytest.raises(NothingToLearn, match=said):
        expose(value, kinds="code")


# --- names


def test_a_program_that_shares_a_prompt_with_another_has_its_own_names() -> None:
    shared, own = prompt("shared {x}"), prompt("own {x}")
    first = expose(shared | listening(), name="a")
    second = expose(RunnableParallel(x=shared) | RunnableLambda(Holds(own).run), name="b", include="*")
    assert list(first) == ["a.prompt"]
    assert set(second) == {"a.prompt", "b.held.prompt"}
    third = expose([shared, prompt("third {x}")], name="c")
    assert list(third) == ["a.prompt", "c.prompt"]


class Holds:
    def __init__(self, held: Any) -> None:
        self.held = held

    def run(self, x: Any) -> Any:
        return self.held.invoke(x)


def test_a_name_with_a_number_can_be_asked_for() -> None:
    def program() -> Callable[..., Any]:
        return RunnableLambda(str) | prompt("one {x}") | prompt("two {x}")

    assert list(expose(program(), name="q")) == ["q.prompt", "q.prompt[1]"]
    [parameter] = expose(program(), name="q", include="q.prompt[1]").values()
    assert parameter.data == "two {x}"
    assert list(expose(program(), name="q", exclude="*[1]")) == ["q.prompt"]


def test_names_do_not_depend_on_what_was_chosen_first() -> None:
    program = prompt("one {x}") | prompt("two {x}")
    assert list(expose(program, include="prompt[1]")) == ["prompt[1]"]
    assert {name: parameter.data for name, parameter in expose(program).items()} == {
        "prompt": "one {x}",
        "prompt[1]": "two {x}",
    }
