"""Schemas of tools' arguments: other descriptions of the fields, in a schema of their own, since one may be shared."""

from __future__ import annotations

import copy
import copyreg
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, create_model


class _Redescribed(type(BaseModel)):  # type: ignore[misc]
    """The class of schemas that were made here; one is stored as its original and the texts."""


def redescribed(schema: type[BaseModel], texts: Mapping[str, str]) -> type[BaseModel]:
    """A schema with other descriptions of its fields; the original itself where they are its own.

    Args:
        schema: the original, or what this made of it.
        texts: descriptions by field; those of other fields stay as they are.
    """
    original, before = made_of(schema)
    known = original.model_fields
    texts = {name: text for name, text in {**before, **texts}.items() if text != (known[name].description or "")}
    if not texts:
        return original
    fields: dict[str, Any] = {}
    for name, text in texts.items():
        field = copy.copy(known[name])
        field.description = text or None
        fields[name] = (field.annotation, field)
    made_by = {"metaclass": _Redescribed} if type(original) is type(BaseModel) else {}
    made: Any = create_model(original.__name__, __base__=original, __cls_kwargs__=made_by, **fields)
    made.__module__, made.__doc__ = original.__module__, original.__doc__
    made._trace_made_of = original, dict(texts)
    return made  # type: ignore[no-any-return]


def made_of(schema: type[BaseModel]) -> tuple[type[BaseModel], Mapping[str, str]]:
    """The schema that this was made of, and the descriptions that it has in their place."""
    made: tuple[type[BaseModel], Mapping[str, str]] = vars(schema).get("_trace_made_of", (schema, {}))
    return made


def _stored(made: Any) -> Any:
    return redescribed, made._trace_made_of


copyreg.pickle(_Redescribed, _stored)
