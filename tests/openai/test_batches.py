"""Lines for the Batch API, and the nodes of their results."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI
from trace_openai import BatchLines, NotTraced, Recorder, expose, recorder_of, trace_openai, untrace_openai

from tests.openai.answers import Reply
from tests.openai.api_server import KEY, ApiServer, asks, embeds, says
from tests.openai.scenario import MODEL, drawn
from tests.openai.wire import whole
from trace_core import OptoPrime, ReplayChat, node
from trace_core.nodes import ExceptionNode

Serve = Callable[..., ApiServer]
CHAT = "/v1/chat/completions"


@pytest.fixture
def batch() -> Iterator[BatchLines]:
    with OpenAI(api_key=KEY, base_url="http://127.0.0.1:9/v1") as client:
        yield BatchLines(trace_openai(client))


def client_of(batch: BatchLines) -> Any:
    return batch._client


def asking(question: str = "What eats kelp?", system: Any = "Answer in a word.") -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "system", "content": system}, {"role": "user", "content": question}]}


def body(batch: BatchLines, custom_id: str) -> dict[str, Any]:
    """What would be sent."""
    [line] = [each for each in map(json.loads, batch.lines()) if each["custom_id"] == custom_id]
    return line["body"]  # type: ignore[no-any-return]


def result(custom_id: str, reply: Reply, path: str = "/chat/completions", **asked: Any) -> str:
    """A line of a batch's output file."""
    answer = json.loads(whole(path, reply, {"model": MODEL, "messages": [], "input": [], **asked}, 1))
    response = {"status_code": 200, "request_id": "r1", "body": answer}
    return json.dumps({"id": "batch_req_1", "custom_id": custom_id, "response": response, "error": None})


def failure(custom_id: str, status: int | None, error: Any) -> str:
    """A line of a batch's error file: with the API's answer, or without one."""
    response = None if status is None else {"status_code": status, "request_id": "r1", "body": {"error": error}}
    said = error if status is None else None
    return json.dumps({"id": "batch_req_1", "custom_id": custom_id, "response": response, "error": said})


# --- what is written


def test_a_file_has_a_line_for_each_request(batch: BatchLines, tmp_path: Path) -> None:
    ids = [batch.add(**asking(question)) for question in ("What eats kelp?", "Was frißt Tang?\nUnd Krill?")]
    path = batch.write(tmp_path / "requests.jsonl")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line["custom_id"] for line in lines] == ids == list(batch.waiting)
    assert {(line["method"], line["url"]) for line in lines} == {("POST", CHAT)}
    assert lines[1]["body"] == asking("Was frißt Tang?\nUnd Krill?")


def test_nodes_are_written_as_their_values(batch: BatchLines) -> None:
    system, temperature = node("Be brief.", name="system"), node(0.4, trainable=True, name="temperature")
    custom_id = batch.add(**asking(system=system), temperature=temperature)
    assert body(batch, custom_id) == {**asking(system="Be brief."), "temperature": 0.4}


def test_learned_texts_are_written_as_learned(batch: BatchLines) -> None:
    parameters = expose(client_of(batch), prompts={"prompt": "Answer in a word."})
    parameters["prompt"].set("Answer in Latin.")
    first = batch.add(**asking())
    with parameters.candidate({"prompt": "Answer in Greek."}):
        second = batch.add(**asking())
    told = [body(batch, each)["messages"][0]["content"] for each in (first, second)]
    assert told == ["Answer in Latin.", "Answer in Greek."]


def test_what_a_batch_sends_can_be_learned_afterwards(batch: BatchLines) -> None:
    batch.add(**asking())
    assert [each.data for each in expose(client_of(batch)).values()] == ["Answer in a word."]


def test_a_message_of_an_earlier_answer_is_written(serve: Serve) -> None:
    server = serve(asks(("find", {"name": "kelp"})))
    client: Any = trace_openai(server.client())
    batch = BatchLines(client)
    message = client.chat.completions.create(**asking()).choices[0].message
    messages = [*asking()["messages"], message, {"role": "tool", "tool_call_id": "call_1_0", "content": "Urchins."}]
    custom_id = batch.add(model=MODEL, messages=messages)
    assert body(batch, custom_id)["messages"][2]["tool_calls"][0]["id"] == "call_1_0"
    batch.attach([result(custom_id, says("Urchins."))])
    assert len(server.requests) == 1


