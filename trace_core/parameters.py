"""Sets of parameters: written together or not at all, tried as candidates, saved and loaded.

The update step of OPTO (arXiv 2406.16218, section 2) changes several parameters at once, in objects that may refuse.
A write validates all, snapshots all, writes all and reads all back; on a failure it restores in reverse order.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from itertools import count
from os import PathLike
from typing import Any, Literal

from trace_core.context import OVERLAY, Version
from trace_core.errors import CandidateNotSeen, InconsistentParameters, InvalidValue, NameClash, ParametersBusy
from trace_core.nodes import Node
from trace_core.parameter_nodes import ParameterNode
from trace_core.trace_graph import TraceGraph

OnDrift = Literal["raise", "skip", "load"]
WhenBusy = Literal["raise", "wait"]
Parameters = "ParameterSet | Mapping[str, ParameterNode] | Iterable[ParameterNode] | ParameterNode"

_candidate_number = count(1).__next__


def write(changes: Sequence[tuple[ParameterNode, Any, int | None]], author: str) -> None:
    """Write checked values, all or none; each change is (parameter, value, number of the version that it restores).

    What others wrote there since becomes a version first; a candidate that holds an object is waited for.

    Raises:
        InvalidValue: an object refused its value or did not keep it; all parameters are as before.
        InconsistentParameters: and then an object did not take its old value back either.
        ParametersBusy: this very thread holds an object in a candidate; nothing was changed.
    """
    bound = [(parameter, value) for parameter, value, _ in changes if parameter.binding is not None]
    with ExitStack() as stack:
        _hold((parameter for parameter, _ in bound), stack)
        for parameter, _, _ in changes:
            parameter._notice()
        before = [(parameter, parameter.binding.get()) for parameter, _ in bound]
        written = 0
        try:
            for parameter, value in bound:
                written += 1
                _put(parameter, value)
        except BaseException as error:
            _restore(before[:written], error, dict(bound))
            raise
        for parameter, value, restores in changes:
            parameter._record(value, author, restores)


def when_idle(parameters: Iterable[ParameterNode], when_busy: WhenBusy) -> None:
    """Make sure that no recorded run that read one of the parameters is still going on.

    Args:
        parameters: those that are to be written.
        when_busy: "raise", or "wait" until the runs have ended.

    Raises:
        ParametersBusy: one is.
    """
    for parameter in parameters:
        for run in [run for run in parameter.runs if run.is_active]:
            if when_busy == "raise":
                raise ParametersBusy(
                    f"{parameter.name}: a recorded run that uses it has not ended, and would go on with another value; "
                    'step when it has, or with when_busy="wait"'
                )
            run.wait()


def _put(parameter: ParameterNode, value: Any) -> None:
    """Write a value where it lives, and read it back."""
    try:
        parameter.binding.set(value)
        if _holds(parameter, value):
            return
    except Exception as error:
        reason = f"the value could not be written: {type(error).__name__}: {error}"
        raise InvalidValue(parameter.name, reason) from error
    raise InvalidValue(parameter.name, "the value was written, and another one was read back")


def _holds(parameter: ParameterNode, value: Any) -> bool:
    kept = parameter.binding.get()
    return kept is value or bool(kept == value)


def _put_back(parameter: ParameterNode, value: Any) -> None:
    """Write the old value, unless it still stands: what refuses every write would refuse that one too."""
    with suppress(Exception):  # an object that cannot be read, or compared, is written
        if _holds(parameter, value):
            return
    _put(parameter, value)


def _restore(
    before: Sequence[tuple[ParameterNode, Any]], cause: BaseException, new: Mapping[ParameterNode, Any]
) -> None:
    failures = []
    for parameter, value in reversed(before):
        try:
            _put_back(parameter, value)
        except InvalidValue as error:  # the others must be restored all the same
            failures.append(str(error))
    if failures:
        raise _inconsistent(failures, before, new) from cause


def _inconsistent(
    failures: Sequence[str], before: Sequence[tuple[ParameterNode, Any]], wanted: Mapping[ParameterNode, Any]
) -> InconsistentParameters:
    states = {p.name: {"before": value, "wanted": wanted[p], "now": _now(p)} for p, value in before}
    return InconsistentParameters(
        f"a write failed and not everything could be put back ({'; '.join(failures)}); .states has what is where",
        states,
    )


def _now(parameter: ParameterNode) -> Any:
    try:
        return parameter.binding.get()
    except Exception as error:  # noqa: BLE001 - an object that broke may not be readable; that is its state
        return error


class Candidate:
    """Values that stand in for parameters' own in this thread or task (`ParameterSet.candidate`)."""

    def __init__(self, label: str, values: Mapping[ParameterNode, Any]) -> None:
        self.label = label
        self.values = values

    def verify(self, *outputs: Node) -> TraceGraph:
        """Make sure that what led to the outputs used this candidate; gives that.

        Raises:
            CandidateNotSeen: an operation read another version of one of its parameters, or none read any.
        """
        names = {parameter.id: parameter.name for parameter in self.values}
        seen = {parameter.id: parameter.version for parameter in self.values if parameter in set(outputs)}
        graph = TraceGraph.of(*outputs)
        for operation in graph.operations:
            for index, parent in enumerate(operation.parents):
                if parent.id in names:
                    version = operation.read_of(index).version
                    if version != self.label:
                        raise CandidateNotSeen(
                            f"{operation.op!r} read version {version} of {names[parent.id]!r}, not {self.label}"
                        )
                    seen[parent.id] = version
        if not seen:
            raise CandidateNotSeen(f"nothing that led to the output used {self.label} ({', '.join(names.values())})")
        return graph


