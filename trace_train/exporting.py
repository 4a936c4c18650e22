"""What was learned, for elsewhere: as JSON with a diff, in its framework's own form, as a patch.

`trace_train.patching` writes the patch.
"""

from __future__ import annotations

import difflib
import importlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from trace_core.parameters import ParameterSet
from trace_core.rendering import literal
from trace_train.errors import TrainingError
from trace_train.patching import Patch, make_patch


class NotExported(TrainingError, TypeError):
    """An object has no form of its framework's own that could be loaded again."""


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """A unified diff of each value that is another one after."""
    diffs = {}
    for name, new in after.items():
        if name not in before or before[name] != new:
            old = _text(before[name]).splitlines() if name in before else []
            names = f"{name} (before)", f"{name} (after)"
            diffs[name] = "\n".join(difflib.unified_diff(old, _text(new).splitlines(), *names, lineterm=""))
    return diffs


def _text(value: Any) -> str:
    return value if isinstance(value, str) else literal(value)


def originals(parameters: ParameterSet) -> dict[str, Any]:
    """The values that the parameters had first: those of the source."""
    return {name: parameter.history[0].value for name, parameter in parameters.items()}


def as_json(parameters: ParameterSet) -> dict[str, Any]:
    """What `parameters.save` writes, and of each value that was learned its original and a diff.

    `parameters.load` takes it as it takes a saved file.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "learned.json"
        parameters.save(path)
        saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    before = originals(parameters)
    for name, diff in differences(before, parameters.state_dict()).items():
        saved["parameters"][name] |= {"before": _plain(before[name]), "diff": diff}
    return saved


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, type(None))) else literal(value)


def in_framework(program: Any) -> Any:
    """An object with its learned values as its own framework writes it, as JSON data.

    AutoGen's components by `dump_component`, for `load_component`; LangChain's by `langchain_core.load.dumpd`, for
    `load`; LlamaIndex's by `get_prompts`: texts by name, for `update_prompts`.

    Raises:
        NotExported: the framework writes none that could be loaded again.
        TraceError: the adapter refuses, as for learned code (`CodeNotDumped`).
    """
    if callable(dump := getattr(program, "dump_component", None)):
        return dump().model_dump(mode="json", exclude_none=True)
    if callable(getattr(program, "is_lc_serializable", None)):
        dumped = importlib.import_module("langchain_core.load").dumpd(program)
        if missing := sorted(set(_not_implemented(dumped))):
            raise NotExported(
                f"LangChain cannot write {', '.join(missing)} so that it could be loaded again. {_OTHERS}"
            )
        return dumped
    if callable(prompts := getattr(program, "get_prompts", None)):
        texts = {name: getattr(prompt, "template", None) for name, prompt in prompts().items()}
        if missing := [name for name, text in texts.items() if not isinstance(text, str)]:
            raise NotExported(f"these prompts of LlamaIndex are no single text: {', '.join(missing)}. {_OTHERS}")
        return texts
    raise NotExported(f"{type(program).__name__} has no form of its framework's own. {_OTHERS}")


_OTHERS = "Export it as json, or as a patch to the source."


def _not_implemented(dumped: Any) -> list[str]:
    """What LangChain only named."""
    found, to_visit = [], [dumped]
    while to_visit:
        each = to_visit.pop()
        if isinstance(each, dict):
            if each.get("type") == "not_implemented":
                found.append(".".join(map(str, each.get("id", ["an object"]))))
            to_visit.extend(each.values())
        elif isinstance(each, list):
            to_visit.extend(each)
    return found


def as_patch(parameters: ParameterSet, files: Sequence[Path]) -> Patch:
    """What was learned as a patch to the source files, in place of the originals.

    Learned code is left out: it runs in the sandbox, and in a source file it would run natively.
    """
    before, after = originals(parameters), parameters.state_dict()
    changed = {name: (before[name], after[name]) for name in differences(before, after)}
    code = {name: _CODE for name in changed if parameters[name].kind == "code"}
    patch = make_patch({name: pair for name, pair in changed.items() if name not in code}, files)
    return replace(patch, refusals={**patch.refusals, **code})


_CODE = "it is code that a model wrote; read it, and put it into the source yourself if it is to run natively"
