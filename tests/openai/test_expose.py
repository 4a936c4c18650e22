"""`expose`: learned texts are sent in place of those that the program sends, wherever and however it asks."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from openai import OpenAI
from trace_openai import KINDS, NothingToLearn, Recorder, expose, trace_openai, unexpose, untrace_openai

from tests.openai.api_server import ApiServer, says
from tests.openai.asking import APIS, CHAT, RESPONSE, WAYS, aask, ask, resource_of
from tests.openai.scenario import MODEL
from trace_core import ParameterSet, node
from trace_core.errors import InvalidValue, NameClash

Serve = Callable[..., ApiServer]

BRIEF, KIND = "Be brief.", "Be kind."
ARGUMENTS = {
    "type": "object",
    "properties": {"name": {"type": "string", "description": "In Latin."}, "page": {"type": "integer"}},
    "required": ["name", "page"],
    "additionalProperties": False,
}
FUNCTION = {"name": "find", "description": "Finds trees.", "strict": True, "parameters": ARGUMENTS}
TOOLS: dict[str, dict[str, Any]] = {
    CHAT: {"type": "function", "function": FUNCTION},
    RESPONSE: {**FUNCTION, "type": "function"},
}
ALL = {"system_prompt": BRIEF, "find.description": "Finds trees.", "find.name.description": "In Latin."}


def answer(_: dict[str, Any]) -> Any:
    """The server says this, whatever it is asked."""
    return says("A tree.")


def arguments(api: str, system: Any = BRIEF, role: str = "system") -> dict[str, Any]:
    """What a program sends: a system prompt, a question, and a tool."""
    question = {"role": "user", "content": "What is an oak?"}
    if role == "instructions":
        return {"model": MODEL, "instructions": system, "input": [question], "tools": [TOOLS[RESPONSE]]}
    name = "input" if api == RESPONSE else "messages"
    return {"model": MODEL, name: [{"role": role, "content": system}, question], "tools": [TOOLS[api]]}


def send(client: Any, api: str = CHAT, **told: Any) -> None:
    resource_of(client, api).create(**arguments(api, **told))


def sent(server: ApiServer) -> dict[str, Any]:
    """The texts of the last request that can be learned."""
    body = server.requests[-1].body
    system = body.get("instructions") or next(
        item["content"] for item in body.get("messages", body.get("input")) if item["role"] != "user"
    )
    function = body["tools"][0].get("function", body["tools"][0])
    argument = function["parameters"]["properties"]["name"]["description"]
    return dict(zip(ALL, (system, function["description"], argument), strict=True))


# --- what is learned is sent


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("api", APIS)
def test_each_kind_is_sent_from_the_next_request_on(api: str, way: str, is_async: bool, serve: Serve) -> None:
    server = serve(answer)
    new = {name: f"{name}, learned." for name in ALL}

    def learned(client: Any) -> ParameterSet:
        parameters = expose(client, kinds="all")
        for name, text in new.items():
            parameters[name].set(text)
        return parameters

    async def main() -> None:
        async with server.async_client() as client:
            await aask(trace_openai(client), api, "create", **arguments(api))
            learned(client)
            await aask(client, api, way, **arguments(api))

    if is_async:
        asyncio.run(main())
    else:
        client = trace_openai(server.client())
        ask(client, api, "create", **arguments(api))
        assert {name: each.data for name, each in learned(client).items()} == new
        ask(client, api, way, **arguments(api))
    assert sent(server) == new


@pytest.mark.parametrize(("api", "role"), [(CHAT, "developer"), (RESPONSE, "developer"), (RESPONSE, "instructions")])
def test_developer_messages_and_instructions_are_system_prompts(api: str, role: str, serve: Serve) -> None:
    server = serve(answer)
    client = trace_openai(server.client())
    send(client, api, role=role)
    expose(client)["system_prompt"].set(KIND)
    send(client, api, role=role)
    assert sent(server)["system_prompt"] == KIND


def test_a_system_message_of_parts_is_learned_by_its_texts(serve: Serve) -> None:
    server = serve(answer)
    client: Any = trace_openai(server.client())
    parts = [{"type": "text", "text": BRIEF}, {"type": "text", "text": "Cite pages."}]
    messages = [{"role": "system", "content": parts}, {"role": "user", "content": "What is an oak?"}]
    client.chat.completions.create(model=MODEL, messages=messages)
    parameters = expose(client)
    assert [each.data for each in parameters.values()] == [BRIEF, "Cite pages."]
    parameters["system_prompt[1]"].set("Cite books.")
    client.chat.completions.create(model=MODEL, messages=messages)
    told = [part["text"] for part in server.requests[-1].body["messages"][0]["content"]]
    assert told == [BRIEF, "Cite books."]
    assert parts[1]["text"] == "Cite pages."  # what the program holds is left alone


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_azure(is_async: bool, serve: Serve) -> None:
    server = serve(answer)
    if is_async:

        async def main() -> None:
            async with server.async_azure() as client:
                expose(client, prompts={"prompt": BRIEF})["prompt"].set(KIND)
                await aask(client, CHAT, "create", **arguments(CHAT))

        asyncio.run(main())
    else:
        client = server.azure()
        expose(client, prompts={"prompt": BRIEF})["prompt"].set(KIND)
        send(client)
    assert sent(server)["system_prompt"] == KIND


def test_the_run_has_the_parameter_and_what_was_sent_of_it(serve: Serve) -> None:
    server, recorder = serve(answer), Recorder()
    client = trace_openai(server.client(), recorder)
    parameters = expose(client, name="trees", prompts={"prompt": BRIEF}, tools=[TOOLS[CHAT]], kinds="all")
    parameters["trees.prompt"].set(KIND)
    send(client)
    made: Any = recorder.last.output
    told = {a.name: (parent.name, a.why) for a, parent in zip(made.operation.arguments, made.parents, strict=True)}
    told = {name: each for name, each in told.items() if each[1] == "parameter"}
    assert told == {
        "system_prompt": ("trees.prompt", "parameter"),
        "tool_description": ("trees.find.description", "parameter"),
        "argument_description": ("trees.find.name.description", "parameter"),
    }
    assert made.values["system_prompt"] == KIND
    made.backward("say which family")
    assert all(len(each.feedback) == 1 for each in parameters.values())


def test_without_a_recorder_learned_texts_are_sent_too(serve: Serve) -> None:
    server = serve(answer)
    client = server.client()
    expose(client, prompts={"prompt": BRIEF})["prompt"].set(KIND)
    send(client)
    untrace_openai(client)
    send(client)
    assert [request.body["messages"][0]["content"] for request in server.requests] == [KIND, KIND]


def test_the_text_as_it_stands_is_sent_where_nothing_was_learned(serve: Serve) -> None:
    server = serve(answer)
    client = trace_openai(server.client())
    send(client)
    expose(client, kinds="all")
    send(client)
    assert server.requests[0].content == server.requests[1].content


# --- candidates, versions, files


def test_a_candidate_is_seen_by_its_own_thread_alone(serve: Serve) -> None:
    server = serve(answer)
    client = trace_openai(server.client())
    parameters = expose(client, prompts={"prompt": BRIEF})
    with parameters.candidate({"prompt": KIND}):
        send(client)
        other = Thread(target=send, args=(client,))
        other.start()
        other.join()
    send(client)
    assert [request.body["messages"][0]["content"] for request in server.requests] == [KIND, BRIEF, BRIEF]


async def test_candidates_of_tasks_at_once(serve: Serve) -> None:
    server = serve(lambda body: says(body["messages"][0]["content"]))
    recorder = Recorder()

    async with server.async_client() as client:
        trace_openai(client, recorder)
        parameters = expose(client, prompts={"prompt": BRIEF})

        async def program(example: str) -> str:
            completion: Any = await client.chat.completions.create(**arguments(CHAT))
            return str(completion.choices[0].message.content)

        async def tried(text: str) -> str:
            with parameters.candidate({"prompt": text}) as candidate:
                made = await recorder.program(program).acall("oaks")
                candidate.verify(made)
            return str(made.data)

        texts = [f"Be {word}." for word in ("kind", "short", "loud", "precise")]
        assert await asyncio.gather(*map(tried, texts)) == texts
    assert parameters["prompt"].data == BRIEF


def test_a_revert_is_sent(serve: Serve) -> None:
    server = serve(answer)
    client = trace_openai(server.client())
    parameter = expose(client, prompts={"prompt": BRIEF})["prompt"]
    parameter.set(KIND)
    parameter.revert()
    send(client)
    assert sent(server)["system_prompt"] == BRIEF


@pytest.mark.parametrize("value", ["", "  ", None, 3, ["Be brief."]])
@pytest.mark.parametrize("name", ALL)
def test_a_value_that_is_no_text_is_refused(name: str, value: Any, serve: Serve) -> None:
    server = serve(answer)
    client = trace_openai(server.client())
    send(client)
    parameters = expose(client, kinds="all")
    with pytest.raises(InvalidValue):
        parameters[name].set(value)
    send(client)
    assert sent(server) == ALL


def test_saved_and_loaded_in_another_process(serve: Serve, tmp_path: Any) -> None:
    server, path = serve(answer), tmp_path / "trees.json"
    client = trace_openai(server.client())
    send(client)
    parameters = expose(client, name="trees", kinds="all")
    for each in parameters.values():
        each.set(f"{each.name}, learned.")
    parameters.save(path)

    fresh = server.client()
    named = expose(fresh, name="trees", prompts={"system_prompt": BRIEF}, tools=[TOOLS[CHAT]], kinds="all")
    named.load(path)
    send(fresh)
    assert sent(server) == {name: f"trees.{name}, learned." for name in ALL}


# --- what is offered, and its names


def test_only_system_prompts_by_default(serve: Serve) -> None:
    client = trace_openai(serve(answer).client())
    send(client)
    assert list(expose(client)) == ["system_prompt"]
    assert list(expose(client, kinds="all")) == list(ALL)
    assert list(expose(client, kinds=["tool_description"])) == ["find.description"]
    assert list(expose(client, kinds="all", exclude="find.*")) == ["system_prompt"]
    assert KINDS == ("system_prompt", "tool_description", "argument_description")


@pytest.mark.parametrize("api", APIS)
def test_what_was_named_before_anything_was_sent_is_what_is_sent(api: str, serve: Serve) -> None:
    server = serve(answer)
    client = server.client()
    parameters = expose(client, prompts={"editor": BRIEF}, tools=[TOOLS[api]], kinds="all")
    assert list(parameters) == ["editor", "find.description", "find.name.description"]
    for each in parameters.values():
        each.set(f"{each.name}, learned.")
    send(client, api)
    assert list(sent(server).values()) == [f"{name}, learned." for name in parameters]


def test_asking_again_gives_the_same_parameters(serve: Serve) -> None:
    client = trace_openai(serve(answer).client())
    send(client)
    first = expose(client)
    first["system_prompt"].set(KIND)
    send(client)
    assert expose(client, name="other")["system_prompt"] is first["system_prompt"]
    assert expose(client, prompts={"system_prompt": BRIEF})["system_prompt"] is first["system_prompt"]


def test_a_name_stands_for_one_text_and_a_text_has_one_name(serve: Serve) -> None:
    client = trace_openai(serve(answer).client())
    first = expose(client, name="app", prompts={"editor": BRIEF})
    assert list(first) == ["app.editor"]
    with pytest.raises(NameClash, match=r"is 'app.editor' already"):
        expose(client, prompts={"writer": BRIEF})
    with pytest.raises(NameClash, match="unexpose that first"):
        expose(client, name="app", prompts={"editor": KIND})
    unexpose(first)
    assert expose(client, name="app", prompts={"editor": KIND})["app.editor"].data == KIND


def test_the_same_text_in_two_calls_is_one_parameter(serve: Serve) -> None:
    server = serve(answer)
    client = trace_openai(server.client())
    for api in APIS:
        send(client, api)
    send(client, RESPONSE, role="instructions")
    parameters = expose(client, kinds="all")
    assert list(parameters) == list(ALL)
    parameters["system_prompt"].set(KIND)
    for api in APIS:
        send(client, api)
        assert sent(server)["system_prompt"] == KIND


def test_other_texts_get_other_numbers_and_are_learned_apart(serve: Serve) -> None:
    server = serve(answer)
    client = trace_openai(server.client())
    for text in (BRIEF, "Cite pages."):
        send(client, system=text)
    parameters = expose(client)
    assert {name: each.data for name, each in parameters.items()} == {
        "system_prompt": BRIEF,
        "system_prompt[1]": "Cite pages.",
    }
    parameters["system_prompt[1]"].set(KIND)
    send(client)
    assert sent(server)["system_prompt"] == BRIEF


def test_two_clients_have_parameters_of_their_own(serve: Serve) -> None:
    server = serve(answer)
    clients = [trace_openai(server.client()) for _ in range(2)]
    for client in clients:
        send(client)
    first, second = map(expose, clients)
    assert list(first | second) == ["system_prompt", "system_prompt[1]"]
    next(iter(second.values())).set(KIND)
    for client in clients:
        send(client)
    assert [request.body["messages"][0]["content"] for request in server.requests[2:]] == [BRIEF, KIND]


def test_a_copy_of_a_client_sends_what_its_original_learned(serve: Serve) -> None:
    server = serve(answer)
    client = server.client()
    before = client.with_options(timeout=9)
    parameters = expose(client, prompts={"prompt": BRIEF})
    copy = client.with_options(timeout=9)
    parameters["prompt"].set(KIND)
    for each in (copy, copy.with_options(timeout=8), before):
        send(each)
    assert [request.body["messages"][0]["content"] for request in server.requests] == [KIND, KIND, BRIEF]


def test_texts_of_the_users_own_nodes_are_not_offered(serve: Serve) -> None:
    server = serve(answer)
    client = trace_openai(server.client())
    mine = node("Cite pages.", trainable=True, name="mine")
    send(client, system=mine)
    send(client, RESPONSE, system=mine, role="instructions")
    assert "system_prompt" not in expose(client, kinds="all")
    expose(client, prompts={"prompt": "Cite pages."})["prompt"].set(KIND)
    send(client, system=mine)
    assert sent(server)["system_prompt"] == "Cite pages."  # the node's own value, not that of the same words


def test_what_users_and_models_said_is_not_offered(serve: Serve) -> None:
    client: Any = trace_openai(serve(answer).client())
    said = [{"role": role, "content": f"from {role}"} for role in ("user", "assistant")]
    client.chat.completions.create(model=MODEL, messages=said)
    client.responses.create(model=MODEL, input="What is an oak?")
    with pytest.raises(NothingToLearn):
        expose(client, kinds="all")


def test_what_is_no_function_is_not_offered_and_not_touched(serve: Serve) -> None:
    server = serve(answer)
    client: Any = trace_openai(server.client())
    tools = [
        {"type": "web_search", "description": "Finds trees."},
        {"type": "custom", "name": "sql", "description": "Runs SQL."},
        {**FUNCTION, "type": "function"},
    ]
    client.responses.create(model=MODEL, input="What is an oak?", tools=tools)
    parameters = expose(client, kinds="all")
    assert list(parameters) == ["find.description", "find.name.description"]
    parameters["find.description"].set("Finds conifers.")
    client.responses.create(model=MODEL, input="What is an oak?", tools=tools)
    assert server.requests[-1].body["tools"][:2] == tools[:2]


def test_names_and_schemas_of_tools_stay(serve: Serve) -> None:
    server = serve(answer)
    client = trace_openai(server.client())
    send(client)
    for each in expose(client, kinds="all").values():
        each.set(f"{each.name}, learned.")
    send(client)
    before, after = (request.body["tools"][0]["function"] for request in server.requests)
    for function in (before, after):
        del function["description"], function["parameters"]["properties"]["name"]["description"]
    assert before == after


def test_tools_without_descriptions_have_nothing_to_learn(serve: Serve) -> None:
    client: Any = trace_openai(serve(answer).client())
    bare = {"type": "function", "function": {"name": "now"}}
    client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "When?"}], tools=[bare])
    with pytest.raises(NothingToLearn):
        expose(client, kinds="all")


# --- errors


def test_nothing_to_learn_says_what_to_do(serve: Serve) -> None:
    client = trace_openai(serve(answer).client())
    with pytest.raises(NothingToLearn, match=r"this OpenAI has sent no text .* ask it first, or name .*prompts="):
        expose(client)
    send(client)
    with pytest.raises(NothingToLearn, match=r"no name in OpenAI fits include and exclude; there are find.description"):
        expose(client, kinds="tool_description", include="sow*")
    with pytest.raises(NothingToLearn, match=r"no system_prompt was found in OpenAI; .*; ask for it with kinds="):
        expose(trace_openai(serve(answer).client()), tools=[TOOLS[CHAT]])


def test_a_client_in_which_nothing_was_found_is_left_as_it_was(serve: Serve) -> None:
    client = serve(answer).client()
    resources = type(client.chat.completions), type(client.responses)
    with pytest.raises(NothingToLearn):
        expose(client)
    assert (type(client.chat.completions), type(client.responses)) == resources
    assert type(client) is OpenAI
    assert not [name for name in vars(client) if "trace" in name]


def test_something_else_than_a_client() -> None:
    with pytest.raises(TypeError, match="an OpenAI or AsyncOpenAI client is expected, not str"):
        expose("gpt-4.1")


@pytest.mark.parametrize(
    ("named", "error", "said"),
    [
        ({"prompts": BRIEF}, TypeError, "prompts must be a dict from names to texts, not str"),
        ({"prompts": [BRIEF]}, TypeError, "prompts must be a dict from names to texts, not list"),
        ({"prompts": {"editor": 3}}, TypeError, r"prompts\['editor'\] must be the text that is sent, not int"),
        ({"prompts": {"editor": " "}}, ValueError, r"prompts\['editor'\] is empty"),
        ({"prompts": {"a": BRIEF, "b": BRIEF}}, NameClash, r"prompts\['a'\] and prompts\['b'\] are the same text"),
        ({"tools": [{"type": "web_search"}]}, TypeError, "a tool is a dict such as"),
        ({"tools": [len]}, TypeError, "a tool is a dict such as"),
        ({"prompts": {"editor": BRIEF}, "kinds": "code"}, ValueError, "unknown kinds: code; there are system_prompt"),
    ],
)
def test_what_cannot_be_named(named: dict[str, Any], error: type[Exception], said: str, serve: Serve) -> None:
    client = serve(answer).client()
    with pytest.raises(error, match=said):
        expose(client, **named)
    assert type(client) is OpenAI


# --- put back


def test_unexpose_has_the_programs_own_texts_sent(serve: Serve) -> None:
    server = serve(answer)
    client = server.client()
    parameters = expose(client, prompts={"prompt": BRIEF}, tools=[TOOLS[CHAT]], kinds="all")
    for each in parameters.values():
        each.set(f"{each.name}, learned.")
    unexpose(parameters)
    send(client)
    assert sent(server) == ALL
    assert type(client) is OpenAI
    assert not [name for name in vars(client) if "trace" in name]


def test_unexpose_of_one_leaves_the_others_and_the_recorder(serve: Serve) -> None:
    server, recorder = serve(answer), Recorder()
    client = trace_openai(server.client(), recorder)
    parameters = expose(client, prompts={"prompt": BRIEF}, tools=[TOOLS[CHAT]], kinds="all")
    for each in parameters.values():
        each.set(f"{each.name}, learned.")
    unexpose(parameters.select(kinds=["system_prompt"]))
    send(client)
    assert sent(server) == {**ALL, **{name: f"{name}, learned." for name in list(ALL)[1:]}}
    unexpose(parameters)
    send(client)
    assert sent(server) == ALL
    assert len(recorder.runs) == 2


def test_a_client_is_freed_though_its_parameters_are_kept(serve: Serve) -> None:
    client = OpenAI(api_key="none")
    parameters, gone = expose(client, prompts={"prompt": BRIEF}), weakref.ref(client)
    client.close()
    del client
    gc.collect()
    assert gone() is None
    unexpose(parameters)


def test_what_is_sent_stays_json(serve: Serve) -> None:
    """A learned text is data: quotes, braces and line ends in it are no syntax of anything."""
    server = serve(answer)
    client = server.client()
    odd = 'Say "{oak}" \\ and\n```json {"a": 1}```   ☃'
    expose(client, prompts={"prompt": BRIEF})["prompt"].set(odd)
    send(client)
    assert json.loads(server.requests[-1].content)["messages"][0]["content"] == odd
