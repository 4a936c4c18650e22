"""What `trace-suite` can do when somebody wants to look: `ui` and `report`.

`trace_train.cli` finds `add_to` by name, so that training depends on nothing here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from trace_core.errors import MissingExtra


def add_to(app: typer.Typer) -> None:
    """Add the commands to those of `trace-suite`."""
    for command in (ui, report):
        app.command()(command)


def ui(
    store: Annotated[str, typer.Option("--store", "--db", help="The store: a file, or a URL.")] = "trace-suite.db",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Of 127.0.0.1; by default any that is free.")] = 0,
) -> None:
    """Look at trainings and saved runs in a browser on this machine, until Ctrl-C.

    trace-suite ui --store trace-suite.db
    """
    try:
        from trace_view.server import serve
    except ImportError as error:
        raise MissingExtra("trace-suite ui", "view") from error
    try:
        serve(store, port, typer.echo)
    except OSError as error:
        raise typer.BadParameter(
            f"{port} cannot be had ({error.strerror}); give another, or none", param_hint="--port"
        ) from error


def report(
    run: Annotated[str, typer.Argument(help="A training's id, as `trace-suite runs` lists it.")],
    out: Annotated[Optional[Path], typer.Option("-o", "--out", help="The file; by default report-RUN.html.")] = None,  # noqa: UP045
    store: Annotated[str, typer.Option("--store", "--db", help="The store: a file, or a URL.")] = "trace-suite.db",
) -> None:
    """Write a training as one HTML file that needs no network: scores, what was learned, each step, two traces.

    trace-suite report 1a2b3c4d5e6f -o report.html
    """
    try:
        from trace_train.cli.reading import find_training
        from trace_train.store import Store
        from trace_view.report import report as page
    except ImportError as error:
        raise MissingExtra("trace-suite report", "view") from error
    with Store(store, create=False) as opened:
        id = find_training(opened, run).id
        target = out or Path(f"report-{id}.html")
        target.write_text(page(opened, id), encoding="utf-8")
    typer.echo(f"run {id} is in {target}", err=True)
