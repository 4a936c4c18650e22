"""What may become of a trainable function: checks when it is declared, and of each text that is to replace it."""

from __future__ import annotations

import ast
import builtins
import copy
import sys
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import chain
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from trace_core.code import names
from trace_core.code.mutation import Mutation, first_mutation
from trace_core.code.sandbox import Feed, Limits, definition, run
from trace_core.code.source import Definition, Source, parse
from trace_core.code.surroundings import Surroundings, import_line
from trace_core.errors import InvalidCode, SandboxedError, SandboxError, UntrainableCode

if TYPE_CHECKING:
    from trace_core.code.crossing import Crossing

MAXIMUM_LENGTH = 20_000
"""Characters that the text of a function may have."""
_CONTAINERS = (list, dict, set, bytearray)
_BESIDE = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
_OTHERWISE = 'or let rewritten code run natively with learned_code="native"'


class Original:
    """What the user wrote, and what rewritten code may therefore use.

    `surroundings` are its outer names; `attributes` all attributes that it reads; `receiver` the name of its `self` or
    `cls`, None for what is no method; `receiver_attributes` those that it reads from that; `owner` its class.
    """

    def __init__(self, source: Source, function: FunctionType) -> None:
        self.definition = source.definition
        self.name = source.definition.name
        self.tree = parse(source.text)
        self.text = source.text
        self.attributes = frozenset(names.attributes_read(self.tree))
        self.surroundings = Surroundings(function, _names_read(self) - {self.name})
        self.owner = _owner(function.__qualname__)
        static = any(isinstance(node, ast.Name) and node.id == "staticmethod" for node in source.decorators)
        first = [argument.arg for argument in (*self.definition.args.posonlyargs, *self.definition.args.args)][:1]
        self.receiver = first[0] if first and self.owner and not static else None
        used = names.attributes_of(self.tree, self.receiver) if self.receiver else {}
        self.receiver_attributes = frozenset(used)
        outer = self.surroundings.names | {self.name, *names.parameter_names(self.definition)}
        self.called = names.called(self.tree, outer)

    def crossing(self, *, calls: bool = True) -> Crossing:
        """For one sandboxed call of a text that stands in for this one."""
        from trace_core.code.crossing import Crossing

        return Crossing(self.attributes, self.owner, self.called, calls=calls)

    def given(self, wanted: frozenset[str] | set[str], crossing: Crossing) -> tuple[str, dict[str, Any]]:
        """What the sandbox gets of these names: import lines, and values."""
        lines, values = "", {}
        for name, value in self.surroundings.defined(wanted):
            line = import_line(name, value)
            if line is None:
                values[name] = crossing.send(value)
                crossing.may_be_called(name, value)
            else:
                lines += line + "\n"
        return lines, values


def _names_read(original: Original) -> set[str]:
    try:
        return names.names_read(original.tree)
    except SyntaxError as error:
        raise UntrainableCode(f"{original.name} cannot be trainable: {error.msg}") from None


def _owner(qualified_name: str) -> str | None:
    parts = qualified_name.split(".")
    return parts[-2] if len(parts) > 1 and parts[-2] != "<locals>" else None


# --- at declaration


def check_declaration(original: Original, limits: Limits) -> None:
    """Refuse a function whose rewritten code could not run in the sandbox.

    Raises:
        UntrainableCode: with the reason and the way out.
    """
    for reason, way_out in _obstacles(original, limits):
        raise UntrainableCode(f"{original.name} cannot be trainable: {reason}. {way_out}, {_OTHERWISE}.")


def _obstacles(original: Original, limits: Limits) -> Iterator[tuple[str, str]]:
    elsewhere = "Move that part into a function that it calls"
    if (line := _global_statement(original.tree)) is not None:
        yield f"line {line} assigns a global variable, which the sandbox cannot reach", "Return the value instead"
    changed = _changed(original, original.definition, names.parameter_names(original.definition))
    if changed is not None:
        copied = f"`{changed.name} = list({changed.name})` or the like"
        yield (
            f"line {changed.line} changes {changed.target} in place, and the sandbox works on copies",
            f"Copy it first ({copied}), return the new value, or move the change into a function that it calls",
        )
    for name, value in original.surroundings.defined(_caught(original.tree)):
        if isinstance(value, type) and value.__module__ != "builtins":
            yield f"it catches {name}, and the sandbox knows only Python's own exceptions", elsewhere
    refused = _refusals(original.tree, original.text, original, limits)
    for reason in chain(_handed_out(original.tree, original), _computed_with(original.tree, original), refused):
        yield reason, elsewhere


def _global_statement(tree: ast.AST) -> int | None:
    return next((node.lineno for node in ast.walk(tree) if isinstance(node, ast.Global)), None)


def _caught(tree: ast.AST) -> set[str]:
    handlers = [node.type for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.type is not None]
    kinds = [kind for handler in handlers for kind in (handler.elts if isinstance(handler, ast.Tuple) else [handler])]
    return {kind.id for kind in kinds if isinstance(kind, ast.Name)}


