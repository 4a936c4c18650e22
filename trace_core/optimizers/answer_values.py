"""Which variable an LLM means by a name that it wrote, and which value by what it wrote for it.

A value is refused rather than mended: text loses the whitespace around it and the variable's name before it, code its
common indentation, a value of another type may be written as text, and the parameter's own check has the last word. A
text that speaks of a value instead of being one is refused, or keeps the present value where it says so.
"""

from __future__ import annotations

import ast
import re
import textwrap
import types
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Protocol, Union, get_args, get_origin

from trace_core.code.source import parse
from trace_core.errors import InvalidValue
from trace_core.optimizers.answer_blocks import unfenced
from trace_core.optimizers.answer_json import fault, same
from trace_core.rendering import literal

_KEEPS = re.compile(
    r"null|none|n/?a|unchanged|as[ -]is|(?:the )?same(?: as (?:before|above|now))?"
    r"|no (?:further )?changes?(?: (?:is |are )?(?:needed|necessary|required|made))?"
    r"|(?:keep|leave)(?: (?:it|this|that))?(?: the)?(?: (?:current|present|existing|same))?"
    r"(?: (?:value|prompt|text|code|version|one))?(?: unchanged| as[ -](?:it )?is)?"
)
_PLACEHOLDER = re.compile(r"\.\.\.|…|<value>|<new value>", re.IGNORECASE)
_STAND_IN = re.compile(r"\.\.\.|…|<[\w .,:'’…/-]*>|\[[\w .,:'’…/-]*\]")
_MASK = "*" * 10  # what pydantic writes for a SecretStr
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_HEADING = re.compile(r"^#+ ?(Instruction|Variables|Inputs|Outputs|Feedback)\s*$", re.MULTILINE)
_ASSIGNMENT = re.compile(r"""[\s>*#`"'-]*([\w.\[\]]+)[`"'*]*\s*[:=]\s*(\S.*)""")


class Variable(Protocol):
    """What asking for and reading an answer need of a parameter; every `ParameterNode` is one."""

    name: str
    kind: str
    type: Any

    @property
    def data(self) -> Any:
        """The current value."""

    def check(self, value: Any, /) -> Any:
        """The value as the parameter would take it; raises `InvalidValue` with a reason if it would not."""


class Names:
    """The variables by all the names that an LLM may call them by."""

    def __init__(self, variables: Mapping[str, Variable]) -> None:
        self.exact = list(variables)
        self._levels: list[dict[str, list[str]]] = [{}, {}, {}, {}]
        for name, variable in variables.items():
            parts = name.split(".")
            ends = {".".join(parts[index:]) for index in range(1, len(parts))}
            if variable.kind == "code" and len(parts) > 1 and parts[-1] == "code":
                ends |= {".".join(parts[index:-1]) for index in range(len(parts) - 1)}
            forms = ({name}, {_clean(name).casefold()}, {identifier(name)}, {identifier(end) for end in ends})
            for level, spelled in zip(self._levels, forms, strict=True):
                for form in spelled:
                    level.setdefault(form, []).append(name)

    def meant(self, written: str, whole: bool = False) -> list[str]:
        """The variables that may be meant, by the closest form that fits any: as it is, in other case or quotes, as an
        identifier, and, unless only a `whole` name counts, by its last parts or, for code, by the function.
        """
        written = str(written)  # a Python literal may have anything as a key
        clean = _clean(written)
        forms = (written, clean.casefold(), identifier(clean), identifier(clean))
        for level, form in zip(self._levels[: 3 if whole else 4], forms, strict=False):
            if form in level:
                return level[form]
        return []

    def unknown(self, written: str) -> str:
        """What to tell an LLM that wrote a name which is none, or not one alone."""
        meant = self.meant(written)
        if meant:
            return f"{written!r} may be {' or '.join(meant)}; use the whole name"
        return f"no variable named {written!r}; the variables are {', '.join(self.exact)}"


