"""Nodes and parameters stand wherever a value may: what is sent of them, and what they are in the graph."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel
from trace_openai import Recorder, trace_openai, untrace_openai

from tests.openai.api_server import ApiServer, asks, embeds, gives, says
from tests.openai.asking import APIS, CHAT, RESPONSE, WAYS, aask, ask, resource_of
from tests.openai.scenario import MODEL
from trace_core import MessageNode, Node, OptoPrime, ParameterSet, ReplayChat, bundle, node

Serve = Callable[..., ApiServer]

QUESTION = {"role": "user", "content": "What is an oak?"}
SCHEMA = {"name": "tree", "strict": True, "schema": {"type": "object", "properties": {}, "additionalProperties": False}}


def tool(description: Any = "Finds trees.", argument: Any = "Its name.") -> dict[str, Any]:
    """A tool for chat completions."""
    properties = {"name": {"type": "string", "description": argument}}
    schema = {"type": "object", "properties": properties, "required": ["name"], "additionalProperties": False}
    function = {"name": "find", "description": description, "strict": True, "parameters": schema}
    return {"type": "function", "function": function}


def responding(description: Any = "Finds trees.", argument: Any = "Its name.") -> dict[str, Any]:
    """The same for responses."""
    return {"type": "function", **tool(description, argument)["function"]}


def at(body: Any, *path: Any) -> Any:
    for key in path:
        body = body[key]
    return body


def asked(node: MessageNode) -> dict[str, tuple[Node, str]]:
    """The parents of a call's node with why they are, by argument; without the input."""
    told = zip(node.operation.arguments, node.parents, strict=True)
    return {argument.name: (parent, argument.why) for argument, parent in told if getattr(parent, "op", "") != "input"}


# Where a value stands, what it is, and as which argument the node counts.
PLACES: dict[str, tuple[str, Any, Callable[[Any], dict[str, Any]], tuple[Any, ...], str]] = {
    "system": (
        CHAT,
        "Be brief.",
        lambda value: {"messages": [{"role": "system", "content": value}, QUESTION]},
        ("messages", 0, "content"),
        "system",
    ),
    "content": (
        CHAT,
        "What is a fir?",
        lambda value: {"messages": [{"role": "user", "content": value}]},
        ("messages", 0, "content"),
        "user",
    ),
    "whole message": (
        CHAT,
        {"role": "developer", "content": "Be brief."},
        lambda value: {"messages": [value, QUESTION]},
        ("messages", 0),
        "developer",
    ),
    "all messages": (CHAT, [QUESTION], lambda value: {"messages": value}, ("messages",), "messages"),
    "part": (
        CHAT,
        {"type": "text", "text": "What is a fir?"},
        lambda value: {"messages": [{"role": "user", "content": [value]}]},
        ("messages", 0, "content", 0),
        "user",
    ),
    "text of a part": (
        CHAT,
        "What is a fir?",
        lambda value: {"messages": [{"role": "user", "content": [{"type": "text", "text": value}]}]},
        ("messages", 0, "content", 0, "text"),
        "user",
    ),
    "tools": (CHAT, [tool()], lambda value: {"messages": [QUESTION], "tools": value}, ("tools",), "tools"),
    "tool": (CHAT, tool(), lambda value: {"messages": [QUESTION], "tools": [value]}, ("tools", 0), "tools"),
    "tool's description": (
        CHAT,
        "Finds conifers.",
        lambda value: {"messages": [QUESTION], "tools": [tool(value)]},
        ("tools", 0, "function", "description"),
        "description",
    ),
    "argument's description": (
        CHAT,
        "In Latin.",
        lambda value: {"messages": [QUESTION], "tools": [tool(argument=value)]},
        ("tools", 0, "function", "parameters", "properties", "name", "description"),
        "description",
    ),
    "temperature": (
        CHAT,
        0.4,
        lambda value: {"messages": [QUESTION], "temperature": value},
        ("temperature",),
        "temperature",
    ),
    "response_format": (
        CHAT,
        {"type": "json_schema", "json_schema": SCHEMA},
        lambda value: {"messages": [QUESTION], "response_format": value},
        ("response_format",),
        "response_format",
    ),
    "part of response_format": (
        CHAT,
        SCHEMA,
        lambda value: {"messages": [QUESTION], "response_format": {"type": "json_schema", "json_schema": value}},
        ("response_format", "json_schema"),
        "response_format",
    ),
    "model": (CHAT, "gpt-4.1", lambda value: {"messages": [QUESTION], "model": value}, ("model",), "model"),
    "instructions": (
        RESPONSE,
        "Be brief.",
        lambda value: {"input": "What is an oak?", "instructions": value},
        ("instructions",),
        "instructions",
    ),
    "input": (RESPONSE, "What is a fir?", lambda value: {"input": value}, ("input",), "input"),
    "input's message": (RESPONSE, QUESTION, lambda value: {"input": [value]}, ("input", 0), "user"),
    "input's part": (
        RESPONSE,
        "What is a fir?",
        lambda value: {"input": [{"role": "user", "content": [{"type": "input_text", "text": value}]}]},
        ("input", 0, "content", 0, "text"),
        "user",
    ),
    "response's tool": (
        RESPONSE,
        "Finds conifers.",
        lambda value: {"input": "What is an oak?", "tools": [responding(value)]},
        ("tools", 0, "description"),
        "description",
    ),
}


