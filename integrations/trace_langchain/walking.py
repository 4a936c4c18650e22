"""Going through a LangChain or LangGraph program: every object in it once, each with a readable path.

`get_prompts()` and `get_graph()` miss fallbacks, branches, routers, bound methods, and every graph and agent; so this
goes through the objects themselves, the user's own, and what functions reach (`walking_functions.py`). Nothing of the
user's is run.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import FunctionType, MethodType, ModuleType, SimpleNamespace
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

from trace_langchain import attributes
from trace_langchain.attributes import is_a
from trace_langchain.walking_functions import Path, Step, in_callable, in_class

_DEEPEST = 40
_DEEPEST_DATA = 6  # of lists, dicts and plain objects in each other; what is deeper is data
_LONGEST = 100  # of a list or dict; longer ones are data
_DATA = (str, bytes, bytearray, int, float, complex, type(None), ModuleType)
_CONTAINERS = (list, tuple, dict)
_CALLABLES = (functools.partial, MethodType, FunctionType)
_PARTS = (Runnable, BaseTool, BasePromptTemplate, BaseLanguageModel, BaseRetriever)


@dataclass(frozen=True, slots=True)
class Found:
    """An object of the program, and the way to it."""

    path: Path
    value: Any


def walk(thing: Any) -> Iterator[Found]:
    """Every object in a program, in the order in which it is built up; each once.

    Plain objects of the user's own are gone through and not given: nothing that could run their code is to be done with
    them.
    """
    seen: set[Any] = set()
    kept: list[Any] = []  # ids of objects are only theirs while they live
    to_visit: list[tuple[Path, Any, int]] = [((), thing, 0)]
    while to_visit:
        path, value, depth = to_visit.pop()
        key = _identity(value)
        if is_a(value, *_DATA) or key in seen:
            continue
        seen.add(key)
        kept.append(value)
        if is_a(value, *_PARTS) or not (is_a(value, type) or attributes.is_own(value)):
            yield Found(path, value)
        depth = depth + 1 if _is_plain(value) else 0
        if len(path) < _DEEPEST and depth <= _DEEPEST_DATA:
            owner = value.__self__ if is_a(value, MethodType) else None
            steps = _inside(path, value)
            inside = [(where, item, depth) for where, item in steps if _is_part(item) or item is owner]
            to_visit.extend(reversed(inside))


def is_graph(value: Any) -> bool:
    """Whether it is a compiled LangGraph graph; langgraph need not be installed."""
    return (
        isinstance(value, Runnable) and isinstance(getattr(value, "nodes", None), dict) and hasattr(value, "channels")
    )


def _identity(value: Any) -> Any:
    """What tells objects apart; a bound method is made anew each time."""
    return (id(value.__self__), id(value.__func__)) if is_a(value, MethodType) else id(value)


def _is_plain(value: Any) -> bool:
    """Whether it is a container, or an object that LangChain does not know."""
    return not is_a(value, type, *_PARTS, *_CALLABLES)


def _is_part(value: Any) -> bool:
    """Whether something to learn may be in it."""
    if is_a(value, *_DATA):
        return False
    if is_a(value, *_CONTAINERS):
        return 0 < _length(value) <= _LONGEST
    if is_a(value, FunctionType):
        return attributes.package(value.__module__) not in ("builtins", "langsmith", "pydantic", "typing")
    if is_a(value, type):
        return not attributes.is_installed(value.__module__)
    return is_a(value, MethodType, functools.partial, *_PARTS, SimpleNamespace) or (
        attributes.is_own(value) or bool(_in_installed((), value))
    )


def _inside(path: Path, value: Any) -> Iterable[Step]:
    if is_a(value, type):
        return in_class(path, value)
    if is_a(value, *_CALLABLES):
        return in_callable(path, value)
    if is_a(value, dict):  # by the methods of dict itself, since a subclass may have others
        return [((*path, str(key)) if is_a(key, str, int) else path, item) for key, item in dict.items(value)]
    if is_a(value, *_CONTAINERS):
        return [(path, item) for item in (list if is_a(value, list) else tuple).__iter__(value)]
    if is_a(value, BaseTool) and path[-1:] != (value.name,):
        path = (*path, value.name)
    found = _in_part(path, value) if is_a(value, *_PARTS) else _in_object(path, value)
    return [*found, *_methods(path, value)]


def _length(value: Any) -> int:
    kind = next(kind for kind in _CONTAINERS if is_a(value, kind))
    return kind.__len__(value)


def _in_part(path: Path, value: Any) -> Iterable[Step]:
    """What an object of LangChain's or LangGraph's is made of."""
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
    return [((*path, name), item) for name, item in attributes.instance_attributes(value).items()]


_BOUND = {"bound", "kwargs", "config", "config_factories", "custom_input_type", "custom_output_type", "name"}


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
    held = attributes.instance_attributes(model)
    public = [name for name in type(model).model_fields if name in held]
    private = [name for name in held if name not in type(model).model_fields and attributes.is_own(model)]
    return [((*path, name), held[name]) for name in [*public, *private]]


def _in_object(path: Path, value: Any) -> list[Step]:
    """What an object that LangChain does not know holds, and what calling it reaches."""
    if not attributes.is_own(value) and not is_a(value, SimpleNamespace):
        return _in_installed(path, value)
    held = [((*path, name), item) for name, item in attributes.instance_attributes(value).items()]
    return [*held, (path, attributes.static(value, "__call__"))]


def _in_installed(path: Path, value: Any) -> list[Step]:
    """What an object of a package's class holds directly: the function that it wraps, or programs."""
    held = attributes.instance_attributes(value)
    if held.get("__wrapped__") is not None:  # such as what `@task` and `functools.cache` make
        return [(path, held["__wrapped__"])]
    if attributes.package(type(value).__module__) in attributes.FRAMEWORKS:
        return []
    return [((*path, name), item) for name, item in held.items() if is_a(item, Runnable, BaseTool)]


def _methods(path: Path, value: Any) -> list[Step]:
    """What a class of the user's overrides of a package's, which calls it."""
    if not attributes.overrides_package(type(value)) or is_a(value, BasePromptTemplate, BaseLanguageModel):
        return []
    held = attributes.class_attributes(type(value)).values()
    return [(path, attributes.bound(item, value)) for item in held if is_a(item, *attributes.BEHAVIOUR)]
