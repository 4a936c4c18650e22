"""Trainable methods: what of `self` rewritten code may use."""

import pytest

from tests.core.code.trainable import call, reason, refusal, rewritten
from trace_core.code import TrainableCode
from trace_core.errors import SandboxedError


class Agent:
    kind = "agent"

    def __init__(self, prompt, items=()):
        self.prompt = prompt
        self._secret = "s"
        self.__hidden = "h"
        self.items = list(items)
        self.calls = 0
        self.friend = None

    @property
    def loud(self):
        return self.prompt.upper()

    def ask(self, question):
        self.calls += 1
        return f"{self.prompt}{question}"

    def _quiet(self, x):
        return x.lower()

    def answer(self, question):
        return f"{self.ask(question)} {self._secret} {self.__hidden} {self.kind} {self.loud} {self._quiet('Q')}"

    def depth(self, n):
        return 0 if n == 0 else self.depth(n - 1)

    def befriend(self, x):
        return (self.friend.prompt if self.friend else "") + x

    def tell(self, x):
        return show(self) + x

    def remember(self, x):
        self.items.append(x)
        return self.items

    def count(self):
        self.calls += 1
        return self.calls

    @classmethod
    def make(cls, prompt):
        return cls(prompt).kind + cls.kind

    @staticmethod
    def shout(text):
        return text.upper()


def show(agent):
    return f"<{agent.prompt}>"


class TestMethods:
    def test_self_has_the_attributes_and_methods_that_the_source_used(self):
        agent = Agent("p")
        assert call(Agent.answer, 'return f"', 'return f"new {self._secret}', agent, "q") == "new spq s h agent P q"
        assert agent.calls == 1

    def test_other_attributes_of_self_are_refused(self):
        text = "def answer(self, question):\n    return self.items"
        assert reason(Agent.answer, text).startswith("line 2: self.items cannot be used; of self, use only _")

    def test_attributes_cannot_be_reached_by_another_way(self):
        for way in ("getattr(self, 'it' + 'ems')", "(me := self).items", "[self][0].items", "self.friend.calls"):
            with pytest.raises(SandboxedError) as caught:
                call(Agent.befriend, "return ", f"x = {way}\n    return ", Agent("p"), "x")
            assert isinstance(caught.value.original, AttributeError)

    def test_objects_in_attributes_have_the_attributes_that_the_source_used(self):
        agent = Agent("p")
        agent.friend = Agent("other ")
        assert call(Agent.befriend, "+ x", "+ x + x", agent, "x") == "other xx"
        agent.friend = agent
        assert call(Agent.befriend, "+ x", "+ x + x", agent, "x") == "pxx"

    def test_self_given_to_a_function_of_the_program_is_the_object_itself(self):
        assert call(Agent.tell, "show(self) + x", "show(self) + x + show(self)", Agent("p"), "-") == "<p>-<p>"

    def test_recursion_of_a_method_stays_in_its_sandbox(self):
        agent = Agent("p")
        assert call(Agent.depth, "self.depth(n - 1)", "1 + self.depth(n - 1)", agent, 200) == 200

    def test_each_instance_may_have_its_own_text(self):
        code, first = rewritten(Agent.befriend, "+ x", "+ x + '1'")
        _, second = rewritten(Agent.befriend, "+ x", "+ x + '2'")
        assert code.call(first, (Agent("a"), "x"), {}) == "x1"
        assert code.call(second, (Agent("b"), "x"), {}) == "x2"

    def test_a_method_that_changes_self_is_refused(self):
        assert "changes self.items in place" in refusal(Agent.remember)
        assert "changes self in place" in refusal(Agent.count)

    def test_a_text_must_not_change_self(self):
        text = "def befriend(self, x):\n    self.friend = x\n    return x"
        assert "must not be changed in place" in reason(Agent.befriend, text)

    def test_classmethods(self):
        code, text = rewritten(Agent.make, "+ cls.kind", "+ cls.kind + '!'")
        assert code.call(text, (Agent, "p"), {}) == "agentagent!"
        assert TrainableCode(Agent.__dict__["make"]).source == code.source

    def test_staticmethods(self):
        code, text = rewritten(Agent.__dict__["shout"], "text.upper()", "text.lower()")
        assert code.call(code.source, ("Ab",), {}) == "AB"
        assert code.call(text, ("Ab",), {}) == "ab"
