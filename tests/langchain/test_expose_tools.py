"""Tools: which texts belong to which tool, wherever models are told of them, and whoever tells them."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import BaseTool, StructuredTool, tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import create_react_agent
from pydantic import BaseModel
from trace_langchain import NotExposed, Recorder, expose, unexpose

from tests.langchain.programs import Answering, Streaming, asks

HELLO = {"messages": [("user", "Hello")]}
TOOLS = ("tool_description", "argument_description")


def listening(**settings: Any) -> Streaming:
    return Streaming(answer=lambda _: "heard", sent=[], **settings)


def search(description: str = "Old.", name: str = "search") -> StructuredTool:
    def find(query: str) -> str:
        return query

    return StructuredTool.from_function(find, name=name, description=description)


def told(model: Answering) -> str:
    """What the model was told last of its first tool."""
    return str(model.sent[-1]["tools"][0]["function"]["description"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tools_of_one_name_in_two_agents_have_their_own_texts() -> None:
    models = {"a": listening(), "b": listening()}
    team = {name: create_react_agent(model, [search(f"Old {name}.")]) for name, model in models.items()}
    parameters = expose(team, kinds="tool_description")
    assert list(parameters) == ["a.search.description", "b.search.description"]
    parameters["a.search.description"].set("New a.")
    with parameters.candidate({"b.search.description": "Try b."}):
        for agent in team.values():
            agent.invoke(HELLO)
    assert {name: told(model) for name, model in models.items()} == {"a": "New a.", "b": "Try b."}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tools_that_say_the_same_belong_to_the_nearest_agent() -> None:
    models = {"a": listening(), "b": listening()}
    team = {name: create_react_agent(model, [search()]) for name, model in models.items()}
    expose(team, kinds="tool_description")["a.search.description"].set("New.")
    for agent in team.values():
        agent.invoke(HELLO)
    assert {name: told(model) for name, model in models.items()} == {"a": "New.", "b": "Old."}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_program_that_is_exposed_later_is_written_to_as_well() -> None:
    shared, first, second = search(), listening(), listening()
    one, two = create_react_agent(first, [shared]), create_react_agent(second, [shared])
    parameter = expose(one, kinds="tool_description")["search.description"]
    parameter.set("New.")
    later = expose(two, kinds="tool_description")
    assert later["search.description"] is parameter
    two.invoke(HELLO)
    assert told(second) == "New."
    parameter.set("Newer.")
    recorder = Recorder()
    with later.candidate({"search.description": "Try."}) as candidate:
        two.invoke(HELLO, {"callbacks": [recorder]})
    candidate.verify(recorder.last.output)
    assert told(second) == "Try."
    for agent in (one, two):
        agent.invoke(HELLO)
    assert [told(first), told(second)] == ["Newer.", "Newer."]


def test_a_bound_model_and_its_tool_exposed_in_turn_share_a_parameter() -> None:
    tool, model = search(), listening()
    chain = RunnableLambda(str) | model.bind_tools([tool])
    [before] = expose(chain, kinds="tool_description").values()
    [after] = expose([chain, tool], kinds="tool_description").values()
    assert after is before
    after.set("New.")
    assert tool.description == "New."
    chain.invoke("Hello")
    assert told(model) == "New."
    tool.description = "Mine."
    assert after.data == "Mine."


def test_a_tool_that_was_exposed_alone_is_tried_in_an_agent_by_several_candidates_at_once() -> None:
    tool, model, other = search(), listening(), listening()
    expose(tool, kinds="tool_description")
    agent, unexposed = create_agent(model, [tool]), create_agent(other, [tool])
    parameters = expose(agent, kinds="tool_description")

    async def one(number: int) -> None:
        with parameters.candidate({"search.description": f"Try {number}."}):
            await agent.ainvoke(HELLO)

    async def several() -> None:
        await asyncio.gather(*(one(number) for number in range(4)))

    asyncio.run(several())
    assert sorted(sent["tools"][0]["function"]["description"] for sent in model.sent) == [
        f"Try {number}." for number in range(4)
    ]
    unexposed.invoke(HELLO)
    assert told(other) == "Old."


def looping(model: Any, tools: list[Any]) -> Any:
    """The usual loop of a graph: the tools are bound at each call."""

    def call(state: MessagesState) -> dict[str, Any]:
        return {"messages": [model.bind_tools(tools).invoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node(call)
    graph.add_edge(START, "call")
    return graph.compile()


def test_tools_that_a_node_binds_at_each_call() -> None:
    model, recorder = listening(), Recorder()
    program = looping(model, [search()])
    parameters = expose(program, kinds=TOOLS)
    [name] = [name for name in parameters if name.endswith("description")]
    parameter = parameters[name]
    program.invoke(HELLO, {"callbacks": [recorder]})
    assert parameter in {*recorder.last.graph.parameters}
    recorder.last.output.backward("say what it finds")
    assert parameter.feedback

    model.sent.clear()

    async def one(number: int) -> None:
        with parameters.candidate({name: f"Try {number}."}) as candidate, recorder.run() as run:
            await program.ainvoke(HELLO, {"callbacks": [recorder]})
        candidate.verify(run.output)

    async def several() -> None:
        await asyncio.gather(*(one(number) for number in range(8)))

    asyncio.run(several())
    assert sorted(sent["tools"][0]["function"]["description"] for sent in model.sent) == [
        f"Try {number}." for number in range(8)
    ]
    program.invoke(HELLO)
    assert told(model) == "Old."


def test_an_argument_that_a_node_binds_at_each_call() -> None:
    model, tool = listening(), search()
    program = looping(model, [tool])
    parameters = expose(program, kinds="argument_description")
    [name] = parameters
    schema = tool.args_schema
    with parameters.candidate({name: "in English"}):
        program.invoke(HELLO)
    assert model.sent[-1]["tools"][0]["function"]["parameters"]["properties"]["query"]["description"] == "in English"
    assert tool.args_schema is schema
    program.invoke(HELLO)
    assert "description" not in model.sent[-1]["tools"][0]["function"]["parameters"]["properties"]["query"]


def test_running_a_tool_is_no_use_of_its_descriptions() -> None:
    @tool
    def weather(city: str) -> str:
        """The weather in a city."""
        return f"Sunny in {city}."

    answers = iter([asks(("weather", {"city": "Rome"})), "done"])
    agent = create_agent(Streaming(answer=lambda _: next(answers), sent=[]), [weather])
    expose(agent, kinds=TOOLS)
    recorder = Recorder()
    agent.invoke(HELLO, {"callbacks": [recorder]})
    reads = {node.op: node.values.keys() for node in recorder.last.graph.nodes if hasattr(node, "op")}
    assert {"weather_tool_description", "weather_city_description"} <= set(reads["llm"])
    assert not any("description" in key for key in reads["tool"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_parameters_live_as_long_as_what_they_are_of() -> None:
    agent = create_react_agent(listening(), [search()], prompt="Old.")
    made = expose(agent, kinds=["system_prompt", *TOOLS])
    made["search.description"].set("New.")
    made["agent.system_prompt"].set("New.")
    del made
    again = expose(agent, kinds=["system_prompt", *TOOLS])
    assert {name: len(parameter.history) for name, parameter in again.items() if parameter.data} == {
        "search.description": 2,
        "agent.system_prompt": 2,
    }


# --- forms in which providers are sent tools


class Anthropic(Streaming):
    """Sends tools as Anthropic's models do."""

    def bind_tools(self, tools: Any, **settings: Any) -> Runnable[Any, Any]:
        sent = []
        for each in tools:
            schema = each.tool_call_schema.model_json_schema()
            sent.append({"name": each.name, "description": each.description, "input_schema": schema})
        return self.bind(tools=sent, **settings)


