"""Parameters: roots of a graph whose values are learned, each with a type, rules and a history.

These are the θ of OPTO (arXiv 2406.16218, section 2).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload
from weakref import WeakSet

from trace_core.context import OVERLAY, SCOPE, Read, Version
from trace_core.errors import InvalidValue
from trace_core.nodes import COPIED, MessageNode, Node, as_node, snapshot

if TYPE_CHECKING:
    from trace_core.propagators import Received


class ParameterNode(Node):
    """A root whose value is learned.

    Args:
        data: the first value.
        name: its stable name, in problems, files and records; one is found where none is given.
        description: what it is for, which the optimizer is told.
        type: any pydantic type; by default the type of the value. New values are taken as pydantic takes them
            (text for a number is parsed first) and refused where they do not fit; non-finite numbers are refused.
        kind: prompt, system_prompt, description, tool_description, argument_description, code, setting or examples;
            by default "prompt" for text and "setting" for anything else.
        validators: called with each new value; raise `ValueError` with a reason to refuse it.
        binding: where the value lives, if not here (`trace_core.parameters.bind`).

    Raises:
        InvalidValue: the first value does not fit the type.

    Example:
        temperature = node(0.7, trainable=True, name="temperature", type=Annotated[float, Field(ge=0, le=2)])
    """

    __slots__ = (
        "_feedback",
        "binding",
        "has_path",
        "history",
        "is_named",
        "kind",
        "lent",
        "runs",
        "type",
        "validators",
    )

    depends = True
    name: str

    def __init__(
        self,
        data: Any,
        name: str | None = None,
        description: str | None = None,
        *,
        type: Any = None,
        kind: str | None = None,
        validators: Sequence[Callable[[Any], None]] = (),
        binding: Any = None,
    ) -> None:
        cls = data.__class__
        super().__init__(None, name or "parameter", description)
        self.is_named = name is not None
        self.has_path = False
        self.type = (Any if data is None else cls) if type is None else type
        self.kind = kind or ("prompt" if self.type is str else "setting")
        self.validators = tuple(validators)
        self.binding = binding
        self.lent: Version | None = None  # the candidate's, while it stands where the value lives
        self._feedback: list[Received] = []
        self.runs: WeakSet[Any] = WeakSet()
        if type is not None or validators:
            data = self.check(data)
        self.history: tuple[Version, ...] = ()
        self._record(data, "user")

    def _record(self, value: Any, author: str, restores: int | None = None) -> None:
        # A parameter's `_data` is its current Version: one type check sends every reader to `current` and `read`.
        if self.history:
            self._data.value = self._data.kept
        self._data = Version(len(self.history), value, author, restores)
        self._data.kept = value.copy() if value.__class__ in COPIED else value
        self.history = (*self.history, self._data)

    def _current(self) -> Version:
        """The version that holds here and now: a candidate's in this context, else the last one written."""
        overlay = OVERLAY.get()
        if overlay is not None and self.id in overlay:
            return overlay[self.id]
        self._notice()
        return self._data  # type: ignore[no-any-return]

    def _notice(self) -> None:
        """Take what somebody else wrote where the value lives, or did to a list in place, as a version by the user."""
        if self.lent is not None:
            return
        value = self._data.value if self.binding is None else self.binding.get()
        if value is not self._data.kept and value != self._data.kept:
            self._record(value, "user")

    def _value(self) -> Any:
        scope = SCOPE.get()
        if scope is not None:
            scope.read(self)
        return self._current().value

    def _peek(self) -> Any:
        return self._current().value

    def _read(self) -> tuple[Any, Read | None]:
        now = self.lent or self._current()
        value = now.value
        return value, snapshot(value, now.version) if type(value) in COPIED else now

    @property
    def version(self) -> int | str:
        """The number of the current version, from 0."""
        return self._current().version

    @property
    def feedback(self) -> tuple[Received, ...]:
        """What `backward` left here since the last `zero_feedback`."""
        return tuple(self._feedback)

    def check(self, value: Any) -> Any:
        """The value as this parameter would take it.

        Raises:
            InvalidValue: with the reason, if it would not.
        """
        from trace_core.validators import convert

        try:
            value = convert(value, self.type)
            for validator in self.validators:
                validator(value)
        except InvalidValue as error:
            raise type(error)(self.name, error.reason) from error
        except ValueError as error:
            raise InvalidValue(self.name, str(error)) from error
        except Exception as error:  # an LLM may write what a rule did not reckon with: not even its type is sure
            raise InvalidValue(self.name, f"{error.__class__.__name__}: {error}") from error
        return value

    def set(self, value: Any, author: str = "user") -> None:
        """Give the parameter a new value, as a new version.

        Raises:
            InvalidValue: the value is refused; nothing was written.
        """
        from trace_core.parameters import write

        write([(self, self.check(value), None)], author)

    def revert(self) -> None:
        """Go back to the value before the current one; reverting again goes further back.

        Values that were reverted are not come back to.

        Raises:
            InvalidValue: there is no earlier value.
        """
        from trace_core.parameters import write

        self._notice()
        now = self._data
        before = (now.version if now.restores is None else now.restores) - 1
        if before < 0:
            raise InvalidValue(self.name, "there is no earlier value to go back to")
        target = self.history[before]
        value = copy.copy(target.value) if target.value.__class__ in COPIED else target.value
        write([(self, value, before if target.restores is None else target.restores)], "user")

    def zero_feedback(self) -> None:
        """Forget the feedback, and with it the graphs that it held."""
        self._feedback.clear()

    def __copy__(self) -> ParameterNode:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: dict[int, Any]) -> ParameterNode:
        """A new parameter with the same value and rules; its history, feedback and binding stay here."""
        twin = ParameterNode.__new__(ParameterNode)
        memo[id(self)] = twin
        Node.__init__(twin, None, self.name, self.description)
        twin.type, twin.kind, twin.validators, twin.binding = self.type, self.kind, self.validators, None
        twin.is_named, twin.has_path, twin.lent = self.is_named, False, None
        twin._feedback, twin.history, twin.runs = [], (), WeakSet()
        twin._record(copy.deepcopy(self._current().value, memo), "user")
        return twin


