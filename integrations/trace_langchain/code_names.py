"""What the code of a function names outside itself, read from its bytecode: `SYS`, `prompts.SYS`, `self.chain.first`.

Nothing is run and nothing is imported.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType

# What instructions' names begin with: which there are besides differs from one Python to the next (LOAD_FAST_BORROW,
# LOAD_FAST_LOAD_FAST, which names two, STORE_FAST_LOAD_FAST).
_OUTER = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_LOCAL = ("LOAD_FAST", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF", "STORE_FAST_LOAD_FAST")
_ATTRIBUTE = ("LOAD_ATTR", "LOAD_METHOD")


@dataclass(frozen=True, slots=True)
class Chain:
    """A name, and the attributes that are read from it one after the other.

    Args:
        name: the name.
        attributes: `("chain", "first")` of `self.chain.first`.
        is_global: whether the name is a global; otherwise an argument, a local, or one that is closed over.
    """

    name: str
    attributes: tuple[str, ...]
    is_global: bool


@dataclass(frozen=True, slots=True)
class Import:
    """An import inside a function: what the local name means.

    Args:
        name: the local name.
        module: the module, without its leading dots.
        level: how many dots there were.
        attribute: what is taken from the module, or None for the module.
    """

    name: str
    module: str
    level: int
    attribute: str | None


@lru_cache(maxsize=1024)
def chains(code: CodeType) -> tuple[Chain, ...]:
    """The chains in a function's code, and in that of functions in it; each once, in order."""
    return tuple(dict.fromkeys(_chains(code)))


@lru_cache(maxsize=1024)
def imports(code: CodeType) -> tuple[Import, ...]:
    """The imports in a function's code, and in that of functions in it."""
    return tuple(dict.fromkeys(_imports(code)))


def _inner(code: CodeType) -> list[CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _chains(code: CodeType) -> Iterator[Chain]:
    current: Chain | None = None
    for step in dis.get_instructions(code):
        if current is not None and step.opname in _ATTRIBUTE:
            current = Chain(current.name, (*current.attributes, str(step.argval)), current.is_global)
            continue
        if current is not None:
            yield current
            current = None
        if step.opname.startswith((*_OUTER, *_LOCAL)):
            names = step.argval if isinstance(step.argval, tuple) else (step.argval,)
            is_global = step.opname.startswith(_OUTER)
            yield from (Chain(str(name), (), is_global) for name in names[:-1])
            current = Chain(str(names[-1]), (), is_global)
    for inner in _inner(code):
        yield from _chains(inner)


def _imports(code: CodeType) -> Iterator[Import]:
    steps = list(dis.get_instructions(code))
    current: Import | None = None
    for i, step in enumerate(steps):
        if step.opname == "IMPORT_NAME":
            level, names = (each.argval for each in steps[i - 2 : i])
            module = str(step.argval)
            renamed = steps[i + 1].opname == "IMPORT_FROM"  # `import a.b` gives `a`, `import a.b as c` gives `a.b`
            current = Import("", module if names or renamed else module.partition(".")[0], level, None)
            is_whole = not names
        elif step.opname == "IMPORT_FROM" and current is not None:
            current = Import("", current.module, current.level, None if is_whole else str(step.argval))
        elif step.opname.startswith(("STORE_FAST", "STORE_DEREF")) and current is not None:
            name = step.argval[0] if isinstance(step.argval, tuple) else step.argval
            yield Import(str(name), current.module, current.level, current.attribute)
        elif step.opname not in ("SWAP", "POP_TOP"):
            current = None
    for inner in _inner(code):
        yield from _imports(inner)
