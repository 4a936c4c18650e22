"""Whatever a store holds is shown, and never obeyed: not by the server, and not by a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.view.e2e.conftest import STORE, serving
from tests.view.hostile import HOSTILE, LONG, hostile, long_and_deep
from trace_core import node
from trace_core.nodes import ExceptionNode, MessageNode, Node
from trace_core.operators import Argument, Operation
from trace_core.trace_graph import TraceGraph
from trace_train.records import Candidate, Decision
from trace_train.store import Store

LINE = HOSTILE.replace("\x00", "").replace("\x1b", "")
"""What a name in a trace can be."""
UNSEEN = "\x00\x1b\u202e\u200b\ufeff"
MOST = 400_000
"""Of a page, in characters: however much a store holds."""


def trace() -> TraceGraph:
    """Of nodes whose names, scopes and values are hostile, long or deep."""
    deep: Any = HOSTILE
    for _ in range(300):
        deep = {HOSTILE: [deep]}
    said: Node = node(HOSTILE, trainable=True, name=LINE)
    for number, value in enumerate([HOSTILE, LONG, deep, UNSEEN * 100, [HOSTILE] * 10_000]):
        arguments = (Argument(LINE, LINE),)
        info = {
            "scope": [HOSTILE] * 50 * number,
            "name": HOSTILE,
            "start": 1e300,
            "seconds": float("inf"),
            "about": LONG,
        }
        said = MessageNode(value, Operation("tool", arguments, LINE, None), (said,), None, True, info)
    failed = Operation("llm", (Argument("given", LINE),), LINE, None)
    return ExceptionNode(f"ValueError: {HOSTILE}", failed, (said,), None, True, {}).graph()


def generations(store: Store, count: int) -> str:
    """A training in which each candidate was made of the one before, of which half were refused."""
    journal = store.journal()
    last: tuple[str, ...] = ()
    for step in range(count):
        candidate = Candidate({"rules": f"{step} {HOSTILE}"}, last, "proposed")
        journal.keep_candidate(candidate)
        journal.keep_decision(Decision(step, candidate.id, step % 2 == 0, HOSTILE, step / count))
        last = (candidate.id,)
    return journal.run_id


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """The address, and the ids of what is there."""
    place = tmp_path_factory.mktemp("hostile") / STORE
    with Store(place) as store:
        out = trace().outputs[0]
        ids = {"hostile": hostile(store, trace()), "long": long_and_deep(store)[0], "many": generations(store, 300)}
        ids["saved"] = store.save(out)
        store.run(ids["saved"]).backward(HOSTILE)
    with serving(place) as address:
        yield address, ids


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/runs/{hostile}",
        "/runs/{hostile}/steps/1",
        "/runs/{hostile}/parameters/rules",
        "/compare?run={hostile}&run={long}",
        "/saved/{saved}",
        "/runs/{long}",
        "/runs/{long}/steps/1",
        "/runs/{long}/parameters/long",
        "/runs/{long}/parameters/deep",
        "/runs/{many}",
        "/runs/{many}/parameters/rules",
    ],
)
def test_a_page_of_hostile_values_is_only_text(
    served: tuple[str, dict[str, str]], opened: Callable[..., Any], path: str
) -> None:
    address, ids = served
    page = opened(address, viewport={"width": 375, "height": 700})
    page.goto(address.partition("/?")[0] + path.format(**ids))
    if page.locator("#graph").count():
        page.wait_for_selector(".graph-stage canvas", state="attached")
    page.locator("details").evaluate_all("all => all.forEach((each) => { each.open = true; })")
    text = page.locator("body").inner_text()
    assert not set(UNSEEN) & set(page.title() + text)
    assert ("<script>alert(1)</script><img" in text) == (not path.startswith("/runs/{long}"))
    assert page.locator("img, main script:not([src]), iframe, [onload], [onerror]").count() == 0
    assert len(page.content()) < MOST
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
