"""All trainings, the last ones first, and the runs that were saved for feedback."""

from __future__ import annotations

from typing import Any

from trace_train.cli.reading import state_of
from trace_train.store import Store
from trace_view.charts import rising, sparkline
from trace_view.pages.reading import dollars, name, verdict

PER_PAGE = 50


def runs(store: Store, page: int = 0) -> dict[str, Any]:
    """What the page shows; of many trainings, fifty at a time."""
    found = store.trainings(PER_PAGE + 1, skip=page * PER_PAGE)
    courses = store.courses(training.id for training in found[:PER_PAGE])
    rows = [
        {
            "training": training,
            "name": name(training),
            "state": state_of(training),
            "verdict": verdict(training, courses[training.id]),
            "sparkline": sparkline(rising(courses[training.id]), training.step_count),
            "dollars": dollars(training),
        }
        for training in found[:PER_PAGE]
    ]
    saved = store.runs(PER_PAGE) if page == 0 else []
    return {"rows": rows, "saved": saved, "page": page, "has_older": len(found) > PER_PAGE}
