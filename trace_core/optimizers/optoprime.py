"""OptoPrime: the whole trace as one problem, one question to the LLM a step.

Source: arXiv 2406.16218, section 3.3. The form of the question was settled by measurement (benchmarks/debugging.py):
small models lose the thread in long instructions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from trace_core.llm.chat import ChatModel, Message
from trace_core.optimizers.answer_format import format_instruction
from trace_core.optimizers.asking import Dialogue
from trace_core.optimizers.base import Optimizer
from trace_core.optimizers.problem import OF_A_RUN, Problem, Section, make_problem
from trace_core.optimizers.tries import tries
from trace_core.parameter_nodes import ParameterNode
from trace_core.propagators import Batch, Received
from trace_core.rendering import SECTIONS

INSTRUCTION = "Change the variables so that the outputs become as the feedback asks."

_AGAIN = "The last answer did not help: it must change. "
"""Before the same question: else it would get the same answer again, from a cache or from greedy decoding."""


class OptoPrime(Optimizer):
    """Learns parameters from the trace of the workflow.

    Args:
        parameters, llm, retries: as of `Optimizer`.
        objective: what to achieve, if the feedback does not say it; it replaces the instruction.
        memory_size: how many earlier steps the LLM is reminded of, each with the values then and the feedback on them.
        mask: names of sections to leave out, such as "code", "inputs" or "others".
        max_tokens: about how long the trace in the problem may be.

    Raises:
        ValueError: as of `Optimizer`, or `mask` names no section.

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
        llm: ChatModel | str | None = None,
        *,
        retries: int = 1,
        objective: str | None = None,
        memory_size: int = 0,
        mask: Collection[str] = (),
        max_tokens: int = 6_000,
    ) -> None:
        super().__init__(parameters, llm, retries=retries)
        self.objective = objective
        self.memory_size = memory_size
        self.mask = frozenset({mask} if isinstance(mask, str) else mask)
        if unknown := self.mask - set(map(str.lower, SECTIONS)):
            raise ValueError(
                f"mask names no section: {sorted(unknown)}; the sections are {', '.join(SECTIONS).lower()}"
            )
        self.max_tokens = max_tokens

    def problem(self, batch: Batch | None = None) -> Problem:
        """What the LLM would be shown now: the instruction, the trace, and between them what is remembered."""
        made = make_problem(self.parameters, self.received(batch), mask=self.mask, max_tokens=self.max_tokens)
        remembered = list(self._tried)[-self.memory_size :] if self.memory_size else []
        program = [section for section in made.sections if section.name not in OF_A_RUN]
        runs = [section for section in made.sections if section.name in OF_A_RUN]
        memory = [Section("memory", "", "\n".join(remembered))] if remembered else []
        objective = self.objective
        if objective is None:  # for a lone function the last line says as much: small models repair fewer with both
            objective = "" if [each.kind for each in made.variables.values()] == ["code"] else INSTRUCTION
        instruction = [Section("instruction", "", objective)] if objective else []
        sections = (*instruction, *program, *memory, *runs)
        return Problem(sections, made.variables).masked(self.mask)

    def _dialogue(self, problem: Problem, received: Sequence[Received]) -> Dialogue:
        text = str(problem)
        again = _AGAIN if text == self._last_text else ""
        question = f"{text}\n\n{again}{format_instruction(problem.variables)}"
        answer = yield from self._ask([Message(role="user", content=question)], problem.variables)
        self._note(problem, received)
        return answer

    def _note(self, problem: Problem, received: Sequence[Received]) -> None:
        self._last_text = str(problem)
        if self.memory_size:
            self._tried |= tries(problem.variables, received)
