"""OPRO: learns from what was tried and how it went, without the trace.

Source: Yang et al., "Large Language Models as Optimizers", arXiv 2309.03409: the prompt holds earlier solutions with
their scores, in ascending order, and asks for a better one. Here feedback may be text as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from trace_core.llm.chat import ChatModel, Message
from trace_core.optimizers.answer_format import format_instruction
from trace_core.optimizers.asking import Dialogue
from trace_core.optimizers.base import Optimizer
from trace_core.optimizers.problem import Problem, Section
from trace_core.optimizers.tries import tries
from trace_core.parameter_nodes import ParameterNode
from trace_core.propagators import Batch, Received

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
        llm: ChatModel | str | None = None,
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

    def problem(self, batch: Batch | None = None) -> Problem:
        """What the LLM would be shown now: the tries so far and the present one."""
        base = super().problem(batch)
        kept = [section for section in base.sections if section.name in ("variables", "constraints")]
        tried = self._tried | tries(base.variables, self.received(batch))
        best = sorted(tried, key=tried.__getitem__)[-self.memory_size :]
        memory = Section("memory", "", "\n".join(best))
        return Problem((Section("instruction", "", self.objective), memory, *kept), base.variables)

    def _dialogue(self, problem: Problem, received: Sequence[Received]) -> Dialogue:
        text = f"{problem}\n\n{format_instruction(problem.variables)}"
        answer = yield from self._ask([Message(role="user", content=text)], problem.variables)
        self._note(problem, received)
        return answer

    def _note(self, problem: Problem, received: Sequence[Received]) -> None:
        self._tried |= tries(problem.variables, received)
