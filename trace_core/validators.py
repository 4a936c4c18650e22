"""What a parameter's value must satisfy: its type, and rules of its own.

A validator is called with the new value and raises `ValueError` with a reason that a person, or the LLM that proposed
the value, can act on. Nothing is repaired in silence.
"""

from __future__ import annotations

import ast
import cmath
import dataclasses
import json
import string
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, is_typeddict

from trace_core.code.source import parse
from trace_core.rendering import literal, shortened

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_LONGEST_TEXT = 1_000_000
_DEEPEST = 50
_LONGEST_NUMBER = 10_000  # bits; Python refuses to write much longer ones as text


def convert(value: Any, type: Any) -> Any:
    """The value as one of the type, taken leniently as pydantic does (https://docs.pydantic.dev/latest/concepts/conversion_table/).

    Text for a type that is not text is parsed as JSON first, then as a Python literal. A bool is no number.

    Raises:
        ValueError: with the reason, if it does not fit, holds a number that is not finite or has thousands of digits,
            or half a character, or is nested more than 50 levels deep.

    Example:
        >>> convert("2", int), convert("False", bool), convert("['a', 'b']", list[str])
        (2, False, ['a', 'b'])
    """
    if type is str and isinstance(value, str):
        return _checked_text(value)
    from pydantic import ValidationError

    adapter = type_adapter(type)
    reason = ""
    for reading in _readings(value, adapter):
        try:
            converted = adapter.validate_python(reading)
        except ValidationError as error:
            reason = reason or _reason(error, value)
        except RecursionError:
            reason = "the value is nested too deeply"
        except Exception as error:  # noqa: BLE001 - a type's own rules may raise anything; then the value does not fit
            reason = reason or f"{error.__class__.__name__}: {error} (got {_shown(value)})"
        else:
            if isinstance(reading, bool) and isinstance(converted, (int, float)) and not isinstance(converted, bool):
                reason = reason or f"a number is expected, not {reading}"
                continue
            for item in everything_in(converted):
                require_sound(item)
            return converted
    raise ValueError(reason)


def type_adapter(type: Any) -> TypeAdapter[Any]:
    """Pydantic's adapter for a type; for a class that pydantic does not know, its instances fit."""
    try:
        hash(type)
    except TypeError:
        return _adapter(type)
    return _cached_adapter(type)


def _adapter(type: Any) -> TypeAdapter[Any]:
    from pydantic import ConfigDict, TypeAdapter
    from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

    try:
        return TypeAdapter(type)
    except PydanticSchemaGenerationError:
        return TypeAdapter(type, config=ConfigDict(arbitrary_types_allowed=True))
    except PydanticUserError:  # typing's TypedDict, which pydantic takes from Python 3.12 on
        return TypeAdapter(dict[str, Any] if is_typeddict(type) else Any)


_cached_adapter = lru_cache(maxsize=512)(_adapter)


def _readings(value: Any, adapter: TypeAdapter[Any]) -> Iterator[Any]:
    """The ways to take a value: as it is where its type fits already, else what its text says, else as it is."""
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        yield value
        return
    from pydantic import ValidationError

    try:
        adapter.validate_python(value, strict=True)
    except (ValidationError, RecursionError):
        for read in (json.loads, python_literal):
            try:
                yield read(value.strip())
            except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
                continue
    yield value


def python_literal(text: str) -> Any:
    """The value of a Python literal.

    Raises:
        ValueError, SyntaxError, TypeError: it is none, or gives a key twice.
    """
    [statement] = parse(text).body
    if not isinstance(statement, ast.Expr):
        raise ValueError("a statement is no literal")
    for each in ast.walk(statement):
        keys = [key.value for key in each.keys if isinstance(key, ast.Constant)] if isinstance(each, ast.Dict) else []
        if len(set(keys)) < len(keys):
            raise ValueError("a key is given twice")
    return ast.literal_eval(statement.value)


def _reason(error: Any, value: Any) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{f'at {where}: ' if where else ''}{first['msg']} (got {_shown(value)})"


def _shown(value: Any) -> str:
    return repr(shortened(value, 80)) if type(value) is str else literal(value, 80)


def everything_in(value: Any) -> Iterator[Any]:
    """A value and all that it holds, level by level: a value that holds itself has no last one.

    Raises:
        ValueError: it is nested more than 50 levels deep.
    """
    level = [value]
    for _ in range(_DEEPEST):
        yield from level
        level = [*{id(part): part for item in level for part in _parts(item)}.values()]
        if not level:
            return
    raise ValueError("the value is nested too deeply")


