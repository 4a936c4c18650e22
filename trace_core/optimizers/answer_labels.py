"""Which variable an LLM wrote a block for, by the words on its opening fence and in the line above it."""

from __future__ import annotations

import re

from trace_core.optimizers.answer_blocks import Block
from trace_core.optimizers.answer_values import Names

_NAME = re.compile(r"[\w.\[\]]*\w[\w.\[\]]*")
_MARKED = re.compile(r"`([^`\n]+)`|\*\*([^*\n]+)\*\*|\"([^\"\n]+)\"|<([^<>\n]+)>")


def labels(block: Block, names: Names) -> list[str]:
    """The one variable named on the opening fence, by the line above, or, where there are several, in that line."""
    info = block.info.split()
    places = [(info, True), ([block.label], False), (info, False)]
    if len(names.exact) > 1:
        marked = [next(filter(None, each.groups())) for each in _MARKED.finditer(block.label) if _is_label(each)]
        words = _NAME.findall(block.label)  # a name in the middle of a sentence may be about another block
        dotted = [word for word in (words if len(words) < 4 else words[-1:]) if "." in word or "_" in word]
        places += [(marked, False), (dotted, True)]
    for words, whole in places:
        found = {name for word in words for name in names.meant(word, whole)}
        if len(found) == 1:
            return [*found]
    return []


def _is_label(name: re.Match[str]) -> bool:
    """Whether a marked name in a line says whose the block under it is: it begins the line, or nearly ends it."""
    before, after = name.string[: name.start()], name.string[name.end() :]
    if not re.search(r"[^\W\d]", before) and re.match(r"\s*[:(–—-]", after):
        return True
    return len(_NAME.findall(after)) <= 2 and "," not in after
