"""The command `trace-suite`: training, what was learned, and late feedback, without a line of Python. Extra `train`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; the exit codes are those of docs/command-line.md."""
    try:
        from trace_train.cli.app import app
    except ModuleNotFoundError as error:
        if error.name != "typer":
            raise
        from trace_core.errors import MissingExtra

        sys.stderr.write(f"{MissingExtra('the command trace-suite', 'train')}\n")
        sys.exit(1)
    app()
