"""Scopes: which nodes ran inside which call that held others, so that a page can fold them to one.

A recorder writes them into a node's `info["scope"]`: the names from the outermost to the innermost.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trace_view.graphs.values import label

Path = tuple[str, ...]


class Scopes:
    """The scopes of a graph, numbered as they are met.

    Example:
        >>> scopes = Scopes()
        >>> scopes.of(["agent", "search"]), scopes.of(["agent"]), scopes.of(None)
        (1, 0, None)
        >>> scopes.data()
        [{'name': 'agent', 'parent': None}, {'name': 'search', 'parent': 0}]
    """

    def __init__(self) -> None:
        self._numbers: dict[Path, int] = {}

    def of(self, named: Any) -> int | None:
        """The number of the innermost of the scopes that a node's `info["scope"]` names, if it names one."""
        path = (named,) if isinstance(named, str) else named
        if not isinstance(path, (list, tuple)) or not path:
            return None
        return [self._number(each) for each in _beginnings(tuple(map(label, path)))][-1]

    def _number(self, path: Path) -> int:
        return self._numbers.setdefault(path, len(self._numbers))

    def data(self) -> list[dict[str, Any]]:
        """Each scope's name, and the number of the one that it is in."""
        return [{"name": path[-1], "parent": self._numbers.get(path[:-1])} for path in self._numbers]


def _beginnings(path: Path) -> Iterable[Path]:
    return (path[: length + 1] for length in range(len(path)))
