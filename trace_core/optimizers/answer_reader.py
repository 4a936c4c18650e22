"""The order in which an LLM's answer is searched for values, and what counts as given to which variable."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from trace_core.errors import InvalidValue, UnusableAnswer
from trace_core.optimizers.answer_blocks import Block, between, blocks, elements, outside, variable_tags
from trace_core.optimizers.answer_json import OBJECT_START, Duplicates, JSONReadError, objects
from trace_core.optimizers.answer_labels import labels
from trace_core.optimizers.answer_values import (
    Names,
    Variable,
    assignment,
    code_text,
    function_name,
    functions,
    identifier,
    is_text,
    keeps,
    printable,
    settle,
    unchanged,
)

_REASONING = ("reasoning", "reason", "explanation")
_COMMENTARY = (*_REASONING, "thought", "thoughts", "analysis", "answer", "feedback", "suggestion", "suggestions")
_COMMENT = re.compile(r"\b(?:this|the|current|present) prompt\b|\bas (?:it )?is\b", re.IGNORECASE)


class Reader:
    """One answer being read.

    `given` holds what was written for each variable, `refusals` what was written for none, `reasoning` the rest.
    """

    def __init__(self, text: str, variables: Mapping[str, Variable]) -> None:
        self.variables = variables
        self.names = Names(variables)
        self.given: dict[str, list[Any]] = {}
        self.refusals: dict[str, str] = {}
        self.reasoning = ""
        named = {name: function_name(each) for name, each in variables.items()}
        self._functions = {name: function for name, function in named.items() if function}
        self._text = text
        self._blocks = blocks(text)
        self._prose = outside(text, self._blocks)
        self._examples: list[dict[str, Any]] = []
        self._broken = ""
        self._unread = False
        self._answered = False

    def read(self) -> Reader:
        """Try each form in turn until one gives something. Raises UnusableAnswer if none does."""
        forms = (
            self._from_json,
            self._from_tags,
            self._from_blocks,
            self._from_lines,
            self._from_bare_code,
            self._from_longer_text,
        )
        for form in forms:
            form()
            if self._answered or self.given or self.refusals:
                return self
        names = ", ".join(self.names.exact)
        raise UnusableAnswer(self._broken or f"no block and no JSON object gives a value for {names}")

    def _add(self, written: str, value: Any) -> None:
        meant = self.names.meant(written)
        if len(meant) == 1:
            self.given.setdefault(meant[0], []).append(value)
        else:
            shown = printable(written[:80])
            self.refusals[shown] = self.names.unknown(shown)

    # --- JSON

    def _from_json(self) -> None:
        for sources, in_prose in self._json_sources():
            for start, source in sources:
                answers = self._objects(start, source)
                self._examples += [each for each in answers if in_prose and _suggestion(each) is None]
                for answer in answers:
                    if not in_prose or _suggestion(answer) is not None:
                        self._take(answer)
                        self._answered = True
            if self._answered:
                return

    def _json_sources(self) -> Iterator[tuple[list[tuple[int, str]], bool]]:
        """The parts of the answer to look for objects in, each with its place, and whether they are prose."""
        if self._text.lstrip()[:1] in ("{", "[", "｛"):
            yield [(0, self._text)], False  # a block in it stands inside a string
            return
        likely = [block for block in self._blocks if block.text.lstrip()[:1] in ("{", "｛")]
        likely = [block for block in likely if "suggestion" in block.text or not labels(block, self.names)]
        yield [(block.start, block.text) for block in likely], False
        yield between(self._text, self._blocks), bool(self._blocks)

    def _objects(self, start: int, source: str) -> list[dict[str, Any]]:
        """The answers in a part of the text; one that is not whole there may have a fence in a string of its own."""
        try:
            try:
                found = objects(source)
            except JSONReadError:
                if self._broken or source == self._text:
                    raise
                found = objects(self._text[start:])
        except JSONReadError as error:
            self._broken = str(error)
            self._unread |= "suggestion" in source or any(f'"{name}"' in source for name in self.names.exact)
            return []
        return [each for each in map(self._named, found) if self._is_answer(each)]

    def _named(self, answer: dict[str, Any]) -> dict[str, Any]:
        """`{"name": n, "value": v}` as `{n: v}`."""
        pair = isinstance(answer.get("name"), str) and {*answer} - {*_COMMENTARY} == {"name", "value"}
        return {answer["name"]: answer["value"]} if pair and not self.names.meant("name", whole=True) else answer

    def _is_answer(self, value: dict[str, Any]) -> bool:
        keys = [key for key in value if key.strip().casefold() not in _COMMENTARY]
        if _suggestion(value) is not None or any(self.names.meant(key, whole=True) for key in value):
            return True
        if keys and all(len(self.names.meant(key)) == 1 for key in keys):
            return True
        self._broken = f"the JSON object names no variable; the variables are {', '.join(self.names.exact)}"
        return False

    def _take(self, answer: dict[str, Any]) -> None:
        key = _suggestion(answer)
        comments = [each for each in answer if each.strip().casefold() in _COMMENTARY and not self.names.meant(each)]
        for each in comments:
            if each.strip().casefold() in _REASONING and isinstance(answer[each], str):
                self.reasoning = answer[each]
        rest = {each: answer[each] for each in answer if each not in comments}
        suggestion = rest if key is None else answer[key]
        for beside in [] if key is None else rest:
            if self.names.meant(beside, whole=True):
                self._add(beside, rest[beside])
        if isinstance(suggestion, str):
            suggestion = self._from_text(suggestion)
        several = suggestion if isinstance(suggestion, list) else [suggestion]
        if isinstance(suggestion, Duplicates):
            self.refusals["suggestion"] = "is given twice, with different values; give one"
        elif several and all(isinstance(each, dict) for each in several):
            for part in several:
                for name, value in self._named(part).items():
                    self._add(name, value)
        elif suggestion is not None:
            self.refusals["suggestion"] = "must be a JSON object with a value for each variable"

    def _from_text(self, suggestion: str) -> Any:
        """A suggestion that is a string: JSON once more, or the value of the only variable."""
        if suggestion.lstrip().startswith("{"):
            try:
                found = objects(suggestion)
            except JSONReadError:
                return suggestion
            return found[0] if len(found) == 1 else suggestion
        return {self.names.exact[0]: suggestion} if len(self.variables) == 1 else suggestion

    # --- tags and blocks

    def _from_tags(self) -> None:
        self.reasoning = self._prose
        for name, value, position in variable_tags(self._text):
            if not any(block.start <= position < block.end for block in self._blocks):
                self._add(name, value)

    def _from_blocks(self) -> None:
        texts: dict[str, list[str]] = {}
        for block in self._blocks:
            for name in self._owners(block):
                texts.setdefault(name, []).append(self._share(name, block.text))
        named = {*texts}
        if not texts and len(self.variables) == 1 and not self._unread:
            [(name, variable)] = self.variables.items()
            lone = [block.text for block in self._blocks if block.text.strip() and self._may_be(variable, block)]
            texts = {name: lone} if lone else {}
            if lone and variable.kind != "code" and self._fences_do_not_pair():
                self.refusals[name] = "has fences in it that end its block early; put it between longer fences: ````"
                return
        for name, several in texts.items():
            self.given[name] = _chosen(self.variables[name], several)
        for example in self._examples:
            self._take({key: each for key, each in example.items() if named.isdisjoint(self.names.meant(key))})
        if not texts:
            self._from_elements()
            return
        for name, value in self._assignments(self._prose):
            if name not in texts and not is_text(self.variables[name]) and _fits(self.variables[name], value):
                self.given.setdefault(name, []).append(value)

    def _fences_do_not_pair(self) -> bool:
        """Whether text stands between a block and an empty one: then a fence in the block was taken for its end."""
        empty = next((block for block in reversed(self._blocks) if not block.text.strip()), None)
        before = [block for block in self._blocks if block.text.strip() and empty and block.end <= empty.start]
        return empty is not None and bool(before) and bool(self._text[before[-1].end : empty.start].strip())

    def _owners(self, block: Block) -> list[str]:
        """The variables that a block is for: the one named on or above it, and those whose function it defines."""
        if not block.text.strip():
            return []
        named = labels(block, self.names)
        if any(self.variables[name].kind != "code" for name in named):
            return named
        defined = functions(code_text(block.text))
        owners = {name: function for name, function in self._functions.items() if function in defined}
        unique = len({*owners.values()}) == len(owners)
        return list(dict.fromkeys([*named, *owners])) if unique else named

    def _share(self, name: str, text: str) -> str:
        """A block without the functions that belong to other variables."""
        if name not in self._functions:
            return text
        text = code_text(text)
        others = {*self._functions.values()} - {self._functions[name]}
        lines = text.split("\n")
        for each in sorted(functions(text).values(), key=lambda each: -each.lineno):
            if each.name in others:
                del lines[min(one.lineno for one in (each, *each.decorator_list)) - 1 : each.end_lineno]
        return "\n".join(lines)

    def _may_be(self, variable: Variable, block: Block) -> bool:
        """Whether an unnamed block may be the value of the only variable: text is no JSON, unless it was before."""
        if not is_text(variable) or (block.info != "json" and not OBJECT_START.match(block.text.lstrip())):
            return True
        return "suggestion" not in block.text and OBJECT_START.match(str(variable.data).lstrip()) is not None

    def _from_elements(self) -> None:
        for name in self.names.exact:
            for spelled in dict.fromkeys((name, identifier(name), name.rpartition(".")[2])):
                values = elements(self._prose, spelled)
                if values and self.names.meant(spelled) == [name]:
                    self.given.setdefault(name, []).extend(values)
                    break

    # --- what is left

    def _from_lines(self) -> None:
        if self._broken:
            return  # a line of JSON that cannot be read may have lost its end
        texts = []
        for name, value in self._assignments(self._text):
            if not is_text(self.variables[name]):
                self.given.setdefault(name, []).append(value)
            elif not keeps(value):
                texts.append(name)
        if self.given:
            self.refusals |= dict.fromkeys(texts, "is a text; give it in a block under its name, or as JSON")

    def _assignments(self, text: str) -> Iterator[tuple[str, str]]:
        """The lines that give a value to a variable, but for those in the midst of a sentence."""
        for line, after in pairwise([*text.splitlines(), ""]):
            named = assignment(line)
            meant = self.names.meant(named[0], whole=True) if named else []
            if named and len(meant) == 1 and (assignment(after) or not after[:1].islower()):
                yield meant[0], named[1]

    def _from_bare_code(self) -> None:
        for name, function in self._functions.items():
            for pattern in (r"\A", rf"^(?:async[ ]+)?def[ ]+{function}\b"):
                start = re.search(pattern, self._prose, re.MULTILINE)
                if start and function in functions(code_text(self._prose[start.start() :])):
                    self.given[name] = [self._prose[start.start() :]]
                    self.reasoning = self._prose[: start.start()]
                    break

    def _from_longer_text(self) -> None:
        """A lone text without a block that begins with the whole present one: small models add to it like that."""
        if len(self.variables) != 1:
            return
        ((name, variable),) = self.variables.items()
        present = variable.data.strip() if isinstance(variable.data, str) and variable.kind != "code" else ""
        text = self._text.strip()
        if " " in present and text.startswith(present) and not _COMMENT.search(text, len(present)):
            self.given[name] = [text]


def _suggestion(answer: dict[str, Any]) -> str | None:
    """The key of the suggestion in a JSON answer."""
    return next((key for key in answer if key.strip().casefold() in ("suggestion", "suggestions")), None)


def _chosen(variable: Variable, texts: list[str]) -> list[str]:
    """Of several blocks for one variable those that count: see `trace_core.optimizers.answer.parse`."""
    texts = [code_text(text) if variable.kind == "code" else text.strip() for text in texts]
    texts = [text for text in texts if not unchanged(variable, text)] or texts[:1]
    if variable.kind != "code":
        return texts
    defining = [text for text in texts if function_name(variable) in functions(text)]
    return (defining or texts)[-1:]


def _fits(variable: Variable, value: str) -> bool:
    try:
        settle(variable, [value])
    except InvalidValue:
        return False
    return True
