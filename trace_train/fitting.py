"""One run of a trainer: measure, search, measure again."""

from __future__ import annotations

import asyncio
import logging
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from trace_core.errors import BudgetExceeded
from trace_train.budget import Spent
from trace_train.data.examples import Example, Examples
from trace_train.errors import InvalidData, SeenInTraining, Unreachable
from trace_train.evaluating import Evaluator, Interrupted
from trace_train.events import Decided, ProposalMade, RunBegan, RunEnded, tell
from trace_train.metering import Account
from trace_train.records import Candidate, Decision, Proposed
from trace_train.report import HeldOut, Learned, Report
from trace_train.searching import Member, Search, mean
from trace_train.strategies import Seen
from trace_train.values import apply, as_data, from_data

if TYPE_CHECKING:
    from trace_train.trainer import Settings, Strategies

_log = logging.getLogger(__name__)


class Fit:
    """A run; its state is all made anew from the journal."""

    def __init__(
        self,
        evaluator: Evaluator,
        strategies: Strategies,
        data: Mapping[str, Examples],
        settings: Settings,
    ) -> None:
        for what in ("train", "validation"):
            if not len(data[what]):
                raise InvalidData(f"there are no {what} examples")
        self._evaluator = evaluator
        self._journal = evaluator.journal
        self._spending = evaluator.runner.spending
        self._parameters = evaluator.runner.parameters
        self._observers = evaluator.observers
        self._strategies = strategies
        self._train = data["train"]
        self._validation, self._test = list(data["validation"]), list(data["test"])
        self._batch_size = settings.batch_size
        self._search = Search(settings.seed, len(data["train"]))
        now = as_data(self._parameters, self._parameters.state_dict())
        self._original = self._journal.original() or Candidate(now)
        self._steps: list[Decision] = []
        self._start = time.perf_counter()

    async def run(self) -> Report:
        """Search until something ends it, apply the best, and report."""
        self._strategies.proposing.begin()
        sizes = len(self._train), len(self._validation), len(self._test)
        tell(self._observers, RunBegan(self._original, *sizes, self._search.seed))
        try:
            state, reason = await self._until_it_ends()
            apply(self._parameters, self._best)
            self._journal.finish(state, self._best.id)
        except asyncio.CancelledError:
            apply(self._parameters, self._best)
            self._journal.finish("stopped", self._best.id)
            raise
        except BaseException:
            with suppress(Exception):  # the journal itself may be what failed
                self._journal.finish("failed", self._best.id)
            raise
        tell(self._observers, RunEnded(state, reason, self._best, self._spending.spent))
        return self._report(state, reason)

    async def _until_it_ends(self) -> tuple[str, str]:
        try:
            await self._begin()
            reason = await self._search_on()
            state = "finished"
        except BudgetExceeded as error:
            state, reason = "stopped", str(error)
        except (Interrupted, Unreachable) as error:
            return "stopped", str(error)
        self._spending.aside = Spent()
        with suppress(BudgetExceeded, Interrupted, Unreachable):  # what was not measured is not reported
            await self._evaluate(self._best, self._test, "test")
        return state, reason

    async def _begin(self) -> None:
        """Measure what is there, and keep back what measuring the test examples again will take."""
        self._journal.keep_candidate(self._original)
        self._search.tried.add(self._original.id)
        self._search.members.append(Member(self._original, await self._validated(self._original)))
        before = self._spending.spent
        await self._evaluate(self._original, self._test, "test")
        self._spending.aside = self._spending.spent - before

    async def _search_on(self) -> str:
        """Step until a rule says that it is enough; why."""
        while True:
            if (asked := self._evaluator.stopped()) is not None:
                raise Interrupted(asked)
            for rule in self._strategies.stopping:
                if (reason := rule.reason(self._search)) is not None:
                    return reason
            self._search.step += 1
            decision = await self._step()
            self._journal.keep_decision(decision)
            self._steps.append(decision)
            tell(self._observers, Decided(decision, self._search.best.mean, self._spending.spent))

    # --- one step

    async def _step(self) -> Decision:
        """Make a candidate of an accepted one, by the optimizer or by merging, and decide on it."""
        search, strategies = self._search, self._strategies
        merged = strategies.merging.merge(search)
        parent = strategies.choosing.choose(search) if merged is None else self._member(merged.parents[0])
        places = strategies.batching.draw(search, self._batch_size)
        batch = [self._train[place] for place in places]
        before = await self._evaluate(parent.candidate, batch, "minibatch")
        search.latest.update(zip(places, before, strict=True))
        candidate = merged or await self._proposed(parent, batch, before)
        parent.chosen += 1
        if isinstance(candidate, str):
            return Decision(search.step, parent.candidate.id, False, candidate)
        search.tried.add(candidate.id)
        self._journal.keep_candidate(candidate)
        after = await self._evaluate(candidate, batch, "minibatch")
        search.latest.update(zip(places, after, strict=True))
        return await self._decide(parent, candidate, before, after)

    async def _decide(
        self, parent: Member, candidate: Candidate, before: Sequence[float], after: Sequence[float]
    ) -> Decision:
        search, rule = self._search, self._strategies.accepting
        said = f"minibatch {mean(before):.3f} -> {mean(after):.3f}"
        if not rule.passes(before, after):
            return Decision(search.step, candidate.id, False, said)
        scores = await self._validated(candidate)
        accepted = rule.accepts(parent.scores, scores)
        if accepted:
            search.members.append(Member(candidate, scores, search.step))
        said = f"{said}, validation {parent.mean:.3f} -> {mean(scores):.3f}"
        return Decision(search.step, candidate.id, accepted, said, mean(scores))

    async def _proposed(self, parent: Member, batch: Sequence[Example], scores: Sequence[float]) -> Candidate | str:
        """A candidate that was not tried yet, or why there is none."""
        perfect = getattr(self._evaluator.runner.guide, "perfect", None)
        if perfect is not None and min(scores) >= perfect:
            return "nothing to learn: every output of the minibatch was right"
        proposed = await self._proposal(parent, batch)
        candidate = Candidate({**parent.candidate.values, **proposed.values}, (parent.candidate.id,), "proposed")
        if candidate.id == parent.candidate.id:
            why = "; ".join(f"{name}: {reason}" for name, reason in proposed.refusals.items())
            return f"nothing was proposed: {why or 'no change was suggested'}"
        return f"{candidate.id} was tried before" if candidate.id in self._search.tried else candidate

    async def _proposal(self, parent: Member, batch: Sequence[Example]) -> Proposed:
        step, proposing = self._search.step, self._strategies.proposing
        found = [(each.data, self._evaluator.worst(parent.candidate, each)) for each in batch]
        seen = [Seen(example, evaluation) for example, evaluation in found if evaluation is not None]
        proposed = self._journal.proposed(step)
        known = proposed is not None
        with self._parameters.candidate(from_data(self._parameters, parent.candidate.values)):
            if proposed is None:
                account = Account(self._spending, "optimizer")
                try:
                    with account.open():
                        proposed = await proposing.propose(self._search, seen)
                except Unreachable as error:
                    raise account.refused or error from error
                proposed = replace(proposed, usage=account.used)
                self._journal.keep_proposed(step, proposed)
            else:
                proposing.recall(self._search, seen)
                self._spending.charge("optimizer", proposed.usage)
        tell(self._observers, ProposalMade(step, parent.candidate.id, proposed, known))
        return proposed

    # --- scores

    async def _evaluate(self, candidate: Candidate, examples: Sequence[Example], what: str) -> list[float]:
        return await self._evaluator.evaluate(candidate, examples, what) if examples else []

    async def _validated(self, candidate: Candidate) -> tuple[float, ...]:
        return tuple(await self._evaluate(candidate, self._validation, "validation"))

    def _member(self, id: str) -> Member:
        return next(member for member in self._search.members if member.candidate.id == id)

    @property
    def _best(self) -> Candidate:
        return self._search.best.candidate if self._search.members else self._original

    # --- the report

    def _report(self, state: str, reason: str) -> Report:
        members = self._search.members
        return Report(
            state=state,
            reason=reason,
            best=Learned(self._best, self._parameters),
            original=Learned(self._original, self._parameters),
            steps=tuple(self._steps),
            validation=(members[0].mean, self._search.best.mean) if members else None,
            test=self._held_out(),
            spent=self._spending.spent,
            by_role=self._spending.by_role,
            repeated=getattr(self._journal, "repeated", 0),
            seconds=time.perf_counter() - self._start,
        )

    def _held_out(self) -> HeldOut | None:
        """The means before and after, on the test examples on which both are known."""
        known, of = self._evaluator.known, len(self._test)
        pairs = [(known(self._original, each), known(self._best, each)) for each in self._test]
        both = [(before, after) for before, after in pairs if before is not None and after is not None]
        if both:
            before, after = zip(*both, strict=True)
            return HeldOut(mean(before), mean(after), len(both), of)
        first = [before for before, _ in pairs if before is not None]
        return HeldOut(mean(first), None, len(first), of) if first else None


def warn_of_leaks(data: Mapping[str, Examples]) -> None:
    """Say so where test examples are among those that are learned from or decided on."""
    learned = data["train"].ids() | data["validation"].ids() if len(data["test"]) else set()
    seen = [example for example in data["test"] if example.id in learned]
    if seen:
        text = f"{len(seen)} of {len(data['test'])} test examples are also learned from or decided on"
        warnings.warn(text, SeenInTraining, stacklevel=4)
