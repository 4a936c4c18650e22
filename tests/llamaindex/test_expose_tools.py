"""Tools: what models are told of them, and their code; settings of retrievers and models."""

from __future__ import annotations

import asyncio
import functools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.agent.workflow import CodeActAgent, FunctionAgent
from llama_index.core.schema import TextNode
from llama_index.core.tools import BaseTool, FunctionTool, ToolMetadata
from llama_index.core.workflow import Context
from pydantic import BaseModel, Field
from trace_llamaindex import NotExposed, NothingToLearn, Recorder, expose, unexpose

from tests.llamaindex.programs import Shelf, index
from tests.llamaindex.rows import PAGES, add, execute, kb, telling
from trace_core.errors import InvalidValue

pytestmark = [pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")]

FACTOR = 10
ADDED = "def add(a: int, b: int) -> int:\n    return a + b"
LATER = "async def later(a: int) -> int:\n    return a * 3"


@pytest.fixture(autouse=True)
def no_loop() -> None:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open


async def later(a: int) -> int:
    """Triple a number."""
    return a * 2


def scaled(a: int) -> int:
    """Multiply by the factor."""
    return a + FACTOR


def tool(function: Any = add, **options: Any) -> FunctionTool:
    return FunctionTool.from_defaults(function, **options)


def code_of(tool: Any, **options: Any) -> Any:
    [parameter] = expose(tool, kinds="code", **options).values()
    return parameter


def test_where_nothing_is_found_code_is_among_what_there_is() -> None:
    has = "it has argument_description, code, tool_description"
    with pytest.raises(NothingToLearn, match=f"no prompt or system_prompt was found in FunctionTool; {has}"):
        expose(tool())


# --- what models are told


def test_what_is_told_of_a_tool_by_itself() -> None:
    parameters = expose(tool(), name="x", kinds=["tool_description", "argument_description"])
    assert list(parameters) == ["x.tools.add.description", "x.tools.add.a", "x.tools.add.b"]
    assert [parameters[name].data for name in list(parameters)[1:]] == ["the first", ""]


def test_names_and_schemas_stay_as_they_are() -> None:
    made = tool()
    before = made.metadata.to_openai_tool()["function"]
    parameters = expose(made, name="x", kinds=["tool_description", "argument_description"])
    parameters.set({"x.tools.add.description": "Take away.", "x.tools.add.a": "", "x.tools.add.b": "the second"})
    after = made.metadata.to_openai_tool()["function"]
    assert (after["name"], after["description"]) == ("add", "Take away.")
    assert "description" not in after["parameters"]["properties"]["a"]
    assert after["parameters"]["properties"]["b"].pop("description") == "the second"
    assert before["parameters"]["properties"]["a"].pop("description") == "the first"
    assert after["parameters"] == before["parameters"]


def test_a_schema_that_is_shared_is_not_written_to() -> None:
    class Numbers(BaseModel):
        a: int = Field(description="the first")
        b: int

    made = tool(fn_schema=Numbers)
    parameters = expose(made, name="x", kinds="argument_description")
    parameters["x.tools.add.a"].set("the other")
    assert Numbers.model_fields["a"].description == "the first"
    assert made.metadata.fn_schema is not Numbers
    parameters["x.tools.add.a"].revert()
    assert made.metadata.fn_schema is Numbers


def test_arguments_called_as_what_else_there_is() -> None:
    def search(description: str, code: str) -> str:
        """Search."""
        return description + code

    names = list(expose(tool(search), name="x", kinds=["tool_description", "argument_description"]))
    assert names == ["x.tools.search.description", "x.tools.search.args.description", "x.tools.search.args.code"]


def test_a_description_that_is_made_anew_each_time_is_not_offered() -> None:
    class Dated(BaseTool):
        @property
        def metadata(self) -> ToolMetadata:
            return ToolMetadata("What day it is.", name="dated")

        def __call__(self, input: Any) -> Any:
            return None

    with pytest.raises(NothingToLearn, match="a Dated makes its description anew each time"):
        expose(Dated(), kinds="tool_description")


def test_code_act_shows_its_model_the_function_and_calls_no_tool() -> None:
    agent = CodeActAgent(code_execute_fn=execute, llm=telling(), tools=[add])
    assert list(expose(agent, name="x", kinds="all", exclude="*.model.*")) == ["x.code_act_agent.system_prompt"]
    with pytest.raises(NothingToLearn, match="a CodeActAgent does not call its tools"):
        expose(agent, kinds=["code", "tool_description"])


def test_a_router_tells_of_no_arguments() -> None:
    from tests.llamaindex.rows import routed

    names = [name for name in expose(routed().target, name="x", kinds="all") if ".tools.kb." in name]
    assert "x.tools.kb.description" in names
    assert "x.tools.kb.input" not in names


def test_a_tool_that_two_agents_have_has_one_parameter() -> None:
    shared = tool()
    agents = [FunctionAgent(name=name, llm=telling(), tools=[shared]) for name in ("anna", "bert")]
    assert list(expose(agents, kinds="tool_description")) == ["anna.tools.add.description"]


# --- code


def test_rewritten_code_is_called_and_awaited() -> None:
    made = tool()
    code = code_of(made)
    code.set(ADDED)
    assert made.call(a=2, b=3).raw_output == 5
    assert asyncio.run(made.acall(a=2, b=3)).raw_output == 5
    assert made.real_fn(2, 3) == 5
    code.revert()
    assert made.call(a=2, b=3).raw_output == asyncio.run(made.acall(a=2, b=3)).raw_output == -1


def test_the_code_of_an_awaited_function() -> None:
    made = tool(later)
    code_of(made).set(LATER)
    assert asyncio.run(made.acall(a=2)).raw_output == 6
    assert made.call(a=2).raw_output == 6


def test_a_tool_of_two_functions_has_a_code_for_each() -> None:
    made = FunctionTool.from_defaults(fn=scaled, async_fn=later, name="both")
    parameters = expose(made, kinds="code")
    assert list(parameters) == ["tools.both.code", "tools.both.async_code"]
    parameters["tools.both.async_code"].set(LATER)
    assert made.call(a=2).raw_output == 12
    assert asyncio.run(made.acall(a=2)).raw_output == 6


class Scales:
    """What a tool's methods belong to."""

    factor = 3

    def scale(self, a: int) -> int:
        """Multiply by the factor."""
        return a + self.factor

    async def later(self, a: int) -> int:
        """Multiply by the factor."""
        return a + self.factor


@pytest.mark.parametrize("name", ["scale", "later"])
def test_the_code_of_a_method(name: str) -> None:
    scales = Scales()
    made = tool(getattr(scales, name))
    code = code_of(made)
    assert "self.factor" in code.data
    code.set(code.data.replace("+", "*"))
    assert made.call(a=2).raw_output == asyncio.run(made.acall(a=2)).raw_output == 6
    scales.factor = 5
    assert made.call(a=2).raw_output == 10
    code.revert()
    assert made.call(a=2).raw_output == 7


def test_a_function_that_two_tools_have_is_one_parameter() -> None:
    tools = [tool(name="one"), tool(name="two")]
    code_of(tools).set(ADDED)
    assert [made.call(a=2, b=3).raw_output for made in tools] == [5, 5]


def test_candidates_of_code_in_threads() -> None:
    made = tool()
    parameters = expose(made, kinds="code")

    def tried(number: int) -> Any:
        with parameters.candidate({"tools.add.code": ADDED.replace("a + b", f"a + b + {number}")}):
            return made.call(a=2, b=3).raw_output

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(tried, range(8))) == [5 + number for number in range(8)]
    assert made.call(a=2, b=3).raw_output == -1


