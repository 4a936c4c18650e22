"""A run of many candidates on a narrow screen and on paper: what does not fit says so, and nothing is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.view.e2e.conftest import STORE, serving
from trace_train.records import Candidate, Decision
from trace_train.store import Store


@pytest.fixture
def addresses(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Where a run of sixty candidates is served: the address with the token, and that of the run."""
    with Store(tmp_path / STORE) as store:
        journal, first = store.journal(), Candidate({"rules": "a"})
        for step, each in enumerate(
            [first, *(Candidate({"rules": f"{n}"}, (first.id,), "proposed") for n in range(60))]
        ):
            journal.keep_candidate(each)
            journal.keep_decision(Decision(step, each.id, step in (0, 50), "because it is so " * 9, step / 60))
    with serving(tmp_path / STORE) as address:
        yield address, f"{address.partition('/?')[0]}/runs/{journal.run_id}"


@pytest.fixture
def page(addresses: tuple[str, str], opened: Callable[..., Any]) -> Any:
    """The page of that run on a narrow screen."""
    page = opened(addresses[0], viewport={"width": 375, "height": 700})
    page.goto(addresses[1])
    return page


def test_a_table_that_scrolls_sideways_shows_that_it_does(page: Any) -> None:
    page.locator("#steps summary").click()
    table = page.locator("#steps .wide")
    table.scroll_into_view_if_needed()
    assert table.evaluate("each => each.scrollWidth > each.clientWidth")
    right = "each => { const box = each.getBoundingClientRect(); return [box.right - 4, box.top] }"
    x, y = table.evaluate(right)
    edge = {"x": x, "y": y + 2, "width": 4, "height": 6}
    before = page.screenshot(clip=edge)
    table.evaluate("each => each.scrollTo(each.scrollWidth, 0)")
    assert page.screenshot(clip=edge) != before  # at its end there is no more to see


def test_all_candidates_and_steps_are_on_paper(page: Any) -> None:
    tree = page.get_by_role("region", name="Candidates")
    is_whole = "each => each.scrollHeight <= each.clientHeight + 1"
    assert not tree.evaluate(is_whole)
    page.emulate_media(media="print")
    assert tree.evaluate(is_whole)
    assert page.locator("#steps tbody tr").last.evaluate("each => each.checkVisibility({contentVisibilityAuto: true})")
