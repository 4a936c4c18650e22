"""Late feedback: runs of production are saved, and learned from once somebody says how they were.

Who says it need not have the program, its framework or its parameters: a trace is plain data. Who learns from it has
the parameters, and perhaps newer values of them than the run read: an optimizer is shown both.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from trace_core.nodes import ExceptionNode, MessageNode, Node
from trace_core.parameter_nodes import ParameterNode
from trace_core.propagators import Batch, Feedback, FeedbackLike
from trace_core.recording.run import Run
from trace_core.trace_graph import TraceGraph
from trace_train.store.columns import as_id, now
from trace_train.store.database import Database
from trace_train.store.errors import NoSuchRun
from trace_train.store.schema import feedback, runs
from trace_train.store.statements import insert


@dataclass(frozen=True)
class SavedFeedback:
    """What was said about a run, when, and when it was learned from."""

    feedback: Feedback
    given: datetime
    used: datetime | None


@dataclass(frozen=True)
class SavedRun:
    """A run that was saved.

    Example:
        store.run(id).output.backward("the customer wanted a refund")
    """

    id: str
    saved: datetime
    parameters: Mapping[str, int | str | None]
    """The parameters that the run read, by name, each with its version in the process that ran it."""
    _database: Database = field(repr=False, compare=False)

    @cached_property
    def graph(self) -> TraceGraph:
        """All that ran, with what it read; its parameters stand as values."""
        with self._database.reading() as connection:
            return TraceGraph.from_json(_graph_of(connection, self.id))

    @property
    def output(self) -> SavedOutput:
        """What the run gave."""
        return SavedOutput(self.graph.outputs[0], self)

    @property
    def error(self) -> str | None:
        """The text of the error that ended the run."""
        node = self.output.node
        return str(node.data) if isinstance(node, ExceptionNode) else None

    @cached_property
    def feedback(self) -> tuple[SavedFeedback, ...]:
        """What was said about it, in order."""
        with self._database.reading() as connection:
            c = feedback.c
            found = connection.execute(select(feedback).where(c.run == self.id).order_by(c.number)).mappings()
            return tuple(SavedFeedback(Feedback(row["text"], row["score"]), row["given"], row["used"]) for row in found)

    def backward(self, said: FeedbackLike) -> None:
        """Keep what is said about the output in the store, for `Store.batch`."""
        given = Feedback.of(said)
        score = dict(given.score) if isinstance(given.score, Mapping) else given.score
        with self._database.writing() as connection:
            row = {"run": self.id, "text": given.text, "score": score, "given": now()}
            connection.execute(feedback.insert(), row)
        vars(self).pop("feedback", None)


@dataclass(frozen=True)
class SavedOutput:
    """The output of a saved run."""

    node: Node
    run: SavedRun = field(repr=False)

    @property
    def data(self) -> Any:
        """Its value."""
        return self.node.data

    def backward(self, said: FeedbackLike) -> None:
        """`SavedRun.backward`."""
        self.run.backward(said)


_SHORTLY = select(runs.c.id, runs.c.saved, runs.c.parameters)


def save_run(database: Database, run: Run | Node) -> str:
    """Save what ran; its id. What is saved already stays as it is."""
    id = uuid.uuid4().hex if isinstance(run, Node) else run.id
    graph = run.graph() if isinstance(run, Node) else _all_of(run)
    read = {graph.name(node): graph.read(node).version for node in graph.parameters}
    row = {"id": id, "saved": now(), "parameters": read, "graph": graph.to_json()}
    with database.writing() as connection:
        connection.execute(insert(database.dialect, runs).on_conflict_do_nothing(), row)
    return id


def _all_of(run: Run) -> TraceGraph:
    """The run's graph, also what led to nothing, with its output as the only one."""
    nodes = {node.id: node for node in (*run.graph.nodes, *run.output.graph().nodes)}
    operations = [node.id for node in nodes.values() if isinstance(node, MessageNode) and node.parents]
    return TraceGraph([nodes[id] for id in sorted(nodes)], operations, [run.output])


def find_run(database: Database, id: str) -> SavedRun:
    """The run of this id.

    Raises:
        NoSuchRun: there is none.
    """
    with database.reading() as connection:
        row = connection.execute(_SHORTLY.where(runs.c.id == as_id(id))).first()
    if row is None:
        raise NoSuchRun(database.name, f"it holds no saved run {id!r}; `store.runs()` lists those that it holds")
    return SavedRun(*row, database)


def list_runs(database: Database, limit: int | None) -> list[SavedRun]:
    """Those that were saved last come first."""
    with database.reading() as connection:
        found = connection.execute(_SHORTLY.order_by(runs.c.saved.desc(), runs.c.id).limit(limit))
        return [SavedRun(*row, database) for row in found]


def _graph_of(connection: Connection, id: str) -> Any:
    return connection.execute(select(runs.c.graph).where(runs.c.id == id)).scalar()


@contextmanager
def learning_from(database: Database, parameters: Mapping[str, ParameterNode], limit: int | None) -> Iterator[Batch]:
    """See `Store.batch`."""
    c = feedback.c
    unused = select(c.number, c.run, c.text, c.score, runs.c.parameters).join(runs).where(c.used.is_(None))
    with database.reading() as connection:
        said = connection.execute(unused.order_by(c.number)).all()
        fitting = [row for row in said if not parameters.keys().isdisjoint(row.parameters)][:limit]
        graphs = {id: _graph_of(connection, id) for id in dict.fromkeys(row.run for row in fitting)}
    outputs = {id: TraceGraph.from_json(graph, parameters).outputs[0] for id, graph in graphs.items()}
    batch = Batch()
    for row in fitting:
        batch.add(outputs[row.run], Feedback(row.text, row.score))
    yield batch
    numbers = [{"learned": row.number} for row in fitting]
    if numbers:
        with database.writing() as connection:
            connection.execute(update(feedback).where(c.number == bindparam("learned")).values(used=now()), numbers)
