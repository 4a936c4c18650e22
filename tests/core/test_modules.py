"""Modules: the parameters that a class holds, by attribute path."""

import copy
import dataclasses

import pytest

from trace_core import Module, ParameterNode, bundle, model, node


class Inner(Module):
    def __init__(self):
        self.prompt = node("be brief", trainable=True)

    def forward(self, text):
        return self.prompt + text


class Outer(Module):
    def __init__(self):
        self.named = node(1, trainable=True, name="given")
        self.parts = [Inner(), {"deep": Inner()}]
        self.again = self.parts[0]
        self.constant = node(3)

    @bundle(trainable=True)
    def clean(self, text):
        return text.strip()

    @bundle
    def plain(self, text):
        return text

    @staticmethod
    @bundle(trainable=True)
    def static(text):
        return text

    @classmethod
    @bundle(trainable=True)
    def of_class(cls, text):
        return text

    def forward(self, text):
        return self.parts[0](self.clean(text))


def test_parameters_are_named_by_their_attribute_path_and_listed_once():
    outer = Outer()
    assert list(outer.parameters()) == [
        "given",
        "parts.0.prompt",
        "parts.1.deep.prompt",
        "clean.code",
        "static.code",
        "of_class.code",
    ]
    assert all(isinstance(parameter, ParameterNode) for parameter in outer.parameters().values())
    assert outer.parameters() == outer.parameters()


def test_the_call_is_forward_and_feedback_reaches_what_it_used():
    outer = Outer()
    outer("  hi ").backward("bad")
    reached = [name for name, parameter in outer.parameters().items() if parameter.feedback]
    assert reached == ["parts.0.prompt", "clean.code"]


def test_a_module_without_forward_says_so():
    with pytest.raises(TypeError, match="Module has no forward"):
        Module()()


def test_modules_that_hold_each_other_are_listed_once():
    one, other = Inner(), Inner()
    one.other, other.one = other, one
    assert list(one.parameters()) == ["prompt", "other.prompt"]


def test_instances_do_not_share_parameters():
    assert not {p.id for p in Inner().parameters().values()} & {p.id for p in Inner().parameters().values()}


def test_a_deep_copy_has_parameters_of_its_own_with_the_same_values():
    outer = Outer()
    outer.clean.code.set("def clean(self, text):\n    return text.lower()")
    twin = copy.deepcopy(outer)
    assert list(twin.parameters()) == list(outer.parameters())
    assert twin.clean(" A ").data == " a "
    twin.parts[0].prompt.set("other")
    assert outer.parts[0].prompt.data == "be brief"
    assert twin.again is twin.parts[0]


def test_a_shallow_copy_shares_parameters():
    inner = Inner()
    assert copy.copy(inner).prompt is inner.prompt


def test_save_and_load_bring_the_values_back(tmp_path):
    inner, other = Inner(), Inner()
    inner.prompt.set("learned")
    inner.save(tmp_path / "inner.json")
    other.load(tmp_path / "inner.json")
    assert other.prompt.data == "learned"


def test_model_gives_a_class_that_cannot_inherit_what_a_module_has():
    class Base:
        def __init__(self, start):
            self.start = start

    @model
    class Agent(Base):
        """An agent."""

        def __init__(self):
            super().__init__(5)
            self.style = node("terse", trainable=True)

        def forward(self, x):
            return self.style + x

    agent = Agent()
    assert isinstance(agent, Module)
    assert isinstance(agent, Base)
    assert (Agent.__name__, Agent.__doc__, agent.start) == ("Agent", "An agent.", 5)
    assert list(agent.parameters()) == ["style"]
    assert agent("!").data == "terse!"


def test_model_works_on_a_dataclass():
    @model
    @dataclasses.dataclass
    class Settings:
        style: ParameterNode

    assert list(Settings(node("terse", trainable=True)).parameters()) == ["style"]


def test_a_parameter_keeps_the_path_that_it_was_listed_under_first():
    outer = Outer()
    names = list(outer.parameters())
    assert "parts.0.prompt" in names
    outer.parts[0].parameters()
    assert list(outer.parameters()) == names


class Upper(Module):
    @bundle(trainable=True)
    def clean(self, text):
        return text.upper()


@bundle(trainable=True)
def shorten(text):
    return text[:3]


def test_a_bundle_may_be_called_through_its_class():
    upper = Upper()
    upper.clean.code.set(upper.clean.code.data.replace("upper", "lower"))
    assert Upper.clean(upper, "aB") == "ab"
    assert Upper.clean(Upper(), "aB") == "AB"
    with pytest.raises(TypeError, match="needs an instance"):
        Upper.clean()


def test_a_bundle_that_a_class_takes_over_stays_what_it_was():
    class Agent(Module):
        tool = shorten

        def __init__(self):
            self.text = node("a", trainable=True)

    assert shorten("abcd") == "abc"
    assert list(shorten.parameters()) == ["shorten.code"]
    assert "tool.code" in Agent().parameters()
