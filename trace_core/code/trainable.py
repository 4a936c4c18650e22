"""Trainable functions: the user's own text runs natively, every other text in the sandbox.

What a rewritten text may use is what the original used: its globals, what it closes over, and the attributes of
`self` that it reads. A function that could not run like that is refused when it is declared, and a new text is
checked before it runs (`checks.py`).
"""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Callable
from functools import lru_cache
from types import FunctionType
from typing import TYPE_CHECKING, Any

from trace_core.code import checks, names
from trace_core.code.results import COUNT_TEXTS, Result
from trace_core.code.sandbox import Feed, Limits, arun, definition, run
from trace_core.code.source import extract, innermost, parse, rewrap

if TYPE_CHECKING:
    from trace_core.code.crossing import Crossing

# What Monty lacks of Python's builtins: a function of the program called by one of them (as a key), and `next` of a
# generator expression, which is a list there.
_BUILTINS = {
    "map": """
def map(function, *iterables):
    return [function(*items) for items in zip(*iterables)]
""",
    "filter": """
def filter(function, iterable):
    return [item for item in iterable if (item if function is None else function(item))]
""",
    "sorted": """
__sorted = sorted
def sorted(iterable, *, key=None, reverse=False):
    items = list(iterable)
    keys = items if key is None else [key(item) for item in items]
    return [items[place] for place in __sorted(range(len(items)), key=lambda place: keys[place], reverse=reverse)]
""",
    "min": """
__min = min
def min(*items, key=None, **default):
    if key is None:
        return __min(*items, **default)
    items = list(items[0]) if len(items) == 1 else items
    keys = [key(item) for item in items]
    return items[keys.index(__min(keys))] if keys else __min(keys, **default)
""",
    "next": """
__next = next
def next(iterator, *default):
    if type(iterator) is not list:
        return __next(iterator, *default)
    if not iterator and not default:
        raise StopIteration
    return iterator.pop(0) if iterator else default[0]
""",
}
_BUILTINS["max"] = _BUILTINS["min"].replace("min", "max")
_KEPT = 64  # rewritten functions that are kept ready


