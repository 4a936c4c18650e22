"""Pictures of the pages: `make screenshots` puts them into docs/images, where the documentation shows them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.view.e2e.conftest import Shown

LARGEST = 150_000
PAGES = {
    "runs": ("/", "light", 420),
    "run": ("/runs/{run}", "light", 900),
    "step": ("/runs/{run}/steps/1", "light", 1000),
    "parameter": ("/runs/{run}/parameters/prompt.system", "dark", 900),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_picture_of_a_page_is_small(opened: Callable[..., Any], shown: Shown, tmp_path: Path, name: str) -> None:
    path, scheme, height = PAGES[name]
    page = opened(shown.address, color_scheme=scheme, viewport={"width": 1100, "height": height})
    page.goto(shown.at(path))
    if name == "step":
        page.wait_for_selector(".graph-stage canvas", state="attached")
        page.get_by_role("heading", name="What the optimizer was shown").scroll_into_view_if_needed()
        page.evaluate("document.querySelector('.tabs').previousElementSibling.scrollIntoView()")
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    picture = page.screenshot(path=folder / f"{name}.png", animations="disabled")
    assert 5_000 < len(picture) < LARGEST
