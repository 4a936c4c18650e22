"""A run as a whole: what is learned, decided, reported, applied."""

from __future__ import annotations

import asyncio
import io
import signal
import threading
from typing import Any

import pytest
from rich.console import Console

from tests.train.synthetic import closeness, digits, examples, program, result, trainer
from trace_core import OptoPrime, ParameterSet, ReplayChat, bundle, model, node, template
from trace_core.errors import LLMError, NoLLM
from trace_core.llm import Budget as LLMBudget
from trace_train import (
    Best,
    Budget,
    Complementary,
    Exact,
    InTurn,
    InvalidData,
    InvalidGuide,
    Margin,
    MaxSteps,
    MemoryJournal,
    NothingToLearn,
    OneStep,
    Pareto,
    Patience,
    Report,
    SeenInTraining,
    Strict,
    Target,
    Trainer,
)
from trace_train.events import Decided, EvaluationEnded, EvaluationsBegan, Event, ProposalMade, RunBegan, RunEnded
from trace_train.progress import shown
from trace_train.records import Ending


def suggest(**values: Any) -> str:
    import json

    return json.dumps({"reasoning": "as the feedback says", "suggestion": values})


@model
class Greeter:
    """An agent of our own: a prompt, and what is done with it."""

    def __init__(self) -> None:
        self.greeting = node("Hi", trainable=True)

    @bundle
    def polish(self, text: str) -> str:
        """Without white space around it."""
        return text.strip()

    def forward(self, name: str) -> Any:
        return self.polish(template("{greeting}, {name}!", greeting=self.greeting, name=name))


NAMES = ["Ada", "Alan", "Grace", "Barbara", "Edsger", "Donald", "Leslie", "Frances"]
GREETINGS = [{"name": name, "polite": f"Good morning, {name}!"} for name in NAMES]


def greeting(answers: list[Any], **options: Any) -> tuple[Trainer, Any, ReplayChat]:
    greeter, llm = Greeter(), ReplayChat(answers)
    made = Trainer(
        greeter, OptoPrime(greeter.parameters(), llm), Exact("polite"), inputs="name", progress=False, **options
    )
    return made, greeter, llm


def test_a_model_learns_and_the_report_says_what(tmp_path: Any) -> None:
    made, greeter, llm = greeting([suggest(greeting="Hello"), suggest(greeting="Good morning")])
    report = made.fit(
        GREETINGS[:3], GREETINGS[3:6], test=GREETINGS[6:], batch_size=2, stopping=[Target(1.0)], choosing=Best()
    )
    assert str(report) == (
        "finished: the validation score of 1 is reached\n"
        "2 steps, 1 accepted\n"
        "validation, on which it was selected: 0.000 before, 1.000 after\n"
        "held-out test (2 examples): 0.000 before, 1.000 after\n"
        f"spent: {report.spent}\n"
        f"  optimizer: 2 calls, {report.spent.tokens:,} tokens\n"
        "--- greeting (before)\n+++ greeting (after)\n@@ -1 +1 @@\n-Hi\n+Good morning"
    )
    assert [decision.reason for decision in report.steps] == [
        "minibatch 0.000 -> 0.000, not enough to be validated",
        "minibatch 0.000 -> 1.000, validation 0.000 -> 1.000",
    ]
    assert "expected 'Good morning, " in llm.calls[0][0]["content"]

    assert greeter("Ada").data == "Good morning, Ada!"
    assert greeter.greeting.history[-1].author == "optimizer"
    greeter.greeting.revert()
    assert greeter.greeting.data == "Hi"
    report.best.apply()
    assert greeter.greeting.data == report.best.values["greeting"] == "Good morning"
    greeter.greeting.revert()
    report.save(tmp_path / "learned.json")
    assert Greeter().parameters().load(tmp_path / "learned.json").state_dict() == {"greeting": "Good morning"}