# --- what comes back


def test_a_result_is_the_output_of_a_run_of_its_own(batch: BatchLines) -> None:
    ids = [batch.add(**asking(f"What eats {food}?")) for food in ("kelp", "krill")]
    nodes = batch.attach([result(ids[1], says("Whales.")), result(ids[0], says("Urchins."))])
    assert [(name, made.data) for name, made in nodes.items()] == [(ids[0], "Urchins."), (ids[1], "Whales.")]
    runs = recorder_of(client_of(batch)).runs
    assert [run.output for run in runs] == list(nodes.values())
    assert [drawn(run) for run in runs] == [{"input>llm"}] * 2
    assert runs[0].output.info["usage"]["prompt_tokens"] > 0  # type: ignore[attr-defined]
    assert batch.waiting == ()


@pytest.mark.parametrize(
    ("path", "asked", "reply", "data"),
    [
        ("/v1/responses", {"instructions": "In a word.", "input": "What eats kelp?"}, says("Urchins."), "Urchins."),
        ("/v1/completions", {"prompt": "Kelp is eaten by"}, says("urchins"), "urchins"),
        ("/v1/embeddings", {"input": ["kelp"]}, embeds((0.1, 0.2)), "1 embedding of 2 numbers"),
        (
            CHAT,
            asking(),
            asks(("find", {"name": "kelp"})),
            {"tool_calls": [{"name": "find", "args": {"name": "kelp"}}]},
        ),
    ],
)
def test_each_of_the_addresses(path: str, asked: Any, reply: Reply, data: Any, batch: BatchLines) -> None:
    custom_id = batch.add(path, **{"model": MODEL, **asked})
    assert json.loads(batch.lines()[0])["url"] == path
    nodes = batch.attach([result(custom_id, reply, path.removeprefix("/v1"), **asked)])
    assert nodes[custom_id].data == data


def test_nodes_show_what_was_asked_though_it_has_been_learned_since(batch: BatchLines) -> None:
    system = node("Be brief.", trainable=True, name="system")
    learned = expose(client_of(batch), tools=[TOOL], kinds="all")["find.description"]
    custom_id = batch.add(**asking(system=system), tools=[TOOL])
    system.set("Be kind.")
    learned.set("Finds algae.")
    made: Any = batch.attach([result(custom_id, says("Urchins."))])[custom_id]
    assert (made.inputs["system"], made.values["system"]) == (system, "Be brief.")
    assert (made.inputs["tool_description"], made.values["tool_description"]) == (learned, "Finds food.")
    made.backward("name the species")
    assert [len(each.feedback) for each in (system, learned)] == [1, 1]
    OptoPrime(system, llm=ReplayChat(["```\nName the species.\n```"])).step()
    assert body(batch, batch.add(**asking(system=system)))["messages"][0]["content"] == "Name the species."


TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "find", "description": "Finds food.", "parameters": {"type": "object", "properties": {}}},
}


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (429, {"message": "Too many tokens.", "type": "tokens"}, "Too many tokens."),
        (500, "broken", "broken"),
        (None, {"code": "batch_expired", "message": "This request could not be executed in time."}, "in time"),
        (None, None, "the batch has no answer to this request"),
        (200, None, "the batch has no answer to this request"),
    ],
)
def test_a_failure_is_an_error_node(status: Any, error: Any, said: str, batch: BatchLines) -> None:
    custom_id = batch.add(**asking())
    line = failure(custom_id, status, error)
    if status == 200:  # an answer of no form that there is
        line = json.dumps({"custom_id": custom_id, "response": {"status_code": 200, "body": "oops"}, "error": None})
    made = batch.attach([line])[custom_id]
    assert isinstance(made, ExceptionNode)
    assert said in made.data
    assert recorder_of(client_of(batch)).last.error is made


