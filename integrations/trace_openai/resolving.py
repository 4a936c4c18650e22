"""Nodes where values may stand: what is sent has their values, and the call has them as parents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from trace_core.context import Read
from trace_core.nodes import Node

Path = tuple[Any, ...]
_DEEPEST = 12
_PLAIN = frozenset([str, int, float, bool, type(None)])


class Resolved(NamedTuple):
    """A node that stood somewhere in the arguments of a call, and what was read of it."""

    path: Path
    node: Node
    read: Read


class Given(NamedTuple):
    """What a method of the client was called with: as the user's code gave it, and the nodes that stood in it."""

    arguments: Mapping[str, Any]
    nodes: tuple[Resolved, ...]


GIVEN: ContextVar[Given | None] = ContextVar("trace_openai_given", default=None)


@contextmanager
def given(asked: Given) -> Iterator[None]:
    """For the request that is made in the block."""
    token = GIVEN.set(asked)
    try:
        yield
    finally:
        GIVEN.reset(token)


def resolved(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], list[Resolved]]:
    """Arguments without nodes, and the nodes that stood in them. What holds none stays the very object."""
    nodes: list[Resolved] = []
    plain = {name: _resolve(value, (name,), nodes) for name, value in arguments.items()}
    return plain, nodes


def _resolve(value: Any, path: Path, nodes: list[Resolved]) -> Any:
    if isinstance(value, Node):
        nodes.append(Resolved(path, value, value._read()[1] or Read(value._peek())))
        return _resolve(value.data, path, nodes)
    if len(path) > _DEEPEST:
        return value
    if type(value) is not dict and type(value) is not list and type(value) is not tuple:
        return value
    changed: dict[Any, Any] = {}
    for key, item in value.items() if type(value) is dict else enumerate(value):
        if type(item) not in _PLAIN:
            made = _resolve(item, (*path, key), nodes)
            if made is not item:
                changed[key] = made
    if not changed:
        return value
    if type(value) is dict:
        return {**value, **changed}
    return type(value)(changed.get(index, item) for index, item in enumerate(value))
