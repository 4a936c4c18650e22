"""Each page, on what the quickstart's program learned: what a reader finds there, and does there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.view.e2e.conftest import STORE, Shown
from tests.view.e2e.quickstart import LEARNED, ORIGINAL
from trace_core import node, template
from trace_train.store import Store

Opened = Callable[..., Any]


def test_from_the_list_to_the_trace_of_a_step(opened: Opened, shown: Shown) -> None:
    page = opened(shown.address)
    assert "token" not in page.url
    row = page.locator("tbody tr", has_text=shown.run[:8])
    assert "Held-out test" in row.inner_text()
    assert row.locator(".better").count() == 1
    row.get_by_role("link").click()
    page.wait_for_url(f"**/runs/{shown.run}")
    assert "finished" in page.locator("h1").inner_text()
    assert page.locator("circle.accepted").count() >= 3
    page.get_by_role("link", name="step 1", exact=True).click()
    page.wait_for_url("**/steps/1")
    page.wait_for_selector(".graph-stage canvas", state="attached")
    assert "Feedback" in page.locator(".graph-details").inner_text()
    assert page.locator(".tabs a").count() == 11
    page.locator(".tabs a").nth(2).click()
    page.wait_for_url("**/steps/1?key=2#traces")
    assert page.locator(".tabs").evaluate("each => each.getBoundingClientRect().top < innerHeight")
    assert page.evaluate("scrollY") > 0
    page.get_by_role("link", name="Step 2").click()
    page.wait_for_url("**/steps/2")


def test_what_a_step_changed_is_read_word_by_word(opened: Opened, shown: Shown) -> None:
    page = opened(shown.address)
    page.goto(shown.at("/runs/{run}/steps/1"))
    diff = page.locator("pre.diff")
    assert diff.inner_text().startswith(ORIGINAL)
    assert diff.locator("ins").all_inner_texts() == ["\nThe teams: billing, technical, shipping, sales, security."]
    assert diff.locator("del").count() == 0
    page.locator("#problem summary").click()
    assert "#Variables" in page.locator("#problem pre").inner_text()


def test_nodes_tell_what_they_read_and_gave(opened: Opened, shown: Shown) -> None:
    page = opened(shown.address)
    page.goto(shown.at("/runs/{run}/steps/1"))
    page.get_by_role("searchbox").fill("prompt.system")
    page.keyboard.press("Enter")
    assert ORIGINAL in page.locator(".graph-details").inner_text()
    page.get_by_text("nodes as a list").click()
    names = page.locator(".trace-graph tbody th").all_inner_texts()
    assert {"prompt.system", "llm0"} <= set(names)


def test_an_earlier_value_is_gone_back_to(opened: Opened, shown: Shown) -> None:
    learned = shown.folder / "learned.json"
    assert "The teams" in learned.read_text()
    page = opened(shown.address)
    page.goto(shown.at("/runs/{run}/parameters/prompt.system"))
    original = page.get_by_role("article").filter(has_text="The original")
    original.get_by_text("Use this one").click()
    assert str(learned) in original.inner_text()
    original.get_by_role("button", name="Write it").click()
    page.get_by_text("was written to").wait_for()
    assert "The teams" not in learned.read_text()
    assert ORIGINAL in learned.read_text()


def test_the_values_of_a_candidate_are_downloaded(opened: Opened, shown: Shown) -> None:
    page = opened(shown.address)
    page.goto(shown.at("/runs/{run}/parameters/prompt.system"))
    with page.expect_download() as downloading:
        page.get_by_role("article").filter(has_text="best").get_by_text("Export").click()
    assert json.loads(downloading.value.path().read_text()) == {"prompt.system": LEARNED}


def test_two_runs_are_ticked_and_compared(opened: Opened, shown: Shown) -> None:
    page = opened(shown.address)
    compare = page.get_by_role("button", name="Compare two")
    for box in page.get_by_role("checkbox").all():
        assert compare.is_disabled()
        box.check()
    compare.click()
    page.wait_for_url("**/compare?*")
    assert page.locator("path.best").count() == 2
    assert "Returns and a new address" in page.locator("ins, del").first.inner_text()


def test_a_saved_run_shows_what_was_said(opened: Opened, shown: Shown) -> None:
    page = opened(shown.address)
    page.get_by_role("link", name=shown.saved[:8]).click()
    page.wait_for_selector(".graph-stage canvas", state="attached")
    assert "Hi, Ada!" in page.locator(".facts").inner_text()
    assert "more polite" in page.locator(".graph-details").inner_text()


def test_a_long_value_of_a_node_is_read_whole(opened: Opened, shown: Shown) -> None:
    with Store(shown.folder / STORE) as store:
        saved = store.save(template("{first}{second}", first=node("a " * 9_000), second=node("b " * 9_000)))
    page = opened(shown.address)
    page.goto(shown.at(f"/saved/{saved}"))
    links = page.locator(".graph-details").get_by_role("link", name="Show all of it")
    links.nth(2).wait_for()
    links.nth(1).click()
    page.wait_for_url(f"**/saved/{saved}/graph.txt?node=3&input=1")
    assert page.locator("body").inner_text().strip() == ("a " * 9_000).strip()


@pytest.mark.parametrize("system", ["light", "dark"])
def test_dark_and_light_are_switched_and_stay(opened: Opened, shown: Shown, system: str) -> None:
    page = opened(shown.address, color_scheme=system)
    before = background(page)
    page.locator("#theme").click()
    assert background(page) != before
    page.goto(shown.at("/runs/{run}"))
    assert background(page) != before


def background(page: Any) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))
