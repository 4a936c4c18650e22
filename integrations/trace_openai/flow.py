"""Where what models were asked came from: messages sent back, results of tools, texts in texts.

The API's own ids tell of answers that go back to a model; of what plain code put together, the values tell.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any

from trace_core.recording import Call, Flow, Ledger, Link, Origin
from trace_core.recording.call import ParameterRead
from trace_core.recording.searching import Search
from trace_openai.answers import get
from trace_openai.asked import SYSTEM, Asked, Item, argument_of, asked_of, is_told_anything, items_of
from trace_openai.tool_messages import calls_with, tools_in


class OpenAIFlow(Flow):
    """`Flow` with what the API's messages and items say."""

    def __init__(self, calls: Sequence[Call], ledger: Ledger, earlier: Sequence[Flow] = ()) -> None:
        before = [flow for flow in earlier if isinstance(flow, OpenAIFlow)]
        mine = [call for call in calls if "endpoint" in call.details]
        self.asking: list[Call] = [call for flow in before for call in flow.asking] + mine
        self._by_object: dict[int, Call] = {}
        self._by_id: defaultdict[str, list[Call]] = defaultdict(list)
        for call in self.asking:
            if "asked" not in call.details:
                call.details["asked"] = asked_of(call)
            self._by_object.update((id(each), call) for each in call.details.get("objects", ()))
            for each in call.details.get("ids", ()):
                self._by_id[each].append(call)
        self._first = _first_times(self.asking)
        self._places: dict[int, int] = {}
        self._resent: dict[int, Origin] = {}
        for call in mine:
            self._take_in(call)
        self._tools = tools_in(self.asking, self._asker)
        known = {id(call) for call in mine}
        tools = {id(tool): tool for tool in self._tools.values() if id(tool.details["sent_by"]) in known}
        super().__init__(sorted([*calls, *tools.values()], key=lambda call: call.began), ledger, earlier)

    def _take_in(self, call: Call) -> None:
        """What is looked for among values: in a block, what no earlier request had, so that each is looked for once."""
        asked = call.details["asked"]
        if call.given is None:
            is_outermost = call.parent is None and not call.details.get("strayed")
            new = {name: [each for each in items if id(each) not in self._first] for name, items in asked.items()}
            call.take_in(Asked({name: items for name, items in new.items() if items}) if is_outermost else asked)
        for items in call.inputs.values():
            self._places.update((id(each), place) for place, each in enumerate(items))

    def _answer(self, id: str, before: int) -> Call | None:
        """The call whose answer has this id, the last before."""
        found = [call for call in self._by_id.get(id, ()) if call.ended is not None and call.ended < before]
        return found[-1] if found else None

    def _asker(self, id: str, asking: Item | None, sent_to: Call) -> Call | None:
        """The call that asked for a tool: whose answer the message with the id is, since servers give ids again."""
        known = None if asking is None else self._made_by(asking)
        return self._answer(id, sent_to.began) if known is None else next(iter(known.sources))

    # --- what the calls are

    def parent(self, call: Call) -> Call | None:
        """The program in which it ran, also where a thread had not been told of it."""
        known = super().parent(call)
        if known is not None or not call.details.get("strayed"):
            return known
        around = [each for each in self.calls if each.details.get("is_program") and each.began < call.began]
        return next((each for each in reversed(around) if each.ended is None or each.ended > call.began), None)

    def reads_of(self, node: Call) -> list[ParameterRead]:
        """The nodes that stood in what was sent; those in a tool's message are the tool's."""
        if node.kind == "tool":
            sent_by, index = node.details["sent_by"], node.details["index"]
            return [read for read in sent_by.reads if _index_of(sent_by, read) == index]
        tools = {i for i, item in enumerate(items_of(node)) if id(item) in self._tools}
        return [read for read in node.reads if _index_of(node, read) not in tools]

    # --- where inputs came from

    def recognised(self, value: Any) -> Origin | None:
        """What was sent back, by the very object, and by the ids of messages and of tools' calls."""
        if isinstance(value, Item):
            return self._of_item(value)
        made_by = self._by_object.get(id(self.ledger.original(value)))
        return None if made_by is None else Origin({made_by: "identity"})

    def _of_item(self, item: Item) -> Origin | None:
        tool = self._tools.get(id(item.sent))
        if tool is not None:
            return self.origin_out(tool).because("tool_call_id")
        return self._made_by(item) or self._sent_before(item)

    def _made_by(self, item: Item) -> Origin | None:
        """The call whose answer a message is, by the very object, or by its ids."""
        made_by = self._by_object.get(id(item.original))
        if made_by is not None:
            return Origin({made_by: "identity"})
        if id(item.original) in self._resent:
            return self._resent[id(item.original)]
        for each, arguments in item.ids:
            found = [call for call in self._by_id.get(each, ()) if call.ended is not None and call.ended < item.before]
            same = [call for call in found if any(c.arguments == arguments for c in calls_with(call.output, each))]
            if found:
                why = "id" if arguments is None else "tool_call_id"
                self._resent[id(item.original)] = Origin({(same or found)[-1]: why})
                return self._resent[id(item.original)]
        return None

    def _sent_before(self, item: Item) -> Origin | None:
        """Where a message came from that an earlier request had, too: a conversation goes on, or has examples."""
        first = self._first.get(id(item))
        return None if first is None else self._origin_of(*first)

    def _origin_of(self, call: Call, name: str, item: Item) -> Origin:
        """Where a message that a call sent came from."""
        owner = self._owner.get(call, self)
        if isinstance(owner, OpenAIFlow) and owner is not self:
            return owner._origin_of(call, name, item)
        place = self._places.get(id(item))
        if place is None:
            return self._of_item(item) or Origin()
        return self.origin_in(call).at(name).at(place)

    def structural_input(self, call: Call, parent: Call | None) -> Origin | None:
        """Of a tool, who asked for it, and what it asked itself; of a model that is told nothing new, nothing."""
        if call.kind == "tool":
            return self._asked_by(call, parent)
        return Origin() if isinstance(call.inputs, Asked) and not any(call.inputs.values()) else None

    def _asked_by(self, tool: Call, parent: Call | None) -> Origin:
        asked_by: Call = tool.details["asked_by"]
        since = [call for call in self.children[parent] if call.kind != "tool" and call.began > (asked_by.ended or 0)]
        found = Search(self.matcher, tool.began, self.held(since), [], is_output=True).find(tool.output)
        told = {} if found is None else found.sources
        told = {source: why for source, why in told.items() if not _is_asked_again(source, tool)}
        return Origin({**told, asked_by: "tool_call_id"})

    def _matched_input(self, call: Call, parent: Call | None) -> Origin:
        """What the values tell; a system message stands in the program, wherever its words are found again."""
        found = super()._matched_input(call, parent)
        if parent is not None or not isinstance(call.inputs, Asked) or not is_told_anything(call):
            return found
        parts = {name: found.at(name) for name in call.inputs}
        return Origin(parts={name: _of_answers(part) if name == SYSTEM else part for name, part in parts.items()})

    def arguments(self, call: Call, origin: Origin) -> Iterable[tuple[str, Origin]]:
        """What went in, by message."""
        if not isinstance(call.inputs, Asked):
            return [("input", origin)]
        if self.parent(call) is not None and origin.parts is not None:
            return [(name, origin.at(name)) for name in reversed(call.inputs)]
        # What was not found counts as an input here: of system messages and nodes it is known that they are none.
        is_told = is_told_anything(call)
        told: list[tuple[str, Origin]] = []
        for name, items in reversed(call.details["asked"].items()):
            parts: dict[Hashable, Origin] = {}
            for index, item in enumerate(items):
                each = self._origin_of(call, name, item)
                each = _of_answers(each) if name == SYSTEM and is_told else _told(each, item)
                parts[index] = each if id(item) in self._places else _once_more(each)
            told.append((name, Origin(parts=parts)))
        return told

    def links(self, call: Call) -> list[Link]:
        """What a node took in, also by naming an earlier response, and the calls whose nodes it was given."""
        links = {link.source: link for link in super().links(call)}
        for path, source in call.details.get("sources", ()):
            links[source] = Link(source, argument_of(path, call.details["sent"]), "argument")
        for name, source in self._continued(call):
            links.setdefault(source, Link(source, name, name))
        if isinstance(call.inputs, Asked) and self.parent(call) is None:
            self._show_what_is_new(call)
        return list(links.values())

    def _show_what_is_new(self, root: Call) -> None:
        """Have a request's input hold only what came from nowhere else."""
        given, origin = self.input_of(root), self.origin_in(root)
        asked = [
            item
            for name, items in root.inputs.items()
            if name != SYSTEM or not is_told_anything(root)
            for index, item in enumerate(items)
            if given in origin.at(name).at(index).sources
        ]
        given.output = asked[0] if len(asked) == 1 else asked

    def _continued(self, call: Call) -> Iterator[tuple[str, Call]]:
        """The answer that a response goes on from: OpenAI keeps the conversation."""
        sent = call.details.get("sent", {})
        before = sent.get("previous_response_id")
        if isinstance(before, str) and (made_by := self._answer(before, call.began)) is not None:
            yield "previous_response_id", made_by
        talk = _conversation(sent)
        if talk is None:
            return
        earlier = [each for each in self.asking if (each.ended or call.began) < call.began and each.succeeded]
        same = [each for each in earlier if _conversation(each.details["sent"]) == talk]
        if same:
            yield "conversation", same[-1]


