"""Reading an optimizer's LLM: from whatever text it wrote to checked values and refusals.

Two forms are asked for (`answer_format`) and both are always read: JSON, and fenced blocks under the variable's name.
Beside them XML-like tags, `name = value` lines and a bare function are understood. The text is untrusted: nothing in
it is evaluated, and every value passes the parameter's own check. What is ambiguous, cut off or only nearly a value is
refused with a reason that can go back to the LLM; it is never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trace_core.errors import InvalidValue, UnusableAnswer
from trace_core.optimizers.answer_blocks import blocks, masked
from trace_core.optimizers.answer_reader import Reader
from trace_core.optimizers.answer_values import Variable, printable, settle, unchanged

LONGEST = 200_000
"""The most characters that an answer may have."""

_THOUGHT = re.compile(r"\s*<(think|thinking|thought|reasoning)>", re.IGNORECASE)
_THOUGHT_ENDS = re.compile(r"</(?:think|thinking|thought)>(?:[ \t]*\n\s*(?=\S)|(?=[{`]))", re.IGNORECASE)
_SPECIAL = re.compile(r"(?:\s*(?:<\|[a-z_]{1,30}\|>|</s>|<end_of_turn>))+\s*\Z")


@dataclass(frozen=True, slots=True)
class Answer:
    """What an LLM suggested.

    `values` holds the checked new value of each variable that it changes; `refusals` says, for each name that it gave
    a value which cannot be used, what is wrong. Whether the values count beside refusals is the optimizer's decision.
    """

    values: dict[str, Any]
    reasoning: str = ""
    refusals: dict[str, str] = field(default_factory=dict)


def parse(text: str, variables: Mapping[str, Variable], finish_reason: str | None = "stop") -> Answer:
    """Read an LLM's answer.

    - JSON goes before tags, tags before blocks, blocks before lines and bare code; the first that gives something
      counts. Null, a missing name, or the current value (for text, but for whitespace around it) mean unchanged.
    - A name may be written in other case, in quotes, as an identifier (`f_code`), or by its last part (`code`), if
      only one variable can be meant. A name that no variable has is refused.
    - Where a single variable is asked for, a block needs no name. Of several blocks with code, those that define the
      function count and of these the last that is not the current code, since models show the old code first. Of
      several different blocks with other text none counts.
    - Where a single text is asked for, an answer without any block counts if it begins with the whole present text and
      the rest does not speak of it.
    - Text in a block loses the whitespace around it, the variable's name before it, and the Python string that it is
      assigned as; code loses blank lines around it and its common indentation. Nothing else is cleaned: quotes or
      another label inside a block are part of the value.
    - A JSON object in prose, without "suggestion", may be an example: a block under the variable's name goes before it.
    - A last block without a closing fence is read to the end; a JSON object without an end is not read.

    Args:
        text: what the LLM wrote.
        variables: the parameters it was asked about, by name.
        finish_reason: why it stopped, in OpenAI's words; after "length" nothing is read.

    Raises:
        UnusableAnswer: no value and no name can be read from it; the reason says why.

    Example:
        parse('{"suggestion": {"temperature": "0.2"}}', {"temperature": temperature}).values == {"temperature": 0.2}
    """
    if finish_reason == "length":
        raise UnusableAnswer("the answer was cut off at the token limit")
    if len(text) > LONGEST:
        raise UnusableAnswer(f"the answer has {len(text):,} characters; at most {LONGEST:,} are read")
    thought, text = _without_thought(text)
    if not text.strip():
        raise UnusableAnswer("the answer ends within its thoughts" if thought else "the answer is empty")
    found = Reader(text, variables).read()
    values: dict[str, Any] = {}
    refusals = found.refusals
    for name, given in found.given.items():
        try:
            value = settle(variables[name], given)
        except InvalidValue as error:
            refusals[name] = error.reason
        else:
            if not unchanged(variables[name], value):
                values[name] = value
    return Answer(values, printable(found.reasoning or thought).strip(), refusals)


def _without_thought(text: str) -> tuple[str, str]:
    """The model's thinking aloud, and the rest, without the marks of chat templates."""
    text = _SPECIAL.sub("", text.replace("\r\n", "\n").lstrip("\ufeff"))
    thought = ""
    if opening := _THOUGHT.match(text):
        thought, _, text = text[opening.end() :].partition(f"</{opening[1]}>")
    if text.lstrip()[:1] not in ("{", "["):
        for end in [*_THOUGHT_ENDS.finditer(masked(text, blocks(text)))][-1:]:  # a prompt may speak of thoughts
            return f"{thought}\n{text[: end.start()]}".strip(), text[end.end() :]
    return thought.strip(), text
