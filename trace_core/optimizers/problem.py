"""What an optimizer's LLM is shown: the trace as a small program, its values, and what was said about its outputs.

The sections are those of the pseudo-algorithm of arXiv 2406.16218, section 3.3 and its appendix: #Instruction #Code
#Documentation #Variables #Constraints #Inputs #Others #Outputs #Feedback; each can be masked, empty ones vanish.
Running #Code on #Variables and #Inputs gives #Outputs. Examples of the same shape share one #Code, and several examples
are listed under #Examples, an entry each: small models follow that, and lose the thread in a section for each value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trace_core.graph_text import code_line
from trace_core.nodes import MessageNode, Node
from trace_core.optimizers.answer_format import is_lone_text, is_long
from trace_core.optimizers.describing import as_read, constraints, in_json
from trace_core.optimizers.shapes import Example, Shape, Slot, shapes_of
from trace_core.parameter_nodes import ParameterNode
from trace_core.parameters import ParameterSet
from trace_core.propagators import Received
from trace_core.rendering import fenced, identifier, literal, without_headings
from trace_core.trace_graph import free_name

_VALUE_LIMITS = (None, 2_000, 600, 200, 60)
_LINE_LIMITS = (100, 30, 8)
_EXAMPLE_LIMITS = (30, 8)
_INLINE_UP_TO = 60
_CHARACTERS_PER_TOKEN = 4
OF_A_RUN = ("inputs", "others", "outputs", "feedback")


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its name in lower case, which examples it is about ("2", "1-3"; "" for all), and its text."""

    name: str
    examples: str
    text: str

    def __str__(self) -> str:
        return f"#{self.name.capitalize()} {self.examples}".rstrip() + f"\n{self.text}"


@dataclass(frozen=True, slots=True)
class Problem:
    """The sections of a problem, and the variables that it is about; `str(problem)` is its text."""

    sections: tuple[Section, ...]
    variables: ParameterSet

    def __str__(self) -> str:
        texts, runs = [], dict[str, dict[str, str]]()
        for section in self.sections:
            if section.examples and section.name in OF_A_RUN:
                runs.setdefault(section.examples, {})[section.name] = section.text
            else:
                texts.append(str(section))
        if runs:
            texts.append("\n".join(["#Examples", *(_entry(number, run) for number, run in runs.items())]))
        return "\n\n".join(texts)

    def masked(self, mask: Collection[str]) -> Problem:
        """Without the sections of these names."""
        return Problem(tuple(s for s in self.sections if s.name not in mask), self.variables)


def _entry(number: str, run: Mapping[str, str]) -> str:
    """One example of several: on a line where that is enough, then what was said about it."""
    values = [run[name] for name in ("inputs", "others") if name in run]
    if "outputs" in run:
        values.append(f"-> {run['outputs']}")
    text = ("\n" if "\n" in "".join(values) or len(values) > 2 else " ").join(values)
    lines = [text] if text else []
    if "feedback" in run:
        lines.append(f"feedback: {run['feedback']}")
    return f"{number}. " + "\n   ".join("\n".join(lines).splitlines())


def make_problem(
    parameters: ParameterSet,
    received: Sequence[Received],
    *,
    mask: Collection[str] = (),
    max_tokens: int = 8_000,
) -> Problem:
    """The problem of making these outputs better.

    Args:
        parameters: what may be changed; those that no output depends on are left out.
        received: outputs and what was said about them.
        mask: names of sections to leave out, such as "code" or "inputs".
        max_tokens: about how long it may be (at four characters a token): first long values keep head and tail, then
            long graphs fold their middle, then of the examples in the middle only the feedback is shown. Variables and
            feedback are never cut.
    """
    shapes = shapes_of(parameters.values(), received)
    reached = {id for shape in shapes for id in shape.parameters}
    variables = ParameterSet([parameter for parameter in parameters.values() if parameter.id in reached])
    most = max_tokens * _CHARACTERS_PER_TOKEN
    shortest, fewest = _VALUE_LIMITS[-1], _LINE_LIMITS[-1]
    for limits in (
        *((values, None, None) for values in _VALUE_LIMITS),
        *((shortest, lines, None) for lines in _LINE_LIMITS),
        *((shortest, fewest, examples) for examples in _EXAMPLE_LIMITS),
    ):
        problem = _Writer(shapes, variables, mask, *limits).problem()
        if sum(len(section.text) for section in problem.sections) <= most:
            break
    return problem


