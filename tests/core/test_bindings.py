"""Parameters that live in other objects: written together or not at all, and lent to one candidate at a time."""

from __future__ import annotations

import asyncio
import itertools
import threading
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from trace_core import OptoPrime, ReplayChat
from trace_core.bindings import AttributeBinding, bind
from trace_core.errors import CandidateNotSeen, InconsistentParameters, InvalidValue, ParametersBusy
from trace_core.optimizers.records import NothingChanged
from trace_core.parameter_nodes import ParameterNode, node
from trace_core.parameters import ParameterSet


class Model:
    def __init__(self) -> None:
        self.temperature = 0.7


class Agent:
    def __init__(self) -> None:
        self.prompt = "Be brief."
        self.model = Model()
        self.stops = ["END"]

    def run(self, question: str) -> str:
        return f"{self.prompt} {question}"


class Faulty:
    """An object whose attribute is written and read through us, with a fault at chosen accesses, counted over all."""

    accesses = itertools.count()
    faults: dict[int, BaseException | str]

    def __init__(self, value: Any) -> None:
        self._value = value

    @property
    def value(self) -> Any:
        fault = self.faults.get(next(self.accesses))
        if isinstance(fault, BaseException):
            raise fault
        return self._value

    @value.setter
    def value(self, new: Any) -> None:
        fault = self.faults.get(next(self.accesses))
        if isinstance(fault, BaseException):
            raise fault
        if fault == "ignores":
            return
        self._value = f"{new}, altered" if fault == "alters" else new
        if fault == "writes, then raises":
            raise OSError("disk full")


@pytest.fixture
def objects(request: pytest.FixtureRequest) -> list[Faulty]:
    Faulty.faults = {}
    Faulty.accesses = itertools.count()
    return [Faulty(letter) for letter in "abc"]


def set_of(objects: list[Faulty]) -> ParameterSet:
    return ParameterSet([bind(each, "value", name=f"p{index}") for index, each in enumerate(objects)])


def held(objects: list[Faulty]) -> list[Any]:
    return [each._value for each in objects]


NEW = {"p0": "A", "p1": "B", "p2": "C"}


def accesses_of_a_write(objects: list[Faulty]) -> tuple[int, int]:
    """The numbers of the first write and of the first access after a step, when nothing fails."""
    parameters = set_of(objects)
    first = next(Faulty.accesses) + 1
    parameters.set(NEW)
    after = next(Faulty.accesses)
    return first, after


# --- one parameter


def test_a_parameter_reads_and_writes_an_attribute() -> None:
    agent = Agent()
    prompt = bind(agent, "prompt")
    assert (prompt.name, prompt.data, prompt.kind, prompt.version) == ("prompt", "Be brief.", "prompt", 0)
    prompt.set("Cite.")
    assert (agent.prompt, prompt.data, prompt.version) == ("Cite.", "Cite.", 1)
    prompt.revert()
    assert agent.prompt == "Be brief."


def test_a_dotted_path_leads_into_other_objects() -> None:
    agent = Agent()
    temperature = bind(agent, "model.temperature", type=float)
    temperature.set("0.2")
    assert agent.model.temperature == 0.2
    assert temperature.name == "model.temperature"
    agent.model = Model()
    assert temperature.data == 0.7


def test_an_attribute_that_is_not_there_or_does_not_fit_is_refused() -> None:
    with pytest.raises(AttributeError, match="tone"):
        bind(Agent(), "tone")
    with pytest.raises(InvalidValue, match="prompt"):
        bind(Agent(), "prompt", type=Literal["a", "b"])


def test_what_somebody_else_wrote_is_a_version_by_the_user() -> None:
    agent = Agent()
    prompt = bind(agent, "prompt")
    agent.prompt = "edited"
    assert (prompt.data, prompt.version, prompt.history[-1].author) == ("edited", 1, "user")
    assert prompt.version == 1


def test_an_edit_that_nobody_had_read_is_not_lost_when_the_parameter_is_written() -> None:
    agent = Agent()
    prompt = bind(agent, "prompt")
    agent.prompt = "edited"
    prompt.set("learned", author="optimizer")
    assert [(each.value, each.author) for each in prompt.history] == [
        ("Be brief.", "user"),
        ("edited", "user"),
        ("learned", "optimizer"),
    ]
    prompt.revert()
    assert agent.prompt == "edited"


