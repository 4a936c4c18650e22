"""The attributes of the user's objects, looked up without running anything of theirs.

No property, descriptor, `__getattr__` or `__getattribute__` is called; where a property stands, its function is given.
"""

from __future__ import annotations

import functools
import inspect
import sys
from functools import lru_cache
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

MISSING = object()
BEHAVIOUR = (FunctionType, staticmethod, classmethod, property, functools.cached_property)
"""What makes methods in a class."""
_OURS = ("trace_core", __name__.partition(".")[0])
FRAMEWORKS = frozenset(
    ("langchain", "langchain_classic", "langchain_core", "langgraph", "langsmith", "pydantic", *_OURS),
)


def is_a(value: Any, *classes: type) -> bool:
    """`isinstance` by the object's real class: a proxy is not asked for the class that it stands for."""
    return issubclass(type(value), classes)


@lru_cache(maxsize=4096)
def package(module: str | None) -> str:
    """The package that a module belongs to, by its first name."""
    return (module or "").partition(".")[0]


@lru_cache(maxsize=4096)
def is_installed(module: str | None) -> bool:
    """Whether a module is Python's own, a framework's, or an installed package's, and not the user's program."""
    top = package(module)
    if top in FRAMEWORKS or top in sys.stdlib_module_names or top == "builtins":
        return True
    found = vars(sys.modules[top]) if isinstance(sys.modules.get(top), ModuleType) and top != "__main__" else {}
    places = [found.get("__file__"), *list(found.get("__path__") or ())[:1]]
    return any(folder in str(place) for place in places for folder in ("site-packages", "dist-packages"))


def is_own(value: Any) -> bool:
    """Whether the object's class is of the user's program."""
    return not is_installed(type(value).__module__)


def overrides_package(cls: type) -> bool:
    """Whether it is a class of the user's program that inherits from one of a package, and not only of Python's."""
    if is_installed(cls.__module__):
        return False
    above = {package(base.__module__) for base in cls.__mro__[1:] if is_installed(base.__module__)}
    return any(top not in sys.stdlib_module_names and top != "builtins" for top in above)


def module_of(function: FunctionType) -> str | None:
    """The module in which the function stands; `functools.wraps` gives a wrapper the name of another."""
    found = function.__globals__.get("__name__")
    return found if isinstance(found, str) else None


def instance_attributes(value: Any) -> dict[str, Any]:
    """What the object itself holds, in its `__dict__` and in slots."""
    held: dict[str, Any] = {}
    for cls in reversed(type(value).__mro__):
        for name, member in vars(cls).items():
            is_slot = is_a(member, MemberDescriptorType) and not name.startswith("__")
            if is_slot and (item := _slot(member, value)) is not MISSING:
                held[name] = item
    private = static(value, "__pydantic_private__")  # where pydantic keeps the values of private attributes
    return {**held, **_dict_of(value), **(private if isinstance(private, dict) else {})}


def class_attributes(cls: type) -> dict[str, Any]:
    """What the user's own classes among a class and its bases define, but for Python's special names."""
    held: dict[str, Any] = {}
    for each in reversed(cls.__mro__):
        if not is_installed(each.__module__):
            held.update((name, item) for name, item in vars(each).items() if not name.startswith("__"))
    return held


def static(value: Any, name: str) -> Any:
    """An attribute of an object, a class or a module; `MISSING` if none can be told without running code."""
    try:
        found = inspect.getattr_static(value, name)
    except AttributeError:
        return MISSING if name.startswith("__") else instance_attributes(value).get(name, MISSING)
    if is_a(found, MemberDescriptorType):
        return _slot(found, value)
    if is_a(value, ModuleType) or (not is_a(value, type) and name in _dict_of(value)):
        return found
    return bound(found, value)


def bound(found: Any, owner: Any) -> Any:
    """What a class holds, as its object has it: a method for a function; also the function of a property."""
    is_class = is_a(owner, type)
    if is_a(found, staticmethod):
        return found.__func__
    if is_a(found, classmethod):
        inner = found.__func__
        return MethodType(inner, owner if is_class else type(owner)) if is_a(inner, FunctionType) else MISSING
    if is_a(found, property):
        found = found.fget
    elif is_a(found, functools.cached_property):
        found = found.func
    return MethodType(found, owner) if is_a(found, FunctionType) else found


def _slot(member: MemberDescriptorType, value: Any) -> Any:
    try:
        return member.__get__(value)
    except (AttributeError, TypeError):  # not filled; of another class
        return MISSING


def _dict_of(value: Any) -> dict[str, Any]:
    for cls in type(value).__mro__:
        plain = isinstance(vars(cls).get("__dict__"), (GetSetDescriptorType, MemberDescriptorType))
        if "__dict__" in vars(cls) and not plain:
            return {}  # a property of that name would be run
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return found if isinstance(found, dict) else {}
