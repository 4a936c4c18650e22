"""Traces of a store, or of a training while it runs, sent to a collector of OpenTelemetry.

Where to, and with which headers, is said as OpenTelemetry says it everywhere: `OTEL_EXPORTER_OTLP_ENDPOINT`,
`OTEL_EXPORTER_OTLP_HEADERS` (https://opentelemetry.io/docs/specs/otel/protocol/exporter/). Needs the extra `otlp`.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from trace_core.errors import InvalidTrace, MissingExtra
from trace_core.graph_json import decode
from trace_core.trace_graph import TraceGraph
from trace_train.events import EvaluationEnded, Event, RunBegan, RunEnded
from trace_train.records import Candidate, Evaluation, EvaluationKey
from trace_train.store import SavedRun, Training
from trace_view.attributes import Said
from trace_view.errors import NotSent
from trace_view.spans import About, Trace, trace_of

try:
    from opentelemetry.context import Context
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
    from opentelemetry.sdk.trace.id_generator import IdGenerator
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON
    from opentelemetry.trace import (
        Link,
        NonRecordingSpan,
        SpanContext,
        StatusCode,
        TraceFlags,
        set_span_in_context,
    )
except ImportError as error:
    raise MissingExtra("export as OpenTelemetry's spans", "otlp") from error

_log = logging.getLogger(__name__)
_AT_ONCE = 500
_WAITING = 20_000


def collector(endpoint: str | None = None) -> SpanExporter:
    """What sends spans to a collector.

    Args:
        endpoint: its address, such as `http://localhost:4318`; by default what OpenTelemetry's environment variables
            say.

    Raises:
        ValueError: it is no address, or holds a password, which belongs into `OTEL_EXPORTER_OTLP_HEADERS`.
    """
    if endpoint is None:
        return OTLPSpanExporter()
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the endpoint must be an address, such as http://localhost:4318")
    if "@" in parts.netloc or parts.query:
        raise ValueError("the endpoint must not hold a key or a password: OTEL_EXPORTER_OTLP_HEADERS is where they go")
    base = endpoint.rstrip("/")
    return OTLPSpanExporter(base if base.endswith("/v1/traces") else f"{base}/v1/traces")


def export(what: Training | SavedRun, to: SpanExporter) -> int:
    """Send the traces of a training's evaluations, or of a run that was saved; doing it again sends the same ones.

    Args:
        what: of `Store.training` or `Store.run`.
        to: `collector(…)`, or any other exporter of OpenTelemetry's SDK.

    Returns:
        How many traces were sent.

    Raises:
        NotSent: the collector did not take them.

    Example:
        with Store("trace-suite.db") as store:
            export(store.training(id), collector("http://localhost:6006"))
    """
    collected = _Collected()
    writer, count = _Writer(collected), 0
    for trace in traces_of(what):
        writer.write(trace)
        count += 1
        if len(collected.spans) >= _AT_ONCE:
            _send(collected.taken(), to)
    _send(collected.taken(), to)
    return count


class SpanObserver:
    """Sends the trace of each evaluation while a training runs; one observer is for one run.

    Args:
        endpoint: as of `collector`.
        exporter: in its place, any exporter of OpenTelemetry's SDK.

    A run neither waits for the collector nor fails with it: what cannot be sent is logged and left out, and
    `trace-suite export RUN --otlp` sends it later, under the same ids.

    Example:
        observer = SpanObserver("http://localhost:6006")
        Trainer(…, observers=[observer]).fit(train, journal=store.journal())
        observer.close()
    """

    def __init__(self, endpoint: str | None = None, *, exporter: SpanExporter | None = None) -> None:
        to = collector(endpoint) if exporter is None else exporter
        self._processor = BatchSpanProcessor(to, max_queue_size=_WAITING, max_export_batch_size=_AT_ONCE)
        self._writer = _Writer(self._processor)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spans")
        self._run = uuid.uuid4().hex
        self._original = Candidate({})

    def __call__(self, event: Event) -> None:
        """Take an event."""
        match event:
            case RunBegan(original=original, run=run):
                self._run, self._original = run or self._run, original
            case EvaluationEnded(known=False, key=key, evaluation=evaluation):
                self._later(self._write, key, evaluation, time.time())
            case RunEnded():
                self._later(self._processor.force_flush)
            case _:
                pass

    def close(self) -> None:
        """Wait until all is sent, or given up."""
        self._thread.shutdown()
        self._processor.shutdown()  # type: ignore[no-untyped-call]

    def _write(self, key: EvaluationKey, evaluation: Evaluation, ended: float) -> None:
        graph = None if evaluation.trace is None else TraceGraph.from_json(evaluation.trace)
        self._writer.write(_of_evaluation(self._run, key, evaluation, graph, self._original, ended))

    def _later(self, function: Callable[..., Any], *arguments: Any) -> None:
        def safely() -> None:
            try:
                function(*arguments)
            except Exception as error:  # noqa: BLE001 - what is only looked at must not end a run that is paid for
                _log.warning("spans were not sent: %s", error, exc_info=error)

        self._thread.submit(safely)


# --- what a store holds, as traces


def traces_of(what: Training | SavedRun) -> Iterator[Trace]:
    """What `export` sends: of each evaluation of a training, or of a run that was saved; with how it was judged.

    Example:
        ids = [f"{trace.id:032x}" for trace in traces_of(store.training(id))]
    """
    if isinstance(what, SavedRun):
        yield _of_saved(what)
        return
    original = next((tried.candidate for tried in what.candidates()), Candidate({}))
    skip = 0
    while found := what.evaluations(limit=_AT_ONCE, skip=skip):
        skip += len(found)
        for key, evaluation in found:
            ended = what.kept(key) or what.updated
            yield _of_evaluation(what.id, key, evaluation, what.trace(key), original, ended.timestamp())


def _of_evaluation(
    run: str, key: EvaluationKey, evaluation: Evaluation, graph: TraceGraph | None, original: Candidate, ended: float
) -> Trace:
    by = "LLM" if evaluation.guide_usage.calls else "CODE"
    said = [Said("score", evaluation.score, evaluation.feedback, by, ended)]
    said += [Said(name, score, None, by, ended) for name, score in evaluation.scores.items()]
    told = {"training": run, "candidate": key.candidate, "example": key.example, "repeat": key.repeat}
    output = None
    if graph is None:
        with suppress(InvalidTrace):  # it stands without
            output = decode(evaluation.output)
    about = About(
        f"{run}/{key.candidate}/{key.example}/{key.repeat}",
        "evaluation",
        ended,
        evaluation.seconds,
        said,
        original.values,
        told | {"score": evaluation.score, "feedback": evaluation.feedback},
        run,
        output,
        evaluation.error,
    )
    return trace_of(graph, about)


def _of_saved(run: SavedRun) -> Trace:
    said = []
    for each in run.feedback:
        score, text, at = each.feedback.score, each.feedback.text, each.given.timestamp()
        if isinstance(score, (int, float)) or score is None:
            said.append(Said("feedback", score, text, at=at))
        else:
            said += [Said(name, number, text, at=at) for name, number in score.items()]
    heard = [{"name": each.name, "score": each.score, "text": each.text} for each in said]
    told = {"run": run.id, "feedback": heard}
    return trace_of(run.graph, About(run.id, "run", run.saved.timestamp(), 0.0, said, run.parameters, told))


# --- traces as spans of the SDK


def _send(spans: list[ReadableSpan], to: SpanExporter) -> None:
    if spans and to.export(spans) is not SpanExportResult.SUCCESS:
        raise NotSent("the collector did not take the spans (the log says why); is it there, and the address right?")


class _Collected(SpanProcessor):
    """Keeps spans until they are taken."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)

    def taken(self) -> list[ReadableSpan]:
        spans, self.spans = self.spans, []
        return spans


