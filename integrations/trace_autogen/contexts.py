"""Where the messages that a model was sent came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from autogen_agentchat.messages import BaseChatMessage
from autogen_core.models import AssistantMessage, FunctionExecutionResultMessage, SystemMessage

from trace_autogen.rendered import rendered
from trace_autogen.said import Said, answer, latest, says
from trace_core.recording import Call, Origin
from trace_core.recording.searching import Search

if TYPE_CHECKING:
    from trace_autogen.flow import AutoGenFlow


class Contexts:
    """The contexts of a flow's models.

    Args:
        flow: the flow.
        said: what was said in it, and in earlier turns of the conversation, the latest first.
    """

    def __init__(self, flow: AutoGenFlow, said: Sequence[Said]) -> None:
        self._flow = flow
        self._said = said

    def origin(self, call: Call, parent: Call | None) -> Origin:
        """Where each message of a request came from; the last is looked for first, since contexts drop old ones."""
        parts: dict[Any, Origin] = {}
        taken: set[int] = set()
        system = 0 if parent is None else len(parent.details.get("system", ()))
        for index in reversed(range(len(call.inputs))):
            message = call.inputs[index]
            if isinstance(message, SystemMessage) and index < system:
                continue  # the agent's own, which is a parameter or a constant
            found = self._known(message)
            if found is None:
                found = self._new(message, call, parent, taken)
                self._said[0].known[id(message)] = found
            parts[index] = found
        return Origin(parts=dict(sorted(parts.items())))

    def _known(self, message: Any) -> Origin | None:
        for said in self._said:
            if id(message) in said.known:
                return said.known[id(message)]
        return None

    def _new(self, message: Any, call: Call, parent: Call | None, taken: set[int]) -> Origin:
        """A message that no earlier request had."""
        if isinstance(message, AssistantMessage) and isinstance(message.content, list):
            asked = [self._by_identity("asked", each, call) for each in message.content]
            return Origin({source: "identity" for source in asked if source is not None})
        if isinstance(message, FunctionExecutionResultMessage):
            return Origin({source: why for each in message.content for source, why in self._result(each, call)})
        found = self._equal(message, call, parent, taken)
        if found is None:
            found = self._made_of(message, call, parent)
        keeps_one = parent is not None and parent.details.get("sends_its_context")
        if found is None and keeps_one and not isinstance(message, SystemMessage):
            return Origin({self._context(message, call): "input"})
        return found or Origin()

    def _by_identity(self, kind: str, value: Any, call: Call) -> Call | None:
        for said in self._said:
            found = latest(getattr(said, kind).get(id(value), ()), call.began)
            if found is not None:
                return found
        return None

    def _result(self, result: Any, call: Call) -> Iterable[tuple[Call, str]]:
        found = self._by_identity("results", result, call)
        if found is not None:
            return [(found, "identity")]
        by_id = (latest(said.results_by_id.get(result.call_id, ()), call.began) for said in self._said)
        return [(tool, "tool_call_id") for tool in by_id if tool is not None][:1]

    # --- messages that are made anew of others

    def _equal(self, message: Any, call: Call, parent: Call | None, taken: set[int]) -> Origin | None:
        """The message of the chat, or the model's answer, that a message of the context was made of."""
        content, source = message.content, getattr(message, "source", None)
        for candidates in self._candidates(message, call, parent):
            for value, origin in candidates:
                if id(value) in taken:
                    continue
                said = answer(value) == content if isinstance(value, Call) else says(value, source, content)
                if said:
                    taken.add(id(value))
                    return origin()
        return None

    def _candidates(
        self, message: Any, call: Call, parent: Call | None
    ) -> Iterable[Iterable[tuple[Any, Callable[[], Origin]]]]:
        """What a message may have been made of: the nearest first, of the same kind the latest."""
        if isinstance(message, AssistantMessage):
            yield self._answers(call, parent)
        thread = call.details.get("thread")
        given = thread if thread is not None else parent.inputs if parent is not None else None
        messages = [each for each in given or () if isinstance(each, BaseChatMessage)]
        yield [(each, partial(self._flow.of_chat, each, parent)) for each in reversed(messages)]
        if not isinstance(message, SystemMessage):
            yield from self._spoken(call)
            yield self._flow.tasks_of(self._flow.before)

    def _spoken(self, call: Call) -> Iterable[Iterable[tuple[BaseChatMessage, Callable[[], Origin]]]]:
        for said in self._said:
            spoken = [(each, by) for each, by in reversed(said.messages) if (by.ended or 0) < call.began]
            yield [(each, partial(self._because_equal, by)) for each, by in spoken]

    def kept(self, turn: Call) -> dict[Any, Origin]:
        """Where what an agent without a context kept of its conversation, and sends again, came from."""
        parts = {}
        for index, item in enumerate(turn.details.get("kept", ())):
            texts = [text for _, text in self._flow.matcher.parts_of(item.get("content")).texts]
            told = chain(*self._spoken(turn), self._flow.tasks_of([self._flow, *self._flow.before]))
            found = next((origin for message, origin in told if message.to_model_text() in texts), None)
            if found is not None:
                parts["kept", index] = found().because("equal")
        return parts

    def _answers(self, call: Call, parent: Call | None) -> Iterable[tuple[Any, Callable[[], Origin]]]:
        """What the models of the same agent said before."""
        name = None if parent is None else parent.name
        before = [
            other
            for other in self._flow.models()
            if (other.ended or 0) < call.began and other.succeeded and self._flow.speaker(other) == name
        ]
        return [(other, partial(Origin, {other: "equal"})) for other in reversed(before)]

    def _because_equal(self, maker: Call) -> Origin:
        return self._flow.origin_out(maker).because("equal")

    def _is_step(self, parent: Call | None) -> bool:
        return parent is not None and parent.details.get("is") == "step"

    def _made_of(self, message: Any, call: Call, parent: Call | None) -> Origin | None:
        """A text that was put together of others."""
        text = message.content
        if not isinstance(text, str):
            return None
        if self._is_step(parent):
            return rendered(self._flow, text, call, parent) or None
        if parent is None:
            return None
        near = self._flow.held([other for other in self._flow.children[parent] if other is not call])
        search = Search(self._flow.matcher, call.began, near, self._flow.given_to(parent))
        return search.find(text)

    def _context(self, message: Any, call: Call) -> Call:
        """What stands for a message that was in a context from the beginning; equal ones are one."""
        for said in self._said:
            for known in said.kept:
                if type(known.gave) is type(message) and known.gave == message:
                    return known
        given = Call(("context", id(message)), None, "input", "context", None, call.began)
        given.end(message, call.began)
        self._said[0].kept.append(given)
        return given