def _changed(original: Original, definition: Definition, parameters: list[str]) -> Mutation | None:
    """The first change in place of what comes from outside: of containers by methods too, of objects by assignment,
    since an object's own method runs where the object is."""
    outer = dict(original.surroundings.defined(original.surroundings.names))
    containers = {name for name, value in outer.items() if isinstance(value, _CONTAINERS)} - set(
        names.parameter_names(definition)
    )
    found = first_mutation(definition.body, containers | set(parameters))
    return found or first_mutation(definition.body, outer.keys() - set(names.parameter_names(definition)), calls=False)


# --- a new text


def check_text(text: Any, original: Original, limits: Limits | None) -> None:
    """Refuse a text that cannot stand in for the original; `limits` are None where it will run natively.

    Raises:
        InvalidCode: with a reason for the one who wrote the text.
    """
    tree = _parsed(text, original)
    found = _definition(tree, original)
    reasons: Iterable[str] = _differences(tree, found, original)
    if limits is not None:
        refused = _refusals(tree, text, original, limits)
        beyond = chain(_handed_out(tree, original), _computed_with(tree, original))
        reasons = chain(reasons, _strangers(tree, found, original), beyond, refused)
    for reason in reasons:
        raise InvalidCode(original.name, reason)


def _parsed(text: Any, original: Original) -> ast.Module:
    if not isinstance(text, str):
        raise InvalidCode(original.name, f"code was expected as text, not {type(text).__name__}")
    if len(text) > MAXIMUM_LENGTH:
        raise InvalidCode(original.name, f"the code has {len(text)} characters, and may have {MAXIMUM_LENGTH}")
    try:
        tree = parse(text)
        names.names_read(tree)
    except SyntaxError as error:
        where = f"line {error.lineno}: " if error.lineno else ""
        raise InvalidCode(original.name, f"the code does not compile: {where}{error.msg}") from None
    return tree


def _definition(tree: ast.Module, original: Original) -> Definition:
    """The one def of the text that has the original's name."""
    found = [node for node in tree.body if isinstance(node, Definition) and node.name == original.name]
    if len(found) != 1:
        others = sorted({node.name for node in tree.body if isinstance(node, Definition)})
        only = f", only {', '.join(others)}" if others else ""
        has = "it more than once" if found else f"no function {original.name}{only}"
        reason = f"the code must define `{names.signature(original.definition)}` once, and has {has}"
        raise InvalidCode(original.name, reason)
    return found[0]


def _differences(tree: ast.Module, definition: Definition, original: Original) -> Iterator[str]:
    if names.signature(definition, annotations=False) != names.signature(original.definition, annotations=False):
        yield (
            f"the signature must stay `{names.signature(original.definition)}`, "
            f"and the code has `{names.signature(definition)}`"
        )
    if definition.decorator_list:
        yield f"leave out the decorator of {original.name}: it is kept as it is"
    for node in tree.body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not docstring and not isinstance(node, _BESIDE):
            yield (
                f"line {node.lineno}: only imports, helper functions and constants may stand beside the function; "
                f"remove `{ast.unparse(node).splitlines()[0]}`"
            )
    beside = [node for node in tree.body if isinstance(node, (ast.Assign, ast.AnnAssign))]
    for name, _ in original.surroundings.defined(names.names_stored(beside)):
        yield f"leave out `{name} = ...`: the function uses the program's {name}, which must not be made up"
    if (line := _global_statement(tree)) is not None:
        yield f"line {line}: global variables cannot be assigned"


def _strangers(tree: ast.Module, definition: Definition, original: Original) -> Iterator[str]:
    """Names and attributes that the original did not use, and changes that would be lost."""
    known = original.surroundings.names | {original.name}
    for name in sorted(names.names_read(tree) - known):
        if not hasattr(builtins, name):
            allowed = ", ".join(sorted(name for name in known if not hasattr(builtins, name)))
            yield f"{name} is not defined; import or define it, or use what the original used ({allowed})"
    receiver = original.receiver
    if receiver is not None:
        allowed = ", ".join(sorted(original.receiver_attributes)) or "nothing"
        for name, line in names.attributes_of(definition, receiver).items():
            if name not in original.receiver_attributes and name != original.name:
                yield f"line {line}: {receiver}.{name} cannot be used; of {receiver}, use only {allowed}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and _is_exception(node.exc.func):
            given = [*node.exc.args, *node.exc.keywords]
            if len(given) > 1 or any(isinstance(a, ast.Constant) and not isinstance(a.value, str) for a in given):
                yield f"line {node.lineno}: give {ast.unparse(node.exc.func)} a single text; the sandbox takes no other"
    changed = _changed(original, definition, [receiver] if receiver else [])
    if changed is not None:
        yield f"line {changed.line}: {changed.target} must not be changed in place, since the change would be lost"


