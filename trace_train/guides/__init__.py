"""Guides: what is said of a program's output, and how good it is."""

from trace_train.guides.base import Guide, Verdict
from trace_train.guides.combining import Weighted
from trace_train.guides.judging import Judge
from trace_train.guides.matching import Contains, Exact, Matches, Normalised
from trace_train.guides.numbers import Near
from trace_train.guides.schemas import FitsSchema
from trace_train.guides.unit_tests import PassesTests

__all__ = [
    "Contains",
    "Exact",
    "FitsSchema",
    "Guide",
    "Judge",
    "Matches",
    "Near",
    "Normalised",
    "PassesTests",
    "Verdict",
    "Weighted",
]
