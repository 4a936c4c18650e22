"""The pages for everybody: by axe-core (https://github.com/dequelabs/axe-core), by keys alone, on a narrow screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.view.e2e.conftest import STORE, Shown
from trace_train.store import Store
from trace_view.report import report

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python (extra dev)")

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], "resultTypes": ["violations"]}
PAGES = {
    "runs": "/",
    "run": "/runs/{run}",
    "step": "/runs/{run}/steps/1",
    "step without a proposal": "/runs/{run}/steps/3?key=1",
    "parameter": "/runs/{run}/parameters/prompt.system",
    "compare": "/compare?run={run}&run={other}",
    "saved": "/saved/{saved}",
}


def faults(page: Any) -> Iterator[str]:
    """What is wrong in a page as a browser shows it now."""
    for found in axe.Axe().run(page, options=RULES).response["violations"]:
        for each in found["nodes"]:
            yield f"{found['id']}: {each['html'][:200]} {each['failureSummary']}"


def look_everywhere(page: Any) -> None:
    """Everybody can read it, in dark and light, on a wide and a narrow screen."""
    if page.locator(".trace-graph, #graph, [data-graph]").count():
        page.wait_for_selector(".graph-stage canvas", state="attached")
    page.locator("details").evaluate_all("all => all.forEach((each) => { each.open = true; })")
    for scheme, width in (("light", 1280), ("dark", 1280), ("dark", 375), ("light", 375)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert list(faults(page)) == [], (scheme, width)


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_everybody_can_read_a_page(opened: Callable[..., Any], shown: Shown, path: str) -> None:
    page = opened(shown.address)
    page.goto(shown.at(path))
    look_everywhere(page)


def test_everybody_can_read_a_report(opened: Callable[..., Any], shown: Shown, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    with Store(shown.folder / STORE) as store:
        file.write_text(report(store, shown.run), encoding="utf-8")
    look_everywhere(opened(file.as_uri()))


def tab_to(page: Any, selector: str) -> None:
    """Go there by the Tab key; wherever it comes by, what has the focus can be seen to have it."""
    for _ in range(100):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            continue
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"no Tab leads to {selector}")


def test_all_is_done_by_keys(opened: Callable[..., Any], shown: Shown) -> None:
    page = opened(shown.address)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    tab_to(page, f"a[href='/runs/{shown.run}']")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/runs/{shown.run}")
    tab_to(page, "a[href$='/steps/1']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/steps/1")
    page.wait_for_selector(".graph-stage canvas", state="attached")
    tab_to(page, ".graph-stage")
    before = page.locator(".graph-details").inner_text()
    page.keyboard.press("ArrowUp")
    assert page.locator(".graph-details").inner_text() != before
    tab_to(page, "a[href$='/parameters/prompt.system']")


def test_two_runs_are_compared_by_keys(opened: Callable[..., Any], shown: Shown) -> None:
    page = opened(shown.address)
    for id in (shown.run, shown.other):
        tab_to(page, f"#compare-{id}")
        page.keyboard.press("Space")
    tab_to(page, "form button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/compare?*")


def test_a_value_is_gone_back_to_by_keys(opened: Callable[..., Any], shown: Shown) -> None:
    page = opened(shown.address)
    page.goto(shown.at("/runs/{run}/parameters/prompt.system"))
    tab_to(page, "[id^=use-] summary")
    page.keyboard.press("Enter")
    tab_to(page, "form button")
    page.keyboard.press("Enter")
    page.get_by_text("was written to").wait_for()
