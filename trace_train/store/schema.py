"""The tables of a store.

Trainings: `trainings`, and for each its `candidates`, `evaluations`, `proposals` and `decisions`. Runs that a program
made in production: `runs`, and the `feedback` that came later. `number` is the order in which rows were made.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint

from trace_train.store.columns import Json, Moment, Score

metadata = MetaData()

store_version = Table("trace_store", metadata, Column("version", Integer, nullable=False))
"""One row; it says that the database is a store, and of which version."""


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


trainings = Table(
    "trainings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("settings", Json, nullable=False),
    Column("seed", Json),
    Column("state", Text, nullable=False),
    Column("best", Text),
    Column("best_score", Double),
    Column("started", Moment, nullable=False, index=True),
    Column("updated", Moment, nullable=False),
    Column("ended", Moment),
    Column("ended_by", Text),
    Column("reason", Json),
    Column("test", Json),
    Column("budget", Json),
    Column("cut_off", Json),  # what was spent by step where it was cut off, beside what was kept of it
    Column("holder", Json),  # the process that goes on with it; NULL once it has ended
    # What was kept so far, added up as it is kept, so that a list of trainings need not read all of their records.
    *map(_count, ["step_count", "evaluation_count", "repeated"]),
    *map(_count, ["calls", "prompt_tokens", "completion_tokens", "cached_tokens"]),
)


def _of_training(name: str, key: list[str], *columns: Column[object]) -> Table:
    """A table of a training's records; of the same `key`, only one is kept."""
    return Table(
        name,
        metadata,
        Column("number", Integer, primary_key=True, autoincrement=True),
        Column("training", ForeignKey(trainings.c.id, ondelete="CASCADE"), nullable=False),
        *columns,
        UniqueConstraint("training", *key),
        Index(f"{name}_in_order", "training", "number"),
    )


candidates = _of_training(
    "candidates",
    ["id"],
    Column("id", Text, nullable=False),
    Column("values", Json, nullable=False),
    Column("parents", Json, nullable=False),
    Column("how", Text, nullable=False),
)

evaluations = _of_training(
    "evaluations",
    ["candidate", "example", "repeat"],
    Column("candidate", Text, nullable=False),
    Column("example", Text, nullable=False),
    Column("repeat", Integer, nullable=False),
    Column("begun", Integer, nullable=False),  # how often
    Column("kept", Moment),  # NULL while it is in flight, and after an interruption
    Column("score", Score),
    Column("scores", Json),
    Column("feedback", Json),
    Column("output", Json),
    Column("error", Json),
    Column("usage", Json),
    Column("guide_usage", Json),
    Column("seconds", Double),
    Column("trace", Json),
)

proposals = _of_training(
    "proposals",
    ["step"],
    Column("step", Integer, nullable=False),
    Column("kept", Moment, nullable=False),
    Column("values", Json, nullable=False),
    Column("problem", Json, nullable=False),
    Column("answer", Json, nullable=False),
    Column("reasoning", Json, nullable=False),
    Column("refusals", Json, nullable=False),
    Column("usage", Json, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("parent", Text, nullable=False, server_default=""),
    Column("seen", Json, nullable=False, server_default="[]"),
)

decisions = _of_training(
    "decisions",
    ["step", "candidate"],
    Column("step", Integer, nullable=False),
    Column("candidate", Text, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Column("reason", Json, nullable=False),
    Column("validation", Json),
    Column("minibatch", Json),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("saved", Moment, nullable=False, index=True),
    Column("parameters", Json, nullable=False),
    Column("graph", Json, nullable=False),
)

feedback = Table(
    "feedback",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("run", ForeignKey(runs.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("text", Json),
    Column("score", Json),
    Column("given", Moment, nullable=False),
    Column("used", Moment),
)
_UNUSED = feedback.c.used.is_(None)
Index("unused_feedback", feedback.c.number, sqlite_where=_UNUSED, postgresql_where=_UNUSED)
