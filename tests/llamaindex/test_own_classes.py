"""Objects whose classes have rules of their own: how they are set, copied, stored and made."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import threading
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.prompts import ChatPromptTemplate, PromptTemplate, RichPromptTemplate
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle
from llama_index.core.tools import FunctionTool, ToolMetadata
from pydantic import ConfigDict, Field, ValidationError
from trace_llamaindex import expose, unexpose

from tests.llamaindex.programs import Scripted, add
from tests.llamaindex.rows import telling

pytestmark = [pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")]


class Finding(BaseRetriever):
    """A retriever of the user's own, with the setting that many have."""

    def __init__(self, top_k: int = 2) -> None:
        super().__init__()
        vars(self)["similarity_top_k"] = top_k

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return []


class Stored(Finding):
    """One that says itself how it is copied and stored, since it holds what cannot be."""

    def __init__(self, top_k: int = 2) -> None:
        super().__init__(top_k)
        self.lock = threading.Lock()

    def __reduce__(self) -> Any:
        return type(self), (self.similarity_top_k,)


class Sealed(Finding):
    """One that lets nothing be set."""

    def __setattr__(self, name: str, value: Any) -> None:
        if "similarity_top_k" in vars(self):
            raise AttributeError(f"{name} stays as it is")
        super().__setattr__(name, value)


def top_k(retriever: Any) -> Any:
    [parameter] = expose(retriever, kinds="setting").values()
    return parameter


def test_an_object_that_lets_nothing_be_set() -> None:
    retriever = Sealed()
    parameter = top_k(retriever)
    parameter.set(5)
    assert retriever.similarity_top_k == 5
    with pytest.raises(AttributeError, match="similarity_top_k stays as it is"):
        retriever.similarity_top_k = 3
    unexpose([parameter])
    assert type(retriever) is Sealed


def test_a_model_that_is_frozen_stays_so() -> None:
    class Own(PromptTemplate):
        model_config = ConfigDict(frozen=True)

    template = Own("{a}")
    parameters = expose(template)
    parameters["prompt"].set("Only {a}")
    assert template.format(a=1) == "Only 1"
    with pytest.raises(ValidationError, match="frozen"):
        template.template = "Mine {a}"
    unexpose(parameters)
    assert type(template) is Own


def test_what_is_set_is_checked_as_the_class_says() -> None:
    class Own(Scripted):
        model_config = ConfigDict(validate_assignment=True)
        temperature: float = Field(0.5, ge=0, le=1)

    llm = Own()
    parameter = expose(llm, kinds="setting")["temperature"]
    with pytest.raises(ValidationError):
        llm.temperature = 7
    llm.temperature = 1
    assert parameter.data == 1


def test_a_slot_stays_where_it_is() -> None:
    class Own(Finding):
        __slots__ = ("extra",)

    retriever = Own()
    retriever.extra = 1
    parameter = top_k(retriever)
    parameter.set(5)
    assert (retriever.similarity_top_k, retriever.extra) == (5, 1)
    made = copy.copy(retriever)
    assert (type(made), made.similarity_top_k, made.extra) == (Own, 5, 1)


def test_a_class_is_not_told_of_a_subclass_that_is_none() -> None:
    told = []

    class Registered(Finding):
        def __init_subclass__(cls, *, kind: str) -> None:
            told.append(kind)

    class Own(Registered, kind="own"): ...

    top_k(Own()).set(3)
    assert told == ["own"]


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_what_says_itself_how_it_is_copied_is_asked(make: Any) -> None:
    retriever = Stored()
    parameter = top_k(retriever)
    parameter.set(5)
    made = make(retriever)
    assert (type(made), made.similarity_top_k) == (Stored, 5)
    parameter.set(6)
    assert made.similarity_top_k == 5


def test_what_gives_itself_as_its_copy_goes_on_being_learned() -> None:
    class Own(Scripted):
        def __deepcopy__(self, memo: Any = None) -> Any:
            return self

    llm = Own()
    parameter = expose(llm, kinds="setting")["temperature"]
    assert copy.deepcopy(llm) is llm
    parameter.set(0.1)
    with expose(llm, kinds="setting").candidate({"temperature": 0.2}):
        assert llm.temperature == 0.2


def test_what_is_made_of_the_class_of_a_learned_object_is_its_own() -> None:
    agent = FunctionAgent(llm=telling(), system_prompt="Be brief.")
    tool = FunctionTool.from_defaults(add)
    template = PromptTemplate("{a}")
    expose([agent, tool, template], kinds="all")
    assert type(agent)(llm=telling(), system_prompt="Be kind.").system_prompt == "Be kind."
    assert type(template)("{b}").format(b=1) == "1"
    replaced = dataclasses.replace(tool.metadata, description="Mine.")
    assert (type(replaced), replaced.description) == (ToolMetadata, "Mine.")


@pytest.mark.parametrize(
    "owner",
    [PromptTemplate("{a}"), ChatPromptTemplate([]), RichPromptTemplate("{{ a }}"), ToolMetadata("What.", "what")],
    ids=lambda owner: type(owner).__name__,
)
def test_a_pickle_can_be_read_without_this_package(owner: Any) -> None:
    if isinstance(owner, ChatPromptTemplate):
        owner = ChatPromptTemplate.from_messages([("user", "{a}")])
    expose(owner, kinds="all")
    assert b"trace" not in pickle.dumps(owner)
