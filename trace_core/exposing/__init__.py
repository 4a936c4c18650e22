"""What adapters offer to be learned, and how a parameter's value stands in a framework's object.

`offers`: what of a program is asked for. `standing`: objects that show a parameter's value, candidates included.
`bindings`, `functions`: where the values live. `formats`, `schemas`: rules for texts that are filled, and for schemas.
"""

from trace_core.exposing.bindings import Home, PlaceBinding
from trace_core.exposing.formats import Format, NotPlain
from trace_core.exposing.functions import CodeBinding, CodePlace, StandingCodeBinding, unwrapped
from trace_core.exposing.offers import (
    NotExposed,
    NothingToLearn,
    NotOffered,
    Offer,
    exposed,
    unexpose,
    wanted_kinds,
    widened,
)
from trace_core.exposing.schemas import redescribed
from trace_core.exposing.standing import Place, Stand, read_now, settled, write

__all__ = [
    "CodeBinding",
    "CodePlace",
    "Format",
    "Home",
    "NotExposed",
    "NotOffered",
    "NotPlain",
    "NothingToLearn",
    "Offer",
    "Place",
    "PlaceBinding",
    "Stand",
    "StandingCodeBinding",
    "exposed",
    "read_now",
    "redescribed",
    "settled",
    "unexpose",
    "unwrapped",
    "wanted_kinds",
    "widened",
    "write",
]