def test_a_run_leaves_what_its_reader_needs() -> None:
    made, _, _ = greeting([suggest(greeting="Hello"), suggest(greeting="Good morning")])
    journal = MemoryJournal()
    budget = Budget(calls=9, evaluations=90)
    report = made.fit(GREETINGS[:3], test=GREETINGS[6:], budget=budget, journal=journal, stopping=[Target(1.0)])
    assert journal.limits == {"calls": 9, "evaluations": 90}
    assert journal.ending == Ending("rule", report.reason, report.best.id, report.test)
    assert [decision.minibatch for decision in report.steps] == [(0.0, 0.0), (0.0, 1.0)]
    for proposed in journal.proposals.values():
        assert proposed.parent == report.original.id
        assert [key.candidate for key in proposed.seen] == [report.original.id] * 3
        assert all(journal.evaluations[key].trace for key in proposed.seen)


def test_of_several_repeats_the_worst_is_what_the_optimizer_was_shown() -> None:
    scores = iter([0.5, 0.25, 0.75])
    parameters, journal = digits(), MemoryJournal()
    made = trainer(parameters, guide=lambda *_: next(scores, 0.0), repeats=3)
    made.fit(examples(1), journal=journal, stopping=[MaxSteps(1)], parallel=1)
    assert [key.repeat for key in journal.proposals[1].seen] == [1]


def test_what_is_refused_is_not_applied() -> None:
    made, greeter, _ = greeting([suggest(greeting=word) for word in ("A", "B", "C")])
    report = made.fit(GREETINGS[:4], stopping=[MaxSteps(3)])
    assert greeter.greeting.data == "Hi"
    assert len(greeter.greeting.history) == 1
    assert str(report).endswith("\nnothing was learned: not good enough on the minibatch (3 of 3 steps)")
    assert "no held-out test: the validation score is too high" in str(report)
    assert report.diff() == ""


def test_an_answer_that_could_not_be_used_is_kept_with_what_was_said_of_it() -> None:
    journal = MemoryJournal()
    made, _, _ = greeting(["Good evening?", suggest(greeting="Good morning")])
    made.fit(GREETINGS[:2], stopping=[MaxSteps(1)], journal=journal)
    first, *said, last = journal.proposals[1].answer.split("\n\n")
    assert (first, last) == ("Good evening?", suggest(greeting="Good morning"))
    assert said[0].startswith("> This cannot be used.")


def test_steps_that_come_to_nothing_say_why() -> None:
    answers = [suggest(greeting=None), suggest(greeting="Good morning"), suggest(greeting="Hi"), LLMError("down")]
    made, _, llm = greeting(answers, accepting=Strict())
    report = made.fit(GREETINGS[:1], stopping=[MaxSteps(4)])
    assert [decision.reason.partition(",")[0] for decision in report.steps] == [
        "nothing was proposed: no change was suggested",
        "minibatch 0.000 -> 1.000",
        "nothing to learn: every output of the minibatch was right",
        "nothing to learn: every output of the minibatch was right",
    ]
    assert len(llm.calls) == 2


def test_where_nothing_was_learned_the_report_says_the_most_frequent_reasons() -> None:
    made, _, _ = greeting([suggest(greeting=word) for word in ("Hello", "Hi", "Hi", "Hello")], accepting=Strict())
    report = made.fit(GREETINGS[:2], stopping=[MaxSteps(3)])
    assert str(report).endswith(
        "\nnothing was learned: nothing was proposed: no change was suggested (2 of 3 steps); "
        "not good enough on the minibatch (1 of 3 steps)"
    )


def test_a_program_that_fails_and_can_be_learned_from_is_reported_with_its_first_error() -> None:
    parameters = digits()

    @bundle
    def fails(digit: int, i: int) -> int:
        """The digit."""
        raise ValueError(f"{i} is too much\nby far")

    made = trainer(parameters, lambda i: fails(parameters["p0"], i))
    report = made.fit(examples(9), examples(7), stopping=[MaxSteps(1)])
    assert report.failures is not None
    assert (report.failures.count, report.failures.of) == (7, 7)
    assert "validation of the best: 7 of 7 evaluations failed: (ValueError) 0 is too much\n" in str(report)
    assert trainer(parameters).fit(examples(3), stopping=[MaxSteps(0)]).failures is None


