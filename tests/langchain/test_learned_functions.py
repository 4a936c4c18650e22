"""Functions whose code is learned: as they are called, asked about, copied, stored and shared."""

from __future__ import annotations

import asyncio
import copy
import functools
import inspect
import pickle
from collections.abc import Callable
from types import FunctionType
from typing import Any, get_type_hints

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import StructuredTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel
from trace_langchain import expose, unexpose
from trace_langchain.functions import FunctionBinding


def shout(text: str) -> str:
    """Louder."""
    return text.upper()


async def whisper(text: str, *, tail: str = ".") -> str:
    return text.lower() + tail


class Text(BaseModel):
    text: str


def shouting_tool(function: Callable[[str], str]) -> StructuredTool:
    return StructuredTool.from_function(function, args_schema=Text)


NEW = "def shout(text: str) -> str:\n    return text.upper() + '!'"
CANDIDATE = "def shout(text: str) -> str:\n    return text.upper() + '?'"


def louder(function: Callable[[str], str]) -> Callable[[str], str]:
    @functools.wraps(function)
    def wrapper(text: str) -> str:
        return "[" + function(text) + "]"

    return wrapper


def test_a_decorator_stays_around_learned_code() -> None:
    @louder
    def up(text: str) -> str:
        return text.upper()

    program = RunnableLambda(up)
    parameters = expose(program, kinds="code")
    with parameters.candidate({"up.code": "def up(text: str) -> str:\n    return text.lower()"}):
        assert program.invoke("Tree") == "[tree]"
    parameters["up.code"].set("def up(text: str) -> str:\n    return text.title()")
    assert program.invoke("tree") == "[Tree]"


async def test_what_stands_for_a_function_answers_as_it_does() -> None:
    for function in (shout, whisper):
        program = RunnableLambda(function)
        parameters = expose(program, kinds="code")
        standing = program.func if function is shout else program.afunc
        assert standing is not function
        assert isinstance(standing, FunctionType)
        assert inspect.isfunction(standing)
        assert inspect.signature(standing) == inspect.signature(function)
        assert get_type_hints(standing) == get_type_hints(function)
        assert inspect.iscoroutinefunction(standing) is asyncio.iscoroutinefunction(function)
        assert inspect.getsource(standing) == inspect.getsource(function)
        assert standing.__doc__ == function.__doc__
        assert repr(standing) == repr(function)
        unexpose(parameters)
        assert (program.func if function is shout else program.afunc) is function
    assert await RunnableLambda(whisper).ainvoke("A") == "a."


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda program: pickle.loads(pickle.dumps(program))])
@pytest.mark.parametrize("make", [RunnableLambda, shouting_tool])
def test_copies_have_the_text_of_now_and_no_parameter(copied: Callable[[Any], Any], make: Callable[[Any], Any]) -> None:
    program = make(shout)
    parameters = expose(program, name="p", kinds="code")
    [name] = parameters
    before = copied(program)
    assert before.func is shout
    parameters[name].set(NEW)
    with parameters.candidate({name: CANDIDATE}):
        after = copied(program)
        assert (program.invoke("a"), before.invoke("a"), after.invoke("a")) == ("A?", "A", "A!")
    parameters[name].revert()
    assert (program.invoke("a"), after.invoke("a")) == ("A", "A!")
    [again] = expose(after, kinds="code").values()
    assert again is not parameters[name]
    assert again.data == NEW
    unexpose([again])
    assert after.invoke("a") == "A!"
    unexpose(parameters)


def test_a_model_is_told_the_same_of_a_tool() -> None:
    program = StructuredTool.from_function(shout)
    before = convert_to_openai_tool(program)
    unexpose(expose(program, kinds="code"))
    expose(program, kinds="code")
    assert convert_to_openai_tool(program) == before


def test_asking_again_after_a_write() -> None:
    program = RunnableLambda(shout)
    parameters = expose(program, kinds="code")
    parameters["shout.code"].set(NEW)
    assert expose(program, kinds="code")["shout.code"] is parameters["shout.code"]
    unexpose(parameters)
    assert program.func is shout
    assert vars(shout) == {}


def test_one_function_in_several_places() -> None:
    first, second, third = (RunnableLambda(shout) for _ in range(3))
    [parameter] = expose(first, kinds="code").values()
    binding: Any = parameter.binding
    binding.join(FunctionBinding(second, "func", shout, "sandbox"))
    found = FunctionBinding(third, "func", shout, "sandbox")
    assert found.known() is parameter
    assert FunctionBinding(third, "func", louder(shout), "sandbox").known() is None
    parameter.set(NEW)
    assert [each.invoke("a") for each in (first, second, third)] == ["A!", "A!", "A"]
    unexpose([parameter])
    assert [each.func for each in (first, second)] == [shout, shout]
    assert found.known() is None


def test_what_the_user_put_there_since_stays() -> None:
    program = RunnableLambda(shout)
    parameters = expose(program, kinds="code")
    program.func = mine = louder(shout)
    unexpose(parameters)
    assert program.func is mine
