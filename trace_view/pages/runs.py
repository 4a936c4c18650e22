"""All trainings, the last ones first, and the runs that were saved for feedback."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from trace_core.errors import InvalidTrace
from trace_train.cli.reading import state_of
from trace_train.store import Store
from trace_view.charts import rising, sparkline
from trace_view.graphs.values import label
from trace_view.pages.reading import dollars, name, verdict

PER_PAGE = 50


@lru_cache(1_000)
def _learned(store: Store, id: str, has_begun: bool) -> Sequence[str]:
    """The names of a training's parameters, which are the same from its first evaluation on."""
    return next(([*each.candidate.values] for each in store.training(id).candidates()), [])


@lru_cache(1_000)
def _gave(store: Store, id: str) -> str:
    """What a saved run gave, or its error, in a line; kept, since a page that is live asks every second."""
    with suppress(InvalidTrace):  # said on the run's own page
        run = store.run(id)
        return label(run.error or run.output.data)
    return "–"


def runs(store: Store, page: int = 0) -> dict[str, Any]:
    """What the page shows; of many trainings, fifty at a time."""
    found = store.trainings(PER_PAGE + 1, skip=page * PER_PAGE)
    courses = store.courses(training.id for training in found[:PER_PAGE])
    rows = [
        {
            "training": training,
            "name": name(training, _learned(store, training.id, training.evaluation_count > 0)),
            "state": state_of(training),
            "verdict": verdict(training, courses[training.id]),
            "sparkline": sparkline(rising(courses[training.id]), training.step_count),
            "dollars": dollars(training),
        }
        for training in found[:PER_PAGE]
    ]
    saved = [(each, _gave(store, each.id)) for each in store.runs(PER_PAGE)] if page == 0 else []
    return {"rows": rows, "saved": saved, "page": page, "has_older": len(found) > PER_PAGE}
