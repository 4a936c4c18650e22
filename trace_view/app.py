"""The pages as a Starlette app: which address shows what (https://www.starlette.io)."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from trace_core.errors import TraceError
from trace_core.trace_graph import TraceGraph
from trace_train.records import Candidate
from trace_train.store import NoSuchRun, Store, Training
from trace_view.applying import apply
from trace_view.errors import NotApplied, NotThere
from trace_view.graphs import graph_data, value_text
from trace_view.guarding import Guard
from trace_view.live import changes
from trace_view.pages.compare import compare
from trace_view.pages.parameter import parameter
from trace_view.pages.reading import by_id
from trace_view.pages.run import run
from trace_view.pages.runs import gave, runs
from trace_view.pages.saved import saved
from trace_view.pages.step import shown_evaluation, step, step_texts
from trace_view.rendering import render, segment


def create_app(store: Store, token: str, hosts: Collection[str], place: str = "trace-suite.db") -> Guard:
    """The pages of a store, for one reader on this machine.

    Args:
        store: what is shown.
        token: what the reader must bring: in the address, `/?token=…`, and then in a cookie.
        hosts: the hosts with ports by which the pages are called, such as `127.0.0.1:8000`.
        place: the store's path or URL, for `trace-suite apply`.

    Returns:
        An ASGI app.

    Example:
        app = create_app(Store("trace-suite.db"), "a secret", ["127.0.0.1:8000"])
    """
    pages = Pages(store, place)
    at_step, at_candidate = "/runs/{id}/steps/{number:int}", "/runs/{id}/candidates/{candidate}"
    routes = [
        Route("/", pages.runs),
        Route("/compare", pages.compare),
        Route("/events", pages.events),
        Route("/runs/{id}", pages.run),
        Route(at_step, pages.step),
        Route(f"{at_step}/graph.json", pages.graph),
        Route(f"{at_step}/graph.txt", pages.value),
        Route(f"{at_step}/{{part}}.txt", pages.text),
        Route(f"{at_candidate}.json", pages.export),
        Route(f"{at_candidate}/apply", pages.apply, methods=["POST"]),
        Route("/runs/{id}/parameters/{name:path}", pages.parameter),
        Route("/saved/{id}", pages.saved),
        Route("/saved/{id}/graph.json", pages.saved_graph),
        Route("/saved/{id}/graph.txt", pages.saved_value),
        Route("/favicon.ico", lambda _: RedirectResponse("/static/icon.svg")),  # asked for beside a plain text
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
    ]
    refused = {TraceError: _refused, HTTPException: _refused}
    return Guard(Starlette(routes=routes, exception_handlers=refused), token, hosts)


_MOST_STEPS = 10**9
"""No step has a larger number; and a database cannot be asked for any number there is."""


class Pages:
    """What is answered at each address; each method takes a request, in a thread of its own."""

    def __init__(self, store: Store, place: str) -> None:
        self._store = store
        self._place = place
        self._gave = lru_cache(1_000)(partial(gave, store))  # a page that is live asks every second

    def runs(self, request: Request) -> Response:
        """All trainings and saved runs."""
        return _page("runs.html", runs(self._store, _number(request, "page"), self._gave))

    def compare(self, request: Request) -> Response:
        """Two trainings."""
        ids = request.query_params.getlist("run")
        if len(ids) != 2:
            raise HTTPException(400, f"Two runs can be compared, not {len(ids)}: tick two in the list.")
        return _page("compare.html", compare(self._store, ids))

    def run(self, request: Request) -> Response:
        """One training."""
        return _page("run.html", run(self._store, request.path_params["id"]))

    def step(self, request: Request) -> Response:
        """One step."""
        return _page("step.html", step(self._store, *self._step(request)))

    def parameter(self, request: Request) -> Response:
        """One parameter; `?applied=ID` says that this candidate was gone back to."""
        context = parameter(self._store, request.path_params["id"], request.path_params["name"])
        return _page("parameter.html", context | {"applied": request.query_params.get("applied")})

    def saved(self, request: Request) -> Response:
        """A saved run."""
        return _page("saved.html", saved(self._store, request.path_params["id"]))

    async def events(self, request: Request) -> Response:
        """An event whenever a training, or any of them, is another one."""
        id = request.query_params.get("run")
        if id is not None:
            await run_sync(self._store.training, id)
        return StreamingResponse(changes(self._store, id), media_type="text/event-stream")

    # --- parts of pages

    def graph(self, request: Request) -> Response:
        """The trace of an evaluation that the optimizer was shown."""
        trace, evaluation, parameters = shown_evaluation(self._store, *self._step(request))
        return _json(graph_data(trace, evaluation.feedback, parameters))

    def value(self, request: Request) -> Response:
        """A value in that trace, whole."""
        trace, *_ = shown_evaluation(self._store, *self._step(request))
        return _value(trace, request)

    def saved_graph(self, request: Request) -> Response:
        """The trace of a saved run."""
        found = self._store.run(request.path_params["id"])
        said = "\n\n".join(each.feedback.text or "" for each in found.feedback)
        return _json(graph_data(found.graph, said or None, found.parameters))

    def saved_value(self, request: Request) -> Response:
        """A value in that trace, whole."""
        return _value(self._store.run(request.path_params["id"]).graph, request)

    def text(self, request: Request) -> Response:
        """A long text of a step, whole."""
        texts = step_texts(step(self._store, *self._step(request)))
        part = request.path_params["part"]
        if part not in texts:
            raise NotThere(f"a step has no {part}, only {', '.join(texts)}")
        return _text(texts[part])

    def export(self, request: Request) -> Response:
        """A candidate's values, as a file for `ParameterSet.load_state_dict`."""
        _, candidate = self._candidate(request)
        headers = {"Content-Disposition": f'attachment; filename="{candidate.id}.json"'}
        return Response(json.dumps(candidate.values, indent=2), 200, headers, "application/json")

    # --- changes

    def apply(self, request: Request) -> Response:
        """Go back to a candidate, and to the page of the parameter that this was asked on."""
        training, candidate = self._candidate(request)
        apply(self._place, training, candidate.id)
        return RedirectResponse(f"{_asked_on(request)}?applied={candidate.id}", 303)

    # --- what a request is about

    def _step(self, request: Request) -> tuple[str, int, int]:
        number = min(request.path_params["number"], _MOST_STEPS)
        return request.path_params["id"], number, _number(request, "key")

    def _candidate(self, request: Request) -> tuple[Training, Candidate]:
        training, id = self._store.training(request.path_params["id"]), request.path_params["candidate"]
        candidates = by_id(training)
        if id not in candidates:
            raise NotThere(f"training {training.id} has no candidate {id!r}")
        return training, candidates[id]


