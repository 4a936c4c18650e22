"""What AutoGen's own `dump_component` writes of a tool: the learned texts, and learned code only if it was trusted.

A `FunctionTool` is dumped as its source, which runs natively where it is loaded; the descriptions of its arguments are
part of that source.
"""

from __future__ import annotations

import ast
import inspect
from textwrap import dedent
from typing import Any

from autogen_core.code_executor import ImportFromModule
from autogen_core.tools import FunctionTool
from pydantic import BaseModel

from trace_autogen import private
from trace_autogen.rendered import texts_of
from trace_core.errors import TraceError
from trace_core.exposing import CodePlace, Stand, settled
from trace_core.exposing.schemas import made_of


class TextNotDumped(TraceError, ValueError):
    """A tool with a learned text was to be dumped, and its own dump cannot keep that."""


class CodeNotDumped(TraceError, ValueError):
    """A tool with learned code was to be dumped; it would run natively where it is loaded."""


def dumped_tool(stand: Stand, tool: Any) -> Any:
    """The configuration of a tool.

    Raises:
        TextNotDumped: it is no `FunctionTool`, and its own configuration has not the learned text.
        CodeNotDumped: its code is learned and was not trusted with `learned_code="native"`, or cannot be told from
            the source alone.
    """
    with settled():
        config = stand.original._to_config(tool)
        if not isinstance(tool, FunctionTool):
            _check_is_kept(stand, tool, config)
            return config
        source, learned = config.source_code, _learned_code(stand, tool)
        if learned is not None:
            source = learned
        texts = argument_texts(stand, tool)
        written, needs_import = with_descriptions(source, texts)
        imports = list(config.global_imports)
        if needs_import:
            imports.append(ImportFromModule("typing", ("Annotated",)))
        return config.model_copy(update={"source_code": written, "global_imports": imports})


def _check_is_kept(stand: Stand, tool: Any, config: Any) -> None:
    """Raise `TextNotDumped` if a learned text is not in a tool's own configuration, nor in its workbench's."""
    learned = {f"the argument {name}": text for name, text in argument_texts(stand, tool).items()}
    for place, parameter in stand.places:
        alone = place.key == private.DESCRIPTION and len(parameter.binding.homes) == 1
        if alone and parameter.binding.get() != parameter.history[0].value:
            learned["the description"] = parameter.binding.get()
    known = set(texts_of(config.model_dump()))
    for what, text in learned.items():
        if text not in known:
            raise TextNotDumped(
                f"{tool.name}: {what} is learned, and a {type(tool).__name__} is dumped without it; "
                "revert the parameter, or store the values with parameters.save"
            )


def _learned_code(stand: Stand, tool: Any) -> str | None:
    """The learned text, None where the user's own stands."""
    for place, parameter in stand.places:
        if not isinstance(place, CodePlace):
            continue
        binding, text = place.binding, place.binding.get()
        if text == binding.code.source:
            return None
        if not binding.native:
            raise CodeNotDumped(
                f"{parameter.name}: its code is learned, and would run natively where the dump is loaded; "
                'expose it with learned_code="native" to allow that, revert the parameter, '
                "or store the values with parameters.save"
            )
        if inspect.getclosurevars(inspect.unwrap(binding.function)).nonlocals:
            raise CodeNotDumped(f"{parameter.name}: its code uses names of the function around it, which a dump lacks")
        return text
    return None


def argument_texts(stand: Stand, tool: Any) -> dict[str, str]:
    """The descriptions of a tool's arguments that differ from those that it was made with."""
    original, texts = made_of(vars(tool).get(private.TOOL_ARGUMENTS, BaseModel))
    now = {
        place.key[1]: str(parameter.binding.get())
        for place, parameter in stand.places
        if isinstance(place.key, tuple) and place.key[0] == private.TOOL_ARGUMENTS
    }
    return {
        name: text for name, text in {**texts, **now}.items() if text != (original.model_fields[name].description or "")
    }


def with_descriptions(source: str, texts: dict[str, str]) -> tuple[str, bool]:
    """The source of a function with other descriptions of its arguments, and whether it now needs `Annotated`.

    Only the annotations are written anew; a function that annotates an argument otherwise keeps what it has there.

    Example:
        with_descriptions("def add(a: int): ...", {"a": "a number"})  # "def add(a: Annotated[int, 'a number']): ..."
    """
    source = dedent(source)
    tree = ast.parse(source)
    definition = next(n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)))
    arguments = [*definition.args.posonlyargs, *definition.args.args, *definition.args.kwonlyargs]
    changes = []
    needs_import = False
    for argument in arguments:
        if argument.arg in texts and argument.annotation is not None:
            made, is_new = _annotated(source, argument.annotation, texts[argument.arg])
            changes.append((argument.annotation, made))
            needs_import = needs_import or is_new
    for node, made in sorted(changes, key=lambda change: (change[0].lineno, change[0].col_offset), reverse=True):
        source = _replaced(source, node, made)
    return source, needs_import


def _annotated(source: str, annotation: ast.expr, text: str) -> tuple[str, bool]:
    is_annotated = isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value).split(".")[-1] == "Annotated"
    if is_annotated and isinstance(annotation.slice, ast.Tuple):  # type: ignore[attr-defined]
        first, *rest = annotation.slice.elts  # type: ignore[attr-defined]
        others = [ast.unparse(each) for each in rest if not isinstance(each, ast.Constant)]
        parts = ", ".join([ast.unparse(first), repr(text), *others])
        return f"{ast.unparse(annotation.value)}[{parts}]", False  # type: ignore[attr-defined]
    return f"Annotated[{ast.get_source_segment(source, annotation)}, {text!r}]", True


def _replaced(source: str, node: ast.expr, made: str) -> str:
    """The source with other text at a node; positions are in bytes (https://docs.python.org/3/library/ast.html)."""
    lines = source.encode().splitlines(keepends=True)
    last = (node.end_lineno or node.lineno) - 1
    before = b"".join(lines[: node.lineno - 1]) + lines[node.lineno - 1][: node.col_offset]
    after = lines[last][node.end_col_offset :] + b"".join(lines[last + 1 :])
    return (before + made.encode() + after).decode()