def _handed_out(tree: ast.Module, original: Original) -> Iterator[str]:
    """Where code hands a function of its own, or one of Python's, to a function of the program: it stays inside."""
    outer = original.surroundings.defined(original.surroundings.names)
    outside = {name for name, value in outer if callable(value) and import_line(name, value) is None}
    outside |= set(names.parameter_names(original.definition))
    inside = {name for name in names.names_read(tree) if _is_builtin_function(name, original)}
    for given, function in names.functions_given(tree, outside, original.receiver, inside):
        what, where = ast.unparse(given), ast.unparse(function)
        yield f"line {given.lineno} gives `{what}` to {where}(), and no function can leave the sandbox"


def _computed_with(tree: ast.Module, original: Original) -> Iterator[str]:
    """Where code computes with an object of the program (`prompt | model`): the sandbox sees its attributes alone."""
    objects = {n for n, value in original.surroundings.defined(original.surroundings.names) if _is_object(value)}
    for node in ast.walk(tree) if objects else ():
        operands = [node.left, node.right] if isinstance(node, ast.BinOp) else []
        operands += [node.operand] if isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not) else []
        operands += [node.value] if isinstance(node, ast.Subscript) else []
        for operand in operands:
            if isinstance(operand, ast.Name) and operand.id in objects:
                what = ast.unparse(node)
                yield f"line {operand.lineno} computes `{what}`, and the sandbox sees only attributes of {operand.id}"


_DATA = (str, bytes, bytearray, int, float, complex, list, tuple, dict, set, frozenset, type(None))


def _is_object(value: Any) -> bool:
    """Whether the sandbox gets something that stands for the value, and no copy of it."""
    from trace_core.nodes import Node

    if isinstance(value, (type, ModuleType, FunctionType, BaseException, Node, Enum, *_DATA)):
        return False
    return type(value).__module__.partition(".")[0] not in sys.stdlib_module_names


def _is_builtin_function(name: str, original: Original) -> bool:
    found = getattr(builtins, name, None)
    return callable(found) and not isinstance(found, type) and original.surroundings.is_builtin(name)


def _is_exception(function: ast.expr) -> bool:
    kind = getattr(builtins, function.id, None) if isinstance(function, ast.Name) else None
    return isinstance(kind, type) and issubclass(kind, BaseException)


# --- what the sandbox says of a text


def _refusals(tree: ast.Module, text: str, original: Original, limits: Limits) -> Iterator[str]:
    """What the sandbox lacks for a text: modules and their parts, builtins, syntax. It does not call the function."""

    def tried(*feeds: Feed) -> str | None:
        try:
            run(feeds, original.crossing(calls=False), limits)
        except SandboxedError as error:
            where = "" if error.line is None else f"line {error.line}: "
            return where + _plainly(error.original)
        except SandboxError as error:
            return str(error)
        return None

    crossing = original.crossing(calls=False)
    lines = [(ast.unparse(node), f"line {node.lineno}: ") for node in names.imports(tree)]
    outer = [(line, "") for line in original.given(_modules(original), crossing)[0].splitlines()]
    for line, where in [*outer, *lines]:
        if (reason := tried(Feed(line))) is not None:
            yield where + reason
            return
    prelude = "\n".join(line for line, _ in [*outer, *lines])
    uses = list(_uses(tree, original))
    if uses and tried(Feed(prelude), Feed(f"[{', '.join(uses)}]\nNone")) is not None:
        for use in uses:
            if (reason := tried(Feed(prelude), Feed(f"{use}\nNone"))) is not None:
                yield f"{use} is not in the sandbox ({reason})"
    read_now = names.names_read(_without_bodies(tree))
    if (reason := tried(*definition(text, *original.given(read_now, crossing)))) is not None:
        yield reason


def _modules(original: Original) -> set[str]:
    """The outer names that are modules, or come from one of the standard library."""
    outer = original.surroundings.defined(original.surroundings.names)
    return {name for name, value in outer if import_line(name, value) is not None}


def _uses(tree: ast.Module, original: Original) -> Iterator[str]:
    """What code takes of builtins and modules: `len`, `math.sqrt`."""
    read = names.names_read(tree)
    yield from sorted(name for name in read if original.surroundings.is_builtin(name))
    outer = original.surroundings.defined(read)
    modules = names.modules_bound(tree) | {name for name, value in outer if isinstance(value, ModuleType)}
    for module in sorted(modules):
        yield from (f"{module}.{attribute}" for attribute in sorted(names.attributes_of(tree, module)))


def _without_bodies(tree: ast.Module) -> ast.Module:
    """The part of a text that runs when it is defined."""
    bare = copy.deepcopy(tree)
    for node in ast.walk(bare):
        if isinstance(node, Definition):
            node.body = [ast.Pass()]
    return bare


def _plainly(error: Exception) -> str:
    message = str(error).replace("The monty syntax parser does not yet support", "the sandbox does not have")
    if isinstance(error, ImportError):
        message = message.partition(" (")[0]
        return (
            f"the sandbox {message}"
            if message.startswith("cannot")
            else f"the sandbox has {message[0].lower()}{message[1:]}"
        )
    return message if isinstance(error, NotImplementedError) else f"{type(error).__name__}: {message}"