def test_a_candidate_is_not_tried_twice() -> None:
    made, _, _ = greeting([suggest(greeting="Hello"), suggest(greeting="Hello")])
    report = made.fit(GREETINGS[:2], stopping=[MaxSteps(2)])
    assert report.steps[1].reason == f"{report.steps[0].candidate} was tried before"


def test_an_llm_that_fails_ends_the_run_and_what_was_learned_stays() -> None:
    answers = [suggest(greeting="Good morning"), LLMError("HTTP 401, the key was not accepted")]
    made, greeter, _ = greeting(answers)
    journal = MemoryJournal()
    hard = [*GREETINGS[:4], {"name": "Tim", "polite": "Hey, Tim!"}]
    report = made.fit(hard, GREETINGS[4:], batch_size=5, journal=journal, stopping=[MaxSteps(9)])
    assert (report.state, report.ended_by, journal.state) == ("stopped", "unreachable", "stopped")
    assert report.reason == "the optimizer's LLM failed: HTTP 401, the key was not accepted"
    assert greeter.greeting.data == "Good morning"
    assert list(journal.proposals) == [1]


def test_without_an_llm_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRACE_LLM", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("trace_core.llm.default._local", lambda *_: (_ for _ in ()).throw(LLMError("none here")))
    runs: list[Any] = []
    parameters = digits()
    with pytest.raises(NoLLM):
        Trainer(runs.append, OptoPrime(parameters), closeness).fit(examples(2))
    assert runs == []


@pytest.mark.parametrize("empty", ["train", "validation"])
def test_empty_data_is_refused(empty: str) -> None:
    with pytest.raises(InvalidData, match=f"there are no {empty} examples"):
        trainer(digits()).fit([] if empty == "train" else examples(2), [] if empty == "validation" else examples(2))


@pytest.mark.parametrize("inputs", ["txt", lambda example: example["txt"]])
def test_a_part_that_no_example_has_is_an_error_before_anything_is_run(inputs: Any) -> None:
    runs: list[Any] = []
    with pytest.raises(InvalidData, match=r"no train example has the part that inputs names: .*'txt'") as raised:
        trainer(digits(), runs.append, inputs=inputs).fit(examples(3))
    assert callable(inputs) or str(raised.value).endswith("(LookupError) the example has no 'txt'; it has i, right")
    with pytest.raises(InvalidData, match="no test example has"):
        trainer(digits(), runs.append).fit(examples(3), test=[{"right": 1}])
    assert runs == []


def test_a_part_that_one_example_lacks_is_a_failing_score() -> None:
    report = trainer(digits()).fit([{"right": 0}, *examples(3)], stopping=[MaxSteps(0)])
    assert report.validation is not None


@pytest.mark.parametrize("settings", [{"batch_size": 0}, {"parallel": 0}, {"parallel": 1.5}])
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be a whole number of at least 1"):
        trainer(digits()).fit(examples(2), **settings)
    with pytest.raises(ValueError, match="repeats must be a whole number of at least 1, not 0"):
        trainer(digits(), repeats=0)
    for failing in ("x", float("nan")):
        with pytest.raises(ValueError, match="failing must be a finite number, not"):
            trainer(digits(), failing=failing)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"retry": 3}, r"retry: expected one, such as Backoff\(tries=3\), not int"),
        ({"executor": "ProcessExecutor"}, "executor: expected one, such as .* not str, which has no open"),
        ({"observers": print}, "observers: expected a list of functions of an event, not builtin_function_or_method"),
        ({"run": node("x") + "y"}, "a program is a function of an example, not MessageNode"),
    ],
)
def test_arguments_that_cannot_be_are_named_before_anything_is_run(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        trainer(digits(), **settings).fit(examples(2))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"stopping": MaxSteps(1)}, r"stopping: expected a list of rules, .* not MaxSteps\(steps=1\)"),
        ({"stopping": [Patience]}, r"stopping: expected an object, not the class: Patience\(…\)"),
        ({"stopping": ["soon"]}, r"stopping: expected rules .* not str, which has no reason"),
        ({"choosing": Pareto}, r"choosing: expected an object, not the class: Pareto\(…\)"),
        ({"accepting": 0.1}, "accepting: expected a rule, .* not float, which has no passes or accepts"),
        ({"budget": LLMBudget(calls=3)}, r"budget: expected trace_train\.Budget\(calls=300\), say, not"),
        ({"batchsize": 3}, "there is no argument batchsize here; the strategies are batching, choosing"),
    ],
)
def test_arguments_that_cannot_be_are_named(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        trainer(digits()).fit(examples(2), **settings)


def test_what_is_no_optimizer_and_no_guide_is_named() -> None:
    made = OptoPrime(digits(), ReplayChat([]))
    with pytest.raises(TypeError, match=r"optimizer: expected one, such as OptoPrime\(parameters\), not ParameterSet"):
        Trainer(print, digits(), closeness)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"guide: expected an object, not the class: Exact\(…\)"):
        Trainer(print, made, Exact)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"guide: expected a function .* not str"):
        Trainer(print, made, "queue")  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", [MaxSteps, Patience])
