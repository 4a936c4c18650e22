"""The default model: what its file is called, how to know it, and where it lies on this machine."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from trace_core.errors import MissingExtra

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model's file: its name, its size in bytes, its SHA-256 in hex."""

    name: str
    size: int
    sha256: str

    def is_at(self, path: Path) -> bool:
        """Whether a file of the right size is at `path`. Its hash was checked when it was fetched."""
        return path.is_file() and path.stat().st_size == self.size

    def matches(self, path: Path) -> bool:
        """Whether the file at `path` has the right hash; reads all of it, a second or two for a gigabyte."""
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest() == self.sha256


#: Qwen2.5-Coder-1.5B-Instruct, 4-bit, Apache-2.0 (https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF).
MODEL = ModelFile(
    "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    1_117_320_768,
    "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
)


def models_folder() -> Path:
    """The folder that holds fetched models: `TRACE_CACHE`/models, else in the user's cache folder."""
    if folder := os.environ.get("TRACE_CACHE"):
        return Path(folder).expanduser() / "models"
    try:
        import platformdirs
    except ImportError as error:
        raise MissingExtra("the local model", "local") from error
    return Path(platformdirs.user_cache_dir("trace-suite")) / "models"


def model_path() -> Path:
    """Where the default model's file is, or will be once it is fetched."""
    return models_folder() / MODEL.name
