"""OPRO: learns from what was tried and how it went, without the trace.

Source: Yang et al., "Large Language Models as Optimizers", arXiv 2309.03409: the prompt holds earlier solutions with
their scores, in ascending order, and asks for a better one. Here feedback may be text as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trace_core.llm.chat import ChatModel, Message
from trace_core.optimizers.answer_format import format_instruction
from trace_core.optimizers.base import Dialogue, Optimizer
from trace_core.optimizers.problem import Problem, Section
from trace_core.parameter_nodes import ParameterNode
from trace_core.parameters import ParameterSet
from trace_core.propagators import Batch, Feedback, Received
from trace_core.rendering import literal, without_headings
from trace_core.trace_graph import TraceGraph

INSTRUCTION = "Below are values that were tried for some variables, and the feedback that each got. Find better values."


class OPRO(Optimizer):
    """Proposes values from the history of (values, feedback).

    Args:
        parameters, llm, retries: as of `Optimizer`.
        objective: what to achieve.
        memory_size: how many of the best tries are shown; those with a numeric score in ascending order.

    Raises:
        ValueError: there is no parameter, or nothing to remember.
    """

    def __init__(
        self,
        parameters: Mapping[str, ParameterNode] | Iterable[ParameterNode] | ParameterNode,
        llm: ChatModel | None = None,
        *,
        retries: int = 1,
        objective: str = INSTRUCTION,
        memory_size: int = 10,
    ) -> None:
        super().__init__(parameters, llm, retries=retries)
        if memory_size < 1:
            raise ValueError(f"OPRO learns from what was tried, so memory_size must be at least 1, not {memory_size}")
        self.objective = objective
        self.memory_size = memory_size
        self._tried: dict[str, float] = {}

    def problem(self, batch: Batch | None = None) -> Problem:
        """What the LLM would be shown now: the tries so far and the present one."""
        base = super().problem(batch)
        kept = [section for section in base.sections if section.name in ("variables", "constraints")]
        tries = self._tried | _tries(base.variables, self.received(batch))
        best = sorted(tries, key=tries.__getitem__)[-self.memory_size :]
        memory = Section("memory", "", "\n".join(best))
        return Problem((Section("instruction", "", self.objective), memory, *kept), base.variables)

    def _dialogue(self, problem: Problem, received: Sequence[Received]) -> Dialogue:
        text = f"{problem}\n\n{format_instruction(problem.variables)}"
        answer = yield from self._ask([Message(role="user", content=text)], problem.variables)
        self._tried |= _tries(problem.variables, received)
        return answer


def _tries(variables: ParameterSet, received: Sequence[Received]) -> dict[str, float]:
    """The values that the runs read, with what was said about them, as a text each; and their mean scores."""
    said: dict[str, list[Feedback]] = {}
    for each in received:
        held = _held(variables, each)
        values = ", ".join(f"{name} = {literal(held[parameter.id])}" for name, parameter in variables.items())
        said.setdefault(values, []).append(each.feedback)
    return {_text(values, feedbacks): _mean_score(feedbacks) for values, feedbacks in said.items()}


def _held(variables: ParameterSet, received: Received) -> dict[int, Any]:
    """What each variable held in a run, which may be an older version; the present value where it read none."""
    held = {parameter.id: parameter._peek() for parameter in variables.values()}
    for operation in TraceGraph.between(variables.values(), [received.output], received.blocked).operations:
        for index, parent in enumerate(operation.parents):
            if parent.id in held:
                held[parent.id] = operation.read_of(index).value
    return held


def _text(values: str, feedbacks: Sequence[Feedback]) -> str:
    said = "; ".join(" ".join(str(each).split()) for each in feedbacks)
    return without_headings(f"{values} got: {said}")


def _mean_score(feedbacks: Sequence[Feedback]) -> float:
    scores = [each.score for each in feedbacks if isinstance(each.score, (int, float))]
    return sum(scores) / len(scores) if scores else 0.0
