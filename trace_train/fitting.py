"""One run of a trainer: measure, search, measure again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from trace_core.errors import BudgetExceeded
from trace_train.budget import Spent
from trace_train.checking import check_learnable
from trace_train.data.examples import Example, Examples
from trace_train.errors import Unreachable
from trace_train.evaluating import Evaluator, Interrupted
from trace_train.events import Decided, ProposalMade, RunBegan, RunEnded, tell
from trace_train.metering import Account
from trace_train.records import Candidate, Decision, EndedBy, Ending, EvaluationKey, HeldOut, Proposed
from trace_train.report import Learned, Report
from trace_train.searching import Member, Search, mean
from trace_train.settings import Settings, Strategies
from trace_train.strategies import Seen
from trace_train.values import apply, as_data, from_data

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
        self._journal.start(self._spending.budget.limits)
        sizes = len(self._train), len(self._validation), len(self._test)
        run = getattr(self._journal, "run_id", None)
        tell(self._observers, RunBegan(self._original, *sizes, self._search.seed, run))
        try:
            self._strategies.proposing.begin()
            ending = self._ending(*await self._until_it_ends())
            apply(self._parameters, self._best)
            self._journal.finish(ending)
        except asyncio.CancelledError:
            apply(self._parameters, self._best)
            self._journal.finish(self._ending("stop", "it was cancelled"))
            raise
        except BaseException as error:
            with suppress(Exception):
                apply(self._parameters, self._best)
            with suppress(Exception):  # the journal itself may be what failed
                self._journal.finish(self._ending("error", f"{type(error).__name__}: {error}"))
            raise
        tell(self._observers, RunEnded(ending.state, ending.reason, self._best, self._spending.spent))
        return self._report(ending)

    async def _until_it_ends(self) -> tuple[EndedBy, str]:
        ended_by: EndedBy = "rule"
        try:
            await self._begin()
            reason = await self._search_on()
        except BudgetExceeded as error:
            ended_by, reason = "budget", str(error)
        except Interrupted as error:
            return "stop", str(error)
        except Unreachable as error:
            return "unreachable", str(error)
        self._spending.aside = Spent()
        with suppress(BudgetExceeded, Interrupted, Unreachable):  # what was not measured is not reported
            await self._evaluate(self._best, self._test, "test")
        return ended_by, reason

    async def _begin(self) -> None:
        """Measure what is there, and keep back what measuring the test examples again will take."""
        self._journal.keep_candidate(self._original)
        self._search.tried.add(self._original.id)
        original = Member(self._original, await self._validated(self._original))
        self._search.members.append(original)
        self._journal.keep_decision(Decision(0, self._original.id, True, "it began with this", original.mean))
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
            if not self._steps and getattr(self._strategies.proposing, "needs_traces", False):
                check_learnable(self._evaluator.kept(self._original, [*self._validation, *self._test]))
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
        means = mean(before), mean(after)
        said = "minibatch {:.3f} -> {:.3f}".format(*means)
        if not rule.passes(before, after):
            said = f"{said}, not enough to be validated"
            return Decision(search.step, candidate.id, False, said, minibatch=means)
        scores = await self._validated(candidate)
        accepted = rule.accepts(parent.scores, scores)
        said = f"{said}, validation {parent.mean:.3f} -> {mean(scores):.3f}"
        if accepted:
            search.members.append(Member(candidate, scores, search.step))
        else:
            said = f"{said}, not enough to be taken"
        return Decision(search.step, candidate.id, accepted, said, mean(scores), means)

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
        shown = self._shown(parent.candidate, batch)
        keys, seen = tuple(key for key, _ in shown), [each for _, each in shown]
        self._spending.charge("optimizer", self._journal.cut_off(step))
        proposed = self._journal.proposed(step)
        known = proposed is not None
        with self._parameters.candidate(from_data(self._parameters, parent.candidate.values)):
            if proposed is None:
                account = Account(self._spending, "optimizer")
                try:
                    with account:
                        proposed = await proposing.propose(self._search, seen)
                except Unreachable as error:
                    raise account.refused or error from error
                finally:  # a run that goes on with this one has paid for it, too
                    if proposed is None:
                        self._journal.keep_cut_off(step, account.used)
                proposed = replace(proposed, usage=account.used, parent=parent.candidate.id, seen=keys)
                self._journal.keep_proposed(step, proposed)
            else:
                proposing.recall(self._search, seen)
                self._spending.charge("optimizer", proposed.usage)
        tell(self._observers, ProposalMade(step, parent.candidate.id, proposed, known))
        return proposed

    def _shown(self, candidate: Candidate, batch: Sequence[Example]) -> list[tuple[EvaluationKey, Seen]]:
        """What the optimizer is shown: of each example the worst evaluation, if that was kept."""
        worst = [(self._evaluator.worst(candidate, each), each.data) for each in batch]
        found = [(key, data, self._journal.evaluation(key)) for key, data in worst]
        return [(key, Seen(data, evaluation)) for key, data, evaluation in found if evaluation is not None]

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

    def _ending(self, ended_by: EndedBy, reason: str) -> Ending:
        return Ending(ended_by, reason, self._best.id, self._held_out())

    def _report(self, ending: Ending) -> Report:
        members = self._search.members
        return Report(
            state=ending.state,
            run=getattr(self._journal, "run_id", None),
            ended_by=ending.ended_by,
            reason=ending.reason,
            best=Learned(self._best, self._parameters),
            original=Learned(self._original, self._parameters),
            steps=tuple(self._steps),
            validation=(members[0].mean, self._search.best.mean) if members else None,
            test=ending.test,
            failures=self._evaluator.failures(self._best, self._validation),
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