def _clean(name: str) -> str:
    name = "".join(each for each in unicodedata.normalize("NFKC", name) if unicodedata.category(each) not in "CfCcCs")
    return name.strip(" \"'“”‘’`*#<>:=|")


def identifier(name: str) -> str:
    """A name with everything that no identifier may hold as `_`, in lower case."""
    return re.sub(r"\W+", "_", name.casefold()).strip("_")


def printable(text: str) -> str:
    """A text that any file takes: `?` for half a character."""
    return text.encode("utf-8", "replace").decode()


def is_text(variable: Variable) -> bool:
    """Whether a value of the variable is any text: its type is str, or str or null."""
    kind = variable.type
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    kinds = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    return str in kinds and set(kinds) <= {str, type(None)}


def takes_null(variable: Variable) -> bool:
    """Whether null is a value of the variable."""
    try:
        return variable.check(None) is None
    except InvalidValue:
        return False


def settle(variable: Variable, given: Iterable[Any]) -> Any:
    """The one checked value of all that was written for a variable; its current value where that is kept.

    Raises:
        InvalidValue: it cannot be used, with the reason.
    """
    values: list[Any] = []
    for written in given:
        value = _value(variable, written)
        if not any(same(value, other) for other in values):
            values.append(value)
    if len(values) > 1:  # the value before may stand beside the one after
        values = [value for value in values if not unchanged(variable, value)]
    if len(values) > 1:
        raise InvalidValue(variable.name, "was given more than one value; give one")
    return variable.data if unchanged(variable, values[0]) else values[0]


def unchanged(variable: Variable, value: Any) -> bool:
    """Whether a value is the current one; text counts without the whitespace around it."""
    if isinstance(value, str) and isinstance(variable.data, str):
        return value.strip() == variable.data.strip()
    return same(value, variable.data)


def _value(variable: Variable, written: Any) -> Any:
    if written is None and not takes_null(variable):
        return variable.data
    problem = fault(written)
    if problem is None and not is_text(variable) and _MASK in literal(written):
        problem = f"holds {_MASK} in place of a secret, which cannot be learned"
    if problem is None and isinstance(written, str) and is_text(variable):
        written = code_text(written) if variable.kind == "code" else _unlabelled(variable, written)
        if variable.kind != "setting" and keeps(written):
            return variable.data
        problem = _fault_of_text(variable, written)
    if problem is not None:
        raise InvalidValue(variable.name, problem)
    try:
        return variable.check(written)
    except InvalidValue as error:
        return _other_reading(variable, written, error)


def keeps(written: str) -> bool:
    """Whether a text says that the value stays: `(no change)`, `N/A`, `Keep the current prompt.`"""
    return _KEEPS.fullmatch(written.strip(" \n\t.!()[]<>*_`\"'-").casefold()) is not None


def _fault_of_text(variable: Variable, text: str) -> str | None:
    present = str(variable.data)
    stand_in = _PLACEHOLDER if variable.kind == "setting" else _STAND_IN
    if stand_in.fullmatch(text.strip()) and not stand_in.fullmatch(present.strip()):
        return f"{text.strip()} stands for a value and is none; write it out"
    if variable.kind == "setting":
        return None
    if not text.strip():
        return "is empty"
    control = _CONTROL.search(text)
    if variable.kind == "code":
        nothing = _does_nothing(text) and not _does_nothing(present)
        return "has a function without a body; write the whole function" if nothing else None
    if control:
        return f"holds the control character {control[0]!r}"
    if len(set(_HEADING.findall(text))) > 1 and not _HEADING.search(present):
        return "repeats the question; write the new text alone"
    if functions(text) and not functions(present):
        return "is a program; write the new text"
    if _is_difference(text) and not _is_difference(present):
        return "is a list of differences; write the whole new text"
    return None