def test_an_edit_can_be_reverted() -> None:
    agent = Agent()
    prompt = bind(agent, "prompt")
    agent.prompt = "edited"
    prompt.revert()
    assert agent.prompt == "Be brief."


def test_a_run_shows_the_version_that_it_read() -> None:
    agent = Agent()
    prompt = bind(agent, "prompt")
    first = prompt + "!"
    agent.prompt = "edited"
    second = prompt + "!"
    assert [each.read_of(0).version for each in (first, second)] == [0, 1]
    assert [each.read_of(0).value for each in (first, second)] == ["Be brief.", "edited"]


def test_a_list_that_an_object_holds_is_bound() -> None:
    agent = Agent()
    stops = bind(agent, "stops", type=list[str])
    stops.set("['STOP']")
    assert agent.stops == ["STOP"]


def test_an_object_that_refuses_a_value_keeps_its_own() -> None:
    class Settings(BaseModel):
        model_config = ConfigDict(validate_assignment=True)
        temperature: float = Field(default=0.7, le=1)

    settings = Settings()
    temperature = bind(settings, "temperature")
    with pytest.raises(InvalidValue, match=r"temperature: the value could not be written: ValidationError") as caught:
        temperature.set(1.5)
    assert caught.value.__cause__ is not None
    assert (settings.temperature, temperature.version) == (0.7, 0)


def test_a_copy_is_no_longer_bound() -> None:
    import copy

    agent = Agent()
    twin = copy.deepcopy(bind(agent, "prompt"))
    twin.set("other")
    assert agent.prompt == "Be brief."


# --- a step over several objects


def test_a_write_over_several_objects_is_whole(objects: list[Faulty]) -> None:
    parameters = set_of(objects)
    parameters.set(NEW, author="optimizer")
    assert held(objects) == ["A", "B", "C"]
    assert [each.version for each in parameters.values()] == [1, 1, 1]


FAULTS: list[BaseException | str] = [
    OSError("disk full"),
    InvalidValue("p9", "no"),
    KeyboardInterrupt(),
    SystemExit(),
    "ignores",
    "alters",
    "writes, then raises",
]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_a_fault_at_any_access_leaves_all_as_it_was(objects: list[Faulty], fault: BaseException | str) -> None:
    first, after = accesses_of_a_write(objects)
    assert after - first >= 3 * 2  # each is written and read back
    failed = 0
    for at in range(after - first):
        fresh = [Faulty(letter) for letter in "abc"]
        parameters = set_of(fresh)
        Faulty.accesses = itertools.count()
        Faulty.faults = {at: fault}
        try:
            parameters.set(NEW)
        except (InvalidValue, OSError, KeyboardInterrupt, SystemExit):
            failed += 1
            Faulty.faults = {}
            assert held(fresh) == ["a", "b", "c"]
            assert [(each.version, each.data, len(each.history)) for each in parameters.values()] == [
                (0, "a", 1),
                (0, "b", 1),
                (0, "c", 1),
            ]
        else:  # a fault of writing that met a read
            assert held(fresh) == ["A", "B", "C"]
    assert failed >= 3


@pytest.mark.parametrize("fault", ["raises", "ignores", "alters", "writes, then raises"])
@pytest.mark.parametrize("broken", [0, 1, 2])
def test_a_fault_at_any_write_refuses_the_step_and_names_the_parameter(
    objects: list[Faulty], fault: str, broken: int
) -> None:
    class Broken(Faulty):
        @property
        def value(self) -> Any:
            return self._value

        @value.setter
        def value(self, new: Any) -> None:
            if new.islower():  # its own value, put back
                self._value = new
            elif fault == "raises":
                raise OSError("disk full")
            elif fault != "ignores":
                self._value = new if fault.startswith("writes") else new + "!"
                if fault.startswith("writes"):
                    raise OSError("disk full")

    objects[broken] = Broken("abc"[broken])
    parameters = set_of(objects)
    with pytest.raises(InvalidValue, match=f"p{broken}: the value (could not be|was) written") as caught:
        parameters.set(NEW)
    assert caught.value.name == f"p{broken}"
    assert held(objects) == ["a", "b", "c"]
    assert [len(each.history) for each in parameters.values()] == [1, 1, 1]
    for each in parameters.values():
        assert each.data == each.history[0].value


def test_an_invalid_value_touches_no_object(objects: list[Faulty]) -> None:
    parameters = set_of(objects)
    before = next(Faulty.accesses)
    with pytest.raises(InvalidValue, match="p2"):
        parameters.set({"p0": "A", "p1": "B", "p2": 5})
    assert next(Faulty.accesses) == before + 1


