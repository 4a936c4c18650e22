"""What a function reads from around itself: globals, builtins, and what it closes over."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from types import FunctionType, ModuleType
from typing import Any

from trace_core.code.source import parse
from trace_core.errors import SandboxedError

MISSING = object()
"""Stands for a name that has no value (yet)."""


class Surroundings:
    """The outer names of a function, with the values that they have now, as Python would find them.

    Args:
        function: the def itself.
        names: the names that it reads without defining them.
    """

    def __init__(self, function: FunctionType, names: Iterable[str]) -> None:
        self._function = function
        self.names = frozenset(names)

    def value(self, name: str) -> Any:
        """The value of a name where the def stands; `MISSING` if it has none."""
        closure = self.closure()
        if name in closure:
            return closure[name]
        return self._function.__globals__.get(name, getattr(builtins, name, MISSING))

    def closure(self) -> dict[str, Any]:
        """What enclosing functions hold; a variable that is not assigned yet is left out."""
        found = {}
        cells = self._function.__closure__ or ()
        for name, cell in zip(self._function.__code__.co_freevars, cells, strict=True):
            try:
                found[name] = cell.cell_contents
            except ValueError:
                continue
        return found

    def is_builtin(self, name: str) -> bool:
        """Whether the name means Python's own builtin here."""
        return name not in self._function.__globals__ and name not in self.closure() and hasattr(builtins, name)

    def defined(self, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
        """Those of the names that are outer names with a value and not builtins."""
        for name in sorted(self.names.intersection(names)):
            value = self.value(name)
            if value is not MISSING and not self.is_builtin(name):
                yield name, value

    def execute(self, text: str, name: str, file: str) -> Callable[..., Any]:
        """The function `name` of a text, natively: with the globals of the original, and what it closes over as of now.

        The text becomes the body of a function that takes what the original closes over, so that neither it nor its
        helpers touch the module's globals.
        """
        closure = self.closure()
        body = parse(text).body
        factory = parse("def factory(): pass").body[0]
        if not isinstance(factory, ast.FunctionDef):  # pragma: no cover - it was written one line above
            raise TypeError(factory)
        factory.args.args = [ast.arg(variable) for variable in closure if variable != name]
        factory.body = [*body, ast.Return(ast.Name(name, ast.Load()))]
        module = ast.fix_missing_locations(ast.Module([factory], []))
        made: dict[str, Any] = {}
        exec(compile(module, file, "exec"), self._function.__globals__, made)  # noqa: S102 - asked for by the user
        function: Callable[..., Any] = made["factory"](*(closure[a.arg] for a in factory.args.args))
        return function


def import_line(name: str, value: Any) -> str | None:
    """How the sandbox gets a module, or what a module of the standard library defines; None if it goes another way."""
    if isinstance(value, ModuleType):
        return f"import {value.__name__} as {name}"
    module = (getattr(value, "__module__", None) or "").lstrip("_")
    own = getattr(value, "__name__", "")
    if module == "builtins" or module not in sys.stdlib_module_names or not own.isidentifier():
        return None
    if getattr(sys.modules.get(module), own, None) is not value:
        return None
    line = f"from {module} import {own} as {name}"
    return line if _importable(line) else None


@lru_cache(maxsize=1024)
def _importable(line: str) -> bool:
    from trace_core.code.crossing import Crossing
    from trace_core.code.sandbox import Feed, Limits, run

    try:
        run([Feed(line)], Crossing(), Limits())
    except SandboxedError:
        return False
    return True
