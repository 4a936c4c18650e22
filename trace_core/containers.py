"""Lists, dicts, tuples and sets that hold nodes: each is an operation on what it holds, so no edge is lost.

`summarise(parts=[title, {"body": body}])` has the dict as an input of the list and the list as an input of the call.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from trace_core.nodes import Node, apply, as_node
from trace_core.operators import Operation, literal_text, numbered
from trace_core.rendering import literal

_SETS = (set, frozenset)
_CONTAINERS = (list, tuple, dict, *_SETS, deque)
_TEXTS = {
    "list": "[{}]",
    "tuple": "({})",
    "dict": "{{{{{}}}}}",
    "set": "{{{{{}}}}}",
    "frozenset": "frozenset({{{{{}}}}})",
    "deque": "deque([{}])",
}  # braces that a template has doubled


def container_node(value: Any) -> Node:
    """A node for a container: an operation if it holds nodes at any depth, a plain root otherwise."""
    return _folded(value, as_node, _operation) if holds_node(value) else Node(value)


def holds_node(value: Any) -> bool:
    """Whether a node is somewhere in nested lists, tuples, dicts, sets and deques."""
    return isinstance(value, Node) or bool(nodes_in(value))


def plain(value: Any) -> Any:
    """The value with each node in nested containers replaced by its data (which counts as reading it)."""
    if isinstance(value, Node):
        return value.data
    if not isinstance(value, _CONTAINERS) or not holds_node(value):
        return value
    return _folded(value, lambda item: item.data if isinstance(item, Node) else item, _plain_container)


def nodes_in(value: Any) -> list[Node]:
    """Every node in nested lists, tuples, dicts (as keys too), sets and deques."""
    return _searched(value)[0] if isinstance(value, _CONTAINERS) else []


def _searched(value: Any) -> tuple[list[Node], set[int]]:
    """The nodes in a container, and the ids of the containers in which one stands at any depth."""
    around: dict[int, list[int]] = {id(value): []}
    nodes: list[Node] = []
    found: list[int] = []
    to_visit = [value]
    while to_visit:
        container = to_visit.pop()
        for item in [*container, *container.values()] if isinstance(container, dict) else container:
            if isinstance(item, Node):
                nodes.append(item)
                found.append(id(container))
            elif isinstance(item, _CONTAINERS):
                if id(item) not in around:
                    around[id(item)] = []
                    to_visit.append(item)
                around[id(item)].append(id(container))
    holding: set[int] = set()
    while found:
        if (one := found.pop()) not in holding:
            holding.add(one)
            found += around[one]
    return nodes, holding


def _items(container: Any) -> Iterable[Any]:
    # A set has no order of its own; the same workflow must give the same text every time.
    if isinstance(container, _SETS):
        return sorted(container, key=_place_in_set)
    return container.values() if isinstance(container, dict) else container


def _folded(value: Any, leaf: Callable[[Any], Any], made: Callable[[Any, list[Any]], Any]) -> Any:
    """What is made of nested containers that hold nodes, from the inside out, each once; `leaf` takes all else.

    Raises:
        ValueError: one of them holds itself.
    """
    _, holding = _searched(value)
    done: dict[int, Any] = {}
    begun = {id(value)}
    work: list[tuple[Any, Iterator[Any], list[Any]]] = [(value, iter(_items(value)), [])]
    while work:
        container, rest, results = work[-1]
        for item in rest:
            if id(item) not in holding or id(item) in done:
                results.append(done[id(item)] if id(item) in done else leaf(item))
                continue
            if id(item) in begun:
                raise ValueError(f"a {type(item).__name__} that holds itself cannot hold nodes")
            begun.add(id(item))
            work.append((item, iter(_items(item)), []))
            break
        else:
            work.pop()
            done[id(container)] = made(container, results)
            if work:
                work[-1][2].append(done[id(container)])
    return done[id(value)]


def _plain_container(container: Any, items: list[Any]) -> Any:
    return _filled(container, map(plain, container) if isinstance(container, dict) else (), items)


def _operation(container: Any, items: list[Node]) -> Node:
    keys = [plain(key) for key in container] if isinstance(container, dict) else []
    places = [f"{literal_text(key)}: {{{i}}}" for i, key in enumerate(keys)] or [f"{{{i}}}" for i in range(len(items))]
    names = [literal([key])[1:-1] for key in keys] or range(len(items))
    name = next(kind.__name__ for kind in _CONTAINERS if isinstance(container, kind))
    text = _TEXTS[name].format(", ".join(places) + ("," if name == "tuple" and len(items) == 1 else ""))
    function = partial(_filled, container, keys)
    made = Operation(name, numbered(*(f"[{each}]" for each in names)), text, function=lambda *values: function(values))
    return apply(made, tuple(items))


def _place_in_set(item: Any) -> tuple[int, str]:
    return (item.id, "") if isinstance(item, Node) else (0, literal(item))


def _filled(original: Any, keys: Iterable[Any], items: Iterable[Any]) -> Any:
    """A container of the original's own type: named tuples and subclasses stay what they were."""
    kind = type(original)
    if isinstance(original, dict):
        items = dict(zip(keys, items, strict=True))
    if isinstance(original, (dict, deque)) and kind is not dict:
        made = copy.copy(original)  # a defaultdict's constructor takes something else first
        made.clear()
        (made.update if isinstance(made, dict) else made.extend)(items)
        return made
    return kind(*items) if hasattr(kind, "_fields") else kind(items)
