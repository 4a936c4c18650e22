"""The texts that stand in the code that called a framework: what is made of them alone came from nowhere.

A label in a prompt may have been put there, or stand in the prompt anyway: the values cannot tell, the code can.
"""

from __future__ import annotations

import inspect
import string
import sys
from collections.abc import Collection, Iterable, Iterator
from types import CodeType, FrameType, ModuleType
from typing import Any, NamedTuple

_MOST = 4
_LONGEST = 4_000


class Caller(NamedTuple):
    """A function of the user's that was running: its code, its globals, and which of its runs it was."""

    code: CodeType
    names: dict[str, Any]
    run: int


class Callers:
    """Which functions of the user's are running around a hook.

    Args:
        inside: packages whose functions stand between the hook and the user's.
        ends: packages, beside the standard library, whose functions called the user's.
    """

    def __init__(self, inside: Collection[str], ends: Collection[str]) -> None:
        self._inside = frozenset(inside)
        self._ends = sys.stdlib_module_names | frozenset(ends)
        self._of_module: dict[str, str] = {}

    def now(self) -> tuple[Caller, ...]:
        """Those that led to the hook directly, innermost first."""
        frame = inspect.currentframe()
        while frame is not None and self._kind(frame) == "inside":
            frame = frame.f_back
        found: list[Caller] = []
        while frame is not None and len(found) < _MOST and self._kind(frame) == "user":
            found.append(Caller(frame.f_code, frame.f_globals, id(frame)))
            frame = frame.f_back
        return tuple(found)

    def _kind(self, frame: FrameType) -> str:
        name = frame.f_globals.get("__name__", "")
        kind = self._of_module.get(name)
        if kind is None:
            package = str(name).partition(".")[0]
            kind = "inside" if package in self._inside else "end" if package in self._ends else "user"
            self._of_module[name] = kind
        return kind


def constants(found: Iterable[Caller]) -> frozenset[str]:
    """The texts in the code of functions and in the globals that they name; of a format string, its literal pieces."""
    texts: set[str] = set()
    for caller in found:
        for text in _texts(caller.code, caller.names):
            if len(text) <= _LONGEST:
                texts.update(_pieces(text))
    return frozenset(text for text in texts if any(map(str.isalnum, text)))


def _texts(code: CodeType, names: dict[str, Any]) -> Iterator[str]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _texts(constant, names)
        else:
            yield from _in(constant)
    for name in code.co_names:
        value = names.get(name)
        if isinstance(value, ModuleType):
            for attribute in code.co_names:
                yield from _in(vars(value).get(attribute))
        else:
            yield from _in(value)


def _in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (tuple, list, frozenset)) and len(value) <= 100:
        yield from (item for item in value if isinstance(item, str))
    elif isinstance(value, dict) and len(value) <= 100:
        yield from (item for item in value.values() if isinstance(item, str))


def _pieces(text: str) -> list[str]:
    if "{" not in text:
        return [text]
    try:
        return [text, *(literal for literal, _, _, _ in string.Formatter().parse(text))]
    except ValueError:  # no format string
        return [text]
