"""How events go from step to step of a workflow: a step's event is the very object that another returned, or sent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from llama_index.core.workflow import Event, StopEvent

from trace_core.recording import Call, Origin
from trace_core.recording.matching import Given

if TYPE_CHECKING:
    from trace_llamaindex.flow import LlamaIndexFlow


def superseded(calls: Sequence[Call]) -> dict[Call, Call]:
    """Steps that ran again on the same work, each with the one that counts.

    The runtime runs a step that collects events, or waits for one, once more when another has come; what it did
    before is thrown away. So is a tool's call in which it waited.
    """
    last: dict[Any, Call] = {}
    by_work: dict[Call, Any] = {}
    for call in calls:
        work = call.details.get("work_item")
        if call.details.get("what") in ("step", "agent_step") and work is not None:
            by_work[call] = (call.parent, call.name, work)
            last[by_work[call]] = call
    again = {call: last[work] for call, work in by_work.items() if last[work] is not call and call.error is None}
    return {**again, **_called_again(calls, again)}


def _called_again(calls: Sequence[Call], steps: dict[Call, Call]) -> dict[Call, Call]:
    """The calls that broke off to wait, each with that of the same name in the step that went on."""
    waiting = [call for call in calls if call.details.get("waits")]
    by_id = {call.id: call for call in calls} if waiting else {}
    again = {}
    for call in waiting:
        step = by_id.get(call.parent)
        step = step if step is None else steps.get(step, step)
        later = [each for each in calls if each.began > call.began and by_id.get(each.parent) is step]
        later = [each for each in later if each.name == call.name and not each.details.get("waits")]
        if later:
            again[call] = later[0]
    return again


class Routing:
    """The events of workflows.

    Args:
        flow: the flow whose calls they are.
    """

    def __init__(self, flow: LlamaIndexFlow) -> None:
        self._flow = flow
        self._outside: dict[int, Call] = {}

    def input_of(self, step: Call, workflow: Call) -> Origin:
        """Where a step's events came from."""
        events = step.details["events"]
        if len(events) == 1:
            return self.of(events[0], step, workflow)
        return Origin(parts={i: self.of(event, step, workflow) for i, event in enumerate(events)})

    def given_to(self, step: Call) -> list[Given]:
        """A step's events."""
        events = step.details["events"]
        return [Given(events[0] if len(events) == 1 else events, partial(self._flow.origin_in, step))]

    def waited_for(self, tool: Call) -> Origin:
        """Where the events came from for which a tool waited that runs in a step."""
        step = self._flow.everything.get(tool.parent)
        origin = Origin()
        if step is not None:
            for event in step.details.get("waited", ()):
                origin = origin | self.of(event, step, None)
        return origin

    def of(self, event: Event, step: Call, workflow: Call | None) -> Origin:
        """Where an event came from: the step that made it, the start, or outside the workflow."""
        made = self.maker(event)
        if made is not None:
            producer, path = made
            origin = self._flow.origin_out(producer)
            return (origin if path is None else origin.at(path)).because("event")
        if workflow is not None and any(each is event for each in workflow.details["events"]):
            return self._flow.origin_in(workflow).because("input")
        return Origin({self._from_outside(event, step): "input"})

    def maker(self, event: Event) -> tuple[Call, int | None] | None:
        """The step that returned or sent an event, and its place among several."""
        return self._makers.get(id(event))

    @cached_property
    def _makers(self) -> dict[int, tuple[Call, int | None]]:
        makers: dict[int, tuple[Call, int | None]] = {}
        for call in self._flow.calls:
            if call.details["what"] == "step" and call.output is not None:
                makers[id(call.output)] = call, None
                several = call.output if isinstance(call.output, list) else ()
                makers.update((id(event), (call, index)) for index, event in enumerate(several))
        return makers

    def last_step(self, workflow: Call) -> Call | None:
        """The step that ended a workflow."""
        steps = self._flow.children[workflow]
        return next((s for s in reversed(steps) if isinstance(s.details.get("returned"), StopEvent)), None)

    def _from_outside(self, event: Event, step: Call) -> Call:
        """What stands for an event that no step made: a person answered."""
        known = self._outside.get(id(event))
        if known is None:
            name = ("input", step.id, id(event))
            known = self._outside[id(event)] = Call(name, None, "input", "input", None, step.began)
            known.end(event, step.began)
        return known
