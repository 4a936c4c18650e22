"""Spans at their collector: those of the SDK, by OTLP over HTTP, from a store and while a training runs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk")
pytest.importorskip("langchain")
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from tests.conformance.test_langchain import LangChain
from tests.view.scripted import train
from trace_train.store import Store
from trace_view.errors import NotSent
from trace_view.exporting import SpanObserver, collector, export, traces_of


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "trace-suite.db") as store:
        yield store


def saved(store: Store, program: str) -> str:
    """A run of an agent of LangChain that was saved."""
    adapter = LangChain()
    made, recorder = getattr(adapter, program)(), adapter.recorder()
    parameters = adapter.expose(made.target)
    try:
        with recorder.run() as run:
            made.call(made.given, recorder)
    except KeyError:
        pass
    adapter.release(parameters, recorder)
    return store.save(run)


def exported(what: Any) -> tuple[Any, ...]:
    memory = InMemorySpanExporter()
    export(what, memory)
    return memory.get_finished_spans()


def ids(spans: Any) -> set[tuple[int, int]]:
    return {(span.context.trace_id, span.context.span_id) for span in spans}


def test_a_saved_run_is_a_trace_whose_parents_and_links_are_right(held: Store) -> None:
    run = held.run(saved(held, "tool"))
    run.output.backward("cite the page you used")
    run.output.backward({"kind": 1, "brief": 0.5})
    spans = exported(run)
    by_id = {span.context.span_id: span for span in spans}
    assert len({span.context.trace_id for span in spans}) == 1
    assert [(span.name, by_id[span.parent.span_id].name if span.parent else None) for span in spans] == [
        ("run", None),
        ("LangGraph", "run"),
        ("model", "LangGraph"),
        ("tools", "LangGraph"),
        ("model[1]", "LangGraph"),
        ("Streaming", "model"),
        ("weather", "tools"),
        ("Streaming", "model[1]"),
    ]
    first, tool, last = spans[-3:]
    assert [(link.context.span_id, link.attributes["why"]) for link in last.links] == [
        (first.context.span_id, "identity"),
        (tool.context.span_id, "tool_call_id"),
    ]
    assert all(first.start_time <= span.start_time <= span.end_time <= spans[0].end_time for span in spans)
    said = [dict(event.attributes) for event in spans[0].events]
    assert [each["gen_ai.evaluation.name"] for each in said] == ["feedback", "kind", "brief"]
    heard = json.loads(spans[0].attributes["metadata"])["feedback"]
    assert heard[0] == {"name": "feedback", "score": None, "text": "cite the page you used"}
    assert spans[0].resource.attributes["service.name"] == "trace-suite"
    assert ids(exported(run)) == ids(spans)


def test_a_run_that_failed_says_so(held: Store) -> None:
    *_, failed = spans = exported(held.run(saved(held, "failing")))
    assert (spans[0].status.status_code, failed.status.status_code) == (StatusCode.ERROR, StatusCode.ERROR)
    assert [event.name for event in failed.events] == ["exception"]


def test_each_evaluation_of_a_training_is_a_trace_with_its_score(held: Store) -> None:
    training = held.training(train(held))
    spans = exported(training)
    roots = {span.attributes["metadata"]: span for span in spans if span.parent is None}
    assert len(roots) == training.evaluation_count
    for key, evaluation in training.evaluations():
        [root] = [span for told, span in roots.items() if _is_of(json.loads(told), key)]
        assert root.attributes["evaluations.0.evaluation.score"] == evaluation.score
        assert root.attributes["evaluations.0.evaluation.explanation"] == evaluation.feedback
        assert root.attributes["session.id"] == training.id
    routes = [span for span in spans if span.name == "format"]
    assert json.loads(routes[0].attributes["metadata"])["parameters"].keys() == {"rules", "tone"}
    assert ids(exported(training)) == ids(spans)


def _is_of(told: dict[str, Any], key: Any) -> bool:
    return (told["candidate"], told["example"], told["repeat"]) == (key.candidate, key.example, key.repeat)


def test_an_observer_sends_while_a_training_runs_what_the_store_would_send_later(held: Store) -> None:
    memory = InMemorySpanExporter()
    observer = SpanObserver(exporter=memory)
    training = held.training(train(held, observers=[observer]))
    observer.close()
    assert ids(memory.get_finished_spans()) == ids(exported(training))


def test_what_was_known_before_is_not_sent_again_by_an_observer(held: Store) -> None:
    run, memory = train(held), InMemorySpanExporter()
    observer = SpanObserver(exporter=memory)
    train(held, observers=[observer], resumed=run)
    observer.close()
    assert memory.get_finished_spans() == ()


class Refusing(SpanExporter):
    """A collector that is not there."""

    def export(self, spans: Any) -> SpanExportResult:
        return SpanExportResult.FAILURE


def test_a_collector_that_takes_nothing_is_an_error_of_an_export_and_none_of_a_training(held: Store) -> None:
    observer = SpanObserver(exporter=Refusing())
    training = held.training(train(held, observers=[observer]))
    observer.close()
    assert training.state == "finished"
    with pytest.raises(NotSent, match="did not take"):
        export(training, Refusing())


def test_neither_limits_nor_samplers_of_the_environment_take_from_a_trace(held: Store, monkeypatch: Any) -> None:
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "2")
    monkeypatch.setenv("OTEL_SPAN_LINK_COUNT_LIMIT", "0")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "mine")
    spans = exported(held.run(saved(held, "tool")))
    assert len(spans[-1].links) == 2
    assert len(spans[-1].attributes) > 5
    assert spans[0].resource.attributes["service.name"] == "mine"


# --- over HTTP


@pytest.fixture
def listening() -> Iterator[tuple[str, list[Any]]]:
    """A collector's address, and what it was sent: path, headers and request."""
    told: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = ExportTraceServiceRequest()
            request.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
            told.append((self.path, self.headers, request))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", told
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_protocol_carries_parents_links_and_the_headers_of_the_environment(
    held: Store, listening: Any, monkeypatch: Any
) -> None:
    address, told = listening
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20secret")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    run = held.run(saved(held, "tool"))
    assert export(run, collector(f"{address}/api/public/otel")) == 1
    [(path, headers, request)] = told
    assert (path, headers["authorization"]) == ("/api/public/otel/v1/traces", "Bearer secret")
    [trace] = traces_of(run)
    spans = request.resource_spans[0].scope_spans[0].spans
    sent = {(span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()) for span in spans}
    assert sent == {
        (f"{trace.id:032x}", f"{span.id:016x}", "" if span.parent is None else f"{span.parent:016x}")
        for span in trace.spans
    }
    links = [[link.span_id.hex() for link in span.links] for span in spans]
    assert links == [[f"{id:016x}" for id, _ in span.links] for span in trace.spans]


