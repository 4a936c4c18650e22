"""Learned values as a file: plain JSON, with each parameter's original by hash and type. No pickle, nothing executed.

A learned prompt belongs to the prompt that it was learned from. When that was edited in the source since, loading the
learned one over it would undo the edit in silence; so it is an error unless the caller decides otherwise.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trace_core.errors import Drift, InvalidTrace, InvalidValue
from trace_core.graph_json import decode, encode
from trace_core.parameter_nodes import ParameterNode
from trace_core.validators import convert, type_adapter

if TYPE_CHECKING:
    from trace_core.parameters import OnDrift, ParameterSet

FORMAT = "trace-parameters"


def save(parameters: ParameterSet, path: str | os.PathLike[str]) -> None:
    """Write the file; it is either the old one or the new one, never half of it.

    Raises:
        InvalidValue: a value cannot be written as JSON so that it could be read back.
    """
    entries = {name: _entry(parameter) for name, parameter in parameters.items()}
    text = json.dumps({"format": FORMAT, "version": 1, "parameters": entries}, indent=2, ensure_ascii=False)
    target = Path(path)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        unfinished.write_text(text + "\n", encoding="utf-8")
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def load(parameters: ParameterSet, path: str | os.PathLike[str], on_drift: OnDrift) -> None:
    """Read the file and write its values; see `ParameterSet.load`."""
    if on_drift not in ("raise", "skip", "load"):
        raise ValueError(f'on_drift must be "raise", "skip" or "load", not {on_drift!r}')
    entries = _entries(Path(path))
    problems = _problems(parameters, entries)
    if problems and on_drift == "raise":
        listed = "\n".join(f"  {name}: {problem}" for name, problem in problems.items())
        raise Drift(
            f"{path} does not fit these parameters:\n{listed}\n"
            'Load with on_drift="load" to take its values all the same, or on_drift="skip" to leave these as they are.'
        )
    wanted = {
        name: _decoded(name, entry)
        for name, entry in entries.items()
        if name in parameters and (on_drift == "load" or name not in problems)
    }
    parameters.set(wanted, author="loaded")


def _entry(parameter: ParameterNode) -> dict[str, Any]:
    return {
        "value": encoded(parameter, parameter._peek()),
        "kind": parameter.kind,
        "type": type_text(parameter),
        "original": _original(parameter),
    }


def encoded(parameter: ParameterNode, value: Any) -> Any:
    """A value of a parameter as JSON data, from which `decode` and its type make it again.

    Raises:
        InvalidValue: it is no plain data, and its type gives none.
    """
    data = _encoded(parameter, value)
    if not _is_whole(data):
        raise InvalidValue(parameter.name, "the value is not plain data and its type gives none, so it cannot be saved")
    return data


def _encoded(parameter: ParameterNode, value: Any) -> Any:
    """The value as JSON data; what is not plain (a model, a date) as pydantic writes it for the parameter's type."""
    encoded = encode(value)
    if _is_whole(encoded):
        return encoded
    try:
        dumped = encode(type_adapter(parameter.type).dump_python(value, mode="json", warnings=False))
        return dumped if convert(decode(dumped), parameter.type) == value else encoded
    except Exception:  # noqa: BLE001 - a serializer may raise anything; then there is no better form than this one
        return encoded


def _is_whole(encoded: Any) -> bool:
    return '{"$": "opaque"' not in json.dumps(encoded)  # in a text, the quotes would be escaped


def _original(parameter: ParameterNode) -> str:
    encoded = _encoded(parameter, parameter.history[0].value)
    return hashlib.sha256(json.dumps(encoded, sort_keys=True).encode()).hexdigest()


def type_text(parameter: ParameterNode) -> str:
    """A parameter's type as a text, the same in every process."""
    kind = parameter.type
    text = f"{kind.__module__}.{kind.__qualname__}" if isinstance(kind, type) else str(kind)
    return re.sub(r" at 0x[0-9a-f]+", "", text)  # a function's address differs from run to run


def _entries(path: Path) -> Mapping[str, Mapping[str, Any]]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, a number that is too long
        raise Drift(f"{path} is not a file of saved parameters: {error}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT or data.get("version") != 1:
        raise Drift(f'{path} is not a file of saved parameters: expected "format": "{FORMAT}" and "version": 1')
    entries = data.get("parameters")
    if not isinstance(entries, dict) or not all(isinstance(e, dict) and "value" in e for e in entries.values()):
        raise Drift(f'{path}: "parameters" must map names to objects with a "value"')
    return entries


def _problems(parameters: ParameterSet, entries: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    problems = {name: "is in the file and not here" for name in entries if name not in parameters}
    for name, parameter in parameters.items():
        entry = entries.get(name)
        if entry is None:
            problems[name] = "is here and not in the file"
        elif entry.get("original") != _original(parameter):
            problems[name] = "was edited in the source since the file was saved"
        elif entry.get("type") != type_text(parameter):
            problems[name] = f"has another type here ({type_text(parameter)}) than in the file ({entry.get('type')})"
    return problems


def _decoded(name: str, entry: Mapping[str, Any]) -> Any:
    try:
        if not _is_whole(entry["value"]):
            raise InvalidTrace("a value is opaque")
        return decode(entry["value"])
    except (InvalidTrace, RecursionError) as error:
        raise Drift(f"{name}: {error}") from error
