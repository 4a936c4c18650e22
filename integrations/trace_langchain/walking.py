"""Going through a LangChain or LangGraph program: every object in it once, each with a readable path.

`get_prompts()` and `get_graph()` miss fallbacks, branches, routers, bound methods, and every graph and agent; so this
goes through the objects themselves, and through what functions close over, are bound to, or name as globals.
"""

from __future__ import annotations

import dis
import functools
import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType, MethodType
from typing import Any

from langchain_core.language_models import BaseLanguageModel
from langchain_core.prompts import BasePromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import (
    Runnable,
    RunnableAssign,
    RunnableBranch,
    RunnableLambda,
    RunnableParallel,
    RunnableSequence,
    RunnableWithFallbacks,
)
from langchain_core.runnables.base import RunnableBindingBase, RunnableEachBase, RunnableGenerator
from langchain_core.tools import BaseTool
from pydantic import BaseModel

Path = tuple[str, ...]
Step = tuple[Path, Any]

_FRAMEWORKS = ("langchain", "langgraph", "langchain_core", "langsmith", "pydantic")
_DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Found:
    """An object of the program, and the way to it."""

    path: Path
    value: Any


def walk(thing: Any) -> Iterator[Found]:
    """Every object in a program, containers included, in the order in which it is built up; each once."""
    seen: set[int] = set()
    kept: list[Any] = []  # ids of objects are only theirs while they live
    to_visit: list[Step] = [((), thing)]
    while to_visit:
        path, value = to_visit.pop()
        if value is None or isinstance(value, (str, bytes, int, float, type)) or id(value) in seen:
            continue
        seen.add(id(value))
        kept.append(value)
        yield Found(path, value)
        if len(path) < _DEEPEST:
            to_visit.extend(reversed(list(_inside(path, value))))


def _inside(path: Path, value: Any) -> Iterable[Step]:
    if isinstance(value, (list, tuple)):
        return [(path, item) for item in value if _is_part(item)]
    if isinstance(value, dict):
        return [((*path, str(key)), item) for key, item in value.items() if _is_part(item)]
    if isinstance(value, (functools.partial, MethodType, FunctionType)):
        return _in_function(path, value)
    if isinstance(value, RunnableSequence):
        return [(path, step) for step in value.steps]
    if isinstance(value, RunnableParallel):
        return [((*path, key), step) for key, step in value.steps__.items()]
    if isinstance(value, RunnableAssign):
        return [(path, value.mapper)]
    if isinstance(value, RunnableBranch):
        ways = [((*path, f"branch{i}"), way) for i, (_, way) in enumerate(value.branches, 1)]
        return [*((path, condition) for condition, _ in value.branches), *ways, ((*path, "default"), value.default)]
    if isinstance(value, RunnableWithFallbacks):
        return [(path, value.runnable), *(((*path, "fallback"), other) for other in value.fallbacks)]
    if isinstance(value, (RunnableBindingBase, RunnableEachBase)):
        return [(path, value.bound), *(_in_fields(path, value) if type(value).model_fields.keys() - _BOUND else ())]
    if isinstance(value, RunnableLambda):
        return [(path, getattr(value, name, None)) for name in ("func", "afunc")]
    if isinstance(value, RunnableGenerator):
        return [(path, getattr(value, name, None)) for name in ("_transform", "_atransform")]
    if isinstance(value, BaseTool):
        return [(path, getattr(value, name, None)) for name in ("func", "coroutine")] + _in_fields(path, value)
    if is_graph(value):
        return _in_graph(path, value)
    if isinstance(getattr(value, "tools_by_name", None), dict):  # a ToolNode
        return [((*path, name), tool) for name, tool in value.tools_by_name.items()]
    if _is_callable_node(value):
        return [(path, value.func), (path, value.afunc)]
    if isinstance(value, BaseModel):
        return _in_fields(path, value)
    return _in_attributes(path, value)


_BOUND = {"bound", "kwargs", "config", "config_factories", "custom_input_type", "custom_output_type", "name"}


def is_graph(value: Any) -> bool:
    """Whether it is a compiled LangGraph graph; langgraph need not be installed."""
    return (
        isinstance(value, Runnable) and isinstance(getattr(value, "nodes", None), dict) and hasattr(value, "channels")
    )


