"""Where the things of a program are found, and under which names; and that nothing of the program is run for it."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import BaseTool, create_retriever_tool, tool
from langgraph.func import entrypoint, task
from langgraph.graph import START, StateGraph
from pydantic import BaseModel, ConfigDict, PrivateAttr
from trace_langchain.walking import walk

from tests.langchain.programs import Shelf


def prompt(text: str) -> PromptTemplate:
    return PromptTemplate.from_template(text)


def names(program: Any) -> dict[str, str]:
    """The first word of each prompt that is found, by the way to it."""
    found = [each for each in walk(program) if isinstance(each.value, PromptTemplate)]
    return {".".join(each.path): each.value.template.split(" ")[0] for each in found}


@pytest.fixture
def library() -> Iterator[ModuleType]:
    """A module of prompts, as a program keeps them."""
    made = ModuleType("bookshop_prompts")
    made.__dict__.update(SYS=prompt("system {x}"), UNUSED=prompt("unused {x}"), MORE={"a": [prompt("more {x}")]})
    exec("def ask(x):\n    return MORE['a'][0].invoke(x)", made.__dict__)
    sys.modules[made.__name__] = made
    yield made
    del sys.modules[made.__name__]


def test_of_a_module_what_a_function_names(library: ModuleType) -> None:
    def ask(x: Any) -> Any:
        return library.SYS.invoke(x)

    def ask_below(x: Any) -> Any:
        return library.ask(x)

    assert names(RunnableLambda(ask)) == {"library.SYS": "system"}
    assert names(RunnableLambda(ask_below)) == {"library.ask.MORE.a": "more"}


@pytest.mark.usefixtures("library")
def test_what_a_function_imports_itself() -> None:
    def ask(x: Any) -> Any:
        from bookshop_prompts import SYS as first

        return first.invoke(x)

    def ask_module(x: Any) -> Any:
        import bookshop_prompts as them

        return [each.invoke(x) for each in them.MORE["a"]]

    def ask_nobody(x: Any) -> Any:
        import never_imported_prompts

        from ..nowhere import SYS

        return never_imported_prompts.SYS.invoke(SYS.invoke(x))

    assert names(RunnableLambda(ask)) == {"first": "system"}
    assert names(RunnableLambda(ask_module)) == {"them.MORE.a": "more"}
    assert [found.value for found in walk(ask_nobody)] == [ask_nobody]
    assert "never_imported_prompts" not in sys.modules


class Prompts:
    """A class as a namespace."""

    A = prompt("first {x}")
    B = prompt("second {x}")

    @classmethod
    def ask(cls, x: Any) -> Any:
        return cls.B.invoke(x)


def test_of_a_class_what_a_function_names() -> None:
    assert names(RunnableLambda(lambda x: Prompts.A.invoke(x))) == {"Prompts.A": "first"}
    assert names(RunnableLambda(lambda x: Prompts.ask(x))) == {"Prompts.B": "second"}


GLOBAL = prompt("global {x}")


class Agent:
    """A program as a class: attributes of the class, of the object, methods, a property."""

    SYS = prompt("class {x}")

    def __init__(self) -> None:
        self.chains = {"own": [prompt("object {x}")]}

    @property
    def composed(self) -> Any:
        return self.BELOW | RunnableLambda(str)

    BELOW = prompt("property {x}")

    def helper(self, x: Any) -> Any:
        return GLOBAL.invoke(x)

    def run(self, x: Any) -> Any:
        return self.helper(self.SYS.invoke(x)), self.composed.invoke(x)


class Kind(Agent):
    def run(self, x: Any) -> Any:
        return super().run(x)


@pytest.mark.parametrize("agent", [Agent(), Kind()])
def test_what_methods_reach_through_self(agent: Agent) -> None:
    expected = {"SYS": "class", "GLOBAL": "global", "BELOW": "property"}
    assert names(RunnableLambda(agent.run)) == {"chains.own": "object", **expected}


def test_methods_of_an_object_that_a_function_names() -> None:
    agent = Agent()
    found = names(RunnableLambda(lambda x: agent.run(x)))
    assert found["agent.SYS"] == "class"
    assert found["agent.GLOBAL"] == "global"


def test_a_class_that_a_function_makes_an_object_of() -> None:
    assert names(RunnableLambda(lambda x: Agent().run(x))).keys() >= {"Agent.SYS", "Agent.GLOBAL"}


@dataclass
class Inner:
    chains: list[Any] = field(default_factory=lambda: [prompt("inner {x}")])


@dataclass(slots=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    more: Any = None


def test_objects_in_objects() -> None:
    held = Outer(more=SimpleNamespace(deep=Outer()))
    found = names(RunnableLambda(lambda x: held.inner.chains[0].invoke(x)))
    assert found == {"held.inner.chains": "inner", "held.more.deep.inner.chains": "inner"}


def test_an_object_that_is_called() -> None:
    class Node:
        def __call__(self, state: dict[str, Any]) -> dict[str, Any]:
            return {"x": GLOBAL.invoke(state)}

    graph = StateGraph(dict)
    graph.add_node("ask", Node())
    graph.add_edge(START, "ask")
    assert names(graph.compile()) == {"ask.GLOBAL": "global"}


def test_tasks_of_an_entrypoint() -> None:
    first = prompt("task {x}")

    @task
    def ask(x: str) -> str:
        return str(first.invoke({"x": x}))

    @entrypoint()
    def program(x: str) -> str:
        return str(ask(x).result())

    assert names(program) == {"program.ask.first": "task"}


def test_defaults_by_keyword() -> None:
    default = prompt("default {x}")

    def ask(x: Any, *, template: Any = default) -> Any:
        return template.invoke(x)

    assert names(RunnableLambda(ask)) == {"template": "default"}


def test_behind_wrappers() -> None:
    before = prompt("before {x}")

    def after(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        @functools.wraps(function)
        def wrapper(x: Any) -> Any:
            return function(before.invoke(x))

        return wrapper

    @functools.cache
    def cached(x: Any) -> Any:
        return Prompts.A.invoke(x)

    @after
    def ask(x: Any) -> Any:
        return cached(GLOBAL.invoke(x))

    assert names(RunnableLambda(ask)) == {
        "GLOBAL": "global",
        "cached.Prompts.A": "first",
        "before": "before",
    }


def test_methods_of_classes_that_langchain_calls() -> None:
    class Looks(BaseTool):
        name: str = "looks"
        description: str = "Looks it up."
        _chain: Any = PrivateAttr(default_factory=lambda: prompt("private {x}"))

        def _run(self, x: str) -> Any:
            return self._chain.invoke(GLOBAL.invoke({"x": x}))

    class Steps(Runnable[Any, Any]):
        def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
            return Prompts.B.invoke(input)

    class Settings(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        template: Any

    assert names(Looks()) == {"looks._chain": "private", "looks.GLOBAL": "global"}
    assert names(Steps()) == {"Prompts.B": "second"}
    assert names(Settings(template=prompt("field {x}"))) == {"template": "field"}


def test_what_is_in_a_tool_has_its_name() -> None:
    below = prompt("below {x}")

    @tool
    def expert(x: str) -> str:
        """Ask one who knows."""
        return below.format(x=x)

    found = create_retriever_tool(Shelf(), "find", "Find it.")
    assert names([expert, found]) == {"expert.below": "below", "find": "{page_content}"}
    assert names({"expert": expert}) == {"expert.below": "below"}


def test_nothing_of_the_program_is_run() -> None:
    def refuse(*args: Any) -> Any:
        raise AssertionError("this was run")

    class Shy:
        parameter = func = afunc = nodes = property(refuse)
        __len__ = __iter__ = __eq__ = __bool__ = __getattr__ = __str__ = __hash__ = refuse  # type: ignore[assignment]

        def __init__(self) -> None:
            self.chain = prompt("shy {x}")

        def __getattribute__(self, name: str) -> Any:
            return refuse()

    class Proxy:
        __class__ = property(refuse)  # type: ignore[assignment]
        __dict__ = property(refuse)  # type: ignore[assignment]

    class Listed(list[Any]):
        __iter__ = __len__ = refuse  # type: ignore[assignment]

    class Mapped(dict[Any, Any]):
        __iter__ = __len__ = items = values = refuse  # type: ignore[assignment]

    shy, proxy = Shy(), Proxy()
    holds = Listed([Mapped({proxy: prompt("held {x}")})])
    found = names(RunnableLambda(lambda x: (shy.chain, shy.func.x, proxy.chain, holds)))
    assert found == {"shy.chain": "shy", "holds": "held"}


def test_what_is_data_is_left() -> None:
    import json
    import logging

    data = [prompt("data {x}") for _ in range(101)]
    cyclic: list[Any] = [logging.getLogger()]
    cyclic.append(cyclic)
    program = RunnableLambda(lambda x: (json.dumps(x), data, cyclic, GLOBAL))
    assert names(program) == {"GLOBAL": "global"}
