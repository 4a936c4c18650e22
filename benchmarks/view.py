"""What pages cost the server: a trace graph as data and as a page, the page of a step, the list of many trainings.

    python benchmarks/view.py                   a thousand trainings of two hundred steps: some minutes and 4 GB of disk
    python benchmarks/view.py TRAININGS STEPS   fewer of them

The graphs are an agent's of about 500 and 5,000 nodes, whose model reads a conversation that grows; prints JSON. Times
are of this process's own work (user and system), in milliseconds, the best of several repetitions; those of a page hold
all that is between a request and its answer but the network.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import httpx
from store import fill

from trace_core import node
from trace_core.nodes import MessageNode, Node
from trace_core.operators import Argument, Operation
from trace_core.trace_graph import TraceGraph
from trace_train.records import Candidate, Decision, Evaluation, EvaluationKey, Proposed
from trace_train.store import Store
from trace_view.app import create_app
from trace_view.diffs import word_diff
from trace_view.graphs import graph_data

TOOLS = 6
KEPT_MESSAGES = 20


def call(op: str, value: Any, scope: list[str], *parents: Node) -> MessageNode:
    arguments = tuple(Argument(f"input{number}", "identity") for number in range(len(parents)))
    return MessageNode(value, Operation(op, arguments, op, None), parents, None, True, {"scope": scope, "seconds": 0.5})


def agent(turns: int) -> TraceGraph:
    """A graph of eight nodes a turn."""
    prompt = node("You answer the customers of a shop. " * 10, trainable=True, name="prompt")
    said: Node = Node([{"role": "user", "content": "How do I get a refund?"}], name="question")
    for turn in range(turns):
        scope = ["agent", f"turn {turn}"]
        asked = call("llm", {"role": "assistant", "content": "I look it up.\n" * 10}, scope, said, prompt)
        found = [call("tool", "what the page says " * 50, scope, asked) for _ in range(TOOLS)]
        messages = [*said.data, asked.data, *({"role": "tool", "content": each.data} for each in found)][
            -KEPT_MESSAGES:
        ]
        said = call("memory", messages, scope, asked, *found)
    return call("parser", "the answer", ["agent"], said).graph()


def milliseconds(function: Callable[[], Any], repeat: int = 5) -> float:
    times = []
    for _ in range(repeat):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return round(min(times) * 1000, 1)


def costs(turns: int) -> dict[str, Any]:
    graph = agent(turns)
    stored = json.dumps(graph.to_json())
    read = TraceGraph.from_json(json.loads(stored))
    data = json.dumps(graph_data(read, "cite the page", ["prompt"]))
    return {
        "nodes": len(graph),
        "edges": len(graph.edges),
        "stored_bytes": len(stored),
        "data_bytes": len(data),
        "read_ms": milliseconds(lambda: TraceGraph.from_json(json.loads(stored))),
        "data_ms": milliseconds(lambda: json.dumps(graph_data(read, "cite the page", ["prompt"]))),
        "page_ms": milliseconds(lambda: read.to_html()),
        "page_bytes": len(read.to_html().encode()),
    }


def pages_ms(store: Store, paths: Sequence[str], repeat: int = 5) -> list[float]:
    """What each page costs, asked for as a browser does."""

    async def asked() -> list[float]:
        host = "127.0.0.1:8000"
        app = httpx.ASGITransport(app=create_app(store, "token", [host]))
        async with httpx.AsyncClient(transport=app, base_url=f"http://{host}") as reader:
            await reader.get("/?token=token")
            return [min([await cost(reader, path) for _ in range(repeat)]) for path in paths]

    async def cost(reader: httpx.AsyncClient, path: str) -> float:
        start = time.process_time()
        answer = await reader.get(path)
        taken = time.process_time() - start
        answer.raise_for_status()
        return round(taken * 1000, 1)

    return asyncio.run(asked())


def step_costs(store: Store, turns: int) -> dict[str, float]:
    """A step whose optimizer was shown a trace: the page, and the trace that it fetches."""
    journal = store.journal()
    first, second = (Candidate({"prompt": f"You answer the customers of a shop. {number}"}) for number in range(2))
    second = Candidate(second.values, (first.id,), "proposed")
    key = EvaluationKey(first.id, "question")
    for candidate in (first, second):
        journal.keep_candidate(candidate)
    made = Evaluation(0.5, feedback="cite the page", output="the answer", trace=agent(turns).to_json())
    journal.keep_evaluation(key, made)
    journal.keep_proposed(1, Proposed(second.values, "problem " * 5_000, "answer", parent=first.id, seen=(key,)))
    journal.keep_decision(Decision(1, second.id, True, "better", 0.5))
    at = f"/runs/{journal.run_id}/steps/1"
    page, graph = pages_ms(store, [at, f"{at}/graph.json"])
    return {"page_ms": page, "graph_ms": graph, "both_ms": round(page + graph, 1)}


def page_costs(trainings: int, steps: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, Store(f"{folder}/trace-suite.db") as store:
        id = fill(store, trainings, steps)[trainings // 2]
        first, last, run = pages_ms(store, ["/", f"/?page={(trainings - 1) // 50}", f"/runs/{id}"])
        listed = {"trainings": trainings, "steps_each": steps, "list_ms": first, "last_of_list_ms": last, "run_ms": run}
        return {"step_500": step_costs(store, 62), "step_5000": step_costs(store, 625), "list": listed}


def main(trainings: str = "1000", steps: str = "200") -> None:
    words = [f"word{number}" for number in range(20_000)]
    before, after = (
        " ".join(words),
        " ".join(["else" if number % 700 == 5 else each for number, each in enumerate(words)]),
    )
    lines, others = before.replace(" ", "\n"), after.replace(" ", "\n")
    results = {
        "graph_500": costs(62),
        "graph_5000": costs(625),
        **page_costs(int(trainings), int(steps)),
        "diff_one_line_of_20000_words_ms": milliseconds(lambda: word_diff(before, after)),
        "diff_20000_lines_ms": milliseconds(lambda: word_diff(lines, others)),
    }
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main(*sys.argv[1:])