def test_a_key_in_an_error_is_not_shown(batch: BatchLines) -> None:
    custom_id = batch.add(**asking())
    made = batch.attach([failure(custom_id, 401, {"message": f"Incorrect key {KEY}."})])[custom_id]
    assert "Incorrect key ***." in made.data


def test_files_and_bytes_are_read_and_empty_lines_are_none(batch: BatchLines, tmp_path: Path) -> None:
    ids = [batch.add(**asking()) for _ in range(3)]
    path = tmp_path / "results.jsonl"
    path.write_text(f"{result(ids[0], says('Urchins.'))}\n\n{result(ids[1], says('Snails.'))}\n", encoding="utf-8")
    with path.open(encoding="utf-8") as lines:
        nodes = batch.attach(lines)
    nodes |= batch.attach([result(ids[2], says("Fish.")).encode(), b""])
    assert [made.data for made in nodes.values()] == ["Urchins.", "Snails.", "Fish."]


def test_results_may_come_in_several_files(batch: BatchLines) -> None:
    ids = [batch.add(**asking()) for _ in range(2)]
    assert list(batch.attach([result(ids[1], says("Urchins."))])) == [ids[1]]
    assert batch.waiting == (ids[0],)
    assert [json.loads(line)["custom_id"] for line in batch.lines()] == [ids[0]]
    assert list(batch.attach([failure(ids[0], 500, "broken")])) == [ids[0]]


def test_values_are_redacted() -> None:
    recorder = Recorder(redact=lambda value: "hidden" if isinstance(value, str) else value)
    with OpenAI(api_key=KEY) as client:
        batch = BatchLines(trace_openai(client, recorder))
        custom_id = batch.add(**asking())
        made: Any = batch.attach([result(custom_id, says("Urchins."))])[custom_id]
    assert {made.data, *(parent.data for parent in made.parents)} == {"hidden"}


# --- errors


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (lambda id: ["no JSON"], "not a result of the Batch API: 'no JSON'"),
        (lambda id: ["[]"], "not a result of the Batch API"),
        (lambda id: ["{}"], "not a result of the Batch API"),
        (lambda id: ['{"custom_id": [1]}'], r"no request with custom_id \[1\] waits here"),
        (lambda id: [result("request-x", says("Urchins."))], "no request with custom_id 'request-x' waits here"),
        (lambda id: [result(id, says("Urchins."))] * 2, "several results for one request"),
    ],
)
def test_lines_that_are_no_results_attach_none(lines: Any, said: str, batch: BatchLines) -> None:
    custom_id, other = (batch.add(**asking()) for _ in range(2))
    with pytest.raises(ValueError, match=said):
        batch.attach([result(other, says("Snails.")), *lines(custom_id)])
    assert batch.waiting == (custom_id, other)
    assert recorder_of(client_of(batch)).runs == ()


@pytest.mark.parametrize("path", ["/v1/images/generations", "", "chat"])
def test_another_address_is_refused(path: str, batch: BatchLines) -> None:
    with pytest.raises(ValueError, match="is not asked in batches; give a path such as /v1/chat/completions"):
        batch.add(path, **asking())


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ({"messages": [object()]}, "the arguments for /v1/chat/completions are no JSON: object is no JSON"),
        ({"messages": [], "temperature": float("nan")}, "are no JSON: Out of range float values"),
    ],
)
def test_what_is_no_json_is_refused(argument: dict[str, Any], said: str, batch: BatchLines) -> None:
    with pytest.raises(ValueError, match=said):
        batch.add(model=MODEL, **argument)
    assert batch.waiting == ()


def test_a_client_that_is_not_traced() -> None:
    with OpenAI(api_key=KEY) as client:
        with pytest.raises(NotTraced, match=r"this OpenAI is not traced; call trace_openai\(client\) first"):
            BatchLines(client)
        batch = BatchLines(trace_openai(client))
        custom_id = batch.add(**asking())
        untrace_openai(client)
        with pytest.raises(NotTraced):
            batch.add(**asking())
        with pytest.raises(NotTraced):
            batch.attach([result(custom_id, says("Urchins."))])
    assert batch.waiting == (custom_id,)
