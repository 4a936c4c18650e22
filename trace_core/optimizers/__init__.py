"""Optimizers: each asks an LLM for better parameters, from the whole trace or from less."""

from trace_core.optimizers.base import Optimizer
from trace_core.optimizers.opro import OPRO
from trace_core.optimizers.optoprime import OptoPrime
from trace_core.optimizers.records import NothingChanged, Proposal, StepRecord
from trace_core.optimizers.textgrad import TextGrad

__all__ = ["OPRO", "NothingChanged", "Optimizer", "OptoPrime", "Proposal", "StepRecord", "TextGrad"]
