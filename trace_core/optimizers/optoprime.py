"""OptoPrime: the whole trace as one problem, one question to the LLM a step.

Source: arXiv 2406.16218, section 3.3. The form of the question was settled by measurement (benchmarks/debugging.py):
small models lose the thread in long instructions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from trace_core.llm.chat import ChatModel, Message
from trace_core.optimizers.answer_format import format_instruction
from trace_core.optimizers.base import Dialogue, Optimizer
from trace_core.optimizers.problem import Problem, Section, make_problem
from trace_core.parameter_nodes import ParameterNode
from trace_core.propagators import Batch, Received
from trace_core.rendering import literal, without_headings

INSTRUCTION = "Change the variables so that the outputs become as the feedback asks."


class OptoPrime(Optimizer):
    """Learns parameters from the trace of the workflow.

    Args:
        parameters, llm, retries: as of `Optimizer`.
        objective: what to achieve, if the feedback does not say it.
        memory_size: how many earlier steps the LLM is reminded of, each with the values then and the feedback on them.
        mask: names of sections to leave out, such as "code", "inputs" or "others".
        max_tokens: about how long the problem may be.

    Example:
        optimizer = OptoPrime(strange_sort.parameters())
        output = strange_sort([1, 2, 3, 4])
        optimizer.zero_feedback()
        output.backward("expected [1, 4, 2, 3]")
        optimizer.step()
    """

    def __init__(
        self,
        parameters: Mapping[str, ParameterNode] | Iterable[ParameterNode] | ParameterNode,
        llm: ChatModel | None = None,
        *,
        retries: int = 1,
        objective: str = INSTRUCTION,
        memory_size: int = 0,
        mask: Collection[str] = (),
        max_tokens: int = 6_000,
    ) -> None:
        super().__init__(parameters, llm, retries=retries)
        self.objective = objective
        self.memory_size = memory_size
        self.mask = frozenset({mask} if isinstance(mask, str) else mask)
        self.max_tokens = max_tokens
        self._memory: list[str] = []

    def problem(self, batch: Batch | None = None) -> Problem:
        """What the LLM would be shown now: the instruction, what is remembered, the trace."""
        made = make_problem(self.parameters, self.received(batch), mask=self.mask, max_tokens=self.max_tokens)
        sections = [Section("instruction", "", self.objective)]
        remembered = self._memory[-self.memory_size :] if self.memory_size else []
        if remembered:
            sections.append(Section("memory", "", "\n".join(remembered)))
        return Problem((*sections, *made.sections), made.variables).masked(self.mask)

    def _dialogue(self, problem: Problem, received: Sequence[Received]) -> Dialogue:
        text = f"{problem}\n\n{format_instruction(problem.variables)}"
        answer = yield from self._ask([Message(role="user", content=text)], problem.variables)
        if self.memory_size:
            values = ", ".join(f"{name} = {literal(p._peek(), 1_000)}" for name, p in problem.variables.items())
            said = "; ".join(" ".join(str(each.feedback).split()) for each in received)
            self._memory.append(without_headings(f"{values} got: {said}"))
        return answer
