"""What every adapter promises, as one suite: an adapter supplies a few programs and passes every row.

A subclass sets `adapter`; its module is `tests/conformance/test_<framework>.py`.
"""

from __future__ import annotations

import asyncio
import json
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from trace_core import ExceptionNode, MessageNode, OptoPrime, ParameterSet, ReplayChat
from trace_core.errors import AmbiguousOutput, InvalidValue, ParametersBusy
from trace_core.recording import BaseRecorder, Run


@dataclass(frozen=True)
class Program:
    """A program of a framework with one learned text, and what its graph must be.

    `target` is the framework's object, `call` and `acall` run it on a value with a recorder, `stream` does to the end.
    `parameter` is the learned text's name, `texts` two values of it, and `seen` what the model was told last, in which
    the text then stands. `edges` are those of the graph, by op and number: `input>prompt prompt>llm`.
    """

    target: Any
    call: Callable[[Any, BaseRecorder | None], Any]
    acall: Callable[[Any, BaseRecorder | None], Any]
    stream: Callable[[Any, BaseRecorder], Any]
    given: Any
    parameter: str
    texts: tuple[str, str]
    seen: Callable[[], str]
    edges: str


class Adapter(Protocol):
    """What an adapter's conformance module supplies; each call makes new objects."""

    def recorder(self, **options: Any) -> BaseRecorder:
        """A recorder."""
        ...

    def expose(self, target: Any, **options: Any) -> ParameterSet:
        """The adapter's `expose`."""
        ...

    def release(self, parameters: ParameterSet, recorder: BaseRecorder) -> None:
        """Put everything back: parameters and recorder."""
        ...

    def chain(self) -> Program:
        """A model that is asked with a learned text; it answers with what it was told."""
        ...

    def tool(self) -> Program:
        """A model that calls a tool, and then answers."""
        ...

    def parallel(self) -> Program:
        """Two calls that do not depend on each other, and what joins them."""
        ...

    def failing(self) -> Program:
        """A program that raises `KeyError("gone")` after the learned text was read."""
        ...

    def batch(self, program: Program, values: Sequence[Any], recorder: BaseRecorder) -> list[Any]:
        """The framework's own way to run many, or one after the other where it has none."""
        ...

    def dump(self, target: Any) -> str:
        """The framework's own dump of the object, as text."""
        ...


def edges(run: Run) -> set[str]:
    """The graph's edges by op, numbered in order where there are several of one op; without parameters."""
    nodes = [node for node in run.graph.nodes if isinstance(node, MessageNode)]
    total, seen, words = Counter(node.op for node in nodes), Counter[str](), {}
    for node in nodes:
        seen[node.op] += 1
        words[node.id] = node.op if total[node.op] == 1 else f"{node.op}{seen[node.op]}"
    return {f"{words[e.source.id]}>{words[e.target.id]}" for e in run.graph.edges if e.source.id in words}


def recorded(program: Program, recorder: BaseRecorder) -> Run:
    with recorder.run() as run:
        program.call(program.given, recorder)
    return run


