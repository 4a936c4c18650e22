"""A store with a training; a client that asks for pages as a browser does; and a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.view.scripted import train
from trace_train.store import Store
from trace_view.app import create_app

HOST, TOKEN = "127.0.0.1:8000", "the-token"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "trace-suite.db") as made:
        yield made


@pytest.fixture
def run(store: Store) -> str:
    """The id of a training of five steps."""
    return train(store)


@pytest.fixture
def stranger(store: Store, tmp_path: Path) -> httpx.AsyncClient:
    """A client without the token."""
    app = create_app(store, TOKEN, [HOST], str(tmp_path / "trace-suite.db"))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{HOST}")


@pytest.fixture
async def reader(stranger: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """A client that came by the address with the token."""
    async with stranger:
        await stranger.get("/", params={"token": TOKEN})
        yield stranger


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window; `CHROMIUM` is a path to another than the one that is installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright (extra dev)")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs a browser: apt-get install chromium, or CHROMIUM=PATH")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()
