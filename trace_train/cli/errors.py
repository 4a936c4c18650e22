"""What a command's user can get wrong; each message names it and says what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from trace_train.errors import TrainingError


class BadPlan(TrainingError, ValueError):
    """A file or an argument of `trace-suite` says what cannot be done; nothing was begun."""


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """That a name is not known, with the near ones, or all."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names) or 'none'}"
    return f"{what} {name!r} is not known; {hint}"
