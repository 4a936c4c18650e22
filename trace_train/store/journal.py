"""The records of one training as they are made: each is safe in the store before the call that keeps it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Executable, or_, select, update

from trace_core.llm.chat import Usage
from trace_train.records import Candidate, Decision, Ending, Evaluation, EvaluationKey, Proposed
from trace_train.store import rows
from trace_train.store.columns import now
from trace_train.store.database import Database
from trace_train.store.holding import claim
from trace_train.store.schema import candidates, decisions, trainings
from trace_train.store.statements import ADD, COUNTS, KEY, SEE_EVALUATION, SEE_PROPOSED, statements


class StoredJournal:
    """A `trace_train.records.Journal` in a store; threads may share it.

    Each method is one short transaction, and raises a `StoreError` where the store fails; then nothing of it is there.
    """

    def __init__(self, database: Database, run_id: str) -> None:
        self.run_id = run_id
        """The training's id, for `Store.journal` to go on with it, and for `Store.training`."""
        self._database = database
        self._statements = statements(database.dialect)

    def __repr__(self) -> str:
        return f"<journal of training {self.run_id} in {self._database.name}>"

    @property
    def repeated(self) -> int:
        """How many evaluations were begun again, since they had been begun and never kept."""
        with self._database.reading() as connection:
            found = connection.execute(select(trainings.c.repeated).where(trainings.c.id == self.run_id))
            return found.scalar() or 0

    def start(self, limits: Mapping[str, float]) -> None:
        """The run begins, or goes on, in this process and within these limits.

        Raises:
            StoreBusy: it goes on in another process.
        """
        with self._database.writing() as connection:
            claim(connection, self.run_id, self._database.name)
            self._set(connection, budget=dict(limits))

    def original(self) -> Candidate | None:
        """The candidate that was kept first: where the run began."""
        of_it = candidates.c.training == self.run_id
        with self._database.reading() as connection:
            row = connection.execute(select(candidates).where(of_it).order_by(candidates.c.number).limit(1)).first()
        return None if row is None else rows.to_candidate(row._asdict())

    # --- evaluations

    def evaluation(self, key: EvaluationKey) -> Evaluation | None:
        """One that was kept."""
        row = self._one(SEE_EVALUATION, {f"of_{name}": value for name, value in self._named(key).items()})
        return None if row is None else rows.to_evaluation(row)

    def begin(self, key: EvaluationKey) -> None:
        """It is about to be paid for; again, if it was begun before and not kept."""
        with self._database.writing() as connection:
            times = connection.execute(self._statements.begin, self._named(key) | {"begun": 1}).scalar()
            if times is not None and times > 1:
                self._add(connection, repeated=1)

    def keep_evaluation(self, key: EvaluationKey, evaluation: Evaluation) -> None:
        """Keep one; of one that is there already, the first stays."""
        row = self._named(key) | rows.from_evaluation(evaluation) | {"begun": 1, "kept": now()}
        spent = evaluation.usage + evaluation.guide_usage
        self._keep(self._statements.keep_evaluation, row, spent, evaluation_count=1)

    def _named(self, key: EvaluationKey) -> dict[str, Any]:
        return dict(zip(KEY, (self.run_id, key.candidate, key.example, key.repeat), strict=True))

    # --- steps

    def proposed(self, step: int) -> Proposed | None:
        """What the optimizer proposed in a step, if that was kept."""
        row = self._one(SEE_PROPOSED, {"of_training": self.run_id, "of_step": step})
        return None if row is None else rows.to_proposed(row)

    def keep_proposed(self, step: int, proposed: Proposed) -> None:
        """Keep it; of a step that is there already, the first stays."""
        row = rows.from_proposed(proposed) | {"training": self.run_id, "step": step, "kept": now()}
        self._keep(self._statements.keep_proposed, row, proposed.usage)

    def cut_off(self, step: int) -> Usage:
        """What the optimizer spent in a step where it was cut off."""
        with self._database.reading() as connection:
            return Usage(**self._cut_off(connection).get(str(step), {}))

    def keep_cut_off(self, step: int, usage: Usage) -> None:
        """Keep it, with what was spent before."""
        with self._database.writing() as connection:
            known = self._cut_off(connection)
            spent = Usage(**known.get(str(step), {})) + usage
            self._set(connection, cut_off={**known, str(step): asdict(spent)})
            self._add(connection, **asdict(usage))

    def _cut_off(self, connection: Connection) -> dict[str, Any]:
        wanted = select(trainings.c.cut_off).where(trainings.c.id == self.run_id)
        return connection.execute(wanted).scalar() or {}

    def keep_candidate(self, candidate: Candidate) -> None:
        """Keep a candidate; of one with the same values, the first stays."""
        self._keep(self._statements.keep_candidate, rows.from_candidate(candidate) | {"training": self.run_id})

    def keep_decision(self, decision: Decision) -> None:
        """Keep what was decided on a candidate in a step, if nothing was; the best so far is known by it."""
        row = rows.from_decision(decision) | {"training": self.run_id}
        score = decision.validation if decision.accepted else None
        with self._database.writing() as connection:
            if connection.execute(self._statements.keep_decision, row).first() is not None:
                self._add(connection, step_count=int(decision.step > 0))
                if score is not None:
                    better = or_(trainings.c.best_score.is_(None), trainings.c.best_score < score)
                    best = update(trainings).where(trainings.c.id == self.run_id, better)
                    connection.execute(best.values(best=decision.candidate, best_score=score))

    def finish(self, ending: Ending) -> None:
        """The run ended; other processes may go on with it."""
        of_best = (decisions.c.training == self.run_id) & (decisions.c.candidate == ending.best)
        with self._database.writing() as connection:
            found = connection.execute(select(decisions.c.validation).where(of_best).order_by(decisions.c.number))
            scores = [score for score in found.scalars() if score is not None]
            score = scores[-1] if scores else None
            self._set(connection, **rows.from_ending(ending), best_score=score, ended=now(), holder=None)

    # --- both

    def _one(self, statement: Executable, of: dict[str, Any]) -> rows.Row | None:
        with self._database.reading() as connection:
            row = connection.execute(statement, of).first()
        return None if row is None else row._asdict()

    def _keep(self, statement: Executable, row: dict[str, Any], usage: Usage | None = None, **counts: int) -> None:
        """Keep a row and count what it spent, if it was not there yet."""
        with self._database.writing() as connection:
            if connection.execute(statement, row).first() is not None:
                self._add(connection, **(asdict(usage) if usage else {}), **counts)

    def _set(self, connection: Connection, **values: Any) -> None:
        """What is known of the training now."""
        connection.execute(update(trainings).where(trainings.c.id == self.run_id).values(**values, updated=now()))

    def _add(self, connection: Connection, **counts: int) -> None:
        """Add to what the training has kept and spent."""
        more = {f"more_{name}": counts.get(name, 0) for name in COUNTS}
        connection.execute(ADD, {"of_id": self.run_id, "updated": now(), **more})
