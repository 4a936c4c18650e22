"""The pages as a reader meets them: from the command, and in a browser in which nothing may go wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from trace_core import Feedback, node, template
from trace_train.store import Store

pytest.importorskip("langchain_core", reason="the quickstart's program needs langchain (extra examples)")
pytest.importorskip("playwright.sync_api", reason="needs Playwright (extra dev)")
from tests.view.e2e.quickstart import PROPOSED, train

STORE = "trace-suite.db"


@contextmanager
def serving(place: Path) -> Iterator[str]:
    """`trace-suite ui` on a store, while the block runs; gives the address that it printed."""
    line = [sys.executable, "-m", "trace_train.cli", "ui", "--db", str(place)]
    nobody = {"TRACE_LLM": "openai:nobody", "OPENAI_API_KEY": "none"}  # a program is imported and asks nobody
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env={**os.environ, **nobody}) as process:
        try:
            yield (process.stdout.readline() if process.stdout else "").strip()
        finally:
            process.kill()


@dataclass(frozen=True)
class Shown:
    """A store that is served: the address with its token, its folder, and two trainings and a saved run in it."""

    address: str
    folder: Path
    run: str
    other: str
    saved: str

    def at(self, path: str) -> str:
        """The address of a page."""
        return self.address.partition("/?")[0] + path.format(run=self.run, other=self.other, saved=self.saved)


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """What the quickstart's program learned, and what it did in a shorter training before."""
    folder = tmp_path_factory.mktemp("quickstart")
    train(folder, PROPOSED[:1])
    train(folder)
    with Store(folder / STORE) as store:
        saved = store.save(template("{greeting}, Ada!", greeting=node("Hi", trainable=True, name="greeting")))
        store.run(saved).backward(Feedback("more polite", 0.5))
        run, other = (each.id for each in store.trainings())
    with serving(folder / STORE) as address:
        yield Shown(address, folder, run, other, saved)


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens an address for a new reader; at the end, nothing may have gone wrong or been asked of another host."""
    wrong: list[str] = []
    readers: list[Any] = []

    def open_address(address: str, **options: Any) -> Any:
        reader, host = browser.new_context(**options), urlsplit(address).netloc
        readers.append(reader)
        reader.set_default_timeout(180_000)  # a machine may have much else to do
        reader.on("console", lambda message: wrong.append(f"{message.text} at {message.location}"))
        reader.on("weberror", lambda error: wrong.append(str(error.error)))
        reader.on("dialog", lambda dialog: wrong.append(dialog.message) or dialog.dismiss())
        reader.on("request", lambda request: urlsplit(request.url).netloc == host or wrong.append(request.url))
        page = reader.new_page()
        page.goto(address)
        return page

    yield open_address
    for reader in readers:
        reader.close()
    assert wrong == []
