"""Copies of exposed objects: those that a candidate uses, those that a running program makes, those of the user."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, SystemMessage
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.runnables import ConfigurableField, RunnableLambda
from langchain_core.tools import StructuredTool
from trace_langchain import Recorder, expose, unexpose

from tests.langchain.programs import Streaming
from trace_core import ParameterSet


class Noting(Streaming):
    """Notes all its settings, in a list that its copies share."""

    note: Callable[[dict[str, Any]], None]

    def _message(self, messages: list[BaseMessage], settings: dict[str, Any]) -> AIMessage:
        self.note({"messages": messages, **self.model_dump(include={"temperature", "max_tokens"}), **settings})
        return AIMessage("heard")


def listening(**settings: Any) -> Noting:
    sent: list[dict[str, Any]] = []
    made = Noting(answer=str, note=sent.append, **settings)
    made.sent = sent
    return made


def partial_of_a_chat_prompt(model: Noting) -> tuple[Any, Any]:
    prompt = ChatPromptTemplate([SystemMessage("Old"), ("human", "{x} {y}")])
    return prompt, lambda x: model.invoke(prompt.partial(y="Y").invoke({"x": x}))


def partial_of_a_template(model: Noting) -> tuple[Any, Any]:
    prompt = PromptTemplate.from_template("Old {x} {y}")
    return prompt, lambda x: model.invoke(prompt.partial(y="Y").invoke({"x": x}))


def sum_of_templates(model: Noting) -> tuple[Any, Any]:
    prompt = PromptTemplate.from_template("Old {x}")
    return prompt, lambda x: model.invoke((prompt + " Y").invoke({"x": x}))


def sum_of_chat_prompts(model: Noting) -> tuple[Any, Any]:
    prompt = ChatPromptTemplate([SystemMessage("Old"), ("human", "{x}")])
    return prompt, lambda x: model.invoke((prompt + " Y").invoke({"x": x}))


def copied(model: Noting) -> tuple[Any, Any]:
    prompt = PromptTemplate.from_template("Old {x}")
    return prompt, lambda x: model.invoke(copy.copy(prompt).invoke({"x": x}))


def kept(model: Noting) -> tuple[Any, Any]:
    """A copy that is made in the first run and used in later ones."""
    prompt, known = PromptTemplate.from_template("Old {x} {y}"), []

    def run(x: str) -> Any:
        if not known:
            known.append(prompt.partial(y="Y"))
        return model.invoke(known[0].invoke({"x": x}))

    return prompt, run


def bound_again(model: Noting) -> tuple[Any, Any]:
    bound = model.bind(temperature=0.1)
    return bound, lambda x: bound.bind(stop=["."]).invoke(x)


def configured(model: Noting) -> tuple[Any, Any]:
    speaks = model.model_copy(update={"temperature": 0.1, "max_tokens": 7})
    choice = speaks.configurable_fields(max_tokens=ConfigurableField("max_tokens"))
    return speaks, lambda x: choice.with_config(configurable={"max_tokens": 8}).invoke(x)


def text(sent: dict[str, Any]) -> str:
    return " ".join(str(message.content) for message in sent["messages"])


def temperature(sent: dict[str, Any]) -> Any:
    return sent["temperature"]


PROGRAMS = {
    "chat partial": (
        partial_of_a_chat_prompt,
        "prompt.system",
        text,
        "Old x Y",
        ("Try", "Try x Y"),
        ("New", "New x Y"),
    ),
    "partial": (partial_of_a_template, "prompt", text, "Old x Y", ("Try {x} {y}", "Try x Y"), ("{x} {y}", "x Y")),
    "sum": (sum_of_templates, "prompt", text, "Old x Y", ("Try {x}", "Try x Y"), ("New {x}", "New x Y")),
    "chat sum": (sum_of_chat_prompts, "prompt.system", text, "Old x  Y", ("Try", "Try x  Y"), ("New", "New x  Y")),
    "copy": (copied, "prompt", text, "Old x", ("Try {x}", "Try x"), ("New {x}", "New x")),
    "kept": (kept, "prompt", text, "Old x Y", ("Try {x} {y}", "Try x Y"), ("New {x} {y}", "New x Y")),
    "bound": (bound_again, "temperature", temperature, 0.1, (0.9, 0.9), (0.5, 0.5)),
    "configured": (configured, "temperature", temperature, 0.1, (0.9, 0.9), (0.5, 0.5)),
}


@pytest.mark.parametrize("row", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_copy_that_a_running_program_makes_uses_the_parameters(row: Any) -> None:
    make, name, seen, old, candidate, new = row
    model, recorder = listening(), Recorder()
    owner, function = make(model)
    program = RunnableLambda(function)
    parameters = expose(owner, kinds="all")
    parameter = parameters[name]

    def run(expected: Any) -> None:
        program.invoke("x", {"callbacks": [recorder]})
        assert seen(model.sent[-1]) == expected
        assert parameter in {*recorder.last.graph.parameters}

    run(old)
    with parameters.candidate({name: candidate[0]}) as tried:
        run(candidate[1])
    tried.verify(recorder.last.output)
    run(old)
    parameter.set(new[0])
    run(new[1])


def test_what_was_changed_in_a_copy_is_left() -> None:
    prompt = PromptTemplate.from_template("Old {x}")
    parameters = expose(prompt)

    def run(x: str) -> str:
        mine = copy.copy(prompt)
        mine.template = "Mine {x}"
        return str(mine.format(x=x))

    with parameters.candidate({"prompt": "Try {x}"}):
        assert RunnableLambda(run).invoke("y") == "Mine y"


def test_a_candidates_copy_has_what_else_was_written_since() -> None:
    model = listening(temperature=0.1, max_tokens=7)
    parameters = expose(model, kinds="setting")
    with parameters.candidate({"temperature": 0.9}):
        model.invoke("x")
        model.max_tokens = 8
        model.invoke("x")
    assert [(sent["temperature"], sent["max_tokens"]) for sent in model.sent] == [(0.9, 7), (0.9, 8)]


def test_copies_are_compared_as_what_they_are_of() -> None:
    def prompt() -> PromptTemplate:
        return PromptTemplate.from_template("Old {x}")

    exposed, plain = prompt(), prompt()
    expose(exposed)
    assert exposed == plain
    assert plain == exposed
    assert exposed == copy.copy(exposed) == pickle.loads(pickle.dumps(exposed))
    other = prompt()
    expose(other)
    assert exposed == other
    other.template = "Mine {x}"
    assert exposed != other


def test_copies_of_tools_are_plain() -> None:
    made = StructuredTool.from_function(lambda query: str(query), name="search", description="Old.")
    parameters = expose(made, kinds="tool_description")
    copies = [copy.copy(made), made.model_copy(), copy.deepcopy(made)]
    with parameters.candidate({"search.description": "Try."}):
        assert made.description == "Try."
        assert [each.description for each in copies] == ["Old."] * 3
        assert "Old." in repr(made)
    assert {type(each) for each in copies} == {StructuredTool}
    assert made == copies[0]


def test_an_old_set_puts_nothing_back_that_is_a_newer_ones() -> None:
    prompt = PromptTemplate.from_template("Old {x}")
    old = expose(prompt)
    unexpose(old)
    new = expose(prompt)
    unexpose(old)
    assert expose(prompt)["prompt"] is new["prompt"]


async def test_every_way_to_call_a_bound_model_sees_a_candidate() -> None:
    model, recorder = listening(), Recorder()
    bound = model.bind(temperature=0.1)
    parameters = expose(bound, kinds="setting")
    config: Any = {"callbacks": [recorder]}
    with parameters.candidate({"temperature": 0.9}) as candidate:
        list(bound.batch_as_completed(["x", "y"], config))
        [each async for each in bound.abatch_as_completed(["x", "y"], config)]
        [each async for each in bound.astream_events("x", config, version="v2")]
    assert [sent["temperature"] for sent in model.sent] == [0.9] * 5
    for run in recorder.runs:
        candidate.verify(run.output)
    assert isinstance(parameters, ParameterSet)
