"""What a newcomer tries first works, or says what was expected."""

import pytest

from trace_core import Module, OptoPrime, ReplayChat, bundle, node


@bundle(trainable=True)
def double(x):
    return x


def test_a_bundle_or_a_module_stands_for_its_parameters() -> None:
    class Agent(Module):
        def __init__(self) -> None:
            self.rules = node("be brief", trainable=True)

    assert list(OptoPrime(double, ReplayChat([])).parameters) == ["double.code"]
    assert list(OptoPrime(Agent(), ReplayChat([])).parameters) == ["rules"]


def test_a_model_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-for-this-test")
    assert repr(OptoPrime(double, "openai:some-model").llm).startswith("OpenAIChat('some-model'")


def test_a_step_takes_a_batch() -> None:
    with pytest.raises(TypeError, match="a Batch of outputs and feedback is expected, not str"):
        OptoPrime(double, ReplayChat([])).step("too bad")


def test_feedback_that_is_none_says_what_feedback_is() -> None:
    with pytest.raises(ValueError, match="not a list; feedback is text, a number"):
        double(1).backward([1])
