"""What passes between the program and the sandbox: plain data by value, functions to be called back, stand-ins.

A crossing belongs to one sandboxed call. Objects that are no plain data are shown as read-only stand-ins that have
only the attributes that the original source used; functions and methods run in the program, on the objects
themselves. The mechanism is Monty's host objects (https://github.com/pydantic/monty/blob/main/docs/host-objects.md);
this module is imported when the first sandboxed call is made.
"""

from __future__ import annotations

import datetime
import decimal
import functools
import inspect
import io
import itertools
import pathlib
import re
import types
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Set
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

from pydantic_monty import ClassInstance, ClassType, MontyClassProxy, MontyClassTypeProxy, MontyStdTypeProxy

from trace_core.code.names import Called
from trace_core.errors import SandboxError

MAXIMUM_DEPTH = 100
MAXIMUM_ITEMS = 100_000
_EXACT = frozenset({type(None), bool, int, float, str, bytes})
_SCALARS = (type(None), bool, int, float, complex, str, bytes, datetime.date, datetime.time, datetime.timedelta)
_PLAIN = (*_SCALARS, datetime.timezone, decimal.Decimal, pathlib.PurePath, type(...), type(NotImplemented))
_FUNCTIONS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    functools.partial,
    types.MethodWrapperType,
)
_ITERABLES: tuple[type[Iterable[Any]], ...] = (list, range, deque, type({}.keys()), type({}.values()), type({}.items()))
FOREIGN = (MontyClassProxy, MontyClassTypeProxy, MontyStdTypeProxy)
"""How objects that exist only in the sandbox arrive here."""
# How functions, modules and iterators of the sandbox arrive here: as text, exactly like this.
_ARRIVED_AS_TEXT = re.compile(
    r"<function \S+ at 0x[0-9a-f]+>|<coroutine object \w+>|<(module|class) '[\w.]+'>|<bound method>"
    r"|<(\w+iterator|itertools\.\w+|re\.Match) object(; span=.*)?>|dict_\w+\(\[.*\]\)"
    r"|range\(-?\d+, -?\d+(, -?\d+)?\)|slice\(.+, .+, .+\)|re\.compile\([\"'].*\)|functools\.partial\(<function .*\)",
    re.DOTALL,
)

Answer = dict[str, Any]
"""What a host call gives: `return_value` or `exception`."""


