"""What a journal says to its database; made once, which takes SQLAlchemy longer than carrying it out.

Parameters that a condition needs are named `of_…`, what is added to a count `more_…`; the others are columns.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from trace_train.store.schema import candidates, decisions, evaluations, proposals, trainings

KEY = ("training", "candidate", "example", "repeat")
KEPT = ("kept", "score", "scores", "feedback", "output", "error", "usage", "guide_usage", "seconds", "trace")
COUNTS = (
    "step_count",
    "evaluation_count",
    "repeated",
    "calls",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
)


def insert(dialect: str, table: Table) -> Any:
    """An INSERT that can be told what to do where a row is there already."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def _of(table: Table, *names: str) -> ColumnElement[bool]:
    found = table.c[names[0]] == bindparam(f"of_{names[0]}")
    return found & _of(table, *names[1:]) if names[1:] else found


SEE_EVALUATION = select(evaluations).where(_of(evaluations, *KEY), evaluations.c.kept.is_not(None))
SEE_TRACE = select(evaluations.c.trace).where(_of(evaluations, *KEY))
SEE_PROPOSED = select(proposals).where(_of(proposals, "training", "step"))
ADD = (
    update(trainings)
    .where(_of(trainings, "id"))
    .values({"updated": bindparam("updated")} | {n: trainings.c[n] + bindparam(f"more_{n}") for n in COUNTS})
)


class Statements:
    """Those that differ between SQLite and PostgreSQL; one that keeps a row gives back something if it did."""

    def __init__(self, dialect: str) -> None:
        not_kept = evaluations.c.kept.is_(None)
        made = insert(dialect, evaluations)
        self.begin = made.on_conflict_do_update(
            index_elements=KEY, set_={"begun": evaluations.c.begun + 1}, where=not_kept
        ).returning(evaluations.c.begun)
        self.keep_evaluation = made.on_conflict_do_update(
            index_elements=KEY, set_={name: made.excluded[name] for name in KEPT}, where=not_kept
        ).returning(evaluations.c.number)
        self.keep_proposed, self.keep_candidate, self.keep_decision = (
            insert(dialect, table).on_conflict_do_nothing().returning(table.c.number)
            for table in (proposals, candidates, decisions)
        )


statements = cache(Statements)
