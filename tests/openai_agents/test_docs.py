"""The examples of the page run on the SDK, which the other pages' environment has not, and print what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("agents")

from tests.docs.test_examples import MARK, REPOSITORY, examples

PAGE = REPOSITORY / "docs" / "openai-agents.md"


def test_the_examples_run_and_print_what_the_page_says(tmp_path: Path) -> None:
    shown = examples(PAGE)
    program = tmp_path / "page.py"
    program.write_text("\n".join(f"{example.code}\nprint({MARK!r})" for example in shown))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "TRACE_"))}

    done = subprocess.run(
        [sys.executable, str(program)], cwd=tmp_path, env=kept, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert any(example.output for example in shown)
    for example, printed in zip(shown, done.stdout.split(f"{MARK}\n"), strict=False):
        if example.output is not None:
            assert printed.strip() == example.output.strip(), f"{PAGE.name}:{example.line}"
