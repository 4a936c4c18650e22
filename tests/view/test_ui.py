"""The command: `trace-suite ui`, and going back to a candidate from a page."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from tests.view.conftest import HOST
from tests.view.scripted import train
from trace_train.cli.app import app
from trace_train.store import Store

PROGRAM = '''"""A program whose rules are learned."""

from trace_core import ParameterSet, node, template

rules, tone = "Route the ticket to billing.", "polite"
parameters = ParameterSet([node(rules, trainable=True, name="rules"), node(tone, trainable=True, name="tone")])


def program(text):
    """Ask."""
    return template("{rules} {text}", text=text, rules=parameters["rules"])
'''


@pytest.fixture
def begun(store: Store, tmp_path: Path) -> str:
    """The id of a training as the command begins it, of a program in a file."""
    (tmp_path / "support.py").write_text(PROGRAM)
    settings = {
        "program": {"use": "support:program"},
        "parameters": "support:parameters",
        "guide": {"use": "Exact"},
        "data": {"file": "tickets.jsonl"},
        "folder": str(tmp_path),
        "out": "learned.json",
    }
    return train(store, settings=settings)


async def test_a_candidate_is_gone_back_to_from_the_page_of_a_parameter(
    reader: httpx.AsyncClient, store: Store, begun: str, tmp_path: Path
) -> None:
    original = store.training(begun).candidates()[0].candidate
    page = (await reader.get(f"/runs/{begun}/parameters/rules")).text
    path = f"/runs/{begun}/candidates/{original.id}/apply?parameter=rules"
    assert f'action="{path}"' in page
    assert f"<code>{tmp_path / 'learned.json'}</code>" in page
    answer = await reader.post(path, headers={"origin": f"http://{HOST}"})
    assert answer.status_code == 303
    assert "was written to" in (await reader.get(answer.headers["location"])).text
    assert '"Route the ticket to billing."' in (tmp_path / "learned.json").read_text()


async def test_what_the_command_refuses_is_said(
    reader: httpx.AsyncClient, store: Store, begun: str, tmp_path: Path
) -> None:
    (tmp_path / "support.py").unlink()
    best = store.training(begun).best
    answer = await reader.post(
        f"/runs/{begun}/candidates/{best}/apply?parameter=rules", headers={"origin": f"http://{HOST}"}
    )
    assert answer.status_code == 409
    assert "support" in answer.text
    assert f'href="/runs/{begun}/parameters/rules"' in answer.text
    assert not (tmp_path / "learned.json").exists()


async def test_no_candidate_is_gone_back_to_by_reading(reader: httpx.AsyncClient, begun: str, store: Store) -> None:
    best = store.training(begun).best
    assert (await reader.get(f"/runs/{begun}/candidates/{best}/apply")).status_code == 405


def command(*arguments: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "trace_train.cli", "ui", *arguments]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def shown(store: Store, begun: str, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command while it runs, and the address that it printed."""
    with command("--db", str(tmp_path / "trace-suite.db")) as process:
        try:
            yield process, (process.stdout.readline() if process.stdout else "").strip()
        finally:
            process.kill()


def test_the_command_prints_an_address_that_opens_the_pages(
    shown: tuple[subprocess.Popen[str], str], begun: str
) -> None:
    process, address = shown
    assert address.startswith("http://127.0.0.1:")
    with httpx.Client(follow_redirects=True, trust_env=False) as client:
        assert begun in client.get(address).text
        base = address.partition("/?")[0]
        assert client.get(f"{base}/static/vendor/htmx.min.js").status_code == 200
        with client.stream("GET", f"{base}/events") as events:
            lines = events.iter_lines()
            assert next(lines) == ": ready"
            process.send_signal(signal.SIGINT)  # a page that is open does not keep it
            with suppress(httpx.HTTPError):
                list(lines)
    assert process.wait() == 0


def test_a_store_that_is_not_there_is_said_and_not_made(tmp_path: Path) -> None:
    with command("--store", str(tmp_path / "none.db")) as process:
        assert process.wait() == 1
        assert "there is no such file" in (process.stderr.read() if process.stderr else "")
    assert not (tmp_path / "none.db").exists()


def test_without_the_extra_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trace_view.server", None)
    done = CliRunner().invoke(app, ["ui"])
    assert done.exit_code == 1
    assert 'pip install "trace-suite[view]"' in done.output


def test_no_other_command_loads_a_web_server() -> None:
    looked = "import sys, trace_view, trace_train.cli.app; print({'starlette', 'uvicorn', 'jinja2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", looked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    Store(tmp_path / "runs.db").close()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = CliRunner().invoke(app, ["ui", "--db", str(tmp_path / "runs.db"), "--port", str(port)])
    assert (said.exit_code, f"{port} cannot be had" in said.output) == (2, True)