@pytest.mark.parametrize(
    "endpoint", ["localhost:4318", "ftp://host", "http://", "http://me:key@host", "http://h?key=1"]
)
def test_an_address_that_is_none_or_holds_a_key_is_refused_without_saying_it(endpoint: str) -> None:
    with pytest.raises(ValueError, match=r"^the endpoint must") as refused:
        collector(endpoint)
    assert "me:key" not in str(refused.value)


def test_the_command_exports_a_run_to_an_address_or_to_where_the_environment_says(
    held: Store, tmp_path: Path, listening: Any, monkeypatch: Any
) -> None:
    from typer.testing import CliRunner

    from trace_train.cli.app import app

    address, told = listening
    run, at = saved(held, "chain"), ["--store", str(tmp_path / "trace-suite.db")]
    training = train(held)
    done = CliRunner().invoke(app, ["export", run, "--otlp", address, *at])
    assert (done.exit_code, done.stderr) == (0, "1 trace sent\n")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
    for words in ([training, "--otlp", *at], ["--otlp", training, *at], [training, *at, "--otlp"]):
        done = CliRunner().invoke(app, ["export", *words])
        assert (done.exit_code, done.stderr) == (0, f"{held.training(training).evaluation_count} traces sent\n")
    assert len({path for path, _, _ in told}) == 1
    for wrong in (["--otlp", "ftp://x"], ["--otlp", "--as", "json"], []):
        assert CliRunner().invoke(app, ["export", run, *wrong, *at]).exit_code == 2
