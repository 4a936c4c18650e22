"""Where the inputs of programs came from, of which a run may hold several: turns of a conversation, steps of a script.

What calls them is nobody's code that was recorded, so what stands in their input is compared with what earlier ones
were given and gave. What is new in it has the input itself as its source.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from trace_core.recording.call import Call
from trace_core.recording.ledger import Origin, unchanged
from trace_core.recording.matching import Given
from trace_core.recording.searching import Search

if TYPE_CHECKING:
    from trace_core.recording.flow import Flow


class Programs:
    """The outermost calls of a flow."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._inputs: dict[int, list[Call]] = {}
        self._roots: dict[Call, Call] = {}

    def input_of(self, root: Call) -> Call:
        """What stands for a program's input; the same object that went into several is one input."""
        key = id(root) if root.given is None else id(root.given)
        same = self._inputs.setdefault(key, [])
        for given in same:
            if unchanged(given.output, root.inputs):
                return given
        given = Call(("input", root.id), None, "input", "input", None, root.began)
        given.end(root.given, root.began)
        given.output = root.inputs
        same.append(given)
        self._roots[given] = root
        return given

    def origin_of(self, given: Call) -> Origin:
        """Where an input came from: itself, for what is new in it."""
        root = self._roots.get(given)
        if root is None:
            owner = next((flow for flow in self._flow.earlier if given in flow._programs._roots), None)
            return Origin({given: "input"}) if owner is None else owner.origin_out(given)
        for earlier in self._flow.children[None]:  # in order, so that no chain of turns is followed in one go
            if earlier is root:
                break
            self._flow.origin_in(earlier)
        return self._flow.origin_in(root)

    def origin_in(self, root: Call) -> Origin:
        """Where what a program was given came from: parts of it from what was called before, the rest is new."""
        flow = self._flow
        own = Origin({self.input_of(root): "input"})
        roots = flow.children[None]
        before = [Given(each.inputs, partial(flow.origin_in, each)) for each in roots[: roots.index(root)]]
        held = flow.held([other for other in roots if other is not root])
        found = Search(flow.matcher, root.began, held, []).find(root.inputs)
        again = flow.matcher.repeated(root.inputs, before)
        if again is not None:
            found = again.over(found)
        if found is not None and all(source.kind == "input" for source in found.sources):
            found = _without_plain(found, root.inputs)  # such a setting was given once more
        return own if found is None else self._filled(found, root.inputs, own)

    def _filled(self, found: Origin, value: Any, own: Origin) -> Origin:
        """What was found, and for the parts for which nothing was, this."""
        inner = None if found.parts is None else self._flow.ledger.opened(value)
        if found.parts is None or inner is None:
            return found
        known = found.parts
        return Origin(
            found.own, {key: self._filled(known[key], inner[key], own) if key in known else own for key in inner}
        )


def _without_plain(found: Origin, value: Any) -> Origin | None:
    """What was found, but for texts and numbers in a dict."""
    if isinstance(value, (str, int, float)):
        return None
    if found.parts is None or not isinstance(value, dict):
        return found
    parts = {key: part for key, each in found.parts.items() if (part := _without_plain(each, value[key]))}
    return Origin(found.own, parts) if parts or found.own else None
