"""The scripts of others are what they were when somebody looked at them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

VENDOR = Path(__file__).parents[2] / "trace_view" / "static" / "vendor"


def test_the_scripts_are_those_that_were_looked_at() -> None:
    sums = dict(reversed(line.split()) for line in (VENDOR / "SHA256SUMS").read_text().splitlines())
    assert {name: hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() for name in sums} == sums
    scripts = {path.name for path in VENDOR.glob("*.js")}
    licences = {f"{name.partition('.')[0]}.LICENSE" for name in scripts}
    assert sums.keys() == scripts | licences


def test_the_versions_are_exact_and_said() -> None:
    wanted = json.loads((VENDOR / "package.json").read_text())["dependencies"]
    locked = json.loads((VENDOR / "package-lock.json").read_text())["packages"]
    told = (VENDOR / "README.md").read_text()
    for name, version in wanted.items():
        assert locked[f"node_modules/{name}"]["version"] == version
        assert f"{name}](" in told
        assert version in told
