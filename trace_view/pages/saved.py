"""A run of production that was saved, and what was said about it."""

from __future__ import annotations

from typing import Any

from trace_train.store import Store


def saved(store: Store, id: str) -> dict[str, Any]:
    """What the page shows.

    Raises:
        NoSuchRun: no such run was saved.
    """
    run = store.run(id)
    return {"run": run, "output": run.output.data, "error": run.error, "said": run.feedback}
