"""Every Python example of the documentation runs, and prints what the page says it prints.

The fences of a page run in order, as one program. A ```text fence right after a ```python fence is its output. A fence
after `<!-- not run -->` needs a key or a model, and is only compiled.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
FENCE = re.compile(
    r"(?P<skip><!-- not run -->\n+)?^(?P<ticks>```+)python\n(?P<code>.*?)^(?P=ticks)\n"
    r"(?:\n*^(?P<more>```+)text\n(?P<output>.*?)^(?P=more)\n)?",
    re.MULTILINE | re.DOTALL,
)
MARK = "----- end of example -----"


@dataclass(frozen=True)
class Example:
    """One fence: its code, the output that the page shows (None: none shown), whether it is run, and its line."""

    code: str
    output: str | None
    runs: bool
    line: int


def examples(page: Path) -> list[Example]:
    text = page.read_text()
    return [
        Example(found["code"], found["output"], found["skip"] is None, text.count("\n", 0, found.start("code")) + 1)
        for found in FENCE.finditer(text)
    ]


def has_examples_to_run(page: Path) -> bool:
    return any(example.runs for example in examples(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_example_compiles(page: Path) -> None:
    for example in examples(page):
        compile(example.code, f"{page.name}:{example.line}", "exec")


@pytest.mark.parametrize("page", [page for page in PAGES if has_examples_to_run(page)], ids=lambda path: path.name)
def test_the_examples_run_and_print_what_the_page_says(page: Path, tmp_path: Path) -> None:
    run = [example for example in examples(page) if example.runs]
    program = tmp_path / "page.py"  # a file, since trainable functions are read from their source
    program.write_text("\n".join(f"{example.code}\nprint({MARK!r})" for example in run))
    # No key and no model of the machine may decide what an example does.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "TRACE_"))}

    done = subprocess.run(
        [sys.executable, str(program)], cwd=tmp_path, env=kept, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    for example, printed in zip(run, done.stdout.split(f"{MARK}\n"), strict=False):
        if example.output is not None:
            assert printed.strip() == example.output.strip(), f"{page.name}:{example.line}"
