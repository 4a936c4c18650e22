"""How data went from call to call, worked out from what was recorded.

A pure function of the calls: `Flow` knows what holds in every framework (values that are identical, equal or within one
another), an adapter's subclass what its framework's structure says. Calls that do something are nodes; those that only
hold others or choose between them are scopes, and what comes out of a scope came out of the nodes in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from trace_core.recording.call import Call, Link, ParameterRead
from trace_core.recording.ledger import (
    Found,
    Ledger,
    Origin,
    Path,
    equal_values,
    last_around,
    longest_within,
)

_Parts = tuple[dict[int, Path], list[tuple[Path, Any]], list[tuple[Path, str]]]
_SCALARS = (int, float, complex, bool, bytes, type(None))


class Flow:
    """Where the inputs of calls came from.

    Args:
        calls: all calls of a run, in the order in which they began.
        ledger: an empty ledger; the calls' outputs are entered.
        earlier: the flows of earlier turns of the conversation, whose outputs count too.
    """

    def __init__(self, calls: Sequence[Call], ledger: Ledger, earlier: Sequence[Flow] = ()) -> None:
        self.calls = calls
        self.ledger = ledger
        self.earlier = earlier
        self.by_id: dict[Hashable, Call] = {call.id: call for call in calls}
        self._owner = {call: flow for flow in earlier for call in flow.by_id.values()}
        self.children: dict[Call | None, list[Call]] = defaultdict(list)
        self._in: dict[Call, Origin] = {}
        self._out: dict[Call, Origin] = {}
        self._inputs: dict[int, Call] = {}
        self._parts: dict[int, _Parts] = {}
        self._originals = {id(call.inputs): call.given for call in calls} | {id(c.output): c.gave for c in calls}
        for call in sorted([c for c in (*self._owner, *calls) if c.succeeded], key=lambda call: call.ended or 0):
            ledger.add(call)
        for call in calls:
            self.children[self.parent(call)].append(call)

    # --- what an adapter says of its framework

    def parent(self, call: Call) -> Call | None:
        """The call inside which this one ran."""
        return None if call.parent is None else self.by_id.get(call.parent)

    def is_node(self, call: Call) -> bool:
        """Whether the call does something itself: it has no calls inside it, or code of its own that is learned."""
        return not self.children[call] or any(argument == "code" for argument, _, _ in call.reads)

    def reads_of(self, node: Call) -> list[ParameterRead]:
        """What a node read of parameters."""
        return list(node.reads)

    def structural_input(self, call: Call, parent: Call | None) -> Origin | None:
        """Where the call's input came from, if the framework's structure tells."""
        return None

    def structural_output(self, scope: Call) -> Origin | None:
        """Where a scope's output came from, if the framework's structure tells."""
        return None

    def arguments(self, call: Call, origin: Origin) -> Iterable[tuple[str, Origin]]:
        """The call's arguments with the origin of each."""
        if isinstance(call.inputs, dict) and origin.parts is not None:
            return [(str(key), origin.at(key)) for key in dict.fromkeys([*call.inputs, *origin.parts])]
        return [("input", origin)]

    # --- origins

    def links(self, call: Call) -> list[Link]:
        """What a node took in; each source once."""
        links: dict[Call, Link] = {}
        for argument, origin in self.arguments(call, self.origin_in(call)):
            for source, why in origin.sources.items():
                if source is not call and source not in links:
                    links[source] = Link(source, argument, why)
        return list(links.values())

    def input_of(self, root: Call) -> Call:
        """What stands for the input of an outermost call; the same object that went into several is one input."""
        if id(root.given) not in self._inputs:
            given = Call(("input", root.id), None, "input", "input", None, root.began)
            given.end(root.given, root.began)
            given.output = root.inputs
            self._inputs[id(root.given)] = given
        return self._inputs[id(root.given)]

    def origin_in(self, call: Call) -> Origin:
        """Where a call's input came from."""
        known = self._in.get(call)
        if known is None:
            self._in[call] = Origin()  # a call that leads to itself, which no program has
            parent = self.parent(call)
            known = self.structural_input(call, parent)
            if known is None:
                known = self._matched_input(call, parent)
            self._in[call] = known
        return known

    def origin_out(self, call: Call) -> Origin:
        """Where a call's output came from."""
        if call in self._owner:
            return self._owner[call].origin_out(call)
        known = self._out.get(call)
        if known is None:
            self._out[call] = Origin()
            if self.is_node(call):
                known = Origin({call: "identity"})
            else:
                known = self.structural_output(call)
                if known is None:
                    known = self._matched_output(call)
            self._out[call] = known
        return known

    def _matched_input(self, call: Call, parent: Call | None) -> Origin:
        siblings = [other for other in self.children[parent] if other is not call]
        if parent is None:
            own = Origin({self.input_of(call): "input"})
            return self.match(call.inputs, call.began, siblings, None, default=own)
        given = (parent.inputs, self.origin_in(parent))
        return self.match(call.inputs, call.began, siblings, given, default=given[1].because("input"))

    def _matched_output(self, scope: Call) -> Origin:
        children = [child for child in self.children[scope] if child.succeeded]
        given = (scope.inputs, self.origin_in(scope))
        return self.match(scope.output, scope.ended or 0, children, given, default=self.sinks(children) or given[1])

    def sinks(self, children: Sequence[Call]) -> Origin:
        """What came out of calls and went into none of the others."""
        taken = {source for child in children for node in self.nodes_in(child) for source in self._sources(node)}
        out = Origin()
        for child in children:
            sources = self.origin_out(child).sources
            left = {s: why for s, why in sources.items() if s.kind != "input" and s not in taken}
            out = out | Origin(left).because("inside")
        return out

    def nodes_in(self, scope: Call) -> list[Call]:
        """The nodes in a call; a node is in itself."""
        if self.is_node(scope):
            return [scope]
        return [node for child in self.children[scope] for node in self.nodes_in(child)]

    def _sources(self, node: Call) -> list[Call]:
        return [link.source for link in self.links(node)]

    # --- values

    def match(
        self,
        value: Any,
        before: int,
        near: Sequence[Call],
        given: tuple[Any, Origin] | None,
        default: Origin,
    ) -> Origin:
        """Where a value came from that plain code put together.

        Args:
            value: the value, of which each part is looked for where the whole is not found.
            before: when it was there; what was given later is not considered.
            near: the calls of the same scope, whose outputs that code held.
            given: what that code was given, and where that came from.
            default: what it came from if nothing is found.
        """
        found = self._find(value, before, near, given, depth=0)
        if found is None:
            return default
        return self._filled(found, default)

    def _filled(self, origin: Origin, default: Origin) -> Origin:
        return origin

    def _find(
        self, value: Any, before: int, near: Sequence[Call], given: tuple[Any, Origin] | None, depth: int
    ) -> Origin | None:
        original = self._originals.get(id(value), value)
        if given is not None and original is self._originals.get(id(given[0]), given[0]) and not _is_trivial(value):
            return given[1]
        if isinstance(value, str):
            return self._find_text(value, before, near, given)
        if isinstance(value, _SCALARS):
            return self._find_scalar(value, before, near, given)
        found = self.ledger.identical(original, before)
        if found is not None:
            return self._origin_of(found, "identity")
        here = self._in_given(value, given)
        if here is not None:
            return here
        inner = self.ledger.opened(value)
        if inner is None or depth > 5:
            equal = self.ledger.equal_whole(value, before, near)
            return None if equal is None else self.origin_out(equal).because("equal")
        parts = {}
        for key, item in inner.items():
            origin = self._find_part(key, item, before, near, given, depth)
            if origin is not None:
                parts[key] = origin
        return Origin(parts=parts) if parts else None

    def _find_part(
        self, key: Any, item: Any, before: int, near: Sequence[Call], given: tuple[Any, Origin] | None, depth: int
    ) -> Origin | None:
        """A part of a dict or list: the part of the same key that is the same in what was given counts first."""
        if given is not None and isinstance(given[0], dict) and key in given[0] and _same(given[0][key], item):
            newer = self._newer(key, item, before, near)
            return given[1].at(key).because("state") if newer is None else newer
        return self._newer(key, item, before, near) or self._find(item, before, near, given, depth + 1)

    def _newer(self, key: Any, item: Any, before: int, near: Sequence[Call]) -> Origin | None:
        for call in reversed(near):
            held = call.output if call.succeeded and (call.ended or 0) < before else None
            if isinstance(held, dict) and key in held and _same(held[key], item):
                return self.origin_out(call).at(key).because("identity")
        return None

    def _find_text(
        self, text: str, before: int, near: Sequence[Call], given: tuple[Any, Origin] | None
    ) -> Origin | None:
        if not text.strip():
            return None
        equal = self.ledger.equal_text(text, before, near)
        if equal is not None:
            return self._origin_of(equal, "equal")
        in_given = [] if given is None else self._parts_of(given[0])[2]
        for path, other in in_given:
            if other.strip() == text.strip():
                return _at(given[1], path).because("equal")  # type: ignore[index]
        if len(text) >= 16:
            equal = self.ledger.equal_text(text, before)
            if equal is not None:
                return self._origin_of(equal, "equal")
        return self._find_around(text, before, near, in_given, given)

    def _find_around(
        self,
        text: str,
        before: int,
        near: Sequence[Call],
        in_given: Sequence[tuple[Path, str]],
        given: tuple[Any, Origin] | None,
    ) -> Origin | None:
        """A text that was made of others, or is a piece of one."""
        theirs = self.ledger.texts_of(near, before)
        mine = [Found(_GIVEN, path, other) for path, other in in_given]
        within = longest_within(text, [*theirs, *(found for found in mine if len(found.value.strip()) >= 4)])
        if not within:
            around = last_around(text, theirs) or last_around(text, mine)
            within = [around] if around is not None else longest_within(text, self.ledger.far_texts(before))
        origin = Origin()
        for found in sorted(within, key=lambda found: found.call.began):
            origin = origin | (
                _at(given[1], found.path).because("contains")  # type: ignore[index]
                if found.call is _GIVEN
                else self._origin_of(found, "contains")
            )
        return origin if origin else None

    def _find_scalar(
        self, value: Any, before: int, near: Sequence[Call], given: tuple[Any, Origin] | None
    ) -> Origin | None:
        if value is None or isinstance(value, bool):
            return None
        equal = self.ledger.equal_whole(value, before, near)
        if equal is not None:
            return self.origin_out(equal).because("equal")
        return self._in_given(value, given)

    def _in_given(self, value: Any, given: tuple[Any, Origin] | None) -> Origin | None:
        if given is None:
            return None
        identities, scalars, _ = self._parts_of(given[0])
        path = identities.get(id(value))
        if path is None and isinstance(value, _SCALARS):
            path = next((path for path, part in scalars if equal_values(part, value)), None)
        return None if path is None else _at(given[1], path).because("identity")

    def _parts_of(self, value: Any) -> _Parts:
        """The parts of a value that many others are looked for in."""
        known = self._parts.get(id(value))
        if known is None:
            identities: dict[int, Path] = {}
            scalars, texts = [], []
            for path, part in self.ledger.parts(value):
                if isinstance(part, str):
                    if part.strip():
                        texts.append((path, part))
                elif isinstance(part, _SCALARS):
                    scalars.append((path, part))
                else:
                    identities.setdefault(id(part), path)
            known = self._parts[id(value)] = (identities, scalars, texts)
        return known

    def _origin_of(self, found: Found, why: str) -> Origin:
        return _at(self.origin_out(found.call), found.path).because(why)


_GIVEN = Call(None, None, "", "", None, -1)


def _at(origin: Origin, path: Path) -> Origin:
    for key in path:
        origin = origin.at(key)
    return origin


def _is_trivial(value: Any) -> bool:
    return isinstance(value, _SCALARS) or (isinstance(value, str) and len(value) < 4)


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    return isinstance(one, (str, *_SCALARS)) and type(one) is type(other) and one == other
