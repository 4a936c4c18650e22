"""All trainings, the last ones first, and the runs that were saved for feedback."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from trace_core.errors import InvalidTrace
from trace_train.cli.reading import state_of
from trace_train.store import Store
from trace_view.charts import rising, sparkline
from trace_view.graphs.values import label
from trace_view.pages.reading import dollars, name, verdict

PER_PAGE = 50


def gave(store: Store, id: str) -> str:
    """What a saved run gave, or its error, in a line."""
    with suppress(InvalidTrace):  # said on the run's own page
        run = store.run(id)
        return label(run.error or run.output.data)
    return "–"


def runs(store: Store, page: int, gave: Callable[[str], str]) -> dict[str, Any]:
    """What the page shows; of many trainings, fifty at a time. `gave` tells what a saved run gave."""
    found = store.trainings(PER_PAGE + 1, skip=page * PER_PAGE)
    ids = [training.id for training in found[:PER_PAGE]]
    courses, learned = store.courses(ids), store.learned(ids)
    rows = [
        {
            "training": training,
            "name": name(training, learned[training.id]),
            "state": state_of(training),
            "verdict": verdict(training, courses[training.id]),
            "sparkline": sparkline(rising(courses[training.id]), training.step_count),
            "dollars": dollars(training),
        }
        for training in found[:PER_PAGE]
    ]
    saved = [(each, gave(each.id)) for each in store.runs(PER_PAGE)] if page == 0 else []
    return {"rows": rows, "saved": saved, "page": page, "has_older": len(found) > PER_PAGE}