def _is_difference(text: str) -> bool:
    """Whether a text is a diff: after its first line, which may have lost a space, each line has its mark."""
    lines = text.splitlines()
    marks = {line[0] for line in lines if line}
    return {"+", "-"} <= marks and all(line[0] in "+-@ " for line in lines[1:] if line)


def _does_nothing(code: str) -> bool:
    """Whether a function of the code is only announced: `...` or `pass` under comments and a docstring."""
    bodies = [each.body for each in functions(code).values()]
    return any(all(isinstance(line, ast.Pass) or _is_constant(line) for line in body) for body in bodies)


def _is_constant(line: ast.stmt) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)


def _unlabelled(variable: Variable, text: str) -> str:
    """A text without the variable's name before it, and out of the Python string that it is assigned as."""
    present = str(variable.data)
    match = None if _label(variable.name).match(present) else _label(variable.name).match(text)
    rest = textwrap.dedent(text[match.end() :]).strip() if match else text
    assigned = _assigned(f"text = {rest}" if match else text)
    if assigned is None or _assigned(present) is not None:
        return rest
    try:
        value = ast.literal_eval(assigned)
    except (ValueError, TypeError, MemoryError, RecursionError):
        raise InvalidValue(variable.name, "is Python code that makes a text; write the text itself") from None
    return value if isinstance(value, str) else rest


def _label(name: str) -> re.Pattern[str]:
    """A name before its value, on a line of its own, or as YAML has it before a text of several lines."""
    names = "|".join(re.escape(each) for each in (name, re.sub(r"\W+", "_", name)))
    return re.compile(rf"""[\s#*`"']*(?:{names})[`*"']*[ \t]*(?:[:=][ \t*]*(?:[|>][+-]?[ \t]*(?=\n))?|(?=\n))""")


def _assigned(text: str) -> ast.expr | None:
    """What a text that is one Python assignment gives to a name, if there is a string in it."""
    try:
        body = parse(text.strip()).body
    except SyntaxError:
        return None
    value = body[0].value if len(body) == 1 and isinstance(body[0], ast.Assign | ast.AnnAssign) else None
    strings = [each for each in ast.walk(value) if isinstance(getattr(each, "value", None), str)] if value else []
    return value if strings else None


def _other_reading(variable: Variable, written: Any, error: InvalidValue) -> Any:
    """What was meant if it is no value as it stands: in backticks, as `name = value`, or as `{"value": …}`."""
    for other in _other_readings(variable, written):
        try:
            return variable.check(other)
        except InvalidValue:
            continue
    if isinstance(written, str) and keeps(written):
        return variable.data
    raise error


def _other_readings(variable: Variable, written: Any) -> Iterator[Any]:
    if isinstance(written, dict) and len(written) == 1:
        [(key, value)] = written.items()
        if key == "value" or Names({variable.name: variable}).meant(key):
            yield value
    if not isinstance(written, str) or is_text(variable):
        return
    yield written.strip().strip("`*").strip()
    named = assignment(written)
    if named and "\n" not in written.strip() and Names({variable.name: variable}).meant(named[0]):
        yield named[1]


def assignment(line: str) -> tuple[str, str] | None:
    """(name, value) of a line like `name = value`, `- **name**: value` or `"name": value,`."""
    match = _ASSIGNMENT.match(line.strip())
    return (match[1], match[2].strip("*`,; ")) if match else None


def code_text(text: str) -> str:
    """Code out of the one block that holds it, without blank lines around it and common indentation."""
    return textwrap.dedent(unfenced(text).strip("\n")).rstrip()


def functions(text: str) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions at the top level of code; none if it is not Python."""
    try:
        body = parse(text).body
    except SyntaxError:
        return {}
    return {each.name: each for each in body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}


def function_name(variable: Variable) -> str | None:
    """The function that a code variable holds."""
    return next(iter(functions(str(variable.data))), None) if variable.kind == "code" else None