class Crossing:
    """The values of one sandboxed call.

    Args:
        attributes: the attribute names that stand-ins have.
        owner: the class whose private names (`__x`) the source may use; None outside a class.
        called: what the source calls. An object may be called where the source does so, a class also where the source
            was given it; what reaches the sandbox otherwise may be read only.
        calls: whether functions of the program may be called; not so while a text is only checked.
    """

    def __init__(
        self,
        attributes: Set[str] = frozenset(),
        owner: str | None = None,
        called: Called = Called(frozenset(), others=False, types=False),  # noqa: B008 - it cannot be changed
        *,
        calls: bool = True,
    ) -> None:
        self.calls_made = 0
        self._calls = calls
        self._called = called
        self._callable: set[int] = set()
        self._passed: set[type] = set()
        self._answered: set[type] = set()
        self._answering = False
        self._attributes = attributes
        self._owner = owner
        self._functions: dict[str, Callable[..., Any]] = {}
        self._mark = uuid4().hex[:12]  # no data has a function's name by chance
        self._objects: dict[UUID, tuple[Any, Set[str]]] = {}
        self._stand_ins: dict[tuple[int, bool], _StandIn | None] = {}
        self._equals: dict[Any, int] = {}
        self._classes: dict[type, _ClassStandIn] = {}
        self._exceptions: list[Exception] = []

    # --- into the sandbox

    def send(self, value: Any, depth: int = 0) -> Any:
        """A value as the sandbox gets it.

        Raises:
            SandboxError: containers are nested too deeply (or hold themselves).
        """
        if type(value) in _EXACT:
            return value
        from trace_core.nodes import Node

        if depth > MAXIMUM_DEPTH:
            raise SandboxError(f"a value is nested more than {MAXIMUM_DEPTH} deep, or holds itself")
        if isinstance(value, Node) and "data" not in self._attributes:
            value = value.data  # read like this, the node becomes an implicit input of the bundle that runs
        if isinstance(value, Enum) and not (isinstance(value, str | int) and not {"name", "value"} & self._attributes):
            return self.stand_in(value, self._attributes)
        if isinstance(value, _PLAIN):
            return value
        if isinstance(value, Exception):
            self._exceptions.append(value)
            return value
        if isinstance(value, type):
            (self._answered if self._answering else self._passed).add(value)
            return value if value.__module__ == "builtins" else self._class(value, self._attributes)
        if isinstance(value, _FUNCTIONS):
            return self._function(value)
        return self._send_container(value, depth + 1)

    def _send_container(self, value: Any, depth: int) -> Any:
        if isinstance(value, dict):
            return {self.send(key, depth): self.send(item, depth) for key, item in value.items()}
        if isinstance(value, tuple):
            items = [self.send(item, depth) for item in value]
            return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
        if isinstance(value, set | frozenset):
            kind = set if isinstance(value, set) else frozenset
            return kind(self.send(item, depth) for item in value)
        if isinstance(value, _ITERABLES):
            return [item if type(item) in _EXACT else self.send(item, depth) for item in value]
        if isinstance(value, Iterator) and not isinstance(value, io.IOBase):
            items = list(itertools.islice(value, MAXIMUM_ITEMS + 1))
            if len(items) > MAXIMUM_ITEMS:
                raise SandboxError(f"an iterator has more than {MAXIMUM_ITEMS} items, and the sandbox gets them all")
            return [self.send(item, depth) for item in items]
        if isinstance(value, bytearray):
            return bytes(value)
        return self.stand_in(value, self._attributes)

    def _function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        # A function crosses as its __name__ alone, so each gets a name of its own; given to a function, it is a text.
        name = f"{getattr(function, '__name__', 'function')}#{self._mark}{len(self._functions)}"
        self._functions[name] = function

        def reference() -> None: ...

        reference.__name__ = name
        return reference

    def stand_in(self, value: Any, attributes: Set[str]) -> Any:
        """A stand-in for an object, with these attributes of it and no others."""
        if isinstance(value, type):
            self._passed.add(value)
            return self._class(value, attributes)
        key = id(value), attributes is self._attributes
        if key not in self._stand_ins:
            self._stand_ins[key] = None  # an object that holds itself under a private name sees None there
            kind = self._class(type(value), self._attributes) if type(value).__module__ != "builtins" else None
            stand_in = self._stand_ins[key] = _StandIn(value, class_type=kind)
            self._objects[stand_in.id] = (value, attributes)
            stand_in.sent = self._attributes_sent(value, attributes) | self._equality(value)
        return self._stand_ins[key]

    def _equality(self, value: Any) -> dict[str, Any]:
        """What makes stand-ins equal where the objects are: Monty compares the attributes that were sent.

        For objects without hash, such as most dataclasses, it is left at that.
        """
        try:
            return {"__equal_to": self._equals.setdefault(value, len(self._equals))}
        except TypeError:
            return {}

    def _class(self, value: type, attributes: Set[str]) -> _ClassStandIn:
        found = self._classes.get(value)
        if found is None:
            identity = uuid4()
            found = self._classes[value] = _ClassStandIn(value, id=identity, init=True)
            self._objects[identity] = (value, attributes)
            found.sent = self._attributes_sent(value, attributes)
        return found

    def _attributes_sent(self, value: Any, names: Set[str]) -> dict[str, Any]:
        """What goes along with a stand-in. Public attributes follow when they are read, as they are then; private
        ones cannot, since Monty asks for no name that begins with an underscore, and those of objects without a hash
        make up what Monty compares."""
        sent = {}
        for name in names:
            private = name.startswith("_")
            if not private and (_has_hash(value) or _is_property(value, name)):
                continue
            try:
                item = self._read(value, name)
            except AttributeError:
                continue
            if private or isinstance(item, (*_PLAIN, *_FUNCTIONS, list, tuple, dict, set, frozenset)):
                sent[name] = self.send(item)
        return sent

    def _read(self, value: Any, name: str) -> Any:
        if name.startswith("__") and not name.endswith("__") and self._owner:
            name = f"_{self._owner.lstrip('_')}{name}"
        return getattr(value, name)

    # --- calls back from the sandbox

    def attribute(self, object_id: UUID, name: str) -> Answer:
        """The value of a stand-in's attribute that did not go along with it."""
        value, names = self._objects[object_id]
        if name not in names:
            return {"exception": AttributeError(f"{type(value).__name__!r} object has no attribute {name!r} here")}
        answer: Answer = self._answer(lambda: self._read(value, name))
        return answer

    def call(self, name: str, object_id: UUID | None, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Call a function of the program; gives an Answer, or what to await (`awaited`) if the function is async.

        What is no `Exception` (KeyboardInterrupt, CancelledError) passes through and ends the sandboxed call.
        """
        self.calls_made += 1
        if not self._calls:
            return {"exception": RuntimeError(f"{name.partition('#')[0]}() may be called only inside the function")}
        return self._answer(lambda: self._call_checked(name, self._found(name, object_id), arguments, keywords))

    def _found(self, name: str, object_id: UUID | None) -> Callable[..., Any]:
        """The function or method that a call names."""
        if object_id is None:
            if name not in self._functions:
                raise NameError(f"name {name!r} is not defined")
            return self._functions[name]
        value, names = self._objects[object_id]
        function = getattr(value, name, None) if name in names else None
        if name == "__call__" and self._may_call(value):
            function = value
        if function is None:
            raise AttributeError(f"method {name!r} cannot be called here")
        return function  # type: ignore[no-any-return]

    def may_be_called(self, name: str, value: Any) -> None:
        """Note what stands for a name of the source: it may be called if the source calls the name, or hands it on."""
        if name in self._called.names:
            self._callable.add(id(value))

    def _may_call(self, value: Any) -> bool:
        if isinstance(value, type):
            return value in self._passed or (self._called.others and (self._called.types or value in self._answered))
        return callable(value) and (self._called.others or id(value) in self._callable)

    def _call_checked(
        self, name: str, function: Callable[..., Any], arguments: tuple[Any, ...], keywords: Mapping[str, Any]
    ) -> Any:
        name = name.partition("#")[0]
        try:
            arguments, keywords = self._arrived([arguments, keywords])
        except ValueError:
            raise TypeError(f"{name}() was given something that cannot leave the sandbox; give it plain data") from None
        before = _contents([arguments, keywords])
        result = function(*arguments, **keywords)
        if _contents([arguments, keywords]) != before:
            raise TypeError(f"{name}() changes its argument in place, which does not reach the code that called it")
        return result

    def _arrived(self, value: Any) -> Any:
        """Arguments with the program's own functions in the place of their names.

        Raises:
            ValueError: something is no data.
        """
        if isinstance(value, str):
            if value in self._functions:
                return self._functions[value]
            if not _ARRIVED_AS_TEXT.fullmatch(value):
                return value
        elif isinstance(value, dict):
            return {self._arrived(key): self._arrived(item) for key, item in value.items()}
        elif isinstance(value, list | tuple | set | frozenset):
            items = map(self._arrived, value)
            return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
        elif not isinstance(value, FOREIGN):
            return value
        raise ValueError(value)

    def _answer(self, compute: Callable[[], Any]) -> Any:
        try:
            result = compute()
            if inspect.isawaitable(result):
                return result
            return {"return_value": self._send_answer(result)}
        except Exception as error:  # noqa: BLE001 - whatever the program's function raises is raised again at its call
            self._exceptions.append(error)
            return {"exception": error}

    def _send_answer(self, result: Any) -> Any:
        self._answering = True
        try:
            return self.send(result)
        finally:
            self._answering = False

    async def awaited(self, result: Awaitable[Any]) -> Answer:
        """The answer that an async function of the program gives."""
        try:
            return {"return_value": self._send_answer(await result)}
        except Exception as error:  # noqa: BLE001 - as in _answer
            self._exceptions.append(error)
            return {"exception": error}

    # --- out of the sandbox

    def original(self, arrived: BaseException) -> Exception:
        """The exception that code meant: the program's own where it came from there, else a builtin one."""
        for error in reversed(self._exceptions):
            if isinstance(error, type(arrived)) and (
                str(error) == str(arrived) or str(arrived) in map(str, error.args)
            ):
                return error
        return arrived if isinstance(arrived, Exception) else RuntimeError(f"{type(arrived).__name__}: {arrived}")


class _StandIn(ClassInstance):
    sent: dict[str, Any]

    def get_eager_attrs(self) -> dict[str, Any]:
        return self.sent


class _ClassStandIn(ClassType):
    sent: dict[str, Any]

    def get_eager_attrs(self) -> dict[str, Any]:
        return self.sent


def _has_hash(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:  # by its type, or by what it holds
        return False
    return True


def _is_property(value: Any, name: str) -> bool:
    found = inspect.getattr_static(type(value), name, None)
    return isinstance(found, property | functools.cached_property) or (
        hasattr(type(found), "__set__") and not isinstance(found, types.MemberDescriptorType)
    )


def _contents(value: Any) -> Any:
    """The containers in a value, with their items by identity: equal as long as nothing in them was exchanged."""
    if isinstance(value, list | tuple):
        return [_contents(item) for item in value]
    if isinstance(value, Mapping):
        return [(key, _contents(item)) for key, item in value.items()]
    if isinstance(value, set):
        return set(map(id, value))
    return id(value)