def require_sound(item: Any) -> None:
    """Raise `ValueError` if a number is not finite or has thousands of digits, or a text holds half a character."""
    if isinstance(item, (float, complex)) and not cmath.isfinite(item):
        raise ValueError(f"a finite number is expected, not {item}")
    if isinstance(item, int) and item.bit_length() > _LONGEST_NUMBER:
        raise ValueError(f"the number is too long: it has {item.bit_length():,} bits")
    if isinstance(item, str):
        _checked_text(item)


def _parts(item: Any) -> Iterable[Any]:
    if isinstance(item, dict):
        return chain(item, item.values())
    if isinstance(item, (list, tuple, set, frozenset)):
        return item
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        return [getattr(item, each.name, None) for each in dataclasses.fields(item)]
    return vars(item).values() if hasattr(type(item), "__pydantic_fields__") else ()


def _checked_text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("the text holds characters that cannot be encoded (lone surrogates)") from None
    return value


def placeholders(text: str) -> frozenset[str]:
    """What stands in a format string's places: `{question}`, `{0}`, `{user.name}`, and `{width}` in `{text:{width}}`.

    Raises:
        ValueError: a brace is left open, or stands alone.
    """
    return frozenset(_places(text).values())


def _places(text: str) -> dict[str, str]:
    """The places as they are written, with conversion and format, each with its name."""
    try:
        parsed = [*string.Formatter().parse(text)]
        parsed += [each for _, _, form, _ in parsed for each in string.Formatter().parse(form or "")]
    except ValueError as error:
        raise ValueError(f"{error}; a brace that is meant as text is written twice: {{{{ or }}}}") from None
    return {
        name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else ""): name
        for _, name, form, conversion in parsed
        if name is not None
    }


@dataclass(frozen=True)
class Placeholders:
    """A format string must have just these places: none lost, none invented, and no other attribute of what is there.

    A place has no conversion and no format but those that are listed with its name, as in `{"name!r", "price:.2f"}`:
    a learned text could print what an object holds, or ask for a width that takes all memory.

    Example:
        node("Answer {question}", trainable=True, validators=[Placeholders({"question"})])
    """

    names: Iterable[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset([self.names] if isinstance(self.names, str) else self.names))

    def __call__(self, value: str) -> None:
        """Raise `ValueError` if the text's places are others."""
        wanted, places = frozenset(self.names), _places(value)
        found = frozenset(written if written in wanted else name for written, name in places.items())
        require_placeholders(wanted, found, wanted)
        for written, name in places.items():
            if written not in {*wanted, name}:
                raise ValueError(f"the placeholder {{{written}}} must be written {{{name}}}")

    def __str__(self) -> str:
        return f"keep the placeholders {braced(self.names)} and add no other"


@dataclass(frozen=True)
class MaxLength:
    """A text may have at most this many characters."""

    characters: int

    def __call__(self, value: str) -> None:
        """Raise `ValueError` if the text is longer."""
        if len(value) > self.characters:
            raise ValueError(f"at most {self.characters} characters are allowed, these are {len(value)}")

    def __str__(self) -> str:
        return f"at most {self.characters} characters"


@dataclass(frozen=True)
class NotEmpty:
    """A text must hold more than white space."""

    def __call__(self, value: str) -> None:
        """Raise `ValueError` if it does not."""
        if not value.strip():
            raise ValueError("an empty text is not allowed")

    def __str__(self) -> str:
        return "not empty"


def require_placeholders(wanted: Iterable[str], found: Iterable[str], known: Iterable[str]) -> None:
    """Raise `ValueError` if a placeholder is lost or not known."""
    wanted, found, known = frozenset(wanted), frozenset(found), frozenset(known)
    if lost := wanted - found:
        is_missing, it = ("is missing", "it") if len(lost) == 1 else ("are missing", "them")
        raise ValueError(f"{listed_placeholders(lost)} {is_missing}; keep {it}")
    if invented := found - known:
        only = f"only {braced(known)} may stand in braces" if known else "there is none here"
        raise ValueError(f"{listed_placeholders(invented)} {'is' if len(invented) == 1 else 'are'} not known; {only}")


def listed_placeholders(names: Collection[str]) -> str:
    """`the placeholder {a}`, or `the placeholders {a}, {b}`."""
    return f"the placeholder{'' if len(names) == 1 else 's'} {braced(names)}"


def braced(names: Iterable[str]) -> str:
    """Names as placeholders."""
    return ", ".join(f"{{{name}}}" for name in sorted(names))
