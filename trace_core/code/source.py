"""The source of a trainable function: found by its code object's line, read with `ast`, never with a regex.

The text is the user's own: dedented and without its decorators, comments and formatting as they are. Where the file
is found, which lines it has, and what `co_firstlineno` means are those of the standard library's `inspect`
(https://docs.python.org/3/library/inspect.html#inspect.getsource), but the whole file is parsed, so several functions
of one name, multi-line signatures, and decorators of any form are told apart.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import CellType, CodeType, FunctionType
from typing import Any

from trace_core.errors import UntrainableCode

Definition = ast.FunctionDef | ast.AsyncFunctionDef
_parse_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Source:
    """Where a function was written, and how.

    `text` is the def, dedented, without decorators and without a line end; `definition` is the same, parsed;
    `first_line` is the line of the file at which it begins; `decorators` are those of the file, outermost first.
    """

    text: str
    file: str
    first_line: int
    definition: Definition
    decorators: tuple[ast.expr, ...]


def parse(text: str) -> ast.Module:
    """Parse a text, whatever it is: all that can be wrong with it comes as a `SyntaxError` with a readable message."""
    try:
        with _parse_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as "\d" in a text that is not ours to correct
            return ast.parse(text)
    except (RecursionError, MemoryError):
        raise SyntaxError("the code is nested too deeply") from None
    except UnicodeEncodeError:
        raise SyntaxError("the code contains a lone surrogate, which no source file can hold") from None
    except ValueError as error:
        raise SyntaxError(str(error)) from None


def innermost(function: Any) -> FunctionType:
    """The def under static methods, class methods, bound methods and wrappers made with `functools.wraps`.

    Raises:
        UntrainableCode: there is no def, as for a lambda, a class, a builtin, or a callable object.
    """
    bare = getattr(function, "__func__", function)
    bare = inspect.unwrap(bare)
    bare = getattr(bare, "__func__", bare)
    if not isinstance(bare, FunctionType):
        raise UntrainableCode(
            f"{_name(function)} has no source that could be rewritten; "
            "write a def that calls it and make that trainable"
        )
    if bare.__name__ == "<lambda>" or bare.__code__.co_name == "<lambda>":
        raise UntrainableCode("a lambda cannot be trainable; write it as a def")
    return bare


def rewrap(function: Any, inner: FunctionType, new: Callable[..., Any]) -> Callable[..., Any]:
    """The wrappers that decorators made of `inner`, made of `new` instead; what they hold besides is shared.

    Raises:
        UntrainableCode: a wrapper is no Python function that holds what it wraps (`functools.lru_cache`, a class).
    """
    function = getattr(function, "__func__", function)
    if function is inner:
        return new
    wrapped = getattr(function, "__wrapped__", None)
    cells = getattr(function, "__closure__", None) or ()
    holding = [_holds(cell, wrapped) for cell in cells]
    if not any(holding):
        raise UntrainableCode(
            f"{inner.__name__} cannot be trainable: a decorator between @bundle and the def cannot be put around "
            "rewritten code; write it above @bundle, or with functools.wraps"
        )
    cell = CellType(rewrap(wrapped, inner, new))
    closure = tuple(cell if held else old for old, held in zip(cells, holding, strict=True))
    again = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, closure)
    again.__kwdefaults__ = function.__kwdefaults__
    again.__dict__.update(function.__dict__, __wrapped__=cell.cell_contents)
    return again


def _holds(cell: CellType, value: Any) -> bool:
    try:
        return cell.cell_contents is value
    except ValueError:
        return False


def extract(function: FunctionType) -> Source:
    """The source of a def.

    Raises:
        UntrainableCode: the file cannot be read, or does not have this def where it was (edited since, made by exec).
    """
    code = function.__code__
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename, function.__globals__)
    if not lines:
        raise UntrainableCode(
            f"the source of {function.__qualname__} cannot be read from {code.co_filename}; "
            "write the function in a file or a notebook cell"
        )
    definition = _locate(code, "".join(lines))
    if definition is None:
        raise UntrainableCode(
            f"{code.co_filename}, line {code.co_firstlineno} has no def {code.co_name}; "
            "the file was edited since it was loaded: start the program again"
        )
    text = _dedent(lines, definition)
    parsed = parse(text).body[0]
    if not isinstance(parsed, Definition):
        raise UntrainableCode(f"the source of {function.__qualname__} does not begin with its def")
    return Source(text, code.co_filename, definition.lineno, parsed, tuple(definition.decorator_list))


@lru_cache(maxsize=8)
def _parse_file(text: str) -> ast.Module:
    return parse(text)


def _locate(code: CodeType, text: str) -> Definition | None:
    try:
        tree = _parse_file(text)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, Definition) and node.name == code.co_name:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if first == code.co_firstlineno:
                return node
    return None


def _dedent(lines: list[str], definition: Definition) -> str:
    """The def's lines without its indentation; what a multi-line string holds is content, except in docstrings."""
    end = definition.end_lineno or definition.lineno
    indentation = lines[definition.lineno - 1][: definition.col_offset]
    content = set(_inside_strings(definition))
    dedented = [
        line if number in content else line.removeprefix(indentation)
        for number, line in enumerate(lines[definition.lineno - 1 : end], definition.lineno)
    ]
    return "".join(dedented).rstrip("\r\n")


def _inside_strings(definition: Definition) -> Iterator[int]:
    docstrings = set()
    for node in ast.walk(definition):
        if isinstance(node, Definition | ast.ClassDef) and ast.get_docstring(node, clean=False) is not None:
            docstrings.add(id(node.body[0].value))  # type: ignore[attr-defined]
    for node in ast.walk(definition):
        text = isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
        )
        if text and id(node) not in docstrings:
            yield from range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)  # type: ignore[attr-defined]


def _name(function: Callable[..., Any] | Any) -> str:
    return getattr(function, "__qualname__", None) or type(function).__qualname__
