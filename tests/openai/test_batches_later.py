"""Results of a batch that come when the process that asked is gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI
from trace_openai import BatchLines, NotTraced, Recorder, expose, recorder_of, trace_openai

from tests.openai.api_server import KEY, ApiServer, asks, says
from tests.openai.scenario import MODEL, drawn
from tests.openai.test_batches import TOOL, asking, body, client_of, failure, result
from trace_core import bundle, node, template
from trace_core.errors import InvalidTrace
from trace_core.nodes import ExceptionNode

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def batch() -> Iterator[BatchLines]:
    with OpenAI(api_key=KEY, base_url="http://127.0.0.1:9/v1") as client:
        yield BatchLines(trace_openai(client))


@pytest.fixture
def client() -> Iterator[Any]:
    """Another one, of another process."""
    with OpenAI(api_key=KEY, base_url="http://127.0.0.1:9/v1") as client:
        yield trace_openai(client)


def prompt(text: str = "Be brief.") -> Any:
    return node(text, trainable=True, name="system")


LATER = """
import json, sys
from openai import OpenAI
from trace_core import OptoPrime, ReplayChat, node
from trace_openai import BatchLines, recorder_of, trace_openai

folder, url, key = sys.argv[1:]
client = trace_openai(OpenAI(api_key=key, base_url=url, max_retries=0))
system = node("Be brief.", trainable=True, name="system")
system.set("Be kind.")
batch = BatchLines.load(client, f"{folder}/waiting.json", [system])
optimizer = OptoPrime(system, llm=ReplayChat(["```\\nName the species.\\n```"]))
with open(f"{folder}/results.jsonl", encoding="utf-8") as lines:
    nodes = batch.attach(lines)
for made in nodes.values():
    made.backward("name the species")