class ParameterSet(Mapping[str, ParameterNode]):
    """Parameters by name, in order.

    Args:
        parameters: another set, a mapping of names, or any iterable of parameters.

    A name that a user gave can stand for one parameter only; a parameter without one takes its key in a mapping, else
    the next free `name[1]`, `name[2]`. Sets merge with `|`.

    Raises:
        NameClash: two parameters were given the same name, or one is listed under another name than its own.
        TypeError: something is not a parameter.

    Example:
        parameters = ParameterSet([rules, style]) | agent.parameters()
        parameters["style"].set("friendly")
    """

    def __init__(self, parameters: Mapping[str, ParameterNode] | Iterable[ParameterNode] = ()) -> None:
        self._by_name: dict[str, ParameterNode] = {}
        self._numbers: defaultdict[str, count[int]] = defaultdict(lambda: count(1))  # the next one of each base
        listed = parameters.items() if isinstance(parameters, Mapping) else ((None, p) for p in parameters)
        for key, parameter in listed:
            if not isinstance(parameter, ParameterNode):
                raise TypeError(
                    f"a parameter is expected, not {type(parameter).__name__}: "
                    "node(value, trainable=True), or what an adapter's expose(program) gives"
                )
            self._add(key, parameter)

    @classmethod
    def of(cls, parameters: Mapping[str, ParameterNode] | Iterable[ParameterNode] | ParameterNode) -> ParameterSet:
        """The set itself, or one of what was given."""
        if isinstance(parameters, ParameterSet):
            return parameters
        if callable(listed := getattr(parameters, "parameters", None)):  # a bundle, a module
            return cls(listed())
        return cls([parameters] if isinstance(parameters, ParameterNode) else parameters)

    def _add(self, key: str | None, parameter: ParameterNode) -> None:
        if key is not None and key != parameter.name:
            if parameter.is_named:
                raise NameClash(f"the parameter named {parameter.name!r} is listed under another name, {key!r}")
            if self._by_name.get(parameter.name) is parameter:
                return  # listed under two names: the first counts
            parameter.name = key
        there = self._by_name.get(parameter.name)
        if there is not None and there is not parameter:
            if parameter.is_named and there.is_named:
                raise NameClash(f"two parameters are named {parameter.name!r}: {there!r} and {parameter!r}")
            if parameter.is_named:  # the other one gives way
                self._by_name = {p.name: p for p in self._by_name.values() if p is not there}
                self._by_name[parameter.name] = parameter
                parameter = there
            base = parameter.name.partition("[")[0]
            parameter.name = next(n for i in self._numbers[base] if (n := f"{base}[{i}]") not in self._by_name)
        self._by_name[parameter.name] = parameter

    # --- a mapping

    @property
    def _names(self) -> Mapping[str, ParameterNode]:
        """By name as of now: a merge with other sets may have numbered some since."""
        if any(name != parameter.name for name, parameter in self._by_name.items()):
            parameters, self._by_name = [*self._by_name.values()], {}
            self._numbers.clear()
            for parameter in parameters:
                self._add(None, parameter)
        return self._by_name

    def _found(self, name: Any) -> ParameterNode | None:
        found = self._by_name.get(name)
        return found if found is not None and found.name == name else self._names.get(name)

    def __getitem__(self, name: str) -> ParameterNode:
        found = self._found(name)
        if found is None:
            raise KeyError(f"no parameter is named {name!r}; there are {', '.join(self._names) or 'none'}")
        return found

    def values(self) -> ValuesView[ParameterNode]:
        """The parameters, in order."""
        return self._names.values()

    def items(self) -> ItemsView[str, ParameterNode]:
        """The names with their parameters, in order."""
        return self._names.items()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: object) -> bool:
        return self._found(name) is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParameterSet) and [*map(id, self.values())] == [*map(id, other.values())]

    __hash__ = None  # type: ignore[assignment]

    def __or__(self, other: Mapping[str, ParameterNode] | Iterable[ParameterNode]) -> ParameterSet:
        return ParameterSet([*self.values(), *ParameterSet.of(other).values()])

    def __repr__(self) -> str:
        return f"ParameterSet({', '.join(repr(p) for p in self.values())})"

    def select(self, kinds: Iterable[str]) -> ParameterSet:
        """Those of these kinds."""
        wanted = {kinds} if isinstance(kinds, str) else set(kinds)
        return ParameterSet([parameter for parameter in self.values() if parameter.kind in wanted])

    # --- values

    def check(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values as the parameters would take them.

        Raises:
            KeyError: a name is not known.
            InvalidValue: a value is refused.
        """
        return {name: self[name].check(value) for name, value in values.items()}

    def set(self, values: Mapping[str, Any], author: str = "user") -> None:
        """Write several values, all or none.

        Raises:
            KeyError, InvalidValue, InconsistentParameters: as of `check` and `write`.
        """
        checked = self.check(values)
        write([(self[name], value, None) for name, value in checked.items()], author)

    def state_dict(self) -> dict[str, Any]:
        """The values by name."""
        return {name: parameter._peek() for name, parameter in self.items()}

    def load_state_dict(self, values: Mapping[str, Any]) -> None:
        """Write values of `state_dict`, all or none; names must be the same."""
        if set(values) != set(self):
            raise KeyError(f"missing: {sorted(set(self) - set(values))}, not known: {sorted(set(values) - set(self))}")
        self.set(values, author="loaded")

    def zero_feedback(self) -> None:
        """Forget all feedback, and with it the graphs that it held."""
        for parameter in self.values():
            parameter.zero_feedback()

    @contextmanager
    def candidate(self, values: Mapping[str, Any]) -> Iterator[Candidate]:
        """Give parameters other values, for this thread or task and until the block ends.

        Values in objects that others read directly (`bind`) are written there for that time, one candidate at a time.

        Raises:
            KeyError, InvalidValue: as of `check`; nothing was changed.
            InconsistentParameters: an object did not take its own value back at the end.
            ParametersBusy: this very thread holds such an object in another candidate.

        Example:
            with parameters.candidate({"style": "friendly"}) as candidate:
                output = agent(question)
            candidate.verify(output)
        """
        checked = {self[name]: value for name, value in self.check(values).items()}
        label = f"candidate {_candidate_number()}"
        versions = {p.id: Version(label, value, "candidate") for p, value in checked.items()}
        exclusive = {p: versions[p.id] for p in checked if p.binding and p.binding.isolation == "exclusive"}
        with _all_lent(exclusive) if exclusive else nullcontext():
            token = OVERLAY.set({**(OVERLAY.get() or {}), **versions})
            try:
                yield Candidate(label, checked)
            finally:
                OVERLAY.reset(token)

    # --- files

    def save(self, path: str | PathLike[str]) -> None:
        """Save the values as JSON, each with what its original was, so that `load` can tell whether it still fits."""
        from trace_core.saving import save

        save(self, path)

    def load(self, path: str | PathLike[str], on_drift: OnDrift = "raise") -> ParameterSet:
        """Load what `save` wrote, all or nothing; gives the set itself.

        Args:
            path: the file.
            on_drift: what to do about parameters whose original was edited since, or that are missing on one side:
                "raise"; "skip" leaves them as they are; "load" takes the saved values all the same.

        Raises:
            Drift: something does not fit; all names are listed.
            InvalidValue: a saved value is refused.
        """
        from trace_core.saving import load

        load(self, path, on_drift)
        return self


_holders: dict[int, int] = {}
"""Which thread holds which binding's lock, to tell waiting from a deadlock."""


@contextmanager
def _all_lent(versions: Mapping[ParameterNode, Version]) -> Iterator[None]:
    """Have a candidate's values where the parameters' own live."""
    with ExitStack() as stack:
        _hold(versions, stack)
        for each in versions.items():
            stack.enter_context(_lent(*each))
        yield


def _hold(parameters: Iterable[ParameterNode], stack: ExitStack) -> None:
    """Hold the objects that are written for one at a time; in one order for all, so that no two wait for each other."""
    exclusive = [p for p in parameters if p.binding is not None and p.binding.isolation == "exclusive"]
    locks = {id(p.binding.lock): (p.binding.lock, p.name) for p in exclusive}
    here = threading.get_ident()
    for key, (lock, name) in sorted(locks.items(), key=lambda item: item[0]):
        if _holders.get(key) == here:
            raise ParametersBusy(
                f"{name}: a candidate holds this object on the same thread; end its block first, "
                "or use a copy of the object for each candidate"
            )
        stack.enter_context(lock)
        _holders[key] = here
        stack.callback(_holders.pop, key)


@contextmanager
def _lent(parameter: ParameterNode, version: Version) -> Iterator[None]:
    """Have a candidate's value where the parameter's own lives."""
    parameter._notice()
    before = parameter.binding.get()
    parameter.lent = version
    try:
        _put(parameter, version.value)
        yield
    finally:
        try:
            _put_back(parameter, before)
        except InvalidValue as error:
            raise _inconsistent([str(error)], [(parameter, before)], {parameter: version.value}) from error
        finally:
            parameter.lent = None