@pytest.mark.parametrize("steps", [-1, 1.5, "3"])
def test_numbers_of_steps_that_cannot_be_are_refused(rule: Any, steps: Any) -> None:
    with pytest.raises(ValueError, match=f"{rule.__name__}: steps must be a whole number, 0 or more, not {steps!r}"):
        rule(steps)


def test_test_examples_that_are_learned_from_are_pointed_out() -> None:
    data = {"train": examples(4), "validation": examples(4, 10), "test": examples(3, 2)}
    with pytest.warns(SeenInTraining, match="2 of 3 test examples") as warned:
        trainer(digits()).fit(**data, stopping=[MaxSteps(0)])
    with pytest.warns(SeenInTraining) as warned_of_async:
        asyncio.run(awaited(trainer(digits()).afit(**data, stopping=[MaxSteps(0)])))
    assert [each.filename for each in (*warned, *warned_of_async)] == [__file__, __file__]


async def awaited(coroutine: Any) -> Any:
    return await coroutine


# --- what cannot be learned from


class Reply:
    """An object of a framework."""


@pytest.mark.parametrize(("output", "said"), [("billing", "'billing'"), (None, "None"), (Reply(), "<tests.*Reply>")])
def test_a_program_that_gives_no_node_is_an_error_before_the_first_step(output: Any, said: str) -> None:
    journal, llm = MemoryJournal(), ReplayChat([])
    made = trainer(digits(), lambda i: output, guide=lambda *_: 0.0, llm=llm)
    with pytest.raises(NothingToLearn, match=rf"the program returned {said}, which is no node.*recorder\.program"):
        made.fit(examples(5), examples(3, 10), test=examples(2, 20), journal=journal)
    assert len(journal.evaluations) == 5
    assert journal.state == "failed"
    assert made.fit(examples(2), stopping=[MaxSteps(0)]).validation == (0.0, 0.0)


def test_a_program_that_always_fails_before_a_parameter_is_an_error() -> None:
    with pytest.raises(
        NothingToLearn, match=r"all 3 evaluations failed before they .*: \(ZeroDivisionError\) division"
    ):
        trainer(digits(), lambda i: 1 / 0).fit(examples(3))


def test_an_output_that_leads_to_no_parameter_in_one_minibatch_is_a_step_that_comes_to_nothing() -> None:
    parameters = digits()
    run = lambda i: program(parameters)(i) if i else 5  # noqa: E731
    report = trainer(parameters, run).fit(examples(1), examples(2), stopping=[MaxSteps(1)])
    assert report.steps[0].reason == ("nothing was proposed: feedback: no output of the minibatch leads to a parameter")


# --- strategies in a run


def test_candidates_that_improved_different_parameters_are_merged() -> None:
    parameters = digits()
    journal = MemoryJournal()
    llm = ReplayChat([suggest(p0=7), suggest(p1=2)])
    made = Trainer(program(parameters), OptoPrime(parameters, llm), closeness, inputs="i", progress=False)
    report = made.fit(
        examples(4),
        batch_size=4,
        journal=journal,
        stopping=[MaxSteps(3)],
        choosing=First(),
        merging=Complementary(),
    )
    assert [decision.accepted for decision in report.steps] == [True, True, True]
    assert report.best.candidate.how == "merged"
    assert report.best.values == {"p0": 7, "p1": 2, "p2": 0, "p3": 0}
    assert len(report.best.candidate.parents) == 2


