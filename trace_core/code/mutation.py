"""Finding in-place changes of values that a function was given.

The sandbox works on copies, so such a change would be lost there. What counts: an assignment, `+=` or `del` to an
attribute or an item, and a call of a method that changes its object (`append`, `update`, ...), of a name that was
given or of a part of it. A name that was bound to something new before (`lst = list(lst)`) is the function's own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MUTATING_METHODS = frozenset(
    [
        "append",
        "appendleft",
        "extend",
        "extendleft",
        "insert",
        "remove",
        "pop",
        "popleft",
        "popitem",
        "clear",
        "sort",
        "reverse",
        "update",
        "setdefault",
        "add",
        "discard",
        "difference_update",
        "intersection_update",
        "symmetric_difference_update",
        "__setitem__",
        "__delitem__",
    ]
)
_ELEMENTS_OF = frozenset({"enumerate", "zip", "reversed", "sorted", "iter", "list", "tuple"})
_NEW_CONTAINER = (ast.List, ast.ListComp, ast.Set, ast.SetComp, ast.Dict, ast.DictComp)


@dataclass(frozen=True, slots=True)
class Mutation:
    """An in-place change: the line, what is changed (`self.items`), and the name that it belongs to (`self`)."""

    line: int
    target: str
    name: str


def first_mutation(body: Iterable[ast.stmt], names: Iterable[str], *, calls: bool = True) -> Mutation | None:
    """The first in-place change of a value that one of `names` stands for; `calls=False` leaves out method calls.

    Example:
        >>> first_mutation(ast.parse("lst.append(1)").body, {"lst"})
        Mutation(line=1, target='lst', name='lst')
    """
    return next(_in_block(body, set(names), calls), None)


def _in_block(body: Iterable[ast.stmt], given: set[str], calls: bool) -> Iterator[Mutation]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            own = {argument.arg for argument in ast.walk(statement.args) if isinstance(argument, ast.arg)}
            yield from _in_block(statement.body, given - own, calls)
            continue
        if isinstance(statement, ast.For | ast.AsyncFor):
            _bind(statement.target, _shares_elements(statement.iter, given), given)
        yield from _in_statement(statement, given, calls)
        for block in _blocks(statement):
            yield from _in_block(block, set(given), calls)
        _rebind(statement, given)


def _in_statement(statement: ast.stmt, given: set[str], calls: bool) -> Iterator[Mutation]:
    for target in _targets(statement):
        root = _root(target)
        if isinstance(target, ast.Attribute | ast.Subscript) and root in given:
            yield Mutation(target.lineno, ast.unparse(target.value), root)
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        extends = isinstance(statement.value, _NEW_CONTAINER)
        if extends and statement.target.id in given:
            yield Mutation(statement.lineno, statement.target.id, statement.target.id)
    for node in _expressions(statement) if calls else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATING_METHODS:
            root = _root(node.func)
            if root in given:
                yield Mutation(node.lineno, ast.unparse(node.func.value), root)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("setattr", "delattr"):
            root = _root(node.args[0]) if node.args else ""
            if root in given:
                yield Mutation(node.lineno, ast.unparse(node.args[0]), root)


def _targets(statement: ast.stmt) -> Iterator[ast.expr]:
    found: list[ast.expr] = []
    if isinstance(statement, ast.Assign | ast.Delete):
        found = list(statement.targets)
    elif isinstance(statement, ast.AugAssign | ast.AnnAssign | ast.For | ast.AsyncFor):
        found = [statement.target]
    elif isinstance(statement, ast.With | ast.AsyncWith):
        found = [item.optional_vars for item in statement.items if item.optional_vars is not None]
    while found:
        target = found.pop(0)
        if isinstance(target, ast.Tuple | ast.List):
            found = [*target.elts, *found]
        else:
            yield target.value if isinstance(target, ast.Starred) else target


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        yield getattr(statement, field, [])
    for part in [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]:
        yield part.body


def _expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of a statement without those of the statements inside it."""
    waiting = [child for child in ast.iter_child_nodes(statement) if not isinstance(child, ast.stmt)]
    while waiting:
        node = waiting.pop(0)
        yield node
        waiting += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]


def _rebind(statement: ast.stmt, given: set[str]) -> None:
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    if value is not None:
        for target in _targets(statement):
            _bind(target, _shares(value, given), given)


def _bind(target: ast.expr, shared: bool, given: set[str]) -> None:
    for node in ast.walk(target) if not isinstance(target, ast.Attribute | ast.Subscript) else ():
        if isinstance(node, ast.Name):
            (given.add if shared else given.discard)(node.id)


def _shares(value: ast.expr, given: set[str]) -> bool:
    """Whether an expression gives (a part of) a given value itself, not something new."""
    if isinstance(value, ast.BoolOp):
        return any(_shares(part, given) for part in value.values)
    if isinstance(value, ast.IfExp):
        return _shares(value.body, given) or _shares(value.orelse, given)
    if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice):
        return False  # lst[:] is a copy
    return _root(value) in given


def _shares_elements(value: ast.expr, given: set[str]) -> bool:
    if isinstance(value, ast.Call):
        if isinstance(value.func, ast.Name) and value.func.id in _ELEMENTS_OF:
            return any(_shares_elements(argument, given) for argument in value.args)
        return (
            isinstance(value.func, ast.Attribute)
            and value.func.attr in ("values", "items")
            and (_root(value.func) in given)
        )
    return _root(value) in given


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
