"""Finding fenced blocks and XML-like tags in an LLM's answer, and what is written above or on them.

A fence is a line of three or more backticks or tildes, as in CommonMark (https://spec.commonmark.org, 4.5), and more
lenient where models are: a block inside a block counts as part of it, and the last fence may be missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*?)[ \t]*$")
_ONE_LINE = re.compile(r"^[ \t]*```(?P<text>[^`\n]+)```[ \t]*$")
_TAG = re.compile(r"""<variable\b[^>\n]{0,200}?\bname\s*=\s*["'](?P<name>[^"'\n]{1,200})["'][^>\n]{0,200}>""")
_NESTED_TAG = re.compile(r"<variable>\s*<name>(?P<name>[^<\n]{1,200})</name>\s*<value>")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its text, the words after its opening fence, the line above it, and where it stands."""

    text: str
    info: str
    label: str
    start: int
    end: int


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a text, in order. A last one without a closing fence reaches to the end of the text."""
    found: list[Block] = []
    lines = text.splitlines(keepends=True)
    offset, index, label = 0, 0, ""
    while index < len(lines):
        line = lines[index].rstrip("\r\n")
        opening, one_line = _FENCE.match(line), _ONE_LINE.match(line)
        length, body, info = 1, "", ""
        if one_line:
            body = one_line["text"]
        elif opening:
            length, body = _body(lines, index, opening)
            info = opening["info"]
        size = sum(map(len, lines[index : index + length]))
        if one_line or opening:
            found.append(Block(body, info, label, offset, offset + size))
            label = ""
        elif line.strip():
            label = line.strip()
        offset, index = offset + size, index + length
    return found


def _body(lines: list[str], first: int, opening: re.Match[str]) -> tuple[int, str]:
    """How many lines a block takes with its fences, and the text between them."""
    body: list[str] = []
    fence, depth = opening["fence"], 1
    for index in range(first + 1, len(lines)):
        line = lines[index]
        bare = line.strip()
        if bare.startswith(fence):
            depth += -1 if not bare.strip(fence[0]) else 1
            if depth == 0:
                return index - first + 1, "".join(body)
        body.append(line.removeprefix(opening["indent"]))
    return len(lines) - first, "".join(body).rstrip().removesuffix(fence)


def between(text: str, found: list[Block]) -> list[tuple[int, str]]:
    """The parts of the text without its blocks, each with its place."""
    starts, ends = [0, *(block.end for block in found)], [*(block.start for block in found), len(text)]
    return [(start, text[start:end]) for start, end in zip(starts, ends, strict=True)]


def outside(text: str, found: list[Block]) -> str:
    """The text without its blocks."""
    return "".join(part for _, part in between(text, found))


def masked(text: str, found: list[Block]) -> str:
    """The text with its blocks as so many backticks, so that places in it stay."""
    parts = between(text, found)
    ends = [*(start for start, _ in parts[1:]), len(text)]
    return "".join(part + "`" * (end - start - len(part)) for (start, part), end in zip(parts, ends, strict=True))


def variable_tags(text: str) -> Iterator[tuple[str, str, int]]:
    """(name, value, position) of each `<variable name="…">…</variable>` and `<variable><name>…</name><value>…`."""
    for pattern, closing in ((_TAG, "</variable>"), (_NESTED_TAG, "</value>")):
        for match in pattern.finditer(text):
            if (end := text.find(closing, match.end())) < 0:
                break
            yield match["name"], _inner(text[match.end() : end]), match.start()


def elements(text: str, name: str) -> list[str]:
    """What stands between each `<name>` and its `</name>`."""
    parts = [part.partition(f"</{name}>") for part in text.split(f"<{name}>")[1:]]
    return [_inner(inside) for inside, closing, _ in parts if closing]


def _inner(text: str) -> str:
    """What a tag holds, out of a `<value>`, a CDATA section or a block that holds it whole."""
    text = text.strip()
    for before, after in (("<value>", "</value>"), ("<data>", "</data>"), ("<![CDATA[", "]]>")):
        if text.startswith(before) and text.endswith(after):
            text = text[len(before) : -len(after)].strip("\r\n")
    return unfenced(text)


def unfenced(text: str) -> str:
    """The inside of a text that is one block and nothing else; any other text as it is."""
    if not text.lstrip().startswith(("```", "~~~")):
        return text
    found = blocks(text.strip())
    return found[0].text if len(found) == 1 and not outside(text.strip(), found).strip() else text
