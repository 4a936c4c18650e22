"""What the functions of a program reach: what they close over, are bound to, have as defaults, and name.

A name may be reached through modules, classes, objects and `self`: `prompts.SYS`, `Prompts.system`, `self.chain`. Of a
module only what the function names is looked at. Functions and classes of installed packages are not gone into, but
from the same package.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
from collections.abc import Iterator
from types import FunctionType, MethodType, ModuleType
from typing import Any

from langchain_core.runnables import Runnable

from trace_langchain import attributes
from trace_langchain.attributes import FRAMEWORKS, MISSING, is_a
from trace_langchain.code_names import Chain, chains, imports

Path = tuple[str, ...]
Step = tuple[Path, Any]

_OURS = ("langsmith", "trace_core", __name__.partition(".")[0])
"""Packages whose wrappers hold nothing of the program but the function that they wrap."""


def in_callable(path: Path, value: Any) -> Iterator[Step]:
    """What a function, a bound method or a partial reaches."""
    if is_a(value, functools.partial):
        yield from ((path, item) for item in (value.func, *value.args, *value.keywords.values()))
    elif is_a(value, MethodType):
        if not is_a(value.__self__, type):
            yield path, value.__self__
        if is_a(value.__func__, FunctionType):
            yield from _in_function(path, value.__func__, value.__self__)
        else:
            yield path, value.__func__
    else:
        yield from _in_function(path, value, MISSING)


def in_class(path: Path, cls: type) -> Iterator[Step]:
    """What a class of the user's has, and what its methods reach."""
    for name, item in attributes.class_attributes(cls).items():
        yield path if is_a(item, *attributes.BEHAVIOUR) else (*path, name), attributes.bound(item, cls)


def _in_function(path: Path, function: FunctionType, owner: Any) -> Iterator[Step]:
    module = attributes.module_of(function)
    wrapped = vars(function).get("__wrapped__")
    if wrapped is not None:
        bound = owner is not MISSING and is_a(wrapped, FunctionType)
        yield path, MethodType(wrapped, owner) if bound else wrapped
    if wrapped is not None and attributes.package(module) in _OURS:
        return
    is_framework = attributes.package(module) in FRAMEWORKS
    closed_over = _closed_over(function)
    for name, value in closed_over.items():
        # Under the user's own name for it; what a framework calls it says nothing, and a tool has its own.
        yield path if is_framework else (*path, name), value
    if not is_framework:
        yield from ((path, default) for default in function.__defaults__ or ())
        yield from (((*path, name), default) for name, default in (function.__kwdefaults__ or {}).items())
        yield from _named(path, function, owner, closed_over)


def _closed_over(function: FunctionType) -> dict[str, Any]:
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            if name != "__class__":  # what `super()` needs
                found[name] = cell.cell_contents
        except ValueError:  # not filled yet
            continue
    return found


def _named(path: Path, function: FunctionType, owner: Any, closed_over: dict[str, Any]) -> Iterator[Step]:
    """What its code names."""
    local = {**_imported(function), **closed_over}
    receiver = function.__code__.co_varnames[:1] if owner is not MISSING else ()
    home = attributes.package(attributes.module_of(function))
    for chain in chains(function.__code__):
        known = function.__globals__ if chain.is_global else local
        if chain.name in receiver and not chain.is_global:
            start, value = path, owner
        elif chain.name in known:
            start, value = (*path, chain.name), known[chain.name]
        else:
            continue
        if _is_entered(value, home) and not (is_a(value, type) and chain.attributes):
            yield start, value
        yield from _along(start, value, chain.attributes, home)
    if receiver and Chain("super", (), is_global=True) in chains(function.__code__):
        yield from ((path, MethodType(above, owner)) for above in _above(function, owner))


def _imported(function: FunctionType) -> dict[str, Any]:
    """What its own import statements give, as far as it was imported already."""
    found: dict[str, Any] = {}
    for each in imports(function.__code__):
        name = each.module
        if each.level:
            try:
                name = importlib.util.resolve_name("." * each.level + name, function.__globals__.get("__package__"))
            except ImportError:  # the function's import fails in the same way
                continue
        value: Any = sys.modules.get(name)
        if is_a(value, ModuleType) and each.attribute is not None:
            value = attributes.static(value, each.attribute)
        if value is not MISSING and value is not None:
            found[each.name] = value
    return found


def _along(path: Path, value: Any, names: tuple[str, ...], home: str) -> Iterator[Step]:
    """What is met on the way along attributes, as far as the user's own objects go."""
    for name in names:
        is_whole = is_a(value, Runnable) and not attributes.is_own(value)
        if is_whole or is_a(value, FunctionType, MethodType):
            return
        value = attributes.static(value, name)
        if value is MISSING:
            return
        if not is_a(value, MethodType):
            path = (*path, name)
        if _is_entered(value, home) and not is_a(value, type):
            yield path, value


def _is_entered(value: Any, home: str) -> bool:
    """Whether what a function names is gone into."""
    if is_a(value, ModuleType):
        return False
    function = value.__func__ if is_a(value, MethodType) else value
    module = attributes.module_of(function) if is_a(function, FunctionType) else None
    if is_a(value, type):
        module = value.__module__
    return module is None or attributes.package(module) == home or not attributes.is_installed(module)


def _above(function: FunctionType, owner: Any) -> Iterator[FunctionType]:
    """The methods that `super()` may mean in a method of the same name."""
    for cls in (owner if is_a(owner, type) else type(owner)).__mro__:
        found = vars(cls).get(function.__name__)
        if isinstance(found, FunctionType) and found is not function and not attributes.is_installed(cls.__module__):
            yield found