problem = str(optimizer.problem())
optimizer.step()
answer = client.chat.completions.create(model="m", messages=[{"role": "system", "content": system}])
runs = [run.output.data for run in recorder_of(client).runs]
print(json.dumps({"nodes": {id: made.data for id, made in nodes.items()}, "problem": problem, "runs": runs}))
"""


def test_another_process_attaches_the_results_and_learns_from_them(
    batch: BatchLines, serve: Callable[..., ApiServer], tmp_path: Path
) -> None:
    system, subject = prompt(), node("kelp", name="subject")
    ids = [batch.add(**asking(template("What eats {it}?", it=subject), system)) for _ in range(2)]
    batch.write(tmp_path / "requests.jsonl")
    batch.save(tmp_path / "waiting.json")
    lines = [result(ids[1], says("Snails.")), result(ids[0], says("Urchins."))]
    (tmp_path / "results.jsonl").write_text("\n".join(lines), encoding="utf-8")
    server = serve(says("Strongylocentrotus."))
    paths = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "integrations")))
    done = subprocess.run(
        [sys.executable, "-c", LATER, str(tmp_path), server.url, KEY],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["nodes"] == {ids[0]: "Urchins.", ids[1]: "Snails."}
    assert told["runs"] == ["Urchins.", "Snails.", "Strongylocentrotus."]
    assert "Be brief." in told["problem"]  # as it was read then, beside what it is now
    assert "Be kind." in told["problem"]
    assert server.requests[0].body["messages"][0]["content"] == "Name the species."


def test_the_nodes_are_those_that_this_process_would_have_had(batch: BatchLines, client: Any, tmp_path: Path) -> None:
    system, temperature = prompt(), node(0.4, trainable=True, name="temperature")
    exposed = expose(client_of(batch), tools=[TOOL], kinds="all")

    @bundle
    def question(food: str) -> str:
        return f"What eats {food}?"

    asked = asking(question(node("kelp", trainable=True, name="food")), system)
    custom_id = batch.add(**asked, temperature=temperature, tools=[TOOL])
    batch.save(tmp_path / "waiting.json")
    parameters = [system, temperature, *exposed.values()]
    later = BatchLines.load(client, tmp_path / "waiting.json", parameters)
    line = result(custom_id, says("Urchins."))
    here: Any = batch.attach([line])[custom_id]
    there: Any = later.attach([line])[custom_id]
    assert there.data == here.data == "Urchins."
    assert list(there.inputs) == list(here.inputs)
    assert there.values == here.values
    assert [there.inputs[name] for name in ("system", "temperature")] == [system, temperature]
    assert there.inputs["tool_description"] is exposed["find.description"]
    [food] = [each for each in there.graph().nodes if each.name == "food"]
    assert (type(food).__name__, food.data) == ("Node", "kelp")  # no parameter was given for it
    assert recorder_of(client).last.output is there


def test_what_was_read_then_is_shown_though_it_has_been_learned_since(
    batch: BatchLines, client: Any, tmp_path: Path
) -> None:
    system = prompt()
    custom_id = batch.add(**asking(system=system))
    batch.save(tmp_path / "waiting.json")
    system.set("Be kind.")
    made: Any = BatchLines.load(client, tmp_path / "waiting.json", system).attach(
        [result(custom_id, says("Urchins."))]
    )[custom_id]
    assert (made.inputs["system"], made.values["system"]) == (system, "Be brief.")


def test_answers_with_tools_and_failures_come_later_too(batch: BatchLines, client: Any, tmp_path: Path) -> None:
    system = prompt()
    first, second = batch.add(**asking(system=system)), batch.add("/v1/responses", model=MODEL, input="What eats kelp?")
    batch.save(tmp_path / "waiting.json")
    later = BatchLines.load(client, tmp_path / "waiting.json", [system])
    nodes = later.attach([result(first, asks(("find", {"name": "kelp"}))), failure(second, 429, {"message": "Busy."})])
    assert nodes[first].data == {"tool_calls": [{"name": "find", "args": {"name": "kelp"}}]}
    assert isinstance(nodes[second], ExceptionNode)
    assert nodes[second].data == "(BatchFailed) Busy."
    nodes[first].backward("ask for its name")
    assert len(system.feedback) == 1
    assert [drawn(run) for run in recorder_of(client).runs][1] == {"input>llm!"}


def test_it_can_be_saved_again_for_what_still_waits_and_goes_on_with_new_requests(
    batch: BatchLines, client: Any, tmp_path: Path
) -> None:
    system = prompt()
    ids = [batch.add(**asking(question, system)) for question in ("What eats kelp?", "What eats krill?")]
    batch.save(tmp_path / "waiting.json")
    later = BatchLines.load(client, tmp_path / "waiting.json", [system])
    later.attach([result(ids[0], says("Urchins."))])
    later.save(tmp_path / "waiting.json")
    last = BatchLines.load(client, tmp_path / "waiting.json", [system])
    assert last.waiting == (ids[1],)
    assert last.lines() == []
    new = last.add(**asking(system=system))
    assert body(last, new) == asking(system="Be brief.")
    made: Any = last.attach([result(ids[1], says("Whales.")), result(new, says("Snails."))])
    assert [each.data for each in made.values()] == ["Whales.", "Snails."]
    assert made[ids[1]].values == {"messages": "What eats krill?", "system": "Be brief."}


def test_neither_keys_nor_what_is_redacted_is_in_the_file(tmp_path: Path) -> None:
    recorder = Recorder(redact=lambda value: value.replace("Ada", "…") if isinstance(value, str) else value)
    with OpenAI(api_key=KEY) as client:
        batch = BatchLines(trace_openai(client, recorder))
        custom_id = batch.add(**asking(f"Ada's key is {KEY}."), extra_headers={"x": KEY})
        batch.save(tmp_path / "waiting.json")
        text = (tmp_path / "waiting.json").read_text(encoding="utf-8")
        assert custom_id in text
        assert "key is ***" in text
        assert KEY not in text
        assert "Ada" not in text
        assert recorder.runs == ()


def test_saving_does_not_attach(batch: BatchLines, tmp_path: Path) -> None:
    system = prompt()
    custom_id = batch.add(**asking(system=system))
    batch.save(tmp_path / "waiting.json")
    assert [path.name for path in tmp_path.iterdir()] == ["waiting.json"]
    assert (batch.waiting, system.feedback) == ((custom_id,), ())
    batch.attach([result(custom_id, says("Urchins."))])
    assert len(recorder_of(client_of(batch)).runs) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda data: "{",
        lambda data: "[]",
        lambda data: json.dumps({**data, "format": "another"}),
        lambda data: json.dumps({**data, "requests": []}),
        lambda data: json.dumps({**data, "requests": [{**data["requests"][0], "path": "/v1/images"}]}),
        lambda data: json.dumps({**data, "requests": [{**data["requests"][0], "path": 3}]}),
        lambda data: json.dumps({**data, "requests": [[]]}),
        lambda data: json.dumps({**data, "graph": {}}),
        lambda data: "[" * 100_000,
    ],
)
def test_another_file_is_an_error_that_names_it(
    change: Callable[[Any], str], batch: BatchLines, client: Any, tmp_path: Path
) -> None:
    batch.add(**asking())
    path = tmp_path / "waiting.json"
    batch.save(path)
    path.write_text(change(json.loads(path.read_text())))
    with pytest.raises(InvalidTrace, match=r"waiting\.json is no file that BatchLines\.save wrote"):
        BatchLines.load(client, path, [])


def test_a_client_that_is_not_traced(batch: BatchLines, tmp_path: Path) -> None:
    batch.save(tmp_path / "waiting.json")
    with OpenAI(api_key=KEY) as other, pytest.raises(NotTraced):
        BatchLines.load(other, tmp_path / "waiting.json", [])
