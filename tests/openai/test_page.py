"""The examples of docs/openai.md, also those that need a key, run against a server on this machine as the page says."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.docs.test_examples import examples
from tests.openai.answers import Reply
from tests.openai.api_server import KEY, ApiServer, asks, says

PAGE = Path(__file__).parents[2] / "docs" / "openai.md"


def answer(body: dict[str, Any]) -> Reply:
    """What the page's models say."""
    if body["model"] == "gpt-4.1":  # the optimizer's
        return says("```\nName the tree in one word.\n```")
    if "tools" in body:
        name = "Quercus" if "Latin" in body["tools"][0]["function"]["description"] else "oak"
        return asks(("find", {"tree": name}))
    if "input" in body:
        return says("Broad." if body["input"] == "Describe the oak in one word." else "I do not know.")
    short = body["messages"][0]["content"] == "Name the tree in one word."
    return says("Tree." if short else "An oak is a tree of the beech family.")


def test_the_page_says_what_happens(
    serve: Callable[..., ApiServer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # the page saves a file
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", serve(answer).url)
    names: dict[str, Any] = {"__name__": "page"}
    for example in examples(PAGE):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(example.code, f"{PAGE.name}:{example.line}", "exec"), names)
        assert printed.getvalue() == (example.output or ""), f"line {example.line}"
    names["client"].close()