@pytest.mark.parametrize("with_tool", [True, False])
def test_tools_in_anthropics_form(with_tool: bool) -> None:
    tool, model = search(), Anthropic(answer=lambda _: "heard", sent=[])
    bound = model.bind_tools([tool])
    parameters = expose([bound, tool] if with_tool else bound, kinds=TOOLS)
    assert list(parameters) == ["search.description", "search.query"]
    parameters["search.query"].set("in English")
    bound.invoke("Hello")
    assert model.sent[-1]["tools"][0]["input_schema"]["properties"]["query"]["description"] == "in English"
    with parameters.candidate({"search.query": "in French"}):
        bound.invoke("Hello")
    assert model.sent[-1]["tools"][0]["input_schema"]["properties"]["query"]["description"] == "in French"


def test_tools_in_googles_form() -> None:
    properties = {"query": {"type": "string"}}
    one = {"name": "search", "description": "Old.", "parameters": {"type": "object", "properties": properties}}
    model = listening()
    bound = model.bind(tools=[{"function_declarations": [one, {**one, "name": "look"}]}])
    parameters = expose(bound, kinds=TOOLS)
    assert list(parameters) == ["search.description", "search.query", "look.description", "look.query"]
    parameters.set({"look.description": "New.", "search.query": "in English"})
    bound.invoke("Hello")
    [sent] = model.sent[-1]["tools"]
    assert [each["description"] for each in sent["function_declarations"]] == ["Old.", "New."]
    queries = [each["parameters"]["properties"]["query"] for each in sent["function_declarations"]]
    assert [query.get("description") for query in queries] == ["in English", None]


