"""Text literals of a Python file: where one stands, and how another text is written in its place."""

from __future__ import annotations

import ast
import copy
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from inspect import cleandoc
from pathlib import Path
from typing import Any

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_OPENING = re.compile(r"[a-zA-Z]*(\"\"\"|'''|\"|')")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a literal stands in a file, and its value; `cleaned` is documentation of which `inspect.cleandoc` makes
    the text that was looked for."""

    source: Source
    node: int
    value: str
    line: int
    start: int
    end: int
    cleaned: bool = False

    def __str__(self) -> str:
        return f"{self.source.path.name}:{self.line}"

    @property
    def literal(self) -> str:
        """It, as it is written."""
        return self.source.text[self.start : self.end]

    @property
    def before(self) -> str:
        """What stands before it in its line."""
        return _LINE.findall(self.source.text[: self.start])[-1] if self.start and self._in_line else ""

    @property
    def _in_line(self) -> bool:
        return self.source.text[self.start - 1] not in "\r\n"


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A file of Python code, with its encoding and its ends of lines as they are."""

    path: Path
    data: bytes = field(repr=False)
    encoding: str
    text: str = field(repr=False)
    tree: ast.Module = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Source | None:
        """The file; None where it is no Python that can be read."""
        try:
            data = path.read_bytes()
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
            text = data.decode(encoding)
            if text.encode(encoding) != data:  # what is not written would not stay as it is
                return None
            return cls(path, data, encoding, text, ast.parse(text))
        except (OSError, SyntaxError, ValueError, RecursionError):
            return None

    @property
    def newline(self) -> str:
        """How its lines end."""
        found = re.search(r"\r\n|\r|\n", self.text)
        return found[0] if found else "\n"

    def places(self, text: str) -> Iterator[Place]:
        """The literals that hold that text."""
        documentation = {id(each) for each in _documentation(self.tree)}
        for number, node in enumerate(_constants(self.tree)):
            cleaned = node.value != text and id(node) in documentation and cleandoc(node.value) == text
            if node.value == text or cleaned:
                yield Place(self, number, node.value, node.lineno, *self._range(node), cleaned)

    def built(self, text: str) -> Iterator[str]:
        """Where f-strings stand that may have given that text."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.JoinedStr):
                parts = [str(each.value) if isinstance(each, ast.Constant) else None for each in node.values]
                pattern = "".join("(?s:.*)" if part is None else re.escape(part) for part in parts)
                if any(part and part.strip() for part in parts) and re.fullmatch(pattern, text):
                    yield f"{self.path.name}:{node.lineno}"

    def with_values(self, values: Mapping[Place, str]) -> ast.Module:
        """The program with other values in these places."""
        tree = copy.deepcopy(self.tree)
        nodes = list(_constants(tree))
        for place, value in values.items():
            nodes[place.node].value = value
            nodes[place.node].kind = None  # a prefix u
        return tree

    def _range(self, node: Any) -> tuple[int, int]:
        lines = _LINE.findall(self.text)
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line))

        def offset(line: int, column: int) -> int:
            before = lines[line - 1].encode()[:column]  # columns count bytes of UTF-8, whatever the file's encoding
            return starts[line - 1] + len(before.decode())

        return offset(node.lineno, node.col_offset), offset(node.end_lineno, node.end_col_offset)


def _constants(tree: ast.Module) -> Iterator[Any]:
    """The text literals, but for those inside f-strings."""
    to_visit: list[ast.AST] = [tree]
    while to_visit:
        node = to_visit.pop()
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node
        if type(node).__name__ not in ("JoinedStr", "TemplateStr"):
            to_visit.extend(reversed(list(ast.iter_child_nodes(node))))


def _documentation(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            yield from (each.value for each in node.body[:1] if isinstance(each, ast.Expr))


# --- another text in its place


def rendered(text: str, place: Place) -> str:
    """The literal of a text, in the quotes of the one that stands there, as far as the text allows it."""
    opening = _OPENING.match(place.literal)
    quotes = opening[1] if opening else '"'
    if place.cleaned:
        text = _indented(text, place)
    if "\n" in text and len(quotes) == 1:
        quotes *= 3
    if len(quotes) == 1 and quotes in text:
        other = "'" if quotes == '"' else '"'
        quotes = quotes if other in text else other
    body = "".join(_written(character, place.source.encoding) for character in text)
    if len(quotes) == 1:
        body = body.replace(quotes, f"\\{quotes}")
    else:
        body = re.sub(rf"{quotes[0]}(?={quotes[:2]}|\Z)", rf"\\{quotes[0]}", body)
    return f"{quotes}{body}{quotes}".replace("\n", place.source.newline)


def _written(character: str, encoding: str) -> str:
    """A character as itself where a reader sees it and the file's encoding has it, else as an escape."""
    if character == "\n":
        return character
    if character == "\\":
        return "\\\\"
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return character.encode("unicode_escape").decode()
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def _indented(text: str, place: Place) -> str:
    """Documentation as the old one stands: indented, and with its first and last lines where they were."""
    indent = place.before[: len(place.before) - len(place.before.lstrip(" \t"))]
    lines = [f"{indent}{line}" if line.strip() else line for line in text.split("\n")]
    lines[0] = f"\n{lines[0]}" if place.value.startswith("\n") else lines[0].strip()
    return "\n".join(lines) + (f"\n{indent}" if re.search(r"\n[ \t]*\Z", place.value) else "")