class Stuck:
    """Takes one write, and then no more; or none, and cannot be read then either."""

    def __init__(self, value: Any, error: type[BaseException] = OSError) -> None:
        self._value = value
        self._written = 0
        self._error = error

    @property
    def value(self) -> Any:
        return self._value

    @value.setter
    def value(self, new: Any) -> None:
        self._written += 1
        if self._written > 1:
            raise self._error("stuck")
        self._value = new


class Refusing:
    def __init__(self, error: BaseException) -> None:
        object.__setattr__(self, "value", "z")
        object.__setattr__(self, "error", error)

    def __setattr__(self, name: str, value: Any) -> None:
        if value != self.value:
            raise self.error


@pytest.mark.parametrize("error", [OSError("refused"), KeyboardInterrupt()], ids=repr)
def test_what_cannot_be_put_back_is_told_with_both_states(error: BaseException) -> None:
    good, stuck, refusing = Faulty("a"), Stuck("b"), Refusing(error)
    Faulty.faults = {}
    named = {"x": good, "y": stuck, "z": refusing}
    parameters = ParameterSet([bind(each, "value", name=name) for name, each in named.items()])
    with pytest.raises(InconsistentParameters, match=r"y: the value could not be written: OSError: stuck") as caught:
        parameters.set({"x": "A", "y": "B", "z": "Z"})
    assert caught.value.states == {
        "x": {"before": "a", "wanted": "A", "now": "a"},
        "y": {"before": "b", "wanted": "B", "now": "B"},
        "z": {"before": "z", "wanted": "Z", "now": "z"},
    }
    cause = caught.value.__cause__
    assert cause is error or (isinstance(cause, InvalidValue) and cause.__cause__ is error)
    assert [len(each.history) for each in (parameters["x"], parameters["z"])] == [1, 1]
    assert parameters["y"].data == "B"  # it says what is there


def test_an_object_that_breaks_for_good_does_not_hide_the_others_state() -> None:
    class Dying:
        dead = False

        @property
        def value(self) -> str:
            if self.dead:
                raise RuntimeError("gone")
            return "d"

        @value.setter
        def value(self, new: str) -> None:
            self.dead = True

    first = Agent()
    parameters = ParameterSet([bind(first, "prompt"), bind(Dying(), "value")])
    with pytest.raises(InconsistentParameters) as caught:
        parameters.set({"prompt": "new", "value": "new"})
    assert first.prompt == "Be brief."
    assert isinstance(caught.value.states["value"]["now"], RuntimeError)


def test_an_object_that_cannot_be_read_before_the_step_is_not_written(objects: list[Faulty]) -> None:
    parameters = set_of(objects)
    Faulty.accesses = itertools.count()
    Faulty.faults = {number: OSError("unreadable") for number in range(100)}
    with pytest.raises(OSError, match="unreadable"):
        parameters.set(NEW)
    Faulty.faults = {}
    assert held(objects) == ["a", "b", "c"]


# --- candidates in objects that others read


def test_a_candidate_stands_in_the_object_for_its_time() -> None:
    agent = Agent()
    prompt = bind(agent, "prompt")
    with ParameterSet([prompt]).candidate({"prompt": "Cite."}) as candidate:
        assert agent.run("Why?") == "Cite. Why?"
        output = prompt + "!"
    assert agent.prompt == "Be brief."
    candidate.verify(output)
    assert [(each.value, each.author) for each in prompt.history] == [("Be brief.", "user")]


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, GeneratorExit])
def test_the_object_has_its_own_value_back_after_an_error(error: type[BaseException]) -> None:
    agent = Agent()
    parameters = ParameterSet([bind(agent, "prompt"), bind(agent, "model.temperature")])
    with pytest.raises(error), parameters.candidate({"prompt": "Cite.", "model.temperature": 0.0}):
        raise error
    assert (agent.prompt, agent.model.temperature) == ("Be brief.", 0.7)
    with parameters.candidate({"prompt": "again"}):
        assert agent.prompt == "again"


