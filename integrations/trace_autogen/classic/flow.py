"""Where the inputs of AG2's calls came from: who sent each message that a model saw, and where that one was made.

Chats, replies, messages and selections are scopes; models and tools are nodes, and a reply that plain code made.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from trace_autogen.classic.conversations import Key
from trace_autogen.classic.sent import Sent, is_same, text_of, tools_in
from trace_core.recording import Call, Flow, Ledger, Link, Origin
from trace_core.recording.call import ParameterRead
from trace_core.recording.searching import Search

_ARGUMENTS = {"llm": "messages", "reply": "messages", "tool": "input"}


class ClassicFlow(Flow):
    """`Flow` with what AG2's messages say."""

    def __init__(self, calls: Sequence[Call], ledger: Ledger, earlier: Sequence[Flow] = ()) -> None:
        self._before = [flow for flow in earlier if isinstance(flow, ClassicFlow)]
        self._all = [call for flow in self._before for call in flow.calls] + list(calls)
        self._sent = Sent(self._all)
        super().__init__(calls, ledger, earlier)

    def keep_only(self, earlier: Sequence[Flow]) -> None:
        """Let go of turns that the recorder no longer keeps."""
        super().keep_only(earlier)
        self._before = [flow for flow in self._before if any(flow is kept for kept in earlier)]
        self._all = [call for flow in self._before for call in flow.calls] + list(self.calls)
        self._sent = Sent(self._all)

    # --- what the calls are

    def is_node(self, call: Call) -> bool:
        """Whether the call does something itself; a reply does, where no model and no tool made it."""
        if call.kind != "reply":
            return call.kind in ("llm", "tool")
        made = call.succeeded and bool(call.output) and not call.details.get("is_default")
        return made and not any(self.nodes_in(child) for child in self.children[call])

    def reads_of(self, node: Call) -> list[ParameterRead]:
        """What a node read of parameters, also what was read for the introductions that it was shown."""
        reads = super().reads_of(node)
        for keys, message in zip(node.details.get("keys", ()), node.details.get("messages", ()), strict=True):
            sent = self._sent.introduction(keys, message, node)
            reads += [read for read in (sent.reads if sent else ()) if all(read[1] is not known[1] for known in reads)]
        return reads

    def arguments(self, call: Call, origin: Origin) -> Iterable[tuple[str, Origin]]:
        """What went in, under one name."""
        return [(_ARGUMENTS.get(call.kind, "input"), origin)]

    def links(self, call: Call) -> list[Link]:
        """What a node took in, and which model chose who speaks."""
        links = super().links(call)
        known = {link.source for link in links}
        return links + [
            Link(model, "selected_by", "selection", "control") for model in self._choosers(call) if model not in known
        ]

    def _choosers(self, call: Call) -> list[Call]:
        found = []
        while (parent := self.parent(call)) is not None:
            before = [each for each in self.children[parent] if each.began < call.began and each.kind == "select"]
            if call.kind == "reply" and before and before[-1].gave is call.details["agent"]:
                found += [node for node in self.nodes_in(before[-1]) if node.succeeded][-1:]
            call = parent
        return found

    # --- where inputs came from

    def structural_input(self, call: Call, parent: Call | None) -> Origin | None:
        """What the messages say that a call was given."""
        if call.kind in ("llm", "reply"):
            messages, keys = call.details["messages"], call.details["keys"]
            origins = (self._of_seen(at, message, call) for at, message in zip(keys, messages, strict=True))
            seen: dict[Hashable, Origin] = dict(enumerate(origins))
            last = dict(list(seen.items())[-1:])
            return Origin(parts=last if call.kind == "reply" and self.is_node(call) else seen)
        if call.kind == "tool":
            return self._asked_by(call, parent)
        if call.kind == "run":
            return self._begun_with(call, parent)
        return Origin() if call.kind in ("message", "select", "chats") else None

    def _begun_with(self, chat: Call, parent: Call | None) -> Origin:
        """What a chat was begun with: a text, and what came out of the chats before it that it is told of."""
        if parent is None:
            given = self._programs.origin_in(chat)
        elif parent.kind == "chats" or chat.details["is_constant"]:
            given = Origin({self.input_of(chat): "input"})
        else:
            given = self._put_together(chat, chat.inputs)
        before = [other for other in self.children[parent] if other.succeeded and (other.ended or 0) < chat.began]
        carried = Origin()
        for text in chat.details["carried"]:
            told = [other for other in before if getattr(other.gave, "summary", None) == text]
            carried = carried | self.origin_out(told[-1]).because("carryover") if told else carried
        return given | carried if carried else given

    def _put_together(self, begun: Call, said: Any) -> Origin:
        """Where code had what it said to an agent, or to its model.

        What is like nothing that was there is an input where code began a chat, or asked an agent; what is added to a
        chat that goes on counts as what it was begun with.
        """
        parent = self.parent(begun)
        beside = [other for other in self.children[parent] if other is not begun]
        before = [other for other in beside if other.succeeded and (other.ended or 0) < begun.began]
        search = Search(
            self.matcher,
            begun.began,
            self.held(beside),
            [] if parent is None else self.given_to(parent),
            left_over=lambda: self.sinks(before).sources,
        )
        found = search.find(text_of(said))
        if found:
            return Origin(found.sources)
        if parent is None or _is_begun_by_code(begun):
            return Origin({self.input_of(begun): "input"})
        around = self._around(parent)
        return self.origin_in(next((each for each in around if _is_begun_by_code(each)), around[-1]))

    def held(self, calls: Iterable[Call]) -> list[Call]:
        """What code got from calls: also what agents said to each other in them, which anyone may read."""
        calls = list(calls)
        said = [message for call in calls for message in self._messages_in(call) if call.kind != "message"]
        return [*super().held(calls), *(message for message in said if message.details["made_in"] is not None)]

    def _around(self, call: Call) -> list[Call]:
        """A call and those inside which it ran, the innermost first."""
        around = [call]
        while (parent := self.parent(around[-1])) is not None:
            around.append(parent)
        return around

    def _of_seen(self, keys: Sequence[Key], message: Any, call: Call) -> Origin:
        """Where a message came from that a model, or an agent, was shown."""
        sent = self._sent.seen(keys, message, call)
        if sent is not None:
            return self.origin_out(sent).because("message")
        reply = self.parent(call)
        asked = reply.details["messages"] if reply is not None and reply.kind == "reply" else ()
        index = next((i for i, each in enumerate(asked) if each is message), None)
        if reply is not None and index is not None:
            return self.origin_in(reply).at(index)
        if not text_of(message) or self._is_told_by_ag2(self._around(call)):
            return Origin()
        return self._put_together(call, message)

    def _is_told_by_ag2(self, around: Sequence[Call]) -> bool:
        """Whether AG2 wrote it: for the agent that selects, or for the model that sums a chat up."""
        is_summary = [call.kind for call in around[:2]] == ["llm", "run"]
        return is_summary or any(call.kind == "select" for call in around)

    def sent_to(self, keys: Sequence[Key], message: Any) -> Call | None:
        """The message of this run that stands at one of these places."""
        for sent in reversed(self.calls):
            if any(key in keys for key in sent.details.get("places", ())) and is_same(sent.output, message):
                return sent
        return None

    def _asked_by(self, tool: Call, parent: Call | None) -> Origin | None:
        """The model that asked for a tool: the last that named its id, else what the reply around it was given last."""
        id_of = tool.details["tool_call_id"]
        for model in reversed(self._all) if id_of is not None else ():
            if model.kind == "llm" and model.began < tool.began and id_of in tools_in(model.gave):
                return self.origin_out(model).because("tool_call_id")
        return None if parent is None or parent.kind != "reply" else self._last_of(parent)

    def _last_of(self, reply: Call) -> Origin:
        messages = reply.details["messages"]
        return self._of_seen(reply.details["keys"][-1], messages[-1], reply) if messages else Origin()

    # --- where outputs came from

    def structural_output(self, scope: Call) -> Origin | None:
        """What a message carries, a reply was made of, and a chat ended with."""
        if scope.kind == "message":
            return self._carried(scope)
        if scope.kind == "reply":
            return self._replied(scope)
        if scope.kind == "run":
            return self._ended_with(scope)
        if scope.kind == "chats":
            return self.sinks(self.children[scope])
        if scope.kind == "tool":  # which asked agents
            return None
        models = self.nodes_in(scope)[-1:]
        return Origin(dict.fromkeys(models, "identity"))

    def _carried(self, message: Call) -> Origin:
        """Where a message came from; a hook may have changed what was said."""
        return _as_said(self._made_of(message), message.output)

    def _made_of(self, message: Call) -> Origin:
        made_in = next((call for call in self._all if call.id == message.details["made_in"]), None)
        if made_in is not None:
            return self.origin_out(made_in)
        if message.details["passed_on"]:
            return self._of_seen(message.details["passed_on"], message.output, message)
        around = self.parent(message)
        if around is None:
            return Origin({self.input_of(message): "input"})
        return self.origin_in(around) if around.kind == "run" else Origin()

    def _replied(self, reply: Call) -> Origin:
        said = reply.gave
        if not said or reply.details.get("is_default"):
            return Origin()
        inside = [call for call in self.children[reply] if call.kind in ("llm", "tool")]
        for model in reversed(inside):
            if model.kind == "llm" and (model.gave is said or model.gave == said):
                return Origin({model: "identity"})
        tools = [call for call in inside if call.kind == "tool"]
        if tools and _is_of_tools(said):
            return Origin(dict.fromkeys(tools, "tool_call_id"))
        return _as_said(self._matched_output(reply), said)

    def _ended_with(self, run: Call) -> Origin | None:
        """The model that wrote the summary, which is asked last, else the last message that came from somewhere."""
        models = [call for call in self.children[run] if call.kind == "llm" and call.succeeded]
        messages = self._messages_in(run)
        summary = getattr(run.gave, "summary", None)
        if models and summary and all(message.began < models[-1].began for message in messages):
            return _as_said(Origin({models[-1]: "identity"}), summary)
        ends = [(message, origin) for message in messages if (origin := self._carried(message))]
        if not ends:
            return None
        last, origin = ends[-1]
        if not summary or any(text_of(message.output) == summary for message in messages):
            return _as_said(origin, last.output)  # in a group chat, AG2 sums up what its manager said to the beginner
        return self._summed_up(run, messages, summary) or _as_said(origin, summary)

    def _summed_up(self, run: Call, messages: Sequence[Call], summary: Any) -> Origin | None:
        """The messages of which code made a summary; AG2's own is the last one without "TERMINATE"."""
        said = text_of(messages[-1].output)
        if isinstance(said, str) and said.replace("TERMINATE", "") == summary:
            return None
        found = Search(self.matcher, run.ended or 0, messages, self.given_to(run), is_output=True).find(summary)
        return Origin(found.sources).because("contains") if found else None

    def _messages_in(self, scope: Call) -> list[Call]:
        """The messages of a chat, without those of chats inside it."""
        found = []
        for child in self.children[scope]:
            found += [child] if child.kind == "message" else self._messages_in(child) if child.kind == "reply" else []
        return sorted(found, key=lambda call: call.began)


def _is_begun_by_code(call: Call) -> bool:
    """Whether it is a chat, or an agent is asked for a reply without one."""
    return call.kind == "run" or (call.kind == "reply" and call.details["sender"] is None)


def _as_said(origin: Origin, said: Any) -> Origin:
    """Where something came from that was said: the very words of its one source, or other ones."""
    sources = [source for source in origin.sources if source.succeeded]
    is_other = len(origin.sources) == len(sources) == 1 and text_of(said) and not is_same(sources[0].output, said)
    return origin.because("contains" if is_other else "identity")


def _is_of_tools(said: Any) -> bool:
    return isinstance(said, dict) and ("tool_responses" in said or said.get("role") in ("tool", "function"))