@overload
def node(data: Any, *, name: str | None = None, description: str | None = None) -> Node: ...
@overload
def node(
    data: Any,
    *,
    trainable: bool,
    name: str | None = None,
    description: str | None = None,
    type: Any = None,
    kind: str | None = None,
    validators: Sequence[Callable[[Any], None]] = (),
) -> ParameterNode: ...
def node(
    data: Any,
    *,
    trainable: bool = False,
    name: str | None = None,
    description: str | None = None,
    type: Any = None,
    kind: str | None = None,
    validators: Sequence[Callable[[Any], None]] = (),
) -> Node:
    """Make a node of a value; with `trainable=True` one whose value is learned (`ParameterNode` has the options).

    A node is given back as it is; a trainable node of a node is a new parameter with its value. A list, tuple or dict
    that holds nodes becomes an operation on them.

    Example:
        question = node("How long is the coast?", name="question")
        style = node("terse", trainable=True, name="style", type=Literal["terse", "friendly"])
    """
    if trainable:
        value = data._value() if isinstance(data, Node) else data
        return ParameterNode(value, name, description, type=type, kind=kind, validators=validators)
    if isinstance(data, Node):
        return data
    made = as_node(data)
    if name is not None or description is not None:
        if isinstance(made, MessageNode):
            raise ValueError(f"{name!r} names a container that holds nodes; name the nodes in it")
        made.name, made.description = name, description
    return made


def template(text: str, /, **values: Any) -> MessageNode:
    """Fill `{name}` places in a text with nodes or values, keeping the edges that an f-string would lose.

    Args:
        text: a format string (https://docs.python.org/3/library/string.html#format-string-syntax); may be a node.

    Example:
        prompt = template("{rules}\\n\\nQuestion: {question}", rules=rules, question=question)
    """
    return as_node(text).format(**values)
