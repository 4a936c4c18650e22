"""How runs end: what guardrails gave, and which call it was that raised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents import (
    GuardrailFunctionOutput,
    InputGuardrailTripwireTriggered,
    MaxTurnsExceeded,
    OutputGuardrailTripwireTriggered,
)

if TYPE_CHECKING:
    from trace_core.recording import Call

_TRIPPED = (InputGuardrailTripwireTriggered, OutputGuardrailTripwireTriggered)


@dataclass(frozen=True, slots=True)
class Check:
    """What a guardrail gave; `error` is what it ended the run with."""

    name: str
    is_of_output: bool
    output: GuardrailFunctionOutput
    error: BaseException | None


def checks_of(result: Any, error: BaseException | None) -> Iterator[Check]:
    """The guardrails of a run that gave this, or that this left."""
    told = result if error is None else getattr(error, "run_data", None)
    tripped = error.guardrail_result if isinstance(error, _TRIPPED) else None
    found = [
        *(getattr(told, "input_guardrail_results", None) or ()),
        *(getattr(told, "output_guardrail_results", None) or ()),
    ]
    if tripped is not None and not any(each is tripped for each in found):
        found.append(tripped)
    for each in found:
        is_of_output = hasattr(each, "agent_output")
        yield Check(each.guardrail.get_name(), is_of_output, each.output, error if each is tripped else None)


def who_raised(error: BaseException, running: Sequence[Call]) -> Call | None:
    """The call, of those that had not ended, from which an error came."""
    if not isinstance(error, Exception) or isinstance(error, (*_TRIPPED, MaxTurnsExceeded)):
        return None
    models = [call for call in running if call.kind == "llm"]
    if models or len(running) == 1:
        return [*models, *running][0]
    return next((call for call in running if f" {call.name}:" in str(error)), None)
