"""Examples from files: JSON Lines (https://jsonlines.org), JSON, and CSV with a line of names."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from trace_train.errors import InvalidData


def read_data(path: str | PathLike[str]) -> list[Any]:
    """The examples of a file, by its ending: `.jsonl` (a JSON value a line), `.json` (a list), `.csv` (dicts of text).

    Raises:
        InvalidData: the file cannot be read as that; names the file and the line.

    Example:
        tickets = read_data("tickets.jsonl")
    """
    file = Path(path)
    readers = {".jsonl": _json_lines, ".ndjson": _json_lines, ".json": _json, ".csv": _csv}
    if file.suffix.lower() not in readers:
        raise InvalidData(f"{file}: expected a file that ends in {', '.join(readers)}")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidData(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InvalidData(f"{file}:{line}: not UTF-8; save it as UTF-8") from error
    examples = readers[file.suffix.lower()](file, text)
    if not examples:
        raise InvalidData(f"{file} holds no example")
    return list(examples)


def _json_lines(file: Path, text: str) -> Sequence[Any]:
    examples = []
    for number, line in enumerate(text.split("\n"), 1):  # a JSON text may hold other ends of lines
        if line.strip():
            examples.append(_parsed(line, file, number))
    return examples


def _json(file: Path, text: str) -> Sequence[Any]:
    found = _parsed(text, file, 1)
    if not isinstance(found, list):
        raise InvalidData(f"{file}: expected a list of examples, not {type(found).__name__}")
    return found


def _parsed(text: str, file: Path, line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{file}:{line + error.lineno - 1}"
        raise InvalidData(f"{where}: not JSON: {error.msg} at column {error.colno}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidData(f"{file}:{line}: not JSON that can be read: {error}") from error


def _csv(file: Path, text: str) -> Sequence[Any]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    examples = []
    try:
        names = next(rows, [])
        if len(set(names)) != len(names) or not all(names):
            raise InvalidData(f"{file}:1: each column needs a name of its own, not {', '.join(map(repr, names))}")
        for row in rows:
            if len(row) not in (0, len(names)):
                raise InvalidData(f"{file}:{rows.line_num}: expected {len(names)} columns, as in the first line")
            if row:
                examples.append(dict(zip(names, row, strict=True)))
    except csv.Error as error:
        raise InvalidData(f"{file}:{rows.line_num}: {error}") from error
    return examples
