"""What of trace-suite is usable on this machine: the LLM, the local model's file, the sandbox, the adapters.

`python -m trace_core doctor` shows it. Nothing is downloaded, loaded or asked, and no key is shown.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from trace_core.errors import TraceError

# Each adapter's package, the framework that it needs, and the extra that brings it.
_ADAPTERS = (
    ("trace_langchain", "langchain_core", "langchain"),
    ("trace_autogen", "autogen_agentchat", "autogen"),
    ("trace_llamaindex", "llama_index.core", "llama-index"),
    ("trace_openai", "openai", "openai"),
    ("trace_openai.agents", "agents", "openai-agents"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what it is, whether it can be used here, and the detail or the way out."""

    subject: str
    usable: bool
    detail: str


def examine() -> list[Finding]:
    """Look at everything. Never raises for what is missing: that is a finding."""
    return [_llm(), _model_file(), _sandbox(), *(_adapter(*adapter) for adapter in _ADAPTERS)]


def show(findings: Sequence[Finding]) -> None:
    """Write findings to the standard output, as a table where rich is installed."""
    if importlib.util.find_spec("rich") is None:
        for finding in findings:
            sys.stdout.write(f"{'yes' if finding.usable else 'no ':3}  {finding.subject}: {finding.detail}\n")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("", "usable", title="trace-suite on this machine")
    table.add_column("detail", overflow="fold")
    for finding in findings:
        usable = Text("yes", "green") if finding.usable else Text("no", "yellow")
        table.add_row(finding.subject, usable, Text(finding.detail))
    Console().print(table)


def _llm() -> Finding:
    from trace_core.llm.default import default_llm

    try:
        return Finding("LLM", True, repr(default_llm()))
    except TraceError as error:
        return Finding("LLM", False, str(error))


def _model_file() -> Finding:
    subject = "local model's file"
    if not _is_importable("trace_local"):
        return Finding(subject, False, 'pip install "trace-suite[local]"')
    model_file = importlib.import_module("trace_local.model_file")
    try:
        path = model_file.model_path()
    except TraceError as error:
        return Finding(subject, False, str(error))
    if not model_file.MODEL.is_at(path):
        return Finding(subject, False, f"not at {path}; python -m trace_local fetch")
    return Finding(subject, True, str(path))


def _sandbox() -> Finding:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return Finding("sandbox", _is_importable("pydantic_monty"), f"pydantic-monty {version('pydantic-monty')}")
    except PackageNotFoundError:
        return Finding("sandbox", False, "pip install pydantic-monty")


def _adapter(package: str, framework: str, extra: str) -> Finding:
    if not _is_importable(package.partition(".")[0]):
        return Finding(package, False, "not in this version")
    if not _is_importable(framework):
        return Finding(package, False, f'needs {framework}: pip install "trace-suite[{extra}]"')
    return Finding(package, True, f"with {framework}")


def _is_importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the parent package of a dotted name is missing
        return False