class TrainableCode:
    """A function whose text an optimizer may rewrite.

    Args:
        function: a def, or a method, static or class method, or a wrapper made with `functools.wraps` around one.
            Wrappers that decorators below `@bundle` made are put around rewritten code too.
        native: whether rewritten code will run natively; then nothing is refused for the sandbox's sake.
        limits: what one sandboxed call may use.

    Raises:
        UntrainableCode: it has no source, or rewritten code could not run in the sandbox; with the reason and the way
            out.

    Example:
        code = TrainableCode(strange_sort)
        code.check(text)                      # InvalidCode if it cannot stand in for the original
        code.call(text, ([1, 2, 3],), {})     # native for code.source, else in the sandbox
    """

    def __init__(self, function: Callable[..., Any], *, native: bool = False, limits: Limits | None = None) -> None:
        self._native = native
        self._limits = limits or Limits()
        self._inner = innermost(function)
        self._function: Callable[..., Any] = getattr(function, "__func__", function)
        self._source = extract(self._inner)
        self._signature = inspect.signature(self._inner)
        self._result = Result(self._inner, self._limits.result)
        self._rewritten: dict[tuple[str, bool], Callable[..., Any]] = {}
        self.original = checks.Original(self._source, self._inner)
        rewrap(self._function, self._inner, self._inner)  # refuses what could not be done later
        if not native:
            checks.check_declaration(self.original, self._limits)

    @property
    def name(self) -> str:
        """The name of the def."""
        return self._source.definition.name

    @property
    def source(self) -> str:
        """The user's own text: dedented, without decorators, nothing else changed."""
        return self._source.text

    @property
    def file(self) -> str:
        """The file in which the function was written."""
        return self._source.file

    @property
    def first_line(self) -> int:
        """The line of the file at which `source` begins."""
        return self._source.first_line

    @property
    def is_async(self) -> bool:
        """Whether the function is an `async def`, to be called with `acall`."""
        return isinstance(self._source.definition, ast.AsyncFunctionDef)

    def check(self, text: Any) -> None:
        """Check a new text without running the function.

        Raises:
            InvalidCode: it cannot stand in for the original; the reason is written for the one who wrote the text.
        """
        if text != self.source:
            checks.check_text(text, self.original, None if self._native else self._limits)

    def call(self, text: str, args: tuple[Any, ...], kwargs: dict[str, Any], native: bool = False) -> Any:
        """Call the function with this text: natively if it is the user's own or `native` says so, else in the sandbox.

        Raises:
            SandboxedError: the text raised in the sandbox, or its result does not fit the annotated type.
            SandboxLimit: it used more than it may.
        """
        return self._for(text, native)(*args, **kwargs)

    async def acall(self, text: str, args: tuple[Any, ...], kwargs: dict[str, Any], native: bool = False) -> Any:
        """`call` for an `async def`."""
        return await self._for(text, native)(*args, **kwargs)

    # --- the function that a text stands for

    def _for(self, text: str, native: bool) -> Callable[..., Any]:
        if text == self.source:
            return self._function
        key = (text, native)
        found = self._rewritten.get(key)
        if found is None:
            if len(self._rewritten) >= _KEPT:
                self._rewritten.pop(next(iter(self._rewritten.copy())), None)
            made = self._executed(text) if native else self._sandboxed(text)
            found = self._rewritten[key] = rewrap(self._function, self._inner, made)
        return found

    def _executed(self, text: str) -> Callable[..., Any]:
        file = f"<{self.name}, rewritten {hash(text) & 0xFFFFFFFF:08x}>"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        made = self.original.surroundings.execute(text, self.name, file)
        if isinstance(made, FunctionType):
            made.__defaults__, made.__kwdefaults__ = self._inner.__defaults__, self._inner.__kwdefaults__
        return made

    def _sandboxed(self, text: str) -> Callable[..., Any]:
        if self.is_async:

            async def rewritten_async(*args: Any, **kwargs: Any) -> Any:
                feeds, crossing = self._feeds(text, args, kwargs)
                return self._result.accept(*await arun(feeds, crossing, self._limits))

            return rewritten_async

        def rewritten(*args: Any, **kwargs: Any) -> Any:
            feeds, crossing = self._feeds(text, args, kwargs)
            return self._result.accept(*run(feeds, crossing, self._limits))

        return rewritten

    def _feeds(self, text: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Feed], Crossing]:
        original = self.original
        crossing = original.crossing()
        bound = self._signature.bind(*args, **kwargs)  # defaults are those of the def, as for the original
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            crossing.may_be_called(name, value)
        args, kwargs = bound.args, bound.kwargs
        read = _names_read(text)
        prelude, values = original.given(read, crossing)
        receiver = original.receiver
        sent = [crossing.send(argument) for argument in (args[1:] if receiver else args)]
        awaited = "await " if self.is_async else ""
        call = f"__result = {awaited}{self.name}(*__args, **__kwargs)\n"
        call += "(type(__result).__name__, __texts(__result), __result)"
        if receiver and args:
            sent.insert(0, crossing.stand_in(args[0], original.receiver_attributes))
            # A method that calls itself stays in its sandbox.
            own = f"def __own(*args, **kwargs):\n    return {self.name}(__args[0], *args, **kwargs)\n"
            call = f"{own}__args[0].{self.name} = __own\n{call}" if f".{self.name}" in text else call
        prelude += "".join(_BUILTINS[name] for name in sorted(read & _BUILTINS.keys()))
        keywords = {name: crossing.send(value) for name, value in kwargs.items()}
        given = {"__args": tuple(sent), "__kwargs": keywords}
        # With the definition: the same object is the same stand-in within one feed only.
        return [*definition(text, prelude, values | given), Feed(COUNT_TEXTS + call)], crossing


@lru_cache(maxsize=256)
def _names_read(text: str) -> frozenset[str]:
    return frozenset(names.names_read(parse(text)))
