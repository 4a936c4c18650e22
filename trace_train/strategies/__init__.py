"""The decisions of a search, each a small protocol with a few implementations; any function or object in that form will
do."""

from trace_train.strategies.accepting import Accepting, Always, Confident, Margin, Strict
from trace_train.strategies.batching import Batching, Hardest, Independent, Shuffled
from trace_train.strategies.choosing import Beam, Best, Choosing, Pareto, UpperConfidence
from trace_train.strategies.merging import Complementary, Merging, Never
from trace_train.strategies.proposing import InTurn, OneStep, Proposing, Seen
from trace_train.strategies.stopping import MaxSteps, OnSignal, Patience, Stopping, Target

__all__ = [
    "Accepting",
    "Always",
    "Batching",
    "Beam",
    "Best",
    "Choosing",
    "Complementary",
    "Confident",
    "Hardest",
    "InTurn",
    "Independent",
    "Margin",
    "MaxSteps",
    "Merging",
    "Never",
    "OnSignal",
    "OneStep",
    "Pareto",
    "Patience",
    "Proposing",
    "Seen",
    "Shuffled",
    "Stopping",
    "Strict",
    "Target",
    "UpperConfidence",
]
