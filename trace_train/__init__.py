"""Loops over the core: data, guides, search, budgets, and a store, so that learning is one call that can be resumed.

from trace_train import Budget, Exact, Trainer, read_data, split
"""

from trace_train.budget import Budget, Prices, Spent
from trace_train.data import read_data, split
from trace_train.errors import InvalidData, InvalidGuide, NothingToLearn, SeenInTraining, TrainingError, Unreachable
from trace_train.executors import ProcessExecutor, RayExecutor
from trace_train.guides import (
    Contains,
    Exact,
    FitsSchema,
    Guide,
    Judge,
    Matches,
    Near,
    Normalised,
    PassesTests,
    Verdict,
    Weighted,
)
from trace_train.memory import MemoryJournal
from trace_train.metering import Metered
from trace_train.report import Report
from trace_train.retrying import Backoff
from trace_train.strategies import (
    Always,
    Beam,
    Best,
    Complementary,
    Confident,
    Hardest,
    Independent,
    InTurn,
    Margin,
    MaxSteps,
    Never,
    OneStep,
    OnSignal,
    Pareto,
    Patience,
    Shuffled,
    Strict,
    Target,
    UpperConfidence,
)
from trace_train.trainer import Trainer

__all__ = [
    "Always",
    "Backoff",
    "Beam",
    "Best",
    "Budget",
    "Complementary",
    "Confident",
    "Contains",
    "Exact",
    "FitsSchema",
    "Guide",
    "Hardest",
    "InTurn",
    "Independent",
    "InvalidData",
    "InvalidGuide",
    "Judge",
    "Margin",
    "Matches",
    "MaxSteps",
    "MemoryJournal",
    "Metered",
    "Near",
    "Never",
    "Normalised",
    "NothingToLearn",
    "OnSignal",
    "OneStep",
    "Pareto",
    "PassesTests",
    "Patience",
    "Prices",
    "ProcessExecutor",
    "RayExecutor",
    "Report",
    "SeenInTraining",
    "Shuffled",
    "Spent",
    "Strict",
    "Target",
    "Trainer",
    "TrainingError",
    "Unreachable",
    "UpperConfidence",
    "Verdict",
    "Weighted",
    "read_data",
    "split",
]
