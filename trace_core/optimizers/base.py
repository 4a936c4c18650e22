"""What all optimizers share: collect feedback, ask an LLM, validate its answer, write all or nothing, keep a record.

The update rule of OPTO (arXiv 2406.16218, section 2): an optimizer sees the trace and proposes new parameters. A
subclass says what the LLM is asked, in `_dialogue`; everything else is here. The dialogue is a generator of requests,
so one description of it serves the sync and the async face.
"""

from __future__ import annotations

import asyncio
import inspect
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from trace_core.errors import InvalidValue, LLMError, UnusableAnswer
from trace_core.llm.chat import ChatModel, Message
from trace_core.nodes import Node
from trace_core.optimizers.answer import Answer, parse
from trace_core.optimizers.answer_format import answers_in_blocks, format_instruction, schema
from trace_core.optimizers.asking import Asking, Dialogue, Request, aask, ask, recorded
from trace_core.optimizers.problem import Problem, make_problem
from trace_core.optimizers.records import NothingChanged, Proposal, StepRecord
from trace_core.parameter_nodes import ParameterNode
from trace_core.parameters import ParameterSet, WhenBusy, when_idle
from trace_core.propagators import Batch, FeedbackLike, Propagator, Received


def _mended(earlier: Answer, later: Answer) -> Answer:
    """Two answers to the same question, the second one asked for to mend the first."""
    refusals = {name: why for name, why in earlier.refusals.items() if name not in later.values and name != "answer"}
    values = earlier.values | later.values
    return Answer(values, later.reasoning or earlier.reasoning, refusals | later.refusals)