class _Ids(IdGenerator):
    """Gives the ids of the span that is made next."""

    trace = span = 0

    def generate_trace_id(self) -> int:
        return self.trace

    def generate_span_id(self) -> int:
        return self.span


class _Writer:
    """Makes spans of the SDK, which a processor takes; not for several threads at once."""

    def __init__(self, processor: SpanProcessor) -> None:
        self._ids = _Ids()
        named = {"service.name": "trace-suite", "openinference.project.name": "trace-suite"}
        unlimited = dict.fromkeys(("max_span_attributes", "max_events", "max_links"), SpanLimits.UNSET)
        provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource(named).merge(OTELResourceDetector().detect()),
            shutdown_on_exit=False,
            id_generator=self._ids,
            span_limits=SpanLimits(**unlimited),
        )
        provider.add_span_processor(processor)
        self._tracer = provider.get_tracer("trace-suite")

    def write(self, trace: Trace) -> None:
        """Hand on the spans of a trace."""
        for span in trace.spans:
            self._ids.trace, self._ids.span = trace.id, span.id
            around = Context()
            if span.parent is not None:
                around = set_span_in_context(NonRecordingSpan(_context(trace, span.parent)), around)
            links = [Link(_context(trace, id), attributes) for id, attributes in span.links]
            start, end = map(_nanoseconds, span.times)
            made = self._tracer.start_span(span.name, around, attributes=span.attributes, links=links, start_time=start)
            for event in span.events:
                made.add_event(event.name, event.attributes, _nanoseconds(event.at))
            if span.error is not None:
                made.set_status(StatusCode.ERROR, span.error)
            made.end(end)


def _context(trace: Trace, span: int) -> SpanContext:
    return SpanContext(trace.id, span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)
