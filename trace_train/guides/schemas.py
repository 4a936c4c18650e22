"""A guide for structured output: JSON that a JSON Schema (https://json-schema.org) accepts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from trace_core.errors import MissingExtra
from trace_core.rendering import literal
from trace_train.guides.base import Verdict

_MOST_SAID = 5


class FitsSchema:
    """The output is JSON, as data or as text, that fits a schema; what does not fit is said place by place.

    Args:
        schema: JSON Schema; `Model.model_json_schema()` of a pydantic model is one.

    Raises:
        MissingExtra: jsonschema is not installed.
        ValueError: the schema is none.

    Example:
        FitsSchema({"type": "object", "required": ["queue"], "properties": {"queue": {"enum": ["billing", "login"]}}})
    """

    perfect = 1.0
    quick = True

    def __init__(self, schema: Mapping[str, Any]) -> None:
        try:
            import jsonschema
        except ImportError as error:
            raise MissingExtra("FitsSchema", "train") from error
        kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
        try:
            kind.check_schema(schema)
        except jsonschema.SchemaError as error:
            raise ValueError(f"this is no JSON Schema: {error.message}") from error
        self._schema = schema
        self._validator: Any = kind(schema)

    def __call__(self, example: Any, output: Any) -> Verdict:
        """1 where it fits, else 0 with what does not."""
        if isinstance(output, str):
            try:
                output = json.loads(output)
            except ValueError as error:
                return Verdict(0.0, f"expected JSON alone: {error}")
        wrong = sorted(self._validator.iter_errors(output), key=lambda error: list(map(str, error.absolute_path)))
        if not wrong:
            return Verdict(1.0, "correct")
        said = [f"{error.json_path}: {literal(error.message, 300)[1:-1]}" for error in wrong[:_MOST_SAID]]
        more = [f"and {len(wrong) - _MOST_SAID} more"] if len(wrong) > _MOST_SAID else []
        return Verdict(0.0, "; ".join([*said, *more]))