class First:
    """Always the original."""

    def choose(self, search: Any) -> Any:
        return search.members[0]


def test_several_optimizers_take_turns_each_with_parameters_of_its_own() -> None:
    parameters = digits()
    halves = [ParameterSet([parameters[name] for name in names]) for names in (("p0", "p1"), ("p2", "p3"))]
    llms = [ReplayChat([suggest(p0=7, p1=2)]), ReplayChat([suggest(p2=9, p3=4)])]
    steps = [OneStep(OptoPrime(half, llm)) for half, llm in zip(halves, llms, strict=True)]
    made = Trainer(program(parameters), InTurn(*steps), closeness, inputs="i", progress=False)
    report = made.fit(examples(4), stopping=[Target(1.0), MaxSteps(2)])
    assert report.validation == (pytest.approx(0.388889, abs=1e-3), 1.0)
    assert list(parameters.state_dict().values()) == [7, 2, 9, 4]


def test_what_is_proposed_from_is_what_the_parent_did_and_held() -> None:
    llm = ReplayChat([suggest(p0=6), suggest(p0=7)])
    parameters = digits()
    made = Trainer(program(parameters), OptoPrime(parameters, llm), closeness, inputs="i", progress=False)
    made.fit([examples(1)[0]], stopping=[MaxSteps(2)], choosing=Best())
    assert "p0 = 6" in llm.calls[1][0]["content"]
    assert "'should be 7'" in llm.calls[1][0]["content"] or "should be 7" in llm.calls[1][0]["content"]


@pytest.mark.parametrize("choosing", [Best(), Pareto()])
def test_a_search_finds_more_with_time(choosing: Any) -> None:
    report = trainer(digits()).fit(examples(8), stopping=[MaxSteps(40)], choosing=choosing, batch_size=8)
    assert report.validation is not None
    assert report.validation[1] > report.validation[0] + 0.3


# --- interruptions


def press_ctrl_c() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def interrupted_after(count: int, parameters: ParameterSet) -> Any:
    """A program that presses Ctrl-C at one of its runs."""
    inner, left = program(parameters), [count]

    def run(i: int) -> Any:
        left[0] -= 1
        if not left[0]:
            press_ctrl_c()
        return inner(i)

    return run


def test_ctrl_c_ends_with_the_best_so_far_applied_and_the_run_can_go_on() -> None:
    whole = trainer(digits()).fit(examples(8), stopping=[MaxSteps(8)])
    parameters, journal = digits(), MemoryJournal()
    report = trainer(parameters, interrupted_after(30, parameters)).fit(
        examples(8), stopping=[MaxSteps(8)], journal=journal
    )
    assert (report.state, report.reason, journal.state) == ("stopped", "it was interrupted", "stopped")
    assert report.ended_by == "stop"
    assert 0 < len(report.steps) < 8
    assert list(parameters.state_dict().values()) == list(report.best.values.values())
    assert len(journal.evaluations) == report.spent.evaluations  # what had begun was finished, and kept
    resumed = trainer(digits()).fit(examples(8), stopping=[MaxSteps(8)], journal=journal)
    assert result(resumed) == result(whole)
    assert resumed.repeated == 0


def test_a_second_ctrl_c_does_not_wait() -> None:
    parameters, journal = digits(), MemoryJournal()

    async def run(i: int) -> Any:
        press_ctrl_c()
        while made._stopped is None:
            await asyncio.sleep(0)
        press_ctrl_c()
        await asyncio.get_running_loop().create_future()  # for ever

    made = trainer(parameters, run)
    with pytest.raises(KeyboardInterrupt):
        made.fit(examples(1), journal=journal)
    assert journal.state == "stopped"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