def test_a_candidate_that_an_object_refuses_changes_nothing_and_holds_nothing() -> None:
    class Settings(BaseModel):
        model_config = ConfigDict(validate_assignment=True)
        temperature: float = Field(default=0.7, le=1)

    agent, settings = Agent(), Settings()
    parameters = ParameterSet([bind(agent, "prompt"), bind(settings, "temperature")])
    for _ in range(2):
        with (
            pytest.raises(InvalidValue, match="temperature: the value could not be written"),
            parameters.candidate({"prompt": "Cite.", "temperature": 1.5}),
        ):
            pytest.fail("the block ran")
        assert (agent.prompt, settings.temperature) == ("Be brief.", 0.7)
    with parameters.candidate({"prompt": "Cite.", "temperature": 0.9}):
        assert (agent.prompt, settings.temperature) == ("Cite.", 0.9)


def test_an_object_that_does_not_take_its_value_back_is_told_and_the_others_are_restored() -> None:
    agent, stuck = Agent(), Stuck("b")
    parameters = ParameterSet([bind(agent, "prompt"), bind(stuck, "value")])
    with (
        pytest.raises(InconsistentParameters) as caught,
        parameters.candidate({"prompt": "Cite.", "value": "B"}),
    ):
        pass
    assert caught.value.states == {"value": {"before": "b", "wanted": "B", "now": "B"}}
    assert agent.prompt == "Be brief."
    with ParameterSet([parameters["prompt"]]).candidate({"prompt": "again"}):  # nothing is held any more
        assert agent.prompt == "again"


def test_one_candidate_at_a_time_holds_an_object() -> None:
    agent = Agent()
    parameters = ParameterSet([bind(agent, "prompt"), bind(agent, "model.temperature")])
    inside, seen = [], []

    def work(number: int) -> None:
        values = {"prompt": f"prompt {number}", "model.temperature": number / 10}
        for _ in range(20):
            with parameters.candidate(values if number % 2 else dict(reversed(values.items()))) as candidate:
                inside.append(number)
                output = parameters["prompt"] + "!"
                seen.append((agent.prompt == values["prompt"], agent.model.temperature == number / 10, len(inside)))
                candidate.verify(output)
                inside.pop()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(seen) == 120
    assert set(seen) == {(True, True, 1)}
    assert (agent.prompt, agent.model.temperature) == ("Be brief.", 0.7)
    assert [len(each.history) for each in parameters.values()] == [1, 1]


def test_a_candidate_on_the_same_thread_is_busy_and_does_not_wait_for_itself() -> None:
    agent = Agent()
    parameters = ParameterSet([bind(agent, "prompt")])
    with parameters.candidate({"prompt": "outer"}):
        with (
            pytest.raises(ParametersBusy, match="prompt: a candidate holds this object on the same thread"),
            parameters.candidate({"prompt": "inner"}),
        ):
            pytest.fail("the block ran")
        with pytest.raises(ParametersBusy, match="prompt"):
            parameters.set({"prompt": "written"})
        assert agent.prompt == "outer"
    assert agent.prompt == "Be brief."
    parameters.set({"prompt": "written"})
    assert agent.prompt == "written"


async def test_a_second_task_is_busy_and_does_not_block_the_loop() -> None:
    agent = Agent()
    parameters = ParameterSet([bind(agent, "prompt")])
    entered, leave = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        with parameters.candidate({"prompt": "first"}):
            entered.set()
            await leave.wait()

    task = asyncio.create_task(first())
    await entered.wait()
    with pytest.raises(ParametersBusy), parameters.candidate({"prompt": "second"}):
        pytest.fail("the block ran")
    leave.set()
    await task
    with parameters.candidate({"prompt": "second"}):
        assert agent.prompt == "second"


def test_two_candidates_may_hold_different_objects() -> None:
    one, other = Agent(), Agent()
    parameters = ParameterSet([bind(one, "prompt", name="one"), bind(other, "prompt", name="other")])
    with parameters.candidate({"one": "1"}), parameters.candidate({"other": "2"}):
        assert (one.prompt, other.prompt) == ("1", "2")
    assert (one.prompt, other.prompt) == ("Be brief.", "Be brief.")


class Candidate:
    """A candidate that another thread holds until it is told to end."""

    def __init__(self, parameters: ParameterSet, values: dict[str, Any]) -> None:
        self.entered, self.leave = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._hold, args=(parameters, values))

    def _hold(self, parameters: ParameterSet, values: dict[str, Any]) -> None:
        with parameters.candidate(values) as candidate:
            self.label = candidate.label
            self.entered.set()
            self.leave.wait(timeout=30)

    def __enter__(self) -> Candidate:
        self.thread.start()
        self.entered.wait(timeout=30)
        return self

    def __exit__(self, *error: object) -> None:
        self.leave.set()
        self.thread.join(timeout=30)


