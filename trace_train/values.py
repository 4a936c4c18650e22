"""Values of parameters as JSON data, which is all that records hold, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trace_core.graph_json import decode
from trace_core.parameters import ParameterSet
from trace_core.saving import encoded
from trace_train.records import Candidate, Values


def as_data(parameters: ParameterSet, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by name as JSON data.

    Raises:
        InvalidValue: one cannot be written so that it could be read back.
    """
    return {name: encoded(parameters[name], value) for name, value in values.items()}


def from_data(parameters: ParameterSet, values: Values) -> dict[str, Any]:
    """The values of `as_data`, as the parameters take them.

    Raises:
        KeyError, InvalidValue: as of `ParameterSet.check`.
    """
    return parameters.check({name: decode(value) for name, value in values.items()})


def apply(parameters: ParameterSet, candidate: Candidate) -> None:
    """Write a candidate's values where they differ from what is there, all or none."""
    now = as_data(parameters, parameters.state_dict())
    changed = {name: value for name, value in candidate.values.items() if value != now.get(name)}
    if changed:
        parameters.set(from_data(parameters, changed), author="optimizer")