def test_rewritten_code_uses_the_names_that_the_function_used_and_no_others() -> None:
    made = tool(scaled)
    code = code_of(made)
    code.set("def scaled(a: int) -> int:\n    return a * FACTOR")
    assert made.call(a=2).raw_output == 20
    with pytest.raises(InvalidValue):
        code.set("import os\ndef scaled(a: int) -> int:\n    return os.getpid()")


def test_native_code_may_do_all() -> None:
    made = tool()
    code_of(made, learned_code="native").set(
        "def add(a: int, b: int) -> int:\n    import math\n    return math.prod([a, b])"
    )
    assert made.call(a=2, b=3).raw_output == 6


def test_a_function_that_takes_the_context_needs_native_code() -> None:
    async def remember(ctx: Context, fact: str) -> str:
        """Remember a fact."""
        await ctx.store.set("fact", fact)
        return fact

    remember.__annotations__["ctx"] = Context
    made = tool(remember)
    assert made.requires_context
    with pytest.raises(NothingToLearn, match="it takes the workflow's context"):
        expose(made, kinds="code")


def test_what_is_no_def_is_not_offered() -> None:
    with pytest.raises(NothingToLearn, match="it is no def"):
        expose(tool(functools.partial(add, 1), name="partial", description="."), kinds="code")
    with pytest.raises(NothingToLearn, match="only the code of a FunctionTool is learned"):
        expose(kb(telling()), kinds="code")