@pytest.mark.parametrize("kind", ["node", "parameter"])
@pytest.mark.parametrize("place", PLACES)
def test_what_is_sent_and_what_the_node_is(place: str, kind: str, serve: Serve) -> None:
    api, value, arguments, path, name = PLACES[place]
    server, recorder = serve(says("A tree.")), Recorder()
    client = trace_openai(server.client(), recorder)
    given = node(value, trainable=kind == "parameter", name="given")
    resource_of(client, api).create(**{"model": MODEL, **arguments(given)})
    assert at(server.requests[-1].body, *path) == value
    made: Any = recorder.last.output
    assert asked(made) == {name: (given, "parameter" if kind == "parameter" else "argument")}
    assert made.inputs[name] is given
    assert made.values[name] == value
    assert made.data == "A tree."


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("api", APIS)
def test_every_way_to_ask_takes_nodes(api: str, way: str, is_async: bool, serve: Serve) -> None:
    server, recorder = serve(says("A tree.")), Recorder()
    system = node("Be brief.", trainable=True, name="system")
    _, _, arguments, path, name = PLACES["instructions" if api == RESPONSE else "system"]
    given = {"model": MODEL, **arguments(system)}
    if is_async:

        async def main() -> None:
            async with server.async_client() as client:
                await aask(trace_openai(client, recorder), api, way, **given)

        asyncio.run(main())
    else:
        ask(trace_openai(server.client(), recorder), api, way, **given)
    assert at(server.requests[-1].body, *path) == "Be brief."
    made: Any = recorder.last.output
    assert asked(made) == {name: (system, "parameter")}
    assert made.data == "A tree."


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_azure_takes_nodes_and_a_learned_model_is_its_deployment(is_async: bool, serve: Serve) -> None:
    server, recorder = serve(says("A tree.")), Recorder()
    model = node("small", trainable=True, name="model")
    if is_async:

        async def main() -> None:
            async with server.async_azure() as client:
                await aask(trace_openai(client, recorder), CHAT, "create", model=model, messages=[QUESTION])

        asyncio.run(main())
    else:
        ask(trace_openai(server.azure(), recorder), CHAT, "create", model=model, messages=[QUESTION])
    assert server.requests[-1].path.startswith("/openai/deployments/small/chat/completions")
    assert asked(recorder.last.output) == {"model": (model, "parameter")}  # type: ignore[arg-type]
    assert recorder.last.output.info["name"] == "small"  # type: ignore[attr-defined]


def test_raw_responses_that_were_looked_at_before_tracing_take_nodes(serve: Serve) -> None:
    server = serve(says("A tree."), says("A tree."))
    client: Any = server.client()
    assert client.with_raw_response.chat.completions is client.with_raw_response.chat.completions
    assert client.chat.completions.with_raw_response
    trace_openai(client)
    for raw in (client.chat.completions.with_raw_response, client.with_raw_response.chat.completions):
        raw.create(model=MODEL, messages=[{"role": "user", "content": node("What is a fir?")}])
        assert server.requests[-1].body["messages"] == [{"role": "user", "content": "What is a fir?"}]


def test_embeddings_and_old_completions_take_nodes(serve: Serve) -> None:
    server, recorder = serve(embeds((0.1, 0.2)), says("An oak.")), Recorder()
    client: Any = trace_openai(server.client(), recorder)
    text = node("An oak is a tree.", name="text")
    client.embeddings.create(model="text-embedding-3-small", input=[text])
    assert server.requests[-1].body["input"] == ["An oak is a tree."]
    assert [parent for parent, _ in asked(recorder.last.output).values()] == [text]  # type: ignore[arg-type]
    client.completions.create(model="gpt-3.5-turbo-instruct", prompt=text)
    assert server.requests[-1].body["prompt"] == "An oak is a tree."
    assert [parent for parent, _ in asked(recorder.last.output).values()] == [text]  # type: ignore[arg-type]


class Tree(BaseModel):
    """A tree."""

    name: str


def test_parse_with_a_class_takes_nodes(serve: Serve) -> None:
    server, recorder = serve(gives({"name": "oak"})), Recorder()
    client: Any = trace_openai(server.client(), recorder)
    system = node("Name a tree.", trainable=True, name="system")
    messages = [{"role": "system", "content": system}, QUESTION]
    completion = client.chat.completions.parse(model=MODEL, messages=messages, response_format=Tree)
    assert completion.choices[0].message.parsed == Tree(name="oak")
    assert server.requests[-1].body["response_format"]["json_schema"]["name"] == "Tree"
    assert asked(recorder.last.output) == {"system": (system, "parameter")}  # type: ignore[arg-type]