class ConformanceSuite:
    """The rows."""

    adapter: Adapter

    # --- graphs

    @pytest.mark.parametrize("kind", ["chain", "tool", "parallel"])
    def test_graph(self, kind: str) -> None:
        program: Program = getattr(self.adapter, kind)()
        run = recorded(program, self.adapter.recorder())
        assert edges(run) == set(program.edges.split()), run.explain()

    @pytest.mark.parametrize("kind", ["chain", "tool", "parallel"])
    async def test_awaited_the_graph_is_the_same(self, kind: str) -> None:
        program: Program = getattr(self.adapter, kind)()
        recorder = self.adapter.recorder()
        with recorder.run() as run:
            await program.acall(program.given, recorder)
        assert edges(run) == set(program.edges.split()), run.explain()

    @pytest.mark.parametrize("kind", ["chain", "tool"])
    def test_streamed_the_graph_is_the_same(self, kind: str) -> None:
        program: Program = getattr(self.adapter, kind)()
        recorder = self.adapter.recorder()
        with recorder.run() as run:
            program.stream(program.given, recorder)
        assert edges(run) == set(program.edges.split()), run.explain()

    def test_error(self) -> None:
        program, recorder = self.adapter.failing(), self.adapter.recorder()
        parameters = self.adapter.expose(program.target, name="agent")
        with recorder.run() as run, pytest.raises(KeyError) as caught:
            program.call(program.given, recorder)
        assert isinstance(run.error, ExceptionNode)
        assert recorder.error(caught.value) is run.error
        assert "gone" in run.error.data
        run.error.backward("do not fail")
        assert parameters[program.parameter].feedback

    # --- runs

    def test_last_and_runs_without_a_block(self) -> None:
        program, recorder = self.adapter.chain(), self.adapter.recorder()
        for _ in range(2):
            program.call(program.given, recorder)
        assert len(recorder.runs) == 2
        assert recorder.last is recorder.runs[1]
        assert not recorder.last.is_active

    def test_batch_in_input_order(self) -> None:
        program, recorder = self.adapter.chain(), self.adapter.recorder()
        results = self.adapter.batch(program, [program.given] * 3, recorder)
        assert len(recorder.runs) == len(results) == 3
        assert all(edges(run) == set(program.edges.split()) for run in recorder.runs)

    def test_the_output_of_a_result(self) -> None:
        program, recorder = self.adapter.chain(), self.adapter.recorder()
        result = program.call(program.given, recorder)
        assert recorder.output(result) is recorder.last.output
        with pytest.raises(AmbiguousOutput):
            recorder.output(object())

    def test_explained(self) -> None:
        program = self.adapter.chain()
        run = recorded(program, self.adapter.recorder())
        assert "llm0" in run.explain()
        assert run.explain("mermaid").startswith("flowchart")
        assert all(edge.why for edge in run.graph.edges)

    def test_program(self) -> None:
        recorder = self.adapter.recorder()
        program = self.adapter.chain()
        assert program.texts[0] in str(recorder.program(program.target)(program.given).data)  # type: ignore[attr-defined]
        failing = self.adapter.failing()
        assert isinstance(recorder.program(failing.target)(failing.given), ExceptionNode)  # type: ignore[attr-defined]

    def test_only_so_many_runs_are_kept(self) -> None:
        program, recorder = self.adapter.chain(), self.adapter.recorder(max_runs=2)
        for _ in range(3):
            program.call(program.given, recorder)
        assert len(recorder.runs) == 2

    # --- parameters

    def test_rewritten_and_seen_and_reverted(self) -> None:
        program, recorder = self.adapter.chain(), self.adapter.recorder()
        parameter = self.adapter.expose(program.target, name="agent")[program.parameter]
        before, after = program.texts
        assert parameter.data == before
        parameter.set(after)
        program.call(program.given, recorder)
        assert after in program.seen()
        assert recorder.last.graph.parameters == (parameter,)
        parameter.revert()
        program.call(program.given, recorder)
        assert before in program.seen()
        assert [run.graph.read(parameter).value for run in recorder.runs] == [after, before]

    def test_refused_with_the_old_value_intact(self) -> None:
        program = self.adapter.chain()
        parameter = self.adapter.expose(program.target, name="agent")[program.parameter]
        with pytest.raises(InvalidValue):
            parameter.set({"not": "a text"})
        assert parameter.data == program.texts[0]

    def test_a_step_from_feedback(self) -> None:
        program, recorder = self.adapter.chain(), self.adapter.recorder()
        parameters = self.adapter.expose(program.target, name="agent")
        optimizer = OptoPrime(parameters, ReplayChat([f"```\n{program.texts[1]}\n```"]))
        recorded(program, recorder).output.backward("be better")
        optimizer.step()
        program.call(program.given, None)
        assert program.texts[1] in program.seen()

    def test_eight_candidates_at_once(self) -> None:
        program, recorder = self.adapter.chain(), self.adapter.recorder()
        parameters = self.adapter.expose(program.target, name="agent")
        before, after = program.texts

        def tried(number: int) -> bool:
            with parameters.candidate({program.parameter: f"{number} {after}"}) as candidate, recorder.run() as run:
                program.call(program.given, recorder)
            candidate.verify(run.output)
            return f"{number} {after}" in str(run.output.data)

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(tried, range(8)))
        program.call(program.given, None)
        assert before in program.seen()

    async def test_candidates_in_tasks(self) -> None:
        program, recorder = self.adapter.chain(), self.adapter.recorder()
        parameters = self.adapter.expose(program.target, name="agent")

        async def tried(number: int) -> bool:
            value = f"{number} {program.texts[1]}"
            with parameters.candidate({program.parameter: value}) as candidate, recorder.run() as run:
                await program.acall(program.given, recorder)
            candidate.verify(run.output)
            return value in str(run.output.data)

        assert all(await asyncio.gather(*(tried(number) for number in range(4))))

    def test_saved_and_loaded(self, tmp_path: Path) -> None:
        program, fresh = self.adapter.chain(), self.adapter.chain()
        parameters = self.adapter.expose(program.target, name="agent")
        parameters[program.parameter].set(program.texts[1])
        parameters.save(tmp_path / "agent.json")
        self.adapter.expose(fresh.target, name="agent").load(tmp_path / "agent.json")
        fresh.call(fresh.given, None)
        assert program.texts[1] in fresh.seen()

    def test_the_frameworks_own_dump(self) -> None:
        program = self.adapter.chain()
        before = self.adapter.dump(program.target)
        parameters = self.adapter.expose(program.target, name="agent")
        assert self.adapter.dump(program.target) == before
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with parameters.candidate({program.parameter: f"candidate {program.texts[1]}"}):
                assert "candidate" not in self.adapter.dump(program.target)
        parameters[program.parameter].set(program.texts[1])
        written = self.adapter.dump(program.target)
        assert json.dumps(program.texts[1])[1:-1] in written
        assert "trace_" not in written

    def test_everything_is_put_back(self) -> None:
        program, recorder = self.adapter.chain(), self.adapter.recorder()
        before = self.adapter.dump(program.target)
        parameters = self.adapter.expose(program.target, name="agent")
        self.adapter.release(parameters, recorder)
        assert self.adapter.dump(program.target) == before
        program.call(program.given, None)
        assert program.texts[0] in program.seen()
        assert recorder.runs == ()

    # --- what must not be seen

    def test_redacted(self) -> None:
        program = self.adapter.chain()
        recorder = self.adapter.recorder(redact=lambda value: "***")
        run = recorded(program, recorder)
        assert {node.data for node in run.graph.nodes if isinstance(node, MessageNode)} == {"***"}

    def test_no_run_is_written_under(self) -> None:
        program, recorder = self.adapter.chain(), self.adapter.recorder()
        parameters = self.adapter.expose(program.target, name="agent")
        optimizer = OptoPrime(parameters, ReplayChat([f"```\n{program.texts[1]}\n```"]))
        run = recorded(program, recorder)
        run.output.backward("be better")
        proposal = optimizer.propose()
        run.began(run.calls[0])  # as if it had not ended
        with pytest.raises(ParametersBusy):
            optimizer.apply(proposal)
        run.ended(run.calls[0])
        optimizer.apply(proposal)
        assert parameters[program.parameter].data == program.texts[1]