class Optimizer:
    """The base of all optimizers.

    Args:
        parameters: what may be changed: a set, a mapping, any iterable of parameters, a single one, or what has
            `parameters()`: a bundle or a module.
        llm: the model that is asked, or its name as in `TRACE_LLM`; by default what `default_llm()` finds at the first
            step.
        retries: how often the LLM is told what was wrong with an answer and asked again.

    Raises:
        ValueError: there is no parameter, or `retries` is negative.
    """

    def __init__(
        self,
        parameters: Mapping[str, ParameterNode] | Iterable[ParameterNode] | ParameterNode,
        llm: ChatModel | str | None = None,
        *,
        retries: int = 1,
    ) -> None:
        if retries < 0:
            raise ValueError(f"retries must be at least 0, not {retries}")
        self.parameters = ParameterSet.of(parameters)
        if not self.parameters:
            raise ValueError("there is nothing to optimize: no parameter was given; make one with trainable=True")
        self.retries = retries
        self.history: list[StepRecord] = []
        self._llm = llm
        self.forget()

    @property
    def llm(self) -> ChatModel:
        """The model that is asked.

        Raises:
            NoLLM: none was given and none is configured.
        """
        if self._llm is None or isinstance(self._llm, str):
            from trace_core.llm.default import default_llm

            self._llm = default_llm(self._llm)
        return self._llm

    # --- feedback

    def zero_feedback(self) -> None:
        """Forget the feedback on the parameters."""
        self.parameters.zero_feedback()

    def backward(self, node: Node, feedback: FeedbackLike, propagator: Propagator[Any] | None = None) -> None:
        """`node.backward(feedback)`."""
        node.backward(feedback, propagator)

    def received(self, batch: Batch | None = None) -> list[Received]:
        """The feedback to learn from: the batch's, or what `backward` left on the parameters, in order."""
        if isinstance(batch, Batch):
            return list(batch)
        if batch is not None:
            raise TypeError(f"a Batch of outputs and feedback is expected, not {type(batch).__name__}")
        unique = {(id(r.output), id(r.feedback)): r for p in self.parameters.values() for r in p.feedback}
        return sorted(unique.values(), key=lambda received: received.output.id)

    # --- memory of earlier steps

    def forget(self) -> None:
        """Forget what earlier steps left for later ones; their records stay."""
        self._tried: dict[str, float] = {}
        self._last_text = ""

    def remember(self, batch: Batch | None = None) -> None:
        """Take in a step whose answer is known already, such as one of a run that is resumed."""
        self._note(self.problem(batch), self.received(batch))

    def _note(self, problem: Problem, received: Sequence[Received]) -> None:
        """What a step leaves for later ones; nothing, unless a subclass says so."""

    # --- what a subclass says

    def problem(self, batch: Batch | None = None) -> Problem:
        """What the LLM would be shown now."""
        return make_problem(self.parameters, self.received(batch))

    def _dialogue(self, problem: Problem, received: Sequence[Received]) -> Dialogue:
        """Ask the LLM; a subclass does."""
        raise TypeError(f"{type(self).__name__} must define _dialogue")

    def _ask(self, messages: list[Message], variables: ParameterSet) -> Dialogue:
        """Ask for new values of the variables, and again with what was wrong while `retries` last."""
        form = None if answers_in_blocks(variables) else schema(variables)
        so_far = Answer({})
        for retries_left in range(self.retries, -1, -1):
            try:
                completion = yield Request(messages, form)
                answer = parse(completion.text, variables, completion.finish_reason)
                wrong = "\n".join(f"{name}: {reason}" for name, reason in answer.refusals.items())
            except UnusableAnswer as error:
                answer, wrong = Answer({}, "", {"answer": error.reason}), error.reason
            except LLMError as error:
                if retries_left == self.retries:
                    raise
                answer, wrong, retries_left = Answer({}, "", {"llm": str(error)}), "", 0
            so_far = _mended(so_far, answer)
            if not wrong or not retries_left:
                break
            again = f"This cannot be used. {wrong}\n{format_instruction(variables)}"
            messages = [
                *messages,
                Message(role="assistant", content=completion.text),
                Message(role="user", content=again),
            ]
        return so_far

    # --- proposing and applying

    def propose(self, batch: Batch | None = None) -> Proposal:
        """Ask for new values without writing them."""
        return ask(self._proposing(batch), lambda: self.llm).proposal or Proposal({}, {})

    async def apropose(self, batch: Batch | None = None) -> Proposal:
        """`propose` in async code."""
        return (await self.adraft(batch)).proposal or Proposal({}, {})

    async def adraft(self, batch: Batch | None = None, llm: ChatModel | None = None) -> StepRecord:
        """A step as far as its proposal, which the record holds: what was asked, answered and refused; nothing is
        written. `llm` is asked in place of the optimizer's own, such as that with a budget around it."""
        return await aask(self._proposing(batch), lambda: llm or self.llm)

    def apply(self, proposal: Proposal, when_busy: WhenBusy = "raise") -> None:
        """Write a proposal's values, all or none.

        Args:
            proposal: what `propose` gave.
            when_busy: what to do while a recorded run that uses one of the parameters goes on: "raise", or "wait".

        Raises:
            InvalidValue: a value is refused; nothing was written.
            ParametersBusy: a run goes on.
        """
        when_idle([self.parameters[name] for name in proposal.values], when_busy)
        self.parameters.set(proposal.values, author="optimizer")

    def step(
        self,
        batch: Batch | None = None,
        approve: Callable[[Proposal], bool] | None = None,
        when_busy: WhenBusy = "raise",
    ) -> StepRecord:
        """Propose and apply; whatever the LLM answers, the result is a record, and parameters are whole.

        Args:
            batch: outputs and feedback; by default what `backward` left on the parameters, which stays there.
            approve: is shown the proposal and decides on it.
            when_busy: as of `apply`.

        Raises:
            NoLLM, AsyncOnly, BudgetExceeded: no LLM may be asked.
            InconsistentParameters, ParametersBusy: as of `ParameterSet.set`.
            TypeError: `approve` is async.

        Warns:
            NothingChanged: with the reason.
        """
        record = ask(self._proposing(batch), lambda: self.llm)
        approved = approve is None or record.proposal is None or approve(record.proposal)
        if inspect.isawaitable(approved):
            if inspect.iscoroutine(approved):
                approved.close()
            raise TypeError("approve is async: use `await optimizer.astep(approve=...)`")
        return self._finish(record, approved, when_busy)

    async def astep(
        self,
        batch: Batch | None = None,
        approve: Callable[[Proposal], Any] | None = None,
        when_busy: WhenBusy = "raise",
    ) -> StepRecord:
        """`step` in async code; `approve` may be async too."""
        record = await aask(self._proposing(batch), lambda: self.llm)
        approved = True if approve is None or record.proposal is None else approve(record.proposal)
        approved = await approved if inspect.isawaitable(approved) else approved
        if approved and record.proposal is not None and when_busy == "wait":  # without holding up the event loop
            await asyncio.to_thread(when_idle, [self.parameters[name] for name in record.proposal.values], when_busy)
        return self._finish(record, approved, when_busy)

    def _proposing(self, batch: Batch | None) -> Asking:
        received = self.received(batch)
        record = StepRecord(before=self.parameters.state_dict())
        start = time.perf_counter()
        record.problem = self.problem(batch)
        record.unreached = {
            name: "no output with feedback depends on it (was it not used, or a node formatted into a string?)"
            for name in self.parameters
            if name not in record.problem.variables
        }
        if record.problem.variables:
            answer = yield from recorded(self._dialogue(record.problem, received), record)
            record.refusals |= answer.refusals
            if answer.values:
                before = {name: record.before[name] for name in answer.values}
                record.proposal = Proposal(answer.values, before, answer.reasoning)
        else:
            record.refusals["feedback"] = "no feedback reached a parameter; call output.backward(...) before the step"
        record.seconds = time.perf_counter() - start
        return record

    def _finish(self, record: StepRecord, approved: bool, when_busy: WhenBusy) -> StepRecord:
        try:
            if record.proposal is not None and approved:
                self.apply(record.proposal, when_busy)
            elif record.proposal is not None:
                record.refusals["approve"] = "the proposal was not approved"
        except InvalidValue as error:  # an object that a parameter is bound to would not take it
            record.refusals[error.name] = error.reason
        finally:
            record.after = self.parameters.state_dict()
            self.history.append(record)
        if not record.changed:
            why = "; ".join(f"{name}: {reason}" for name, reason in record.refusals.items())
            warnings.warn(
                f"the step changed nothing: {why or 'the LLM suggested no change'}", NothingChanged, stacklevel=3
            )
        return record