def _first_times(asking: Iterable[Call]) -> dict[int, tuple[Call, str, Item]]:
    """Where the same message was sent first, by the ids of those (the objects') that are sent again and are not new."""
    seen: dict[Any, tuple[Call, str, Item]] = {}
    found: dict[int, tuple[Call, str, Item]] = {}
    for call in asking:
        counted: Counter[Any] = Counter()
        for name, items in call.details["asked"].items():
            for item in items:
                said = (item.role, item.texts)
                counted[said] += 1
                first = seen.setdefault((said, counted[said]), (call, name, item))
                if first[0] is not call and (name == SYSTEM or item is not items[-1]):
                    found[id(item)] = first
    return found


def _is_asked_again(before: Call, tool: Call) -> bool:
    """Whether a tool was asked the same before: then it says the same, and not because of that."""
    return before.kind == tool.kind and (before.name, before.inputs) == (tool.name, tool.inputs)


def _index_of(call: Call, read: ParameterRead) -> int | None:
    """Which item of what was asked a node stood in."""
    path = call.details.get("places", {}).get(id(read[1]))
    return path[1] if path is not None and len(path) > 1 and path[0] == call.details["endpoint"].asked else None


def _conversation(sent: Any) -> str | None:
    talk = sent.get("conversation")
    found = talk if isinstance(talk, str) else get(talk, "id")
    return found if isinstance(found, str) else None


def _told(origin: Origin, item: Item) -> Origin:
    """Where a message came from: what a node holds is that node's own, and what is put around an answer is no input."""
    kinds = {source.kind == "input" and why == "input" for source, why in origin.sources.items()}
    if len(kinds) < 2 and not item.of_nodes:
        return origin
    texts: dict[Hashable, Origin] = {at: origin.at(at) for at in range(len(item.texts))}
    mine = {at: _without_new(each) if len(kinds) > 1 or at in item.of_nodes else each for at, each in texts.items()}
    return Origin(parts=mine) if mine else origin


def _once_more(origin: Origin) -> Origin:
    """The origin of a message that is sent again: an input that it was is known by the equal message."""
    return Origin({source: "equal" if why == "input" else why for source, why in origin.sources.items()})


def _without_new(origin: Origin) -> Origin:
    """What came from anywhere but an input that is new here."""
    return Origin({source: why for source, why in origin.sources.items() if source.kind != "input" or why != "input"})


def _of_answers(origin: Origin) -> Origin:
    """What came from no input."""
    parts = None if origin.parts is None else {key: _of_answers(part) for key, part in origin.parts.items()}
    return Origin({source: why for source, why in origin.own.items() if source.kind != "input"}, parts)
