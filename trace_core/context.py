"""What the current thread or task is doing: tracing, not tracing, inside a bundle, trying a candidate.

Everything here lives in `contextvars`, so threads and tasks do not see each other's state, and nothing is process-wide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from trace_core.errors import UndeclaredInput
from trace_core.rendering import literal

if TYPE_CHECKING:
    from trace_core.nodes import Node


class Read:
    """What was read from a node: the value, and for a parameter its version (a number, or a candidate's label).

    `by_reference` marks a list, dict or set that was too large to copy: it may have changed since.
    """

    __slots__ = ("by_reference", "value", "version")

    def __init__(self, value: Any, version: int | str | None = None, by_reference: bool = False) -> None:
        self.value = value
        self.version = version
        self.by_reference = by_reference


class Version(Read):
    """One value of a parameter, who wrote it (user, optimizer, loaded, candidate), and which version it restored."""

    __slots__ = ("author", "kept", "restores")

    version: int | str
    kept: Any
    """The value as it was written; a list, dict or set that is in use may be changed in place."""

    def __init__(self, version: int | str, value: Any, author: str = "user", restores: int | None = None) -> None:
        super().__init__(value, version)
        self.kept = value
        self.author = author
        self.restores = restores

    def __repr__(self) -> str:
        return f"Version({self.version!r}, {literal([self.value])[1:-1]}, author={self.author!r})"


class Scope:
    """How reads of nodes and new operations are treated here. The base class is `no_trace()`: neither counts."""

    __slots__ = ("inside",)
    tracing = False

    def __init__(self, inside: bool) -> None:
        self.inside = inside
        """Whether this is in the body of a bundle."""

    def read(self, node: Node) -> None:
        """A node's value was read by plain Python code."""

    def operate(self, parents: Sequence[Node]) -> None:
        """Nodes are taken in by an operation."""


class InsideBundle(Scope):
    """The body of a bundle: a node that is read without having been passed in becomes an implicit input."""

    __slots__ = ("known", "reads", "start", "strict")
    tracing = True

    def __init__(self, known: set[int], start: int, strict: str | None) -> None:
        super().__init__(inside=True)
        self.known = known
        self.start = start
        self.strict = strict
        self.reads: dict[int, tuple[Node, Read | None]] = {}

    def read(self, node: Node) -> None:
        """Take the node as an implicit input, unless it was passed in or is a constant made in the body itself."""
        if node.id in self.known or node.id in self.reads or (node.id > self.start and not node.depends):
            return
        if self.strict is not None:
            raise UndeclaredInput(
                f"{self.strict} is strict and read {node!r}, which was not passed to it; make it an argument"
            )
        self.reads[node.id] = (node, node._read()[1])

    def take(self) -> list[tuple[Node, Read | None]]:
        """The implicit inputs since this was called last; none of them comes again."""
        self.known.update(self.reads)
        taken, self.reads = [*self.reads.values()], {}
        return taken

    def operate(self, parents: Sequence[Node]) -> None:
        """Take nodes from outside as implicit inputs, unless the result will be one, as what depends on a parameter."""
        if self.strict is not None or not any(parent.depends for parent in parents):
            for parent in parents:
                if parent.id < self.start:
                    self.read(parent)


SCOPE: ContextVar[Scope | None] = ContextVar("trace_scope", default=None)
"""None: plain tracing."""

OVERLAY: ContextVar[Mapping[int, Version] | None] = ContextVar("trace_overlay", default=None)
"""The versions that stand in for parameters' own in a candidate, by node id."""

_NOT_TRACING = {inside: Scope(inside) for inside in (False, True)}


@contextmanager
def no_trace() -> Iterator[None]:
    """Compute without recording: operations give nodes without parents, and reads make no implicit inputs.

    Blocks nest, and concern this thread or task only.

    Example:
        with no_trace():
            preview = prompt + question      # a node with a value and no history
    """
    outer = SCOPE.get()
    token = SCOPE.set(_NOT_TRACING[outer is not None and outer.inside])
    try:
        yield
    finally:
        SCOPE.reset(token)
