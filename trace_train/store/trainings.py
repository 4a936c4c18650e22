"""Reading trainings: what a command line and a viewer show of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Table, func, select, true

from trace_core.llm.chat import Usage
from trace_core.trace_graph import TraceGraph
from trace_train.records import Candidate, Decision, EndedBy, Evaluation, EvaluationKey, Failures, HeldOut, Proposed
from trace_train.store import rows
from trace_train.store.columns import as_id
from trace_train.store.database import Database
from trace_train.store.errors import NoSuchRun
from trace_train.store.holding import Holder
from trace_train.store.schema import candidates, decisions, evaluations, proposals, trainings
from trace_train.store.statements import KEY, SEE_TRACE

_WITHOUT_TRACE = [column for column in evaluations.c if column.name != "trace"]


class Step(NamedTuple):
    """What happened in a step; `proposed` is None where only a decision was kept."""

    number: int
    proposed: Proposed | None
    decisions: tuple[Decision, ...]


class Tried(NamedTuple):
    """A candidate, on how many evaluations it was tried, and their mean score."""

    candidate: Candidate
    evaluations: int
    score: float | None


@dataclass(frozen=True, slots=True)
class Training:
    """A training as it was when it was read; its methods read its records as they are now.

    One that is "running" may have been interrupted: `holder.lives` says whether its process is seen to run on this
    machine, and `updated` when it last kept something.
    """

    id: str
    settings: Mapping[str, Any]
    seed: int | None
    state: str
    """running, finished, stopped or failed."""
    best: str | None
    """The best candidate, so far or at the end."""
    best_score: float | None
    """Its score on the validation examples, which it was chosen by: not a result."""
    started: datetime
    updated: datetime
    ended: datetime | None
    ended_by: EndedBy | None
    """What ended it; None while it runs, and where an older version of trace-suite ended it early."""
    reason: str | None
    """Why it ended, in words."""
    test: HeldOut | None
    """Mean scores on examples that were held out, before and after: its result. None where there were none."""
    budget: Mapping[str, float] | None
    """Its limits by name, none of which is no limit; None where it was not begun by a `Trainer`."""
    holder: Holder | None
    """The process that goes on with it, or did until it was killed; None once it has ended."""
    step_count: int
    """Steps that were decided on."""
    evaluation_count: int
    repeated: int
    """Evaluations that were paid for again after an interruption."""
    usage: Usage
    """What evaluations and steps spent, also steps that were cut off."""
    _database: Database = field(repr=False, compare=False)

    def steps(self) -> list[Step]:
        """Its steps, in order."""
        return self._steps(true(), true())

    def step(self, number: int) -> Step | None:
        """One step, if it is there."""
        return next(iter(self._steps(proposals.c.step == number, decisions.c.step == number)), None)

    def decisions(self) -> list[Decision]:
        """What was decided, in order: much less to read than its steps. Step 0 is what it began with."""
        return [rows.to_decision(row) for row in self._read(decisions, decisions.c.training == self.id)]

    def candidates(self) -> list[Tried]:
        """Its candidates, in the order in which they were made."""
        c = evaluations.c
        scores = select(c.candidate, func.count(), func.avg(c.score)).where(self._kept).group_by(c.candidate)
        with self._database.reading() as connection:
            known = {id: (count, mean) for id, count, mean in connection.execute(scores)}
        made = map(rows.to_candidate, self._read(candidates, candidates.c.training == self.id))
        return [Tried(each, *known.get(each.id, (0, None))) for each in made]

    def evaluations(
        self, candidate: str | None = None, *, limit: int | None = None, skip: int = 0
    ) -> list[tuple[EvaluationKey, Evaluation]]:
        """Its evaluations, or a candidate's, in the order in which they were begun; without their traces."""
        of_it = self._kept if candidate is None else self._kept & (evaluations.c.candidate == candidate)
        wanted = select(*_WITHOUT_TRACE).where(of_it).order_by(evaluations.c.number).limit(limit).offset(skip)
        with self._database.reading() as connection:
            found = [row._asdict() for row in connection.execute(wanted)]
        return [(rows.to_key(row), rows.to_evaluation(row)) for row in found]

    def failures(self) -> dict[str, Failures]:
        """Of each candidate of which evaluations failed: how many, and one of the errors."""
        c, failed = evaluations.c, func.count(evaluations.c.error)
        counted = select(c.candidate, failed, func.count(), func.min(c.error)).where(self._kept).group_by(c.candidate)
        with self._database.reading() as connection:
            found = connection.execute(counted.having(failed > 0))
            return {candidate: Failures(count, of, error) for candidate, count, of, error in found}

    def evaluation(self, key: EvaluationKey) -> Evaluation | None:
        """One of its evaluations, if it was kept; without its trace."""
        with self._database.reading() as connection:
            row = connection.execute(select(*_WITHOUT_TRACE).where(self._of(key))).first()
        return None if row is None else rows.to_evaluation(row._asdict())

    def kept(self, key: EvaluationKey) -> datetime | None:
        """When one of its evaluations was kept, which is right after it ended."""
        with self._database.reading() as connection:
            return connection.execute(select(evaluations.c.kept).where(self._of(key))).scalar()

    def in_flight(self) -> list[EvaluationKey]:
        """Evaluations that were begun and not kept: they run now, or were interrupted."""
        of_it = (evaluations.c.training == self.id) & evaluations.c.kept.is_(None)
        return [rows.to_key(row) for row in self._read(evaluations, of_it)]

    def trace(self, key: EvaluationKey) -> TraceGraph | None:
        """The graph of an evaluation, whose last node is the output; None where it has none."""
        with self._database.reading() as connection:
            of = dict(zip(KEY, (self.id, key.candidate, key.example, key.repeat), strict=True))
            found = connection.execute(SEE_TRACE, {f"of_{name}": value for name, value in of.items()}).scalar()
        return None if found is None else TraceGraph.from_json(found)

    @property
    def _kept(self) -> ColumnElement[bool]:
        return (evaluations.c.training == self.id) & evaluations.c.kept.is_not(None)

    def _of(self, key: EvaluationKey) -> ColumnElement[bool]:
        c = evaluations.c
        return self._kept & (c.candidate == key.candidate) & (c.example == key.example) & (c.repeat == key.repeat)

    def _steps(self, proposed_in: ColumnElement[bool], decided_in: ColumnElement[bool]) -> list[Step]:
        of_it = (proposals.c.training == self.id) & proposed_in, (decisions.c.training == self.id) & decided_in
        proposed = {row["step"]: rows.to_proposed(row) for row in self._read(proposals, of_it[0])}
        decided: dict[int, list[Decision]] = {}
        for row in self._read(decisions, of_it[1]):
            decided.setdefault(row["step"], []).append(rows.to_decision(row))
        numbers = sorted(proposed.keys() | decided.keys())
        return [Step(number, proposed.get(number), tuple(decided.get(number, ()))) for number in numbers]

    def _read(self, table: Table, of_it: ColumnElement[bool]) -> list[rows.Row]:
        with self._database.reading() as connection:
            found = connection.execute(select(table).where(of_it).order_by(table.c.number))
            return [row._asdict() for row in found]


