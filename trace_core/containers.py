"""Lists, dicts, tuples and sets that hold nodes: each is an operation on what it holds, so no edge is lost.

`summarise(parts=[title, {"body": body}])` has the dict as an input of the list and the list as an input of the call.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

from trace_core.nodes import Node, apply
from trace_core.operators import Argument, Operation, literal_text, numbered
from trace_core.rendering import literal

_SETS = (set, frozenset)
_CONTAINERS = (list, tuple, dict, *_SETS)


def container_node(value: Any) -> Node:
    """A node for a container: an operation if it holds nodes at any depth, a plain root otherwise."""
    return _build(value) if holds_node(value) else Node(value)


def holds_node(value: Any) -> bool:
    """Whether a node is somewhere in nested lists, tuples, dicts and sets."""
    seen: set[int] = set()
    to_visit = [value]
    while to_visit:
        item = to_visit.pop()
        if isinstance(item, Node):
            return True
        if isinstance(item, _CONTAINERS) and id(item) not in seen:
            seen.add(id(item))
            to_visit.extend(item.values() if isinstance(item, dict) else item)
            if isinstance(item, dict):
                to_visit.extend(key for key in item if isinstance(key, (Node, tuple)))
    return False


def plain(value: Any) -> Any:
    """The value with each node in nested containers replaced by its data (which counts as reading it)."""
    if isinstance(value, Node):
        return value.data
    if not isinstance(value, _CONTAINERS) or not holds_node(value):
        return value
    if isinstance(value, dict):
        return _like(value, {plain(key): plain(item) for key, item in value.items()})
    return _like(value, [plain(item) for item in value])


def nodes_in(value: Any) -> Iterable[Node]:
    """Every node in nested lists, tuples, dicts and sets, in order."""
    if isinstance(value, Node):
        yield value
    elif isinstance(value, _CONTAINERS) and holds_node(value):
        for item in value.values() if isinstance(value, dict) else value:
            yield from nodes_in(item)


def _build(value: Any) -> Node:
    if isinstance(value, Node) or not isinstance(value, _CONTAINERS) or not holds_node(value):
        return value if isinstance(value, Node) else Node(value)
    if isinstance(value, dict):
        keys = [plain(key) for key in value]
        items = [_build(item) for item in value.values()]
        arguments = tuple(Argument(f"[{literal([key])[1:-1]}]") for key in keys)
        body = ", ".join(f"{literal_text(key)}: {{{i}}}" for i, key in enumerate(keys))
        return apply(Operation("dict", arguments, f"{{{{{body}}}}}", function=_maker(value, keys)), tuple(items))
    # A set has no order of its own; the same workflow must give the same text every time.
    items = [_build(item) for item in (sorted(value, key=_place_in_set) if isinstance(value, _SETS) else value)]
    places = [f"{{{i}}}" for i in range(len(items))]
    if isinstance(value, tuple):
        text = f"({places[0]},)" if len(places) == 1 else f"({', '.join(places)})"
    elif isinstance(value, list):
        text = f"[{', '.join(places)}]"
    else:
        text = f"{{{{{', '.join(places)}}}}}"
        text = f"frozenset({text})" if isinstance(value, frozenset) else text
    name = next(kind.__name__ for kind in _CONTAINERS if isinstance(value, kind))
    arguments = numbered(*(f"[{i}]" for i in range(len(items))))
    return apply(Operation(name, arguments, text, function=_maker(value, None)), tuple(items))


def _place_in_set(item: Any) -> tuple[int, str]:
    return (item.id, "") if isinstance(item, Node) else (0, literal(item))


def _maker(original: Any, keys: list[Any] | None) -> Callable[..., Any]:
    if keys is None:
        return lambda *values: _like(original, list(values))
    return lambda *values: _like(original, dict(zip(keys, values, strict=True)))


def _like(original: Any, items: Any) -> Any:
    """A container of the original's own type: named tuples and subclasses stay what they were."""
    kind = type(original)
    if isinstance(original, dict) and kind is not dict:
        made = copy.copy(original)  # a defaultdict's constructor takes something else first
        made.clear()
        made.update(items)
        return made
    return kind(*items) if hasattr(kind, "_fields") else kind(items)
