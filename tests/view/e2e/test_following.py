"""A training that is followed while it goes on, at the pace of the test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.view.e2e.conftest import STORE, serving
from tests.view.e2e.quickstart import PROPOSED, train
from trace_train.store import Store


@contextmanager
def training(folder: Path) -> Iterator[Callable[[], None]]:
    """A training of two steps beside the block; each call lets it propose once."""
    may = threading.Semaphore(0)
    thread = threading.Thread(target=train, args=(folder, PROPOSED[:2], may.acquire))
    thread.start()
    try:
        yield may.release
    finally:
        may.release(len(PROPOSED))
        thread.join()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where an empty store is served."""
    Store(tmp_path / STORE).close()
    with serving(tmp_path / STORE) as served:
        yield served


def test_a_run_is_followed_from_its_beginning_to_its_end(
    address: str, opened: Callable[..., Any], tmp_path: Path
) -> None:
    page = opened(address)
    page.get_by_text("No training yet").wait_for()
    with training(tmp_path) as let_it_propose:
        page.locator("tbody tr", has_text="running").get_by_role("link").click()
        page.locator("h1", has_text="running").wait_for()
        page.locator("#settings summary").click()
        page.get_by_text("It runs now").wait_for()
        let_it_propose()
        page.locator("a[href$='/steps/1']").first.wait_for(state="attached")
        assert page.locator("h1").inner_text().endswith("running")
        let_it_propose()
        page.locator("h1", has_text="finished").wait_for()
        assert page.locator(".tiles .first .better").count() == 1
        assert page.locator("#settings").get_attribute("open") is not None
        assert "finished, 2 steps" in page.locator("#status").inner_text()