def list_trainings(database: Database, limit: int | None, skip: int) -> list[Training]:
    """Those that began last come first."""
    wanted = select(trainings).order_by(trainings.c.started.desc(), trainings.c.id).limit(limit).offset(skip)
    with database.reading() as connection:
        return [_training(row, database) for row in connection.execute(wanted)]


def list_courses(database: Database, ids: Iterable[str]) -> dict[str, list[tuple[int, float]]]:
    """See `Store.courses`."""
    found: dict[str, list[tuple[int, float]]] = {id: [] for id in ids}
    c = decisions.c
    accepted = c.training.in_(found) & c.accepted & c.validation.is_not(None)
    with database.reading() as connection:
        wanted = select(c.training, c.step, c.validation).where(accepted).order_by(c.training, c.number)
        for id, step, validation in connection.execute(wanted):
            found[id].append((step, validation))
    return found


def list_learned(database: Database, ids: Iterable[str]) -> dict[str, list[str]]:
    """See `Store.learned`."""
    found: dict[str, list[str]] = {id: [] for id in ids}
    c = candidates.c
    with database.reading() as connection:
        wanted = select(c.training, c["values"]).where(c.training.in_(found) & (c.how == "original"))
        return found | {id: [*values] for id, values in connection.execute(wanted)}


def find_training(database: Database, id: str) -> Training:
    """The training of this id.

    Raises:
        NoSuchRun: there is none.
    """
    with database.reading() as connection:
        row = connection.execute(select(trainings).where(trainings.c.id == as_id(id))).first()
    if row is None:
        raise NoSuchRun(database.name, f"it holds no training {id!r}; `store.trainings()` lists those that it holds")
    return _training(row, database)


def _training(row: Row[Any], database: Database) -> Training:
    known = {name: value for name, value in row._mapping.items() if name != "cut_off"}
    usage = Usage(*(known.pop(name) for name in ("calls", "prompt_tokens", "completion_tokens", "cached_tokens")))
    for name, record in (("test", HeldOut), ("holder", Holder)):
        known[name] = None if known[name] is None else record(**known[name])
    return Training(**known, usage=usage, _database=database)