async def test_cancelling_afit_applies_the_best_so_far() -> None:
    parameters, journal = digits(), MemoryJournal()
    made = trainer(parameters)
    steps: list[Event] = []

    def observe(event: Event) -> None:
        steps.append(event)
        if isinstance(event, Decided) and event.decision.accepted:
            task.cancel()

    made._observers = (observe,)
    task = asyncio.ensure_future(made.afit(examples(8), stopping=[MaxSteps(50)], journal=journal))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert journal.state == "stopped"
    assert set(parameters.state_dict().values()) != {0}


async def test_nothing_begins_once_afit_is_cancelled_though_a_program_goes_on() -> None:
    parameters, journal, begun = digits(), MemoryJournal(), asyncio.Semaphore(0)
    run, count = program(parameters), 0

    async def stubborn(i: int) -> Any:
        nonlocal count
        count += 1
        begun.release()
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            return run(i)

    task = asyncio.ensure_future(trainer(parameters, stubborn).afit(examples(9), journal=journal, parallel=3))
    for _ in range(3):
        await begun.acquire()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert (count, len(journal.evaluations)) == (3, 0)


def test_an_error_leaves_the_best_so_far_applied() -> None:
    class Full(MemoryJournal):
        def keep_proposed(self, step: int, proposed: Any) -> None:
            if step > 1:
                raise OSError("no space left on device")
            super().keep_proposed(step, proposed)

    made, greeter, _ = greeting([suggest(greeting="Good morning")] * 2, accepting=Margin(0, 0))
    with pytest.raises(OSError, match="no space left"):
        made.fit([*GREETINGS, {"name": "Nobody", "polite": "Go away"}], journal=Full())
    assert greeter.greeting.data == "Good morning"


def test_an_observer_may_stop_it() -> None:
    made = trainer(digits())
    made._observers = (lambda event: made.stop("enough") if isinstance(event, ProposalMade) else None,)
    report = made.fit(examples(8))
    assert (report.state, report.reason) == ("stopped", "enough")


# --- who watches


def test_observers_are_told_in_order_and_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    events: list[Event] = []

    def broken(event: Event) -> None:
        raise RuntimeError("no disk")

    made = trainer(digits(), observers=[broken, events.append])
    report = made.fit(examples(3), test=examples(2, 10), batch_size=2, stopping=[MaxSteps(1)])
    assert isinstance(events[0], RunBegan)
    assert (events[0].train, events[0].validation, events[0].test) == (3, 3, 2)
    assert isinstance(events[-1], RunEnded)
    assert events[-1].spent == report.spent
    kinds = [type(event) for event in events if not isinstance(event, EvaluationEnded)]
    assert kinds[1:3] == [EvaluationsBegan] * 2
    assert kinds.index(ProposalMade) < kinds.index(Decided)
    ended = [event for event in events if isinstance(event, EvaluationEnded)]
    assert len(ended) == report.spent.evaluations
    assert "no disk" in caplog.text


def test_progress_is_shown_where_somebody_looks_and_nowhere_else() -> None:
    with shown() as observers:
        assert observers == ()
    with shown(False) as observers:
        assert observers == ()
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=100)
    with shown(console=console) as observers:
        trainer(digits(), observers=observers).fit(examples(3), stopping=[MaxSteps(1)], batch_size=2)
    assert "step 1" in text.getvalue()
    assert "minibatch" in text.getvalue()


def test_a_report_without_anything_measured_can_be_printed() -> None:
    report = trainer(digits()).fit(examples(3), budget=Budget(evaluations=2))
    assert isinstance(report, Report)
    assert report.validation is None
    assert report.ended_by == "budget"
    assert "the budget of 2 evaluations is used up" in str(report)


def test_a_run_that_fails_says_of_what_it_did() -> None:
    journal = MemoryJournal()
    with pytest.raises(InvalidGuide):
        trainer(digits(), guide=lambda *_: "good").fit(examples(3), journal=journal)
    assert journal.ending is not None
    assert (journal.ending.state, journal.ending.ended_by) == ("failed", "error")
    assert journal.ending.reason.startswith("InvalidGuide: ")
