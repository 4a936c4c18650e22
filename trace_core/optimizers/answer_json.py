"""Finding the JSON object in an LLM's answer, and reading it as what was written, or not at all.

What is JSON is read as JSON. Else the usual slips are undone: typographic quotes, a Python dict, a last brace that was
forgotten, and what json-repair mends (https://github.com/mangiucugna/json_repair). That library also completes a
string that was cut off and drops what it cannot place, so its result counts only if nothing of the text is missing
from it and nothing was added. Nothing is evaluated.
"""

from __future__ import annotations

import json
import re
from typing import Any

from trace_core.validators import everything_in, python_literal, require_sound

_SPACE = r"(?:\s|//[^\n]{0,200}\n|/\*[^*]{0,200}\*/)*"
OBJECT_START = re.compile(rf"""[{{｛]{_SPACE}(?:[}}｝]|["'`“”‘’＂]|\w+\s*:)""")
_STRING = r'"(?:\\.|[^"\\])*"'
_REPAIR_LENGTH, _REPAIR_QUOTES = 20_000, 1_000  # json-repair takes time that grows with the square of the quotes


class JSONReadError(ValueError):
    """A text begins a JSON object and is none; the message says why."""


class Duplicates(list[Any]):
    """The different values that one key was given in one object."""


def objects(text: str) -> list[dict[str, Any]]:
    """The outermost JSON objects in a text, in order; prose and placeholders around them are passed over.

    Raises JSONReadError at the first object that cannot be read whole.
    """
    found: list[dict[str, Any]] = []
    position = 0
    while start := OBJECT_START.search(text, position):
        value, position = _read(text, start.start())
        found.append(value)
    return found


def _read(text: str, start: int) -> tuple[dict[str, Any], int]:
    decoder = json.JSONDecoder(strict=False, object_pairs_hook=_without_duplicates)
    try:
        value, end = decoder.raw_decode(text, start)
    except RecursionError:
        raise JSONReadError("the JSON is nested too deeply") from None
    except ValueError as error:
        return _mended(text[start:].strip(), error), len(text)
    return value, end


def _mended(text: str, error: ValueError) -> dict[str, Any]:
    body = text[: max(text.rfind("}"), text.rfind("｝")) + 1]
    attempts = [(_typographic, body), (python_literal, body), (_repaired, body)]
    if text.endswith("}") and _at_end(text, error):
        attempts.insert(0, (_strict, text + "}"))  # only the outermost brace was forgotten: no value is cut
    for read, source in attempts:
        try:
            value = read(source)
        except RecursionError:
            raise JSONReadError("the JSON is nested too deeply") from None
        except (ValueError, SyntaxError, TypeError, MemoryError):
            continue
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return value
    if not body or _at_end(text, error):
        raise JSONReadError("the answer was cut off: its JSON object has no end")
    raise JSONReadError(f"the JSON cannot be read: {error}")


def _at_end(text: str, error: ValueError) -> bool:
    # An error counts as "at the end" where everything before the end was JSON.
    if not isinstance(error, json.JSONDecodeError):
        return False
    return "Unterminated string" in error.msg or not error.doc[error.pos :].strip()


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key not in result or same(result[key], value):
            result[key] = value
        elif isinstance(result[key], Duplicates):
            result[key].append(value)
        else:
            result[key] = Duplicates([result[key], value])
    return result


def same(left: object, right: object) -> bool:
    """Whether two values are equal and no bool stands for a number."""
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _strict(text: str) -> Any:
    return json.loads(text, strict=False, object_pairs_hook=_without_duplicates)


def _typographic(text: str) -> Any:
    """JSON whose punctuation is typographic or full-width, with odd spaces between its tokens."""
    if '"' not in text:  # else such quotes may belong to a value
        text = re.sub(r"([{\[,:｛：，]\s*)[“”„＂]", r'\1"', text)
        text = re.sub(r"[“”＂](\s*[}\],:｝：，])", r'"\1', text)
    outside = {"｛": "{", "｝": "}", "：": ":", "，": ",", "［": "[", "］": "]"}
    odd = r"[\u00a0\u200b-\u200d\u2060\u3000\ufeff]"
    return _strict(re.sub(f"({_STRING})|([｛｝：，［］])|{odd}", lambda m: m[1] or outside.get(m[2], " "), text))


def _repaired(text: str) -> Any:
    if len(text) > _REPAIR_LENGTH or len(re.findall(r"""["'{\[]""", text)) > _REPAIR_QUOTES:
        raise ValueError("too long to repair")
    import json_repair

    value = json_repair.loads(text)
    plain = _unescaped(text)
    if _content(json.dumps(value, ensure_ascii=False)) != _content(text):
        raise ValueError("the repair would drop or add something")
    for each in _texts(value):
        if not any(each + quote in plain for quote in "\"'`”’"):
            raise ValueError("the repair would change a value, or complete one")
        if re.search(r"""["']\s*\+\s*["']""", each):
            raise ValueError("the repair would take a sum of strings for one")
    return value


def _texts(value: Any) -> list[str]:
    """Every string in nested lists and dicts, but for keys."""
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _texts(part)]


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\", '"': '"', "'": "'"}


def _unescaped(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        code = match[1]
        return chr(int(code[1:], 16)) if len(code) > 1 else _ESCAPES.get(code, match[0])

    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", character, text, flags=re.DOTALL)


def _content(text: str) -> str:
    """What must survive a repair: everything but quotes, commas, spaces, comments, and how a number is written."""
    text = re.sub(r"""(?://|#)[^"'\n]*$|/\*[^"']*?\*/""", "", text, flags=re.MULTILINE)
    text = re.sub(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", lambda match: repr(float(match[0])), text)
    text = re.sub(r"\b(?:None|null|NULL)\b", "null", text)
    text = re.sub(r"\b[Tt](?:rue|RUE)\b", "true", re.sub(r"\b[Ff](?:alse|ALSE)\b", "false", text))
    return re.sub(r"""["'`,\s]""", "", _unescaped(text))


def fault(value: object) -> str | None:
    """Why a value can be no parameter's: not finite, half a character, a key twice, endless nesting."""
    try:
        for item in everything_in(value):
            if isinstance(item, Duplicates):
                return "is given twice, with different values"
            require_sound(item)
    except ValueError as error:
        return str(error)
    return None
