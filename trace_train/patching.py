"""Learned texts as a patch to the source files in which their originals stand as literals, for `git apply`.

A text is replaced where exactly one literal of the files holds its original; all else is refused with the reason. What
comes out is read again: it must be the same program but for that literal (https://docs.python.org/3/library/ast.html).
"""

from __future__ import annotations

import ast
import difflib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from inspect import cleandoc
from pathlib import Path
from typing import Any

from trace_train.errors import TrainingError
from trace_train.literals import Place, Source, rendered


class NotPatched(TrainingError, RuntimeError):
    """A source file is not what a patch was made for."""


@dataclass(frozen=True, slots=True)
class Patch:
    """What is to be changed in which file, and the parameters that stand in none, each with the reason."""

    files: Mapping[Path, tuple[bytes, bytes]] = field(default_factory=dict)
    """What each holds, and what it is to hold."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Where each parameter's original stands, as `file:line`."""
    refusals: Mapping[str, str] = field(default_factory=dict)

    def diff(self, root: Path) -> bytes:
        """A unified diff with paths from that folder on, in the files' own encodings and ends of lines."""
        return b"".join(_diff(_name(path, root), old, new) for path, (old, new) in self.files.items())

    def write(self) -> None:
        """Change the files; each is the old one or the new one, never half of it.

        Raises:
            NotPatched: one was changed since the patch was made; none was written.
        """
        for path, (old, _) in self.files.items():
            if path.read_bytes() != old:
                raise NotPatched(f"{path} was changed since it was read; make the patch again")
        for path, (_, new) in self.files.items():
            target = path.resolve()
            unfinished = target.with_name(f".{target.name}.{os.getpid()}.tmp")
            try:
                unfinished.write_bytes(new)
                shutil.copymode(target, unfinished)
                unfinished.replace(target)
            finally:
                unfinished.unlink(missing_ok=True)


def make_patch(changes: Mapping[str, tuple[Any, Any]], files: Sequence[Path]) -> Patch:
    """The patch that makes originals what was learned.

    Args:
        changes: of each parameter the original, as it stands in the source, and the new value.
        files: the source files to look in; one that Python cannot read is left out.

    Example:
        patch = make_patch({"rules": ("Be kind.", "Be kind, and brief.")}, [Path("support.py")])
        sys.stdout.buffer.write(patch.diff(Path.cwd()))
    """
    sources = [source for path in dict.fromkeys(files) if (source := Source.read(path)) is not None]
    found: dict[str, Place] = {}
    refusals: dict[str, str] = {}
    for name, (old, new) in changes.items():
        place = _place_of(old, new, sources)
        if isinstance(place, str):
            refusals[name] = place
        else:
            found[name] = place
    for name, why in _disputed(found, {name: new for name, (_, new) in changes.items()}).items():
        refusals[name] = why
        del found[name]
    patched: dict[Path, tuple[bytes, bytes]] = {}
    for source in sources:
        here = {place: changes[name][1] for name, place in found.items() if place.source is source}
        if here:
            patched[source.path] = source.data, _changed(source, here)
    return Patch(patched, {name: str(place) for name, place in found.items()}, refusals)


def _place_of(old: Any, new: Any, sources: Sequence[Source]) -> Place | str:
    """The one place of the original, or why there is none."""
    if not isinstance(old, str) or not isinstance(new, str):
        return "only texts are looked for: that another value stands in a file does not say that it is this one"
    places = [place for source in sources for place in source.places(old)]
    if len(places) > 1:
        return f"its original stands in {len(places)} places: {', '.join(map(str, places))}"
    if places:
        place = places[0]
        written = ast.literal_eval(rendered(new, place))
        right = (cleandoc(written) if place.cleaned else written) == new
        return place if right else f"it cannot be written as the documentation at {place}: white space would be lost"
    built = [line for source in sources for line in source.built(old)]
    if built:
        return f"its original is made by an f-string at {built[0]}, which only you can change"
    listed = ", ".join(source.path.name for source in sources) or "no file"
    return f"its original stands as a literal in none of the files that were looked in ({listed})"


def _disputed(found: Mapping[str, Place], new: Mapping[str, Any]) -> dict[str, str]:
    """Parameters whose originals are one and the same literal, and that became different texts."""
    disputed = {}
    for name, place in found.items():
        others = [other for other, its in found.items() if its == place and new[other] != new[name]]
        if others:
            disputed[name] = f"{place} is the original of {', '.join(others)}, too, which became another text"
    return disputed


def _changed(source: Source, texts: Mapping[Place, str]) -> bytes:
    """The file with these literals in place of those."""
    text = source.text
    for place in sorted(texts, key=lambda place: -place.start):
        literal = rendered(texts[place], place)
        text = text[: place.start] + literal + text[place.end :]
    expected = source.with_values({place: ast.literal_eval(rendered(texts[place], place)) for place in texts})
    try:
        same = ast.dump(ast.parse(text)) == ast.dump(expected)
    except (SyntaxError, ValueError):
        same = False
    if not same:
        raise NotPatched(f"{source.path} could not be patched so that it stays the same program; change it by hand")
    return text.encode(source.encoding)


# --- as a diff


def _name(path: Path, root: Path) -> bytes:
    relative = os.path.relpath(path, root).replace(os.sep, "/")
    if relative.startswith("../"):
        raise NotPatched(f"{path} is not under {root}; make the patch in a folder above it")
    return os.fsencode(relative) + (b"\t" if " " in relative else b"")  # as GNU diff ends such a name


def _diff(name: bytes, old: bytes, new: bytes) -> bytes:
    lines = difflib.diff_bytes(
        difflib.unified_diff, _lines(old), _lines(new), b"a/" + name, b"b/" + name, lineterm=b"\n"
    )
    return b"".join(line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines)


def _lines(data: bytes) -> list[bytes]:
    """Lines as git sees them, with their ends."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]
