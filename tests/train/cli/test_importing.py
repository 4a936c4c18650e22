"""Things by name: found, made with options, and helpful where they are not there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("typer")

from trace_train import Exact
from trace_train.cli.errors import BadPlan
from trace_train.cli.importing import importable, imported, made
from trace_train.cli.plan import Part

MODULE = """
class Box:
    thing = 3
    def __init__(self, size, colour="red"):
        if size < 0:
            raise ValueError("a size must be at least 0")
        self.size, self.colour = size, colour

box = Box(1)

def guide(example, output):
    return 1.0

def make_guide(strict):
    return guide
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[None]:
    (tmp_path / "boxes_here.py").write_text(MODULE)
    (tmp_path / "boxes_failing.py").write_text("x = 1\ny = x / 0\n")
    (tmp_path / "boxes_lacking.py").write_text("import not_installed_at_all\n")
    with importable(str(tmp_path)):
        yield
    for name in [name for name in sys.modules if name.startswith("boxes_")]:
        del sys.modules[name]


def part(use: str, **options: object) -> Part:
    return Part.model_validate({"use": use, **options})


def wrong(use: str, **options: object) -> str:
    with pytest.raises(BadPlan) as caught:
        made("guide", part(use, **options), "trace_train.guides")
    return str(caught.value)


def test_what_is_named_is_taken_as_it_is_and_a_class_or_what_has_options_is_called() -> None:
    assert imported("guide", "boxes_here:box.thing") == 3
    assert made("guide", part("boxes_here:box"), "trace_train.guides").size == 1
    assert made("guide", part("boxes_here:Box", size=2), "trace_train.guides").size == 2
    assert made("guide", part("boxes_here:guide"), "trace_train.guides")(None, None) == 1.0
    assert made("guide", part("boxes_here:make_guide", strict=True), "trace_train.guides")(None, None) == 1.0
    assert made("guide", part("Exact", field="queue"), "trace_train.guides") == Exact("queue")


def test_names_that_are_not_there_are_said_with_the_near_ones() -> None:
    assert wrong("boxes_here").startswith("guide: the name 'boxes_here' is not known")
    assert "guide: there is no module 'boxes_her', neither in" in wrong("boxes_her:guide")
    assert wrong("boxes_here:giude") == "guide: in boxes_here, the name 'giude' is not known; did you mean guide?"
    assert "did you mean Exact?" in wrong("Exakt", field="queue")
    assert "your own is given as module:name" in wrong("Exakt")
    assert "expected module:name" in wrong(":guide")


def test_a_module_that_cannot_be_imported_is_said_with_where() -> None:
    assert wrong("boxes_failing:x") == (
        "guide: boxes_failing could not be imported: ZeroDivisionError: division by zero (boxes_failing.py:2)"
    )
    assert wrong("boxes_lacking:x") == "guide: boxes_lacking needs not_installed_at_all, which is not installed here"


def test_options_that_do_not_fit_are_said() -> None:
    assert wrong("boxes_here:Box", sizes=3) == "guide: of Box, the option 'sizes' is not known; did you mean size?"
    assert "guide: Box needs size: guide = { use = 'Box', size = … }" in wrong("boxes_here:Box")
    assert "guide: Box: a size must be at least 0" in wrong("boxes_here:Box", size=-1)
    assert "Exact needs field" in wrong("Exact")