def _is_callable_node(value: Any) -> bool:
    return isinstance(value, Runnable) and hasattr(value, "func") and hasattr(value, "afunc")


def _in_graph(path: Path, graph: Any) -> list[Step]:
    """A graph's nodes by name; tools first, by their own names, wherever else they turn up."""
    bound = [(name, node.bound) for name, node in graph.nodes.items() if name != "__start__"]
    tools = [(path, node) for _, node in bound if isinstance(getattr(node, "tools_by_name", None), dict)]
    return [*tools, *(((*path, name), node) for name, node in bound)]


def _in_fields(path: Path, model: Any) -> list[Step]:
    """Programs in the fields of a pydantic model, such as the chain of a retriever."""
    if isinstance(model, (BasePromptTemplate, BaseLanguageModel)):
        return []
    found = []
    for name in type(model).model_fields:
        value = getattr(model, name, None)
        if _is_part(value) or (isinstance(value, (list, tuple)) and any(map(_is_part, value))):
            found.append(((*path, name), value))
    return found


def _in_attributes(path: Path, value: Any) -> list[Step]:
    """Programs in the attributes of the user's own objects."""
    if type(value).__module__.partition(".")[0] in _FRAMEWORKS and not isinstance(value, Runnable):
        return []
    return [((*path, name), item) for name, item in getattr(value, "__dict__", {}).items() if _is_part(item)]


def _in_function(path: Path, function: Any) -> list[Step]:
    """What a function closes over, is bound to, has as defaults, or names as a global."""
    if isinstance(function, functools.partial):
        return [(path, item) for item in (function.func, *function.args, *function.keywords.values()) if _is_part(item)]
    if isinstance(function, MethodType):
        owner = function.__self__
        named = set(_names(function.__func__.__code__, attributes=True))
        attributes = getattr(owner, "__dict__", {})
        inside = [
            ((*path, name), attributes[name]) for name in attributes if name in named and _is_part(attributes[name])
        ]
        return [(path, owner), *inside, (path, function.__func__)]
    original = inspect.unwrap(function)
    if original is not function and isinstance(original, FunctionType):
        return [(path, original)]
    is_framework = (function.__module__ or "").partition(".")[0] in _FRAMEWORKS
    found: list[Step] = []
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found.append((_named(path, name, is_framework), cell.cell_contents))
        except ValueError:  # not filled yet
            continue
    if not is_framework:
        names = _names(function.__code__)
        found += [
            (_named(path, name, False), function.__globals__[name]) for name in names if name in function.__globals__
        ]
        found += [(path, default) for default in function.__defaults__ or ()]
    return [(where, item) for where, item in found if _is_part(item)]


def _named(path: Path, name: str, is_framework: bool) -> Path:
    """Under the user's own name for it; what a framework calls it says nothing, and a tool has its own."""
    return path if is_framework else (*path, name)


def _names(code: CodeType, attributes: bool = False) -> list[str]:
    """The globals (or attributes) that a function's code names, those of functions in it too."""
    wanted = ("LOAD_ATTR", "LOAD_METHOD") if attributes else ("LOAD_GLOBAL", "LOAD_NAME")
    names = [str(i.argval) for i in dis.get_instructions(code) if i.opname in wanted]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names += _names(constant, attributes)
    return list(dict.fromkeys(names))


def _is_part(value: Any) -> bool:
    """Whether something to learn may be in it."""
    if isinstance(value, (Runnable, BaseTool, BasePromptTemplate, BaseLanguageModel, BaseRetriever)):
        return True
    if isinstance(value, (MethodType, functools.partial)):
        return True
    if isinstance(value, FunctionType):
        return (value.__module__ or "").partition(".")[0] not in ("builtins", "langsmith", "pydantic", "typing")
    if isinstance(value, (list, tuple)):
        return len(value) <= 100 and any(map(_is_part, value))
    if isinstance(value, dict):
        return len(value) <= 100 and any(map(_is_part, value.values()))
    if isinstance(value, (str, bytes, int, float, type)) or value is None or inspect.ismodule(value):
        return False
    return any(isinstance(item, (Runnable, BaseTool)) for item in getattr(value, "__dict__", {}).values())
