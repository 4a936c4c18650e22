"""Pages in one file: all that they use stands in them, and a browser is told to load nothing else."""

from __future__ import annotations

import base64
import builtins
import hashlib
import json
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from trace_core import node
from trace_core.errors import MissingExtra
from trace_train.store import Store
from trace_view import Page, changes_to_html, to_html
from trace_view.report import report

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u202e"


class Read(HTMLParser):
    """The elements of a page, with the text in each script and style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.texts.append((tag, dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            tag, attributes, text = self.texts.pop()
            self.texts.append((tag, attributes, text + data))


def graph_of(value: str) -> Any:
    prompt = node(value, trainable=True, name="prompt")
    return (prompt + "!").graph()


def test_only_the_scripts_and_styles_of_the_page_may_run() -> None:
    read = Read(to_html(graph_of(HOSTILE), HOSTILE))
    policy = next(a["content"] for tag, a in read.elements if tag == "meta" and "http-equiv" in a) or ""
    code = {text for _, attributes, text in read.texts if attributes.get("type") != "application/json"}
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in code}
    assert set(re.findall(r"'sha256-[^']*'", policy)) == hashes
    assert len(hashes) == 3
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def test_nothing_is_loaded_from_elsewhere() -> None:
    read = Read(to_html(graph_of("be brief")))
    places = [a[name] for _, a in read.elements for name in ("src", "href") if name in a]
    assert places == ["data:,"]


def test_hostile_values_stay_values() -> None:
    read = Read(to_html(graph_of(HOSTILE), HOSTILE))
    assert [tag for tag, _ in read.elements].count("script") == 3
    assert "img" not in {tag for tag, _ in read.elements}
    data = json.loads(next(text for _, a, text in read.texts if a.get("type") == "application/json"))
    assert data["feedback"] == HOSTILE.replace("\u202e", "\\u202e")


def test_a_notebook_shows_a_page_in_a_frame_that_cannot_reach_it() -> None:
    page = graph_of("be brief").to_html()
    assert isinstance(page, Page)
    frame = page._repr_html_()
    (tag, attributes), *others = Read(frame).elements
    assert (tag, attributes["sandbox"], others) == ("iframe", "allow-scripts", [])
    assert unescape(attributes["srcdoc"] or "") == unescape(page)


def test_what_changed_is_a_page_without_scripts() -> None:
    page = changes_to_html({"prompt": "be brief", "count": 1}, {"prompt": "be <i>kind</i>", "count": 1})
    assert "<del>brief</del><ins>&lt;i&gt;kind&lt;/i&gt;</ins>" in page
    assert "Not changed" in page
    assert "<script" not in page
    assert "script-src 'none'" in page.replace("&#39;", "'")


def test_without_the_extra_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = builtins.__import__

    def without_markupsafe(name: str, *args: Any) -> Any:
        if name == "markupsafe":
            raise ImportError(name)
        return found(name, *args)

    monkeypatch.setattr(builtins, "__import__", without_markupsafe)
    with pytest.raises(MissingExtra, match=re.escape('pip install "trace-suite[view]"')):
        graph_of("be brief").to_html()


# --- a whole training


def test_a_report_tells_what_was_learned_and_shows_the_traces_before_and_after(store: Store, run: str) -> None:
    page = report(store, run)
    read = Read(page)
    graphs = [json.loads(text) for _, a, text in read.texts if a.get("type") == "application/json"]
    assert [each["reached"] for each in graphs] == [["rules", "tone"]] * 2
    assert [each["feedback"] == "right" for each in graphs] == [False, True]
    assert "<h3>rules</h3>" in page
    assert [f"Step {number}:" in page for number in range(7)] == [False, *[True] * 5, False]


def test_a_report_of_a_training_that_has_not_begun_says_so(store: Store) -> None:
    journal = store.journal(settings={"program": HOSTILE}, seed=0)
    page = report(store, journal.run_id)
    assert "Nothing yet." in page
    assert "<img" not in page