def _number(request: Request, name: str) -> int:
    given = request.query_params.get(name, "0")
    return int(given) if given.isdecimal() and len(given) < 10 else 0


def _asked_on(request: Request) -> str:
    """The address of the run, or of its parameter that the request names."""
    run, parameter = f"/runs/{segment(request.path_params['id'])}", request.query_params.get("parameter")
    return run if parameter is None else f"{run}/parameters/{segment(parameter)}"


def _page(template: str, context: dict[str, Any], status: int = 200) -> Response:
    return HTMLResponse(render(template, context), status)


def _json(data: Any) -> Response:
    return Response(json.dumps(data), media_type="application/json")  # ASCII: halves of characters cannot be sent


def _text(text: str) -> Response:
    return PlainTextResponse(text.encode(errors="replace"))


def _value(trace: TraceGraph, request: Request) -> Response:
    """`?node=3`: what came out of a node; `?node=3&input=0`: what it read."""
    index = _number(request, "input") if "input" in request.query_params else None
    try:
        return _text(value_text(trace, _number(request, "node"), index))
    except IndexError as error:
        raise NotThere("the trace has no such value") from error


def _refused(request: Request, error: Exception) -> Response:
    """An error as a page: of ours with its message, of Starlette's with its status."""
    back = None
    match error:
        case HTTPException():
            said, status = error.detail, error.status_code
        case NoSuchRun():
            said, status = "There is no such run here.", 404
        case NotApplied():
            said, status = str(error), 409
            back = _asked_on(request)
        case LookupError():
            said, status = str(error), 404
        case _:
            said, status = str(error), 500
    return _page("error.html", {"said": said, "back": back}, status)