class _Writer:
    """Writes the sections of one problem."""

    def __init__(
        self,
        shapes: Sequence[Shape],
        variables: ParameterSet,
        mask: Collection[str],
        value_limit: int | None,
        line_limit: int | None,
        example_limit: int | None,
    ) -> None:
        self._shapes = shapes
        self._variables = variables
        self._mask = mask
        self._value_limit = value_limit
        self._line_limit = line_limit
        count = sum(len(shape.examples) for shape in shapes)
        self._several_examples = count > 1
        kept = count if example_limit is None else example_limit
        self._left_out = range(kept // 2 + 1, count - (kept - kept // 2) + 1)
        graphs = [shape.examples[0].graph for shape in shapes]
        self._code_names = {p.id: graph.identifier(p) for graph in graphs for p in graph.parameters}
        codes = {(o.op, p.id) for graph in graphs for o in graph.operations for p in o.parents if _is_code(o, p)}
        self._ambiguous = {op for op, count in Counter(op for op, _ in codes).items() if count > 1}

    def problem(self) -> Problem:
        code, documentation, runs = [], [], []
        last = 0
        for shape in self._shapes:
            names = _Names(shape, inline="inputs" not in self._mask)
            first, last = last + 1, last + len(shape.examples)
            which = "" if len(self._shapes) == 1 else f"{first}" if first == last else f"{first}-{last}"
            code.append(Section("code", which, self._folded(self._code_lines(shape, names))))
            documentation += _documentation(shape)
            for number, example in enumerate(shape.examples, first):
                run = self._run(shape, example, names, str(number) if self._several_examples else "")
                runs += run[-1:] if number in self._left_out else run
        sections = [
            Section("variables", "", "\n".join(self._variable(p) for p in self._variables.values())),
            Section("constraints", "", "\n".join(constraints(self._variables))),
            *code,
            Section("documentation", "", "\n".join(dict.fromkeys(documentation))),
            *runs,
        ]
        return Problem(tuple(s for s in sections if s.text and s.name not in self._mask), self._variables)

    def _variable(self, parameter: ParameterNode) -> str:
        value = in_json(parameter._peek(), parameter.type)
        name = without_headings(parameter.name)
        code_name = self._code_names[parameter.id]
        if type(value) is str and (is_long(parameter) or is_lone_text(self._variables)):
            note = "" if code_name == identifier(parameter.name) else f"  # {code_name} in the code"
            return f"{name}{note}\n{fenced(value, 'python' if parameter.kind == 'code' else '')}"
        note = "" if code_name == parameter.name else f"  # {name}"
        return f"{code_name} = {literal(value)}{note}"

    def _code_lines(self, shape: Shape, names: _Names) -> list[str]:
        graph = shape.examples[0].graph
        return [
            code_line(
                node,
                graph.identifier(node),
                [names.text(slot) for slot in slots],
                shown_aside=names.shown_aside(node, slots, node.op in self._ambiguous),
            )
            for node, slots in zip(graph.operations, shape.inputs, strict=True)
        ]

    def _run(self, shape: Shape, example: Example, names: _Names, number: str) -> list[Section]:
        """The sections of one example."""
        inputs = [
            f"{names.text(slot)} = {self._value(as_read(slot.node, example.value(slot)))}" for slot in names.inputs
        ]
        outputs = {node.id for node in example.graph.outputs}
        first = shape.examples[0].graph
        named = list(zip(example.graph.operations, first.operations, strict=True))
        others = [
            f"{first.identifier(twin)} = {self._value(example.value_of(node))}"
            for node, twin in named
            if node.id not in outputs
        ]
        results = [
            f"{first.identifier(twin)} = {self._value(example.value_of(node))}"
            for node, twin in zip(example.graph.outputs, first.outputs, strict=True)
        ]
        label = len(first.outputs) > 1
        feedback = [
            f"{first.identifier(first.outputs[index])}: {said}" if label else str(said)
            for index, said in example.feedback
        ]
        return [
            Section("inputs", number, self._folded(inputs)),
            Section("others", number, self._folded(others)),
            Section("outputs", number, "\n".join(results)),
            Section("feedback", number, without_headings("\n".join(feedback))),
        ]

    def _value(self, value: Any) -> str:
        return literal(value, self._value_limit)

    def _folded(self, lines: Sequence[str]) -> str:
        limit = self._line_limit
        if limit is None or len(lines) <= limit:
            return "\n".join(lines)
        head = limit // 2
        tail = limit - head
        left_out = f"# ... {len(lines) - head - tail} lines left out ..."
        return "\n".join([*lines[:head], left_out, *lines[-tail:]])


class _Names:
    """How the inputs of a shape's operations are written: by name, or in place where short and always the same."""

    def __init__(self, shape: Shape, inline: bool) -> None:
        self._graph = shape.examples[0].graph
        self._in_place: dict[Slot, str] = {}
        self._aliases: dict[Slot, str] = {}
        self._taken = {self._graph.identifier(node) for node in self._graph.nodes}
        self.inputs: list[Slot] = []
        for slot in shape.given:
            unnamed = slot.node.name is None and getattr(slot.node, "op", "") != "input"
            if inline and unnamed and slot.variant == 0:
                texts = {literal(example.value(slot)) for example in shape.examples}
                text = texts.pop()
                if not texts and len(text) <= _INLINE_UP_TO and "\n" not in text and "<" not in text:
                    self._in_place[slot] = text
                    continue
            self.inputs.append(slot)

    def text(self, slot: Slot) -> str:
        """The slot's name, or its value."""
        if slot in self._in_place:
            return self._in_place[slot]
        name = self._graph.identifier(slot.node)
        if slot.variant == 0:
            return name
        if slot not in self._aliases:
            self._aliases[slot] = free_name(f"{name}_{slot.variant}", self._taken)
        return self._aliases[slot]

    @staticmethod
    def shown_aside(node: MessageNode, slots: Sequence[Slot], ambiguous: bool) -> list[int]:
        """The inputs to name in a comment: those read aside, but not the code of the only function of that name."""
        arguments = node.operation.arguments
        return [i for i, slot in enumerate(slots) if arguments[i].why != "code" or slot.variant != 0 or ambiguous]


def _is_code(operation: MessageNode, parent: Node) -> bool:
    places = zip(operation.operation.arguments, operation.parents, strict=True)
    return any(argument.why == "code" and each is parent for argument, each in places)


def _documentation(shape: Shape) -> list[str]:
    """What the operations do, but for those whose code is shown."""
    return [
        f"[{node.op}] {' '.join(node.description.split())}"
        for node in shape.examples[0].graph.operations
        if node.description and all(argument.why != "code" for argument in node.operation.arguments)
    ]
