"""Which names, attributes and imports a piece of code uses, and what its signature is.

Names follow Python's own scoping, by the standard library's `symtable`; annotations do not count, since they may name
what only a type checker knows.
"""

from __future__ import annotations

import ast
import builtins
import copy
import symtable
from collections.abc import Iterable, Iterator, Set
from typing import NamedTuple

from trace_core.code.source import Definition

Import = ast.Import | ast.ImportFrom


def names_read(tree: ast.Module) -> set[str]:
    """The names that code reads without defining them: globals, builtins, and what an enclosing function holds.

    Raises:
        SyntaxError: the code does not compile, such as a `nonlocal` with nothing to refer to, or is nested too deeply.
    """
    try:
        table = symtable.symtable(ast.unparse(_WithoutAnnotations().visit(copy.deepcopy(tree))), "<code>", "exec")
    except RecursionError:
        raise SyntaxError("the code is nested too deeply") from None
    defined = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    read: set[str] = set()
    waiting = [table]
    while waiting:
        scope = waiting.pop()
        waiting += scope.get_children()
        free = (symbol for symbol in scope.get_symbols() if symbol.is_referenced())
        read |= {symbol.get_name() for symbol in free if scope is table or symbol.is_global()}
    return read - defined


def names_stored(statements: Iterable[ast.stmt]) -> set[str]:
    """The names to which statements give a value."""
    nodes = (node for statement in statements for node in ast.walk(statement))
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def attributes_read(tree: ast.AST) -> set[str]:
    """The names of all attributes that code reads, by a dot or by `getattr` and `hasattr` with a literal."""
    found = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return found | {name for _, name, _ in _literal_getattrs(tree)}


class Called(NamedTuple):
    """What code calls, or hands to what may call it: `names`; whether anything else (`others`: results, items, local
    variables); and whether it asks for the type of an object (`types`)."""

    names: frozenset[str]
    others: bool
    types: bool


def called(tree: ast.AST, outer: Set[str]) -> Called:
    """What code calls; `outer` are the names of its parameters and of what surrounds it."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    given = [part for node in calls for part in (node.func, *node.args, *(each.value for each in node.keywords))]
    defined = {node.name for node in ast.walk(tree) if isinstance(node, Definition | ast.ClassDef)}
    known = outer | defined | set(dir(builtins))
    keys = [each.value for node in calls for each in node.keywords if each.arg == "key"]
    keys += [node.args[0] for node in calls if _name(node.func) in ("map", "filter", "reduce") and node.args]
    others = any(not isinstance(node.func, ast.Attribute) and _name(node.func) not in known for node in calls)
    return Called(
        frozenset(filter(None, map(_name, given))),
        others or any(isinstance(key, ast.Attribute | ast.Subscript) for key in keys),
        any(_name(node.func) == "type" for node in calls) or "__class__" in attributes_read(tree),
    )


def functions_given(
    tree: ast.AST, outside: Set[str], receiver: str | None, inside: Set[str]
) -> Iterator[tuple[ast.expr, ast.expr]]:
    """The lambdas, and what the code itself defines or is `inside`, that are handed to functions that are `outside`,
    or to methods of the receiver: each with that function."""
    inside = inside | {node.name for node in ast.walk(tree) if isinstance(node, Definition | ast.ClassDef)}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        is_method = isinstance(call.func, ast.Attribute) and _name(call.func.value) == (receiver or "-")
        if is_method or _name(call.func) in outside - inside:
            for given in (*call.args, *(keyword.value for keyword in call.keywords)):
                if isinstance(given, ast.Lambda) or _name(given) in inside:
                    yield given, call.func


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def attributes_of(tree: ast.AST, owner: str) -> dict[str, int]:
    """The attributes that code reads directly from the variable `owner`, each with the line where it does so first."""
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == owner:
            found.setdefault(node.attr, node.lineno)
    for variable, name, line in _literal_getattrs(tree):
        if variable == owner:
            found.setdefault(name, line)
    return found


def imports(tree: ast.AST) -> Iterator[Import]:
    """All import statements, wherever they stand."""
    return (node for node in ast.walk(tree) if isinstance(node, Import))


def modules_bound(tree: ast.AST) -> set[str]:
    """The names that `import` statements of the code bind to modules."""
    return {
        (alias.asname or alias.name)
        for node in imports(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.asname or "." not in alias.name
    }


def parameter_names(definition: Definition) -> list[str]:
    """The names of all parameters, in order."""
    arguments = definition.args
    single = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    return [argument.arg for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *single]]


def signature(definition: Definition, *, annotations: bool = True) -> str:
    """A def's first line without the colon; without annotations two signatures are equal if they are called alike."""
    arguments = definition.args if annotations else _WithoutAnnotations().visit(copy.deepcopy(definition.args))
    returns = f" -> {ast.unparse(definition.returns)}" if annotations and definition.returns else ""
    keyword = "async def" if isinstance(definition, ast.AsyncFunctionDef) else "def"
    return f"{keyword} {definition.name}({ast.unparse(arguments)}){returns}"


def _literal_getattrs(tree: ast.AST) -> Iterator[tuple[str, str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("getattr", "hasattr"):
            match node.args:
                case [owner, ast.Constant(value=str(name)), *_]:
                    yield (owner.id if isinstance(owner, ast.Name) else ""), name, node.lineno


class _WithoutAnnotations(ast.NodeTransformer):
    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)
