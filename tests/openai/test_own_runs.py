"""Programs that give several runs: without a block, with two recorders, at once, as a batch's lines."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI
from trace_openai import BatchLines, OtherLoop, Recorder, recorder_of, trace_openai

from tests.openai.api_server import ApiServer, says
from tests.openai.scenario import MODEL, drawn, outputs
from trace_core import bundle, node
from trace_core.nodes import ExceptionNode


def asked(client: Any, prompt: str) -> str:
    completion = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": prompt}])
    return str(completion.choices[0].message.content)


def test_without_a_block_each_call_is_a_run() -> None:
    with ApiServer(says("Herring feed by night."), says("Herring? By night.")) as server, server.client() as client:
        trace_openai(client)
        asked(client, f"Shorten: {asked(client, 'When do herring feed?')}")
        runs = recorder_of(client).runs
    assert [drawn(run) for run in runs] == [{"input>llm"}, {"input>llm"}]
    assert [run.output.data for run in runs] == ["Herring feed by night.", "Herring? By night."]


def test_a_bundle_goes_on_with_a_conversation_whose_calls_are_runs() -> None:
    @bundle()
    def talk(questions: list[str]) -> str:
        history: list[Any] = []
        for question in questions:
            history.append({"role": "user", "content": question})
            completion = client.chat.completions.create(model=MODEL, messages=history)
            history.append({"role": "assistant", "content": completion.choices[0].message.content})
        return str(history[-1]["content"])

    answers = [says("In the Sargasso Sea."), says("They swim for months."), says("Currents carry larvae back.")]
    with ApiServer(*answers) as server, server.client() as client:
        trace_openai(client)
        talk(["Where do eels spawn?", "How do they get there?", "And their young?"])
        last = recorder_of(client).last
    links = {(edge.source.data, edge.why) for edge in last.graph.edges if edge.target is last.output}
    assert links == {
        ("Where do eels spawn?", "equal"),
        ("In the Sargasso Sea.", "equal"),
        ("How do they get there?", "equal"),
        ("They swim for months.", "equal"),
        ("And their young?", "input"),
    }


def test_two_recorders_see_their_own_clients_calls() -> None:
    answers = [says("Herring feed by night."), says("Herring? By night."), says("By day, in truth.")]
    with ApiServer(*answers) as server, server.client() as mine, server.client() as theirs:
        recorders = Recorder(), Recorder()
        for client, recorder in zip((mine, theirs), recorders, strict=True):
            trace_openai(client, recorder)
        with recorders[0].run() as run, recorders[1].run() as other:
            first = asked(mine, "When do herring feed?")
            second = asked(theirs, f"Shorten: {first}")
            asked(mine, f"Question this: {first}\nAnd this: {second}")
    # What the other's client answered is nobody's here; beside what the first call gave it is words around it.
    assert drawn(run) == {"input>llm1", "llm1>llm2"}
    assert drawn(other) == {"input>llm"}


def test_programs_at_once_have_a_run_each() -> None:
    def answer(body: dict[str, Any]) -> Any:
        prompt = body["messages"][-1]["content"]
        return says(f"Praised be the {prompt.removeprefix('Praise the ')}" if "Praise the" in prompt else "Amen.")

    async def main(url: str) -> list[Any]:
        recorder = Recorder()
        async with AsyncOpenAI(base_url=url, api_key="test") as client:
            trace_openai(client, recorder)

            async def ask(prompt: str) -> str:
                messages: Any = [{"role": "user", "content": prompt}]
                completion = await client.chat.completions.create(model=MODEL, messages=messages)
                return completion.choices[0].message.content or ""

            async def program(fish: str) -> str:
                return await ask(f"Respond to: {await ask(f'Praise the {fish}')}")

            answer = recorder.program(program)
            nodes = await asyncio.gather(*(answer.acall(fish) for fish in ("herring", "mackerel", "halibut")))
            return [*nodes, *recorder.runs]

    with ApiServer(answer) as server:
        *nodes, first, second, third = asyncio.run(main(server.url))
    assert [node.data for node in nodes] == ["Amen."] * 3
    for run in (first, second, third):
        assert drawn(run) == {"input>llm1", "llm1>llm2"}, run.explain()
        assert outputs(run) == {"llm2"}


def test_lines_of_a_batch(tmp_path: Path) -> None:
    system = node("Answer in a word.", trainable=True, name="system")
    recorder, path = Recorder(), tmp_path / "requests.jsonl"
    batch = BatchLines(trace_openai(OpenAI(api_key="none"), recorder))
    ids = [
        batch.add(
            "/v1/chat/completions",
            model=MODEL,
            messages=[{"role": "system", "content": system}, {"role": "user", "content": f"What eats {food}?"}],
        )
        for food in ("krill", "kelp")
    ]
    batch.write(path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["custom_id"], line["method"], line["url"]) for line in lines] == [
        (id, "POST", "/v1/chat/completions") for id in ids
    ]
    assert lines[1]["body"]["messages"] == [
        {"role": "system", "content": "Answer in a word."},
        {"role": "user", "content": "What eats kelp?"},
    ]
    nodes = batch.attach(json.dumps(result) for result in results(*ids))
    assert nodes[ids[1]].data == "Urchins."
    assert isinstance(nodes[ids[0]], ExceptionNode)
    assert [drawn(run) for run in recorder.runs] == [{"system>llm!", "input>llm!"}, {"system>llm", "input>llm"}]


def results(failed: str, succeeded: str) -> list[dict[str, Any]]:
    """What the API writes of two requests, in an order of its own."""
    message = {"role": "assistant", "content": "Urchins.", "refusal": None}
    choices = [{"index": 0, "finish_reason": "stop", "message": message, "logprobs": None}]
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": MODEL, "choices": choices}
    error = {"message": "Overloaded.", "type": "server_error", "code": None}
    return [
        {
            "id": "batch_req_2",
            "custom_id": succeeded,
            "response": {"status_code": 200, "request_id": "r2", "body": body},
            "error": None,
        },
        {
            "id": "batch_req_1",
            "custom_id": failed,
            "response": {"status_code": 500, "request_id": "r1", "body": {"error": error}},
            "error": None,
        },
    ]


async def test_a_program_in_another_loop_than_its_client_says_so_and_gives_no_node() -> None:
    with ApiServer(lambda _: says("A tree.")) as server:
        async with server.async_client() as client:

            async def program(tree: str) -> str:
                messages: Any = [{"role": "user", "content": f"What is {tree}?"}]
                completion = await client.chat.completions.create(model=MODEL, messages=messages)
                return completion.choices[0].message.content or ""

            recorder = recorder_of(trace_openai(client))
            answer = recorder.program(program)
            assert (await answer.acall("an oak")).data == "A tree."
            with pytest.raises(OtherLoop, match="await the program's acall there, or use another client"):
                answer("a fir")
            assert (await answer.acall("a fir")).data == "A tree."