def test_another_threads_candidate_never_becomes_a_version() -> None:
    agent = Agent()
    prompt = bind(agent, "prompt")
    parameters = ParameterSet([prompt])
    with Candidate(parameters, {"prompt": "candidate"}) as other:
        assert (prompt.data, prompt.version) == ("Be brief.", 0)
        assert parameters.state_dict() == {"prompt": "Be brief."}
        output = prompt + "!"
    assert [(each.value, each.author) for each in prompt.history] == [("Be brief.", "user")]
    assert agent.prompt == "Be brief."
    # What the object held while the other thread's candidate was in it is what a run used.
    assert (output.read_of(0).value, output.read_of(0).version) == ("candidate", other.label)


def test_a_write_waits_for_another_threads_candidate_and_is_not_lost() -> None:
    agent = Agent()
    parameters = ParameterSet([bind(agent, "prompt")])
    with Candidate(parameters, {"prompt": "candidate"}):
        writer = threading.Thread(target=lambda: parameters.set({"prompt": "written"}))
        writer.start()
        assert agent.prompt == "candidate"
    writer.join(timeout=30)
    assert agent.prompt == "written"
    assert [each.value for each in parameters["prompt"].history] == ["Be brief.", "written"]


def test_a_candidate_keeps_an_edit_that_was_made_before_it() -> None:
    agent = Agent()
    prompt = bind(agent, "prompt")
    agent.prompt = "edited"
    with ParameterSet([prompt]).candidate({"prompt": "candidate"}):
        pass
    assert agent.prompt == "edited"
    assert [each.value for each in prompt.history] == ["Be brief.", "edited"]


def test_where_the_value_is_read_through_us_candidates_run_side_by_side() -> None:
    class Overlaid(AttributeBinding):
        isolation = "overlay"

    agent = Agent()
    prompt = ParameterNode(agent.prompt, "prompt", binding=Overlaid(agent, "prompt"))
    parameters = ParameterSet([prompt])
    both = threading.Barrier(2)
    seen = []

    def work(value: str) -> None:
        with parameters.candidate({"prompt": value}) as candidate:
            both.wait(timeout=30)
            output = prompt + ""
            seen.append((output.data == value, agent.prompt))
            both.wait(timeout=30)
            candidate.verify(output)

    threads = [threading.Thread(target=work, args=(value,)) for value in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert seen == [(True, "Be brief."), (True, "Be brief.")]


def test_a_shared_lock_is_taken_once() -> None:
    agent = Agent()
    prompt, temperature = bind(agent, "prompt"), bind(agent, "model.temperature")
    temperature.binding.lock = prompt.binding.lock
    parameters = ParameterSet([prompt, temperature])
    seen = []

    def work() -> None:
        parameters.set({"prompt": "x", "model.temperature": 0.1})
        with parameters.candidate({"prompt": "y", "model.temperature": 0.2}):
            seen.append((agent.prompt, agent.model.temperature))
        seen.append((agent.prompt, agent.model.temperature))

    thread = threading.Thread(target=work, daemon=True)  # it must not wait for itself
    thread.start()
    thread.join(timeout=10)
    assert seen == [("y", 0.2), ("x", 0.1)]


def test_a_run_of_the_object_that_nobody_recorded_is_not_the_candidates() -> None:
    agent = Agent()
    with ParameterSet([bind(agent, "prompt")]).candidate({"prompt": "Cite."}) as candidate:
        output = node("question") + agent.run("Why?")
    with pytest.raises(CandidateNotSeen):
        candidate.verify(output)


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)
    prompt: str = "Be brief."


def test_an_object_that_refuses_every_write_is_a_refusal_and_not_an_inconsistency() -> None:
    agent = Agent()
    parameters = ParameterSet([bind(agent, "model.temperature"), bind(Frozen(), "prompt")])
    with pytest.raises(InvalidValue, match=r"(?s)prompt: .*frozen"):
        parameters.set({"model.temperature": 0.1, "prompt": "Cite."})
    assert agent.model.temperature == 0.7
    with pytest.raises(InvalidValue, match="frozen"), parameters.candidate({"prompt": "Cite."}):
        pass
    assert parameters["prompt"].version == 0
    optimizer = OptoPrime(parameters, ReplayChat(['{"suggestion": {"prompt": "Cite."}}']), retries=0)
    (parameters["prompt"] + "!").backward("bad")
    with pytest.warns(NothingChanged, match="frozen"):
        assert optimizer.step().refusals
