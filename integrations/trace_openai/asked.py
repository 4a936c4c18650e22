"""What a model was asked: the messages, or items, of a request, as far as where they came from must be found out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trace_core.recording import Call
from trace_openai.answers import get
from trace_openai.learning import SYSTEM_ROLES
from trace_openai.resolving import Path
from trace_openai.tool_messages import answered_id

SYSTEM = "system"


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One message or item: its texts, as it was sent, the object that the program gave, when it was sent, in which
    place, and which of its texts are the values of nodes.
    """

    role: str
    texts: tuple[str, ...]
    sent: Mapping[str, Any]
    original: Any
    before: int
    index: int = 0
    of_nodes: frozenset[int] = frozenset()

    @property
    def is_named(self) -> bool:
        """Whether it has ids, so that it says something also without texts."""
        return bool(self.ids) or answered_id(self.sent) is not None

    @property
    def ids(self) -> list[tuple[str, str | None]]:
        """The ids by which it says where it came from; those of tools' calls with the arguments."""
        tools = self.sent.get("tool_calls") or ()
        asked = [(each.get("id"), get(get(each, "function"), "arguments")) for each in tools]
        own = [(self.sent.get("call_id"), self.sent.get("arguments")), (self.sent.get("id"), None)]
        return [(id, arguments) for id, arguments in (*asked, *own) if isinstance(id, str)]


class Asked(dict[str, Any]):
    """What a model was asked, by argument, and under "system" what tells it how to answer."""


def items_of(call: Call) -> list[Any]:
    """The messages or items that a call sent; none where it sent a text."""
    endpoint = call.details.get("endpoint")
    asked = None if endpoint is None else call.details["sent"].get(endpoint.asked)
    return asked if isinstance(asked, list) and all(isinstance(each, dict) for each in asked) else []


def is_told_anything(call: Call) -> bool:
    """Whether a request has more than system messages, be it of the user's own nodes."""
    items = items_of(call)
    return any(item.get("role") not in SYSTEM_ROLES for item in items) or not items


def asked_of(call: Call) -> Asked:
    """What stands in a request, but for the texts of parameters."""
    endpoint, sent, given = (call.details[each] for each in ("endpoint", "sent", "given"))
    name, value = endpoint.asked, sent.get(endpoint.asked)
    asked = Asked({SYSTEM: [], name: []})
    listed = isinstance(value, list)
    given = given if listed and isinstance(given, Sequence) and len(given) == len(value) else value
    for index, item in enumerate(value if listed else [value]):
        path = (name, index) if listed else (name,)
        made = _item(call, item, given[index] if listed else item, path)
        if made.texts or made.is_named:
            asked[SYSTEM if made.role in SYSTEM_ROLES else name].append(made)
    if endpoint.instructions and sent.get(endpoint.instructions):
        text = sent[endpoint.instructions]
        asked[SYSTEM].append(_item(call, {"role": SYSTEM, "content": text}, text, (endpoint.instructions,)))
    return Asked({name: items for name, items in asked.items() if any(item.texts or item.is_named for item in items)})


def _item(call: Call, item: Any, original: Any, path: Path) -> Item:
    """One message or item, or a text in its place."""
    if not isinstance(item, dict):
        item = {"content": item}
    known, nodes = call.details["known"], call.details["nodes"]
    texts: list[str] = []
    of_nodes: set[int] = set()
    for name in ("content", "output", "arguments"):
        value = item.get(name)
        if value is None:
            continue
        for index, part in enumerate(value if isinstance(value, list) else [value]):
            text = _text(part) if isinstance(part, dict) else part
            at = (*path, name, index) if isinstance(value, list) else (*path, name)
            if not isinstance(text, str) or not text or (known and _covers(known, at)):
                continue
            if nodes and _covers(nodes, at):
                of_nodes.add(len(texts))
            texts.append(text)
    place = path[1] if len(path) > 1 else 0
    return Item(str(item.get("role", "")), tuple(texts), item, original, call.began, place, frozenset(of_nodes))


def _covers(paths: Sequence[Path], at: Path) -> bool:
    return any(at[: len(path)] == path or path[: len(at)] == at for path in paths)


def _text(part: Mapping[str, Any]) -> Any:
    picture = part.get("image_url")
    return part.get("text") or (picture.get("url") if isinstance(picture, dict) else picture)


def argument_of(path: Path, sent: Mapping[str, Any]) -> str:
    """What to call the place of a node: a message's role, a description, else the argument."""
    if len(path) > 1 and path[0] in ("messages", "input"):
        return str(get(sent[path[0]][path[1]], "role") or path[0])
    return "description" if path[-1] == "description" else str(path[0])
