"""`python -m trace_local fetch` brings the default model; `python -m trace_local where` says where it is."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from trace_core.errors import MissingExtra, TraceError
from trace_local.fetching import fetch
from trace_local.model_file import MODEL, model_path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m trace_local", description="The LLM on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("fetch", help=f"bring {MODEL.name} ({MODEL.size / 1e9:.1f} GB) into the cache folder")
    commands.add_parser("where", help="print where its file is; exit code 1 where it is not there")
    command = parser.parse_args(arguments).command
    try:
        if command == "where":
            sys.stdout.write(f"{model_path()}\n")
            return 0 if MODEL.is_at(model_path()) else 1
        _fetch_with_progress()
    except (TraceError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the next fetch goes on from here\n")
        return 130
    return 0


def _fetch_with_progress() -> None:
    try:
        from rich import progress
    except ImportError as error:
        raise MissingExtra("fetching the local model", "local") from error
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns) as bar:
        task = bar.add_task("looking for a source", total=MODEL.size)
        path = fetch(progress=lambda have, source: bar.update(task, completed=have, description=source))
        bar.update(task, completed=MODEL.size, description="checked")
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    sys.exit(main())
