"""A trace graph in a browser, as a page in one file: what a reader can do with it, and what it cannot do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from trace_core import node
from trace_core.nodes import ExceptionNode, MessageNode, Node
from trace_core.operators import Argument, Operation

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"


def call(op: str, value: Any, scope: list[str], *parents: Node, failed: bool = False) -> MessageNode:
    arguments = tuple(Argument(f"given{number}", "identity") for number in range(len(parents)))
    cls = ExceptionNode if failed else MessageNode
    return cls(value, Operation(op, arguments, op, None), parents, None, True, {"scope": scope, "seconds": 0.00021})


def agent(turns: int) -> Any:
    """A graph: a model asks a tool in each turn, of which the first fails."""
    prompt = node(HOSTILE, trainable=True, name="support.prompt")
    said: Node = Node("How do I get a refund?", name="question")
    for turn in range(turns):
        scope = ["agent", f"turn {turn}"]
        asked = call("llm", {"call": "search"}, scope, said, prompt)
        found = call("tool", "ValueError: nothing found" if turn == 0 else "a page", scope, asked, failed=turn == 0)
        said = call("memory", f"what was said by turn {turn}", scope, asked, found)
    return call("parser", "the answer", ["agent"], said).graph()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[[Any], Any]]:
    """Opens a graph; at the end, nothing may have gone wrong or been asked of anybody."""
    wrong: list[str] = []
    page = browser.new_page()
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(dialog.message) or dialog.dismiss())
    page.on(
        "request", lambda request: None if request.url.startswith(("file:", "data:")) else wrong.append(request.url)
    )

    def open_graph(graph: Any) -> Any:
        file = tmp_path / "graph.html"
        file.write_text(graph.to_html("cite the page you used"), encoding="utf-8")
        page.goto(file.as_uri())
        page.wait_for_selector(".graph-stage canvas", state="attached")
        return page

    yield open_graph
    page.close()
    assert wrong == []


def details(page: Any) -> str:
    return str(page.locator(".graph-details").inner_text())


def test_the_output_is_told_of_at_first_with_what_was_said_about_it(opened: Any) -> None:
    page = opened(agent(1))
    assert "parser0 operation" in details(page)
    assert "took 0.2 ms" in details(page)
    assert "cite the page you used" in details(page)
    assert "memory0 data, known by identity" in details(page)


def test_the_graph_is_walked_and_folded_by_keys(opened: Any) -> None:
    page = opened(agent(2))
    page.focus(".graph-stage")
    page.keyboard.press("ArrowUp")
    assert "memory1 operation" in details(page)
    page.keyboard.press("f")
    assert "turn 1 scope" in details(page)
    assert "3 nodes" in details(page)
    page.keyboard.press("ArrowDown")
    assert "parser0 operation" in details(page)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert "llm1 operation" in details(page)
    page.keyboard.press("Shift+F")
    assert "turn 1 scope" in details(page)
    page.keyboard.press("Enter")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"


def test_a_folded_scope_in_which_a_call_failed_is_opened_like_any_other(opened: Any) -> None:
    page = opened(agent(1))
    page.focus(".graph-stage")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("f")
    assert "turn 0 scope" in details(page)
    page.keyboard.press("f")
    assert "turn 0 scope" in details(page)
    page.keyboard.press("Enter")
    assert "llm0 operation" in details(page)


def test_searching_goes_from_one_node_to_the_next(opened: Any) -> None:
    page = opened(agent(3))
    page.fill("input[type=search]", "A PAGE")
    assert "2 of 12 nodes" in page.inner_text(".graph-status")
    page.keyboard.press("Enter")
    assert "tool1 operation" in details(page)
    page.keyboard.press("Enter")
    assert "tool2 operation" in details(page)


def test_a_large_graph_begins_folded_and_what_is_asked_for_is_unfolded(opened: Any) -> None:
    page = opened(agent(100))
    page.click("text=Unfold")
    assert "303 nodes are shown" in page.inner_text(".graph-status")
    page.click("text=Fold")
    assert "3 nodes are shown" in page.inner_text(".graph-status")
    page.fill("input[type=search]", "turn 57")
    page.keyboard.press("Enter")
    assert "memory57 operation" in details(page)


def test_the_list_has_all_that_the_drawing_has(opened: Any) -> None:
    page = opened(agent(2))
    page.click("summary")
    rows = page.locator("tbody tr")
    rows.last.wait_for()  # a browser tells of what was opened a little later
    assert rows.count() == 9
    assert "error, tool" in rows.nth(3).inner_text()
    assert "given0: llm0 (data, identity)" in rows.nth(3).inner_text()
    rows.nth(3).locator("button").click()
    assert "tool0 error" in details(page)
    style = "name => document.querySelector('.graph-stage')._cyreg.cy.nodes('.chosen').style(name)"
    assert page.evaluate(style, "border-color") == "rgb(179,38,30)"  # an error's frame stays red
    assert page.evaluate(style, "outline-width") == "4px"
    assert "ValueError: nothing found" in details(page)


def test_hostile_values_are_shown_as_they_are(opened: Any) -> None:
    page = opened(agent(1))
    page.fill("input[type=search]", "support.prompt")
    page.keyboard.press("Enter")
    assert HOSTILE in details(page)
    assert page.locator("img").count() == 0


def test_the_page_adds_no_style_and_fits_a_narrow_dark_screen(opened: Any) -> None:
    page = opened(agent(1))
    page.set_viewport_size({"width": 375, "height": 700})
    page.emulate_media(color_scheme="dark")
    assert page.locator("style").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
