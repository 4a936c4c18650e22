"""How data went from call to call, worked out from what was recorded.

A pure function of the calls: `Flow` knows what holds in every framework (values that are identical, equal or within one
another), an adapter's subclass what its framework's structure says. Calls that do something are nodes; those that only
hold others or choose between them are scopes, and what comes out of a scope came out of the nodes in it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from trace_core.recording.call import Call, Link, ParameterRead
from trace_core.recording.callers import constants
from trace_core.recording.ledger import Ledger, Origin
from trace_core.recording.likeness import has_new_numbers
from trace_core.recording.matching import Given, Matcher
from trace_core.recording.programs import Programs
from trace_core.recording.searching import CONSTANT, Search


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
        self._links: dict[Call, list[Link]] = {}
        self._constants: dict[Call, frozenset[str]] = {}
        self._programs = Programs(self)
        self.matcher = Matcher(ledger, self.origin_out, self.recognised, self._parent_of)
        for call in (*self._owner, *calls):
            ledger.copied([(call.inputs, call.given), (call.output, call.gave), *call.copies])
        for call in calls:
            self.children[self.parent(call)].append(call)
        self._enter()
        for flow in earlier:
            flow.keep_only(earlier)

    def keep_only(self, earlier: Sequence[Flow]) -> None:
        """Let go of turns that the recorder no longer keeps."""
        kept = {id(flow) for flow in earlier}
        self.earlier = [flow for flow in self.earlier if id(flow) in kept]
        self._owner = {call: flow for call, flow in self._owner.items() if id(flow) in kept}

    def _enter(self) -> None:
        """Enter into the ledger what calls gave, and what programs were given before others were called."""
        roots = self.children[None]
        inputs = [self.input_of(root) for root in roots] if len(roots) > 1 else []
        inputs += [flow.input_of(root) for flow in self.earlier for root in flow.children[None]]
        known = [call for call in (*self._owner, *self.by_id.values(), *inputs) if call.succeeded or self._failed(call)]
        for call in sorted(known, key=lambda call: call.ended or 0):
            passed_on: set[int] = set()
            if call.kind == "function" and call not in self._owner and not self.children[call]:
                passed_on = {id(self.ledger.original(part)) for _, part in self.ledger.parts(call.inputs)}
            elif call.kind == "input" or (call.kind == "tool" and call not in self._owner):
                passed_on = self.known_before(call)
            self.ledger.add(call, passed_on)

    def _failed(self, call: Call) -> bool:
        """Whether it is a node that raised: code around it may go on with what the error says."""
        return call.error is not None and self._owner.get(call, self).is_node(call)

    def _parent_of(self, call: Call) -> Call | None:
        return self._owner.get(call, self).parent(call)

    def scopes(self) -> dict[Call, list[str]]:
        """The calls around each call that hold others, by name and from the outermost on; itself too, if it does.

        Of several of one name in the same place, further ones are numbered: `step`, `step[1]`.
        """
        scopes: dict[Call, list[str]] = {}
        to_visit: list[tuple[Call | None, list[str]]] = [(None, [])]
        while to_visit:
            scope, around = to_visit.pop()
            counts: Counter[str] = Counter()
            for call in self.children.get(scope, ()):
                name = f"{call.name}[{counts[call.name]}]" if counts[call.name] else call.name
                counts[call.name] += 1
                scopes[call] = [*around, name] if self.children.get(call) else around
                to_visit.append((call, scopes[call]))
        return scopes

    def known_before(self, call: Call) -> set[int]:
        """The ids of objects in what a call gave that were there before it began."""
        parts = [part for _, part in self.ledger.parts(call.output)]
        return {id(self.ledger.original(part)) for part in parts if self.ledger.identical(part, call.began)}

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
        for source in self._inside(call):
            links.setdefault(source, Link(source, "inside", "inside"))
        return list(links.values())

    def _inside(self, node: Call) -> list[Call]:
        """The calls in a node from which what it gave came: its own code is learned, and calls others."""
        if not self.children[node]:
            return []
        below = {inner for child in self.children[node] for inner in self.nodes_in(child)}
        origin = self._scope_output(node) if node.succeeded else self.sinks(self.children[node])
        return [source for source in origin.sources if source in below]

    def input_of(self, root: Call) -> Call:
        """What stands for the input of an outermost call."""
        return self._programs.input_of(root)

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
        """Where what a call gave came from."""
        if call.kind == "input":
            return self._programs.origin_of(call)
        if call in self._owner:
            return self._owner[call].origin_out(call)
        known = self._out.get(call)
        if known is None:
            self._out[call] = Origin()
            known = self._out[call] = Origin({call: "identity"}) if self.is_node(call) else self._scope_output(call)
        return known

    def _scope_output(self, scope: Call) -> Origin:
        known = self.structural_output(scope)
        return self._matched_output(scope) if known is None else known

    def given_to(self, scope: Call) -> list[Given]:
        """What a scope's code was given: its input, and what else an adapter knows of."""
        return [Given(scope.inputs, lambda: self.origin_in(scope))]

    def held(self, calls: Iterable[Call]) -> list[Call]:
        """What code that made these calls got from them: those that ended, and the nodes in others that raised."""
        held = []
        for call in calls:
            if call.succeeded:
                held.append(call)
            elif call.error is not None:
                held += [node for node in self.nodes_in(call) if node.error is not None]
        return held

    def _matched_input(self, call: Call, parent: Call | None) -> Origin:
        siblings = [other for other in self.children[parent] if other is not call]
        if parent is None:
            return self._programs.origin_in(call)
        if isinstance(call.inputs, (dict, list)) and not call.inputs:
            return Origin()
        given = self.given_to(parent)
        iterated = self.matcher.iterated(call, siblings, given)
        if iterated is not None:
            return iterated
        before = [other for other in siblings if other.succeeded and (other.ended or 0) < call.began]
        left_over = lru_cache(maxsize=1)(lambda: self.sinks(before))
        search = Search(
            self.matcher,
            call.began,
            self.held(siblings),
            given,
            left_over=lambda: left_over().sources,
            constants=self.constants(parent),
        )
        texts = [text for each in given for _, text in self.matcher.parts_of(each.value).texts]
        unknown = self._without_counters(call, siblings)
        found = self._computed(unknown, search.find(call.inputs), texts, left_over)
        if found is not None and (found or self._is_constant(found, call.inputs)):
            return found
        return given[0].origin.because("input")

    def is_called_by_code(self, call: Call, parent: Call) -> bool:
        """Whether code of the user's stands between a call and the one inside which it ran."""
        around = {caller.run for caller in parent.callers}
        return bool(call.callers) and call.callers[0].run not in around

    def constants(self, scope: Call) -> frozenset[str]:
        """The texts in a scope's own code, as far as it is known: a hook saw it call something."""
        if scope not in self._constants:
            theirs = {caller.run for caller in scope.callers}  # what called the scope is not its own code
            around = [each for child in self.children[scope] for each in child.callers if each.run not in theirs]
            self._constants[scope] = constants({id(each.code): each for each in around}.values())
        return self._constants[scope]

    def _is_constant(self, found: Origin, value: Any) -> bool:
        """Whether it is known of every part that it came from nowhere."""
        if found is CONSTANT:
            return True
        inner = None if found.parts is None else self.ledger.opened(value)
        known = found.parts or {}
        return bool(inner) and all(
            key in known and self._is_constant(known[key], item) for key, item in (inner or {}).items()
        )

    def _without_counters(self, call: Call, siblings: Iterable[Call]) -> Any:
        """What went in, without numbers that count such calls: one more than the last one's."""
        last = [other.inputs for other in siblings if other.name == call.name and other.began < call.began][-1:]
        if not isinstance(call.inputs, dict) or not last or not isinstance(last[0], dict):
            return call.inputs
        return {key: item for key, item in call.inputs.items() if not _is_next(item, last[0].get(key))}

    def _computed(
        self, value: Any, found: Origin | None, known: Sequence[str], left_over: Callable[[], Origin]
    ) -> Origin | None:
        """What was found, and for what plain Python computed, what went nowhere else so far.

        That is a number, a text with a number that was not there before, or an object of another kind. A text that is
        like nothing before is most likely a constant.
        """
        if isinstance(value, dict):
            parts = dict(found.parts or {}) if found is not None else {}
            if found is not None and found.parts is None:
                return found
            for key, item in value.items():
                if key not in parts and isinstance(item, (str, int, float)) and not isinstance(item, bool):
                    computed = self._computed(item, None, known, left_over)
                    if computed is not None:
                        parts[key] = computed
            return Origin(None if found is None else found.own, parts) if parts else None
        if found is not None or isinstance(value, list):
            return found
        if isinstance(value, str) and not has_new_numbers(value, known):
            return None
        return left_over() or None

    def _matched_output(self, scope: Call) -> Origin:
        return self.match_output(scope, scope.output)

    def match_output(self, scope: Call, value: Any) -> Origin:
        """Where what a scope's code returned came from; what it computed came from what was left over in it."""
        given = self.given_to(scope)
        held = self.held(self.children[scope])
        children = [child for child in held if child.succeeded or scope.error is not None]
        search = Search(self.matcher, scope.ended or 0, held, given, is_output=True, constants=self.constants(scope))
        found = search.find(value)
        if not found:
            return self.sinks(children) or given[0].origin
        if found.parts is None or not isinstance(value, dict):
            return found
        # A word that stands in the code was chosen there, most likely by what was left over.
        known = {key: part for key, part in found.parts.items() if part is not CONSTANT}
        computed = [key for key in value if key not in known and isinstance(value[key], (str, int, float))]
        return Origin(found.own, {**known, **dict.fromkeys(computed, self.sinks(children))})

    def sinks(self, children: Sequence[Call]) -> Origin:
        """What came out of calls and went into none of the others that have ended."""
        nodes = [node for child in children for node in self.nodes_in(child)]
        ended = [node for node in nodes if node.succeeded or node.error is not None]
        taken = {source for node in ended for source in self._sources(node)}
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


def _is_next(number: Any, before: Any) -> bool:
    return type(number) is int and type(before) is int and number == before + 1