def test_a_tool_in_an_unknown_form_is_named() -> None:
    bound = listening().bind_tools([search()]).bind(temperature=0.1)
    bound.kwargs["tools"].append({"type": "web_search_9"})
    with pytest.warns(NotExposed, match="web_search_9: what the model was bound to is no description"):
        assert list(expose(bound, kinds=TOOLS)) == ["search.description", "search.query"]


# --- first values, names, schemas


def test_tools_without_a_description() -> None:
    class Quiet(BaseTool):
        name: str = "quiet"
        description: str = ""

        def _run(self) -> str:
            return ""

    class Place(BaseModel):
        city: str

    undescribed = listening().bind(tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}])
    structured = listening().bind_tools([Place])
    parameters = expose({"a": Quiet(), "b": undescribed, "c": structured}, kinds="tool_description")
    assert {name: parameter.data for name, parameter in parameters.items()} == {
        "a.quiet.description": "",
        "b.f.description": "",
        "c.Place.description": "",
    }
    parameters.set(dict.fromkeys(parameters, "New."))
    assert undescribed.kwargs["tools"][0]["function"]["description"] == "New."  # type: ignore[attr-defined]


def test_arguments_that_are_called_as_what_a_tool_has() -> None:
    def note(description: str, code: str, text: str) -> str:
        return description + code + text

    made = StructuredTool.from_function(note, name="note", description="Takes a note.")
    assert list(expose(made, kinds=(*TOOLS, "code"))) == [
        "note.description",
        "note.args.description",
        "note.args.code",
        "note.text",
        "note.code",
    ]


def test_a_schema_is_made_of_the_original_one() -> None:
    tool = search()
    original = tool.args_schema
    parameter = expose(tool, kinds="argument_description")["search.query"]
    parameter.set("in English")
    parameter.set("in French")
    made: Any = tool.args_schema
    assert made.__bases__ == (original,)
    assert (made.__name__, made.__module__) == (original.__name__, original.__module__)  # type: ignore[union-attr]
    parameter.revert()
    parameter.revert()
    assert tool.args_schema is original


class Query(BaseModel):
    """What is looked for."""

    query: str


def test_a_made_schema_is_stored_as_the_original_and_its_texts() -> None:
    tool = StructuredTool.from_function(lambda query: query, name="search", description="Old.", args_schema=Query)
    expose(tool, kinds="argument_description")["search.query"].set("in French")
    stored: Any = pickle.loads(pickle.dumps(tool.args_schema))
    assert stored.model_fields["query"].description == "in French"
    assert stored.__bases__ == (Query,)


def test_a_schema_is_the_users_own_again_when_its_texts_are() -> None:
    tool = search()
    original = tool.args_schema
    parameters = expose(tool, kinds=TOOLS)
    parameters["search.query"].set("in English")
    parameters["search.query"].set("")
    unexpose(parameters)
    assert tool.args_schema is original
    assert type(tool) is StructuredTool
