"""OPRO: learns from what was tried and how it went, without the trace.

Source: Yang et al., "Large Language Models as Optimizers", arXiv 2309.03409: the prompt holds earlier solutions with
their scores, in ascending order, and asks for a better one. Here feedback may be text as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from trace_core.llm.chat import ChatModel, Message
from trace_core.optimizers.answer_format import format_instruction
from trace_core.optimizers.base import Dialogue, Optimizer
from trace_core.optimizers.problem import Problem, Section
from trace_core.parameter_nodes import ParameterNode
from trace_core.parameters import ParameterSet
from trace_core.propagators import Batch, Received
from trace_core.rendering import literal, without_headings

INSTRUCTION = "Below are values that were tried for some variables, and the feedback that each got. Find better values."


class OPRO(Optimizer):
    """Proposes values from the history of (values, feedback).

    Args:
        parameters, llm, retries: as of `Optimizer`.
        objective: what to achieve.
        memory_size: how many of the best tries are shown; those with a numeric score in ascending order.
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
        self.objective = objective
        self.memory_size = memory_size
        self._tried: list[tuple[float, str]] = []

    def problem(self, batch: Batch | None = None) -> Problem:
        """What the LLM would be shown now: the tries so far and the present one."""
        base = super().problem(batch)
        kept = [section for section in base.sections if section.name in ("variables", "constraints")]
        tries = [*self._tried, _tried(base.variables, self.received(batch))]
        best = sorted(tries, key=lambda each: each[0])[-self.memory_size :]
        memory = Section("memory", "", "\n".join(text for _, text in best))
        return Problem((Section("instruction", "", self.objective), memory, *kept), base.variables)

    def _dialogue(self, problem: Problem, received: Sequence[Received]) -> Dialogue:
        self._tried.append(_tried(problem.variables, received))
        text = f"{problem}\n\n{format_instruction(problem.variables)}"
        return (yield from self._ask([Message(role="user", content=text)], problem.variables))


def _tried(variables: ParameterSet, received: Sequence[Received]) -> tuple[float, str]:
    """A try's mean score, and its text."""
    scores = [each.feedback.score for each in received if isinstance(each.feedback.score, (int, float))]
    values = ", ".join(f"{name} = {literal(parameter._peek())}" for name, parameter in variables.items())
    said = "; ".join(" ".join(str(each.feedback).split()) for each in received)
    mean = sum(scores) / len(scores) if scores else 0.0
    return mean, without_headings(f"{values} got: {said}")