def test_two_nodes_in_one_message_are_two_parents(serve: Serve) -> None:
    server, recorder = serve(says("A tree.")), Recorder()
    client: Any = trace_openai(server.client(), recorder)
    parts = [node("What is an oak?", name="first"), node("And a fir?", name="second")]
    content = [{"type": "text", "text": part} for part in parts]
    client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": content}])
    parents = [parent for parent, _ in asked(recorder.last.output).values()]  # type: ignore[arg-type]
    assert [each is part for each, part in zip(parents, parts, strict=True)] == [True, True]


# --- values and versions


def test_a_node_keeps_the_value_and_version_that_was_sent(serve: Serve) -> None:
    server, recorder = serve(says("One."), says("Two.")), Recorder()
    client: Any = trace_openai(server.client(), recorder)
    system = node("Be brief.", trainable=True, name="system")
    messages: list[Any] = [{"role": "system", "content": system}, QUESTION]
    nodes: list[Any] = []
    for text in ("Be kind.", "Be rude."):
        client.chat.completions.create(model=MODEL, messages=messages)
        nodes.append(recorder.last.output)
        system.set(text)
    assert [request.body["messages"][0]["content"] for request in server.requests] == ["Be brief.", "Be kind."]
    assert [each.values["system"] for each in nodes] == ["Be brief.", "Be kind."]
    assert [each.read_of(list(each.inputs).index("system")).version for each in nodes] == [0, 1]
    assert messages[0]["content"] is system  # what the program holds is left alone


def test_a_candidate_is_sent_and_recorded(serve: Serve) -> None:
    server, recorder = serve(says("One.")), Recorder()
    client: Any = trace_openai(server.client(), recorder)
    system = node("Be brief.", trainable=True, name="system")
    with ParameterSet([system]).candidate({"system": "Be kind."}) as candidate, recorder.run() as run:
        client.chat.completions.create(model=MODEL, messages=[{"role": "system", "content": system}, QUESTION])
        candidate.verify(run.output)
    assert server.requests[-1].body["messages"][0]["content"] == "Be kind."
    assert system.data == "Be brief."


# --- with the core


def test_inside_a_bundle_nodes_become_implicit_inputs(serve: Serve) -> None:
    server, recorder = serve(says("A tree.")), Recorder()
    client: Any = trace_openai(server.client(), recorder)
    system = node("Be brief.", trainable=True, name="system")

    @bundle()
    def answer(question: str) -> str:
        """Answers."""
        messages = [{"role": "system", "content": system}, {"role": "user", "content": question}]
        return str(client.chat.completions.create(model=MODEL, messages=messages).choices[0].message.content)

    made: Any = answer("What is an oak?")
    assert made.data == "A tree."
    assert [parent is system for parent in made.parents].count(True) == 1
    assert server.requests[-1].body["messages"][0]["content"] == "Be brief."
    made.backward("say which family")
    assert len(system.feedback) == 1


def test_feedback_reaches_what_stood_in_the_arguments(serve: Serve) -> None:
    server, recorder = serve(asks(("find", {"name": "oak"})), says("A tree.")), Recorder()
    client: Any = trace_openai(server.client(), recorder)
    system, description, style = (
        node(text, trainable=True, name=name)
        for name, text in (("system", "Be brief."), ("description", "Finds trees."), ("style", "plain words"))
    )
    messages: list[Any] = [{"role": "system", "content": system}, QUESTION]
    with recorder.run() as run:
        completion = client.chat.completions.create(model=MODEL, messages=messages, tools=[tool(description)])
        [call] = completion.choices[0].message.tool_calls
        messages += [completion.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "A tree."}]
        client.chat.completions.create(model=MODEL, messages=messages)
    run.output.backward("cite the page")
    assert [len(each.feedback) for each in (system, description, style)] == [1, 1, 0]
    optimizer = OptoPrime([system, description], llm=ReplayChat(['{"suggestion": {"system": "Cite pages."}}']))
    optimizer.step()
    assert system.data == "Cite pages."


def test_an_answer_that_is_a_node_of_an_earlier_run_leads_on(serve: Serve) -> None:
    server, recorder = serve(says("An oak is a tree."), says("Ein Baum.")), Recorder()
    client: Any = trace_openai(server.client(), recorder)
    with recorder.run() as first:
        client.responses.create(model=MODEL, input="What is an oak?")
    with recorder.run() as second:
        client.responses.create(model=MODEL, instructions="Translate.", input=first.output)
    assert server.requests[-1].body["input"] == "An oak is a tree."
    assert asked(second.output) == {"input": (first.output, "argument")}  # type: ignore[arg-type]


def test_without_a_recorder_nodes_are_no_arguments(serve: Serve) -> None:
    server = serve(says("A tree."), says("A tree."))
    client: Any = untrace_openai(trace_openai(server.client()))
    with pytest.raises(TypeError, match="not JSON serializable"):
        client.chat.completions.create(model=node(MODEL), messages=[QUESTION])
