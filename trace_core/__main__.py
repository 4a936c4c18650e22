"""`python -m trace_core doctor`: what of trace-suite is usable on this machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m trace_core", description="The core of trace-suite.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("doctor", help="say which LLM, model file, sandbox and adapters are usable here")
    parser.parse_args(arguments)

    from trace_core.doctor import examine, show

    show(examine())
    return 0


if __name__ == "__main__":
    sys.exit(main())
