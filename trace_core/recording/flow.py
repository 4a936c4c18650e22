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
from trace_core.recording.ledger import Ledger, Origin
from trace_core.recording.matching import Given, Matcher


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
        self._links: dict[Call, list[Link]] = {}
        originals = {id(call.inputs): call.given for call in calls} | {id(call.output): call.gave for call in calls}
        self.matcher = Matcher(ledger, self.origin_out, self.recognised, originals)
        for call in calls:
            self.children[self.parent(call)].append(call)
        self._enter()

    def _enter(self) -> None:
        """Enter into the ledger what calls gave, and what programs were given before others were called."""
        roots = self.children[None]
        inputs = [self.input_of(root) for root in roots] if len(roots) > 1 else []
        inputs += [flow.input_of(root) for flow in self.earlier for root in flow.children[None]]
        known = [call for call in (*self._owner, *self.by_id.values(), *inputs) if call.succeeded]
        for call in sorted(known, key=lambda call: call.ended or 0):
            passed_on: set[int] = set()
            if call.kind == "function" and call not in self._owner and not self.children[call]:
                passed_on = {id(part) for _, part in self.ledger.parts(call.inputs)}
            elif call.kind == "input" or (call.kind == "tool" and call not in self._owner):
                passed_on = self.known_before(call)
            self.ledger.add(call, passed_on)

    def known_before(self, call: Call) -> set[int]:
        """The ids of objects in what a call gave that were there before it began."""
        return {id(part) for _, part in self.ledger.parts(call.output) if self.ledger.identical(part, call.began)}

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

    def recognised(self, value: Any) -> Origin | None:
        """Where a value came from that says so itself, such as the answer to a tool call."""
        return None

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
        key = id(root) if root.given is None else id(root.given)
        if key not in self._inputs:
            given = Call(("input", root.id), None, "input", "input", None, root.began)
            given.end(root.given, root.began)
            given.output = root.inputs
            self._inputs[key] = given
        return self._inputs[key]

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
        if call.kind == "input":
            return Origin({call: "input"})
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

    def given_to(self, scope: Call) -> list[Given]:
        """What a scope's code was given: its input, and what else an adapter knows of."""
        return [Given(scope.inputs, lambda: self.origin_in(scope))]

    def _matched_input(self, call: Call, parent: Call | None) -> Origin:
        siblings = [other for other in self.children[parent] if other is not call]
        if parent is None:
            return self._outermost_input(call, siblings)
        given = self.given_to(parent)
        iterated = self.matcher.iterated(call, siblings, given)
        if iterated is not None:
            return iterated
        search = self.matcher.search(call.began, siblings, given)
        found = search.find(call.inputs)
        if found is not None:
            return found
        # A text that is like nothing before is most likely a constant; another value was computed from something.
        before = [other for other in siblings if other.succeeded and (other.ended or 0) < call.began]
        computed = self.sinks(before) if not isinstance(call.inputs, (str, list, dict)) else None
        return computed or given[0].origin.because("input")

    def _outermost_input(self, call: Call, siblings: Sequence[Call]) -> Origin:
        """What a program was given: parts of it may come from what was called before, the rest is new."""
        own = Origin({self.input_of(call): "input"})
        found = self.matcher.search(call.began, siblings, []).find(call.inputs)
        if found is None:
            return own
        return self._filled(found, call.inputs, own)

    def _filled(self, found: Origin, value: Any, own: Origin) -> Origin:
        """What was found, and for the parts for which nothing was, this."""
        inner = None if found.parts is None else self.ledger.opened(value)
        if found.parts is None or inner is None:
            return found
        known = found.parts
        return Origin(
            found.own, {key: self._filled(known[key], inner[key], own) if key in known else own for key in inner}
        )

    def _matched_output(self, scope: Call) -> Origin:
        return self.match_output(scope, scope.output)

    def match_output(self, scope: Call, value: Any) -> Origin:
        """Where what a scope's code returned came from; what it computed came from what was left over in it."""
        given = self.given_to(scope)
        children = [child for child in self.children[scope] if child.succeeded]
        found = self.matcher.search(scope.ended or 0, children, given, is_output=True).find(value)
        if not found:
            return self.sinks(children) or given[0].origin
        if found.parts is None or not isinstance(value, dict):
            return found
        computed = [key for key in value if key not in found.parts and isinstance(value[key], (str, int, float))]
        return Origin(found.own, {**found.parts, **dict.fromkeys(computed, self.sinks(children))})

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
        return [link.source for link in self.linked(node)]

    def linked(self, node: Call) -> list[Link]:
        """`links`, worked out once."""
        known = self._links.get(node)
        if known is None:
            self._links[node] = []  # while it is worked out, for a call that leads to itself
            known = self._links[node] = self.links(node)
        return known