def test_learned_code_is_taken_out() -> None:
    made = tool()
    held = [made.fn, made.async_fn, made.real_fn]
    parameters = expose(made, kinds="code")
    parameters["tools.add.code"].set(ADDED)
    unexpose(parameters)
    assert all(one is other for one, other in zip(held, [made.fn, made.async_fn, made.real_fn], strict=True))
    assert type(made) is FunctionTool


def test_a_run_says_which_code_a_tool_had() -> None:
    made = tool()
    parameters = expose(made, kinds="code")
    recorder = Recorder()
    with parameters.candidate({"tools.add.code": ADDED}) as candidate, recorder.run() as run:
        made.call(a=2, b=3)
    candidate.verify(run.output)
    assert run.graph.read(parameters["tools.add.code"]).value == ADDED


# --- settings


def test_how_many_a_retriever_finds() -> None:
    retriever = index(*PAGES).as_retriever(similarity_top_k=2)
    parameter = expose(retriever, name="x", kinds="setting")["x.similarity_top_k"]
    parameter.set("3")
    assert len(retriever.retrieve("go")) == 3
    assert retriever.similarity_top_k == 3
    retriever.similarity_top_k = 1
    assert parameter.data == 1


def test_bm25_is_asked_for_no_more_than_there_are() -> None:
    bm25 = pytest.importorskip("llama_index.retrievers.bm25")
    nodes = [TextNode(text=text) for text in PAGES]
    retriever = bm25.BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=2)
    parameter = expose(retriever, name="x", kinds="setting")["x.similarity_top_k"]
    parameter.set(3)
    assert len(retriever.retrieve("whales")) == 3
    with pytest.raises(InvalidValue):
        parameter.set(4)


def test_a_setting_that_others_would_refuse_stays_possible() -> None:
    llm = telling()
    llm.max_tokens = -1
    parameter = expose(llm, name="x", kinds="setting")["x.max_tokens"]
    parameter.set(5)
    parameter.set(-1)
    with pytest.raises(InvalidValue):
        parameter.set(-2)


def test_what_has_no_settings() -> None:
    with pytest.raises(NothingToLearn):
        expose(Shelf(*PAGES), kinds="setting")


def test_tools_that_are_found_by_their_descriptions_are_left() -> None:
    from llama_index.core.embeddings import MockEmbedding
    from llama_index.core.objects import ObjectIndex

    tools = ObjectIndex.from_objects([tool()], embed_model=MockEmbedding(4))
    agent = FunctionAgent(llm=telling(), tool_retriever=tools.as_retriever(), system_prompt="Be brief.")
    with pytest.warns(NotExposed, match="its tools are found by what their descriptions said"):
        expose(agent, kinds=["system_prompt", "tool_description"])
