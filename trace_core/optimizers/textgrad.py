"""TextGrad: feedback is passed back one operation at a time, each time put into words by the LLM.

Source: Yuksekgonul et al., "TextGrad: Automatic Differentiation via Text", arXiv 2406.07496: a criticism of each input
from the criticism of the output, then an update of each variable from its criticisms. One question for each input of
each operation that depends on a parameter, and one for each parameter: more calls than OptoPrime's single one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trace_core.graph_text import code_line
from trace_core.llm.chat import Message
from trace_core.nodes import MessageNode, Node
from trace_core.optimizers.answer import Answer
from trace_core.optimizers.answer_format import format_instruction
from trace_core.optimizers.asking import Dialogue, Request
from trace_core.optimizers.base import Optimizer
from trace_core.optimizers.describing import as_read, in_json
from trace_core.optimizers.problem import Problem
from trace_core.parameter_nodes import ParameterNode
from trace_core.parameters import ParameterSet
from trace_core.propagators import Received
from trace_core.rendering import fenced, literal, shortened, without_headings
from trace_core.trace_graph import TraceGraph

_LIMIT = 2_000


class TextGrad(Optimizer):
    """Learns parameters from criticisms that the LLM passes back through the graph.

    Args:
        parameters, llm, retries: as of `Optimizer`.
    """

    def _dialogue(self, problem: Problem, received: Sequence[Received]) -> Dialogue:
        criticisms: dict[int, list[str]] = {}
        for each in received:
            graph = TraceGraph.between(problem.variables.values(), [each.output], each.blocked)
            here: dict[int, list[str]] = {each.output.id: [str(each.feedback)]}
            for operation in reversed(graph.operations):
                for source in _learned_inputs(operation, graph):
                    said = yield Request([_criticise(graph, operation, source, here.get(operation.id, []))])
                    here.setdefault(source.id, []).append(shortened(said.text.strip(), _LIMIT))
            for parameter in problem.variables.values():
                criticisms.setdefault(parameter.id, []).extend(here.get(parameter.id, []))
        values: dict[str, Any] = {}
        refusals: dict[str, str] = {}
        reasons: list[str] = []
        for name, parameter in problem.variables.items():
            variable = ParameterSet([parameter])
            answer: Answer = yield from self._ask([_update(parameter, criticisms[parameter.id], variable)], variable)
            values |= answer.values
            refusals |= {name if key == name else f"{name}: {key}": why for key, why in answer.refusals.items()}
            reasons.append(answer.reasoning)
        return Answer(values, "\n".join(filter(None, reasons)), refusals)


def _learned_inputs(operation: MessageNode, graph: TraceGraph) -> list[Node]:
    """The inputs through which the operation depends on a parameter of interest."""
    unique = {parent.id: parent for parent in operation.parents}
    parameters = {parameter.id for parameter in graph.parameters}
    return [parent for parent in unique.values() if parent.id in parameters or graph.is_operation(parent)]


def _criticise(graph: TraceGraph, operation: MessageNode, source: Node, said: Sequence[str]) -> Message:
    name = graph.identifier(source)
    values = [
        f"{graph.identifier(parent)} = {literal(as_read(parent, operation.read_of(i).value), _LIMIT)}"
        for i, parent in enumerate(operation.parents)
    ]
    line = code_line(operation, graph.identifier(operation), [graph.identifier(parent) for parent in operation.parents])
    described = [f"[{operation.op}] {operation.description}"] if operation.description else []
    text = "\n".join(
        [
            *dict.fromkeys(values),
            line,
            *described,
            f"gave {literal(operation._peek(), _LIMIT)}",
            "Feedback on that: " + without_headings(" ".join(said)),
            f"In one or two sentences: what should be different about {name}?",
        ]
    )
    return Message(role="user", content=text)


def _update(parameter: ParameterNode, criticisms: Sequence[str], variable: ParameterSet) -> Message:
    value = in_json(parameter._peek(), parameter.type)
    shown = fenced(value) if isinstance(value, str) else literal(value)
    listed = without_headings("\n".join(f"- {' '.join(each.split())}" for each in dict.fromkeys(criticisms)))
    text = f"{parameter.name} is\n{shown}\nCriticism:\n{listed}\n{format_instruction(variable)}"
    return Message(role="user", content=text)
