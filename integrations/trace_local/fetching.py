"""Bringing the default model's file to this machine, whole or not at all.

The bytes are appended to a file whose name ends in `.part`, so an interrupted fetch goes on where it stopped; the
file gets its real name only after its hash was found right.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from trace_core.errors import MissingExtra, TraceError
from trace_local.model_file import MODEL, ModelFile, model_path
from trace_local.sources import Source, SourceError, default_sources

_LOGGER = logging.getLogger(__name__)


class FetchError(TraceError, RuntimeError):
    """The model's file could not be had; the message says why, for each source."""


def fetch(
    model: ModelFile = MODEL,
    path: Path | None = None,
    sources: Sequence[Source] | None = None,
    progress: Callable[[int, str], None] = lambda have, source: None,
) -> Path:
    """Bring `model` to `path` (by default into the user's cache folder) from the first source that answers.

    `progress` is called with the bytes that are there so far and the name of their source. A file that is there
    already is only checked. Two fetches at once, in one process or two, wait for each other. Returns the path; raises
    `FetchError` where no source serves the file or its hash is wrong (then no file is kept).

    Example: `LocalChat(fetch())`
    """
    try:
        import filelock
    except ImportError as error:
        raise MissingExtra("fetching the local model", "local") from error
    target = path or model_path()
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    with filelock.FileLock(target.with_name(target.name + ".lock")):
        if model.is_at(target) and model.matches(target):
            return target
        _fill(part, model, default_sources() if sources is None else sources, progress)
        if not model.matches(part):
            part.unlink()
            raise FetchError(f"{model.name}: what was fetched has not the SHA-256 {model.sha256}; nothing was kept")
        part.replace(target)
    return target


def _fill(part: Path, model: ModelFile, sources: Sequence[Source], progress: Callable[[int, str], None]) -> None:
    """Make `part` as long as the model, going on from what an earlier fetch left."""
    failures = []
    for source in sources:
        try:
            _append(part, model, source, progress)
        except SourceError as error:
            _LOGGER.info("%s: %s", source.name, error)
            failures.append(f"{source.name}: {error}")
            continue
        have = part.stat().st_size
        if have == model.size:
            return
        failures.append(f"{source.name}: gave {have} of {model.size} bytes")
    raise FetchError(
        f"{model.name} could not be fetched. What came is kept, and the next fetch goes on from there.\n  "
        + "\n  ".join(failures)
    )


def _append(part: Path, model: ModelFile, source: Source, progress: Callable[[int, str], None]) -> None:
    with part.open("ab") as file:
        have = file.tell()
        if have > model.size:
            have = 0
        have -= have % source.step if have < model.size else 0
        file.truncate(have)
        progress(have, source.name)
        if have == model.size:
            return
        for chunk in source.read(have):
            if have + len(chunk) > model.size:
                file.truncate(0)
                raise SourceError(f"gave more than {model.size} bytes")
            file.write(chunk)
            have += len(chunk)
            progress(have, source.name)
