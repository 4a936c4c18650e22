"""Templates that are no program's own: LlamaIndex's defaults, which all programs of a process share."""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any

from llama_index.core.prompts import BasePromptTemplate, SelectorPromptTemplate

from trace_core.exposing import Stand
from trace_llamaindex import private

if TYPE_CHECKING:
    from trace_llamaindex.walking import Found


def defaults() -> frozenset[int]:
    """The ids of the templates that modules of LlamaIndex hold."""
    modules = [module for name, module in sys.modules.copy().items() if name.partition(".")[0] == "llama_index"]
    held = [value for module in modules for value in vars(module).copy().values()]
    return frozenset(id(value) for value in held if isinstance(value, BasePromptTemplate))


def is_among(template: Any, shared: frozenset[int]) -> bool:
    """Whether a template, or one behind a selector, is one of these."""
    if not isinstance(template, SelectorPromptTemplate):
        return id(template) in shared
    behind = [template.default_template, *(each for _, each in template.conditionals or ())]
    return any(id(each) in shared for each in (template, *behind))


class Held:
    """A template, or one behind a selector, in attributes of the objects that use it.

    A default of LlamaIndex is replaced by a copy there, since writing to it would change every other program. Of a
    selector, the template that the first object's model uses is meant.

    Args:
        found: the template, with what holds it.
    """

    def __init__(self, found: Found) -> None:
        holder = found.holders[0]
        self._holder = holder if found.is_default else None
        self._attribute = found.attributes[0]
        self._first = self._template = found.value
        self._is_default = found.is_default
        self._uses = list(map(_Use, found.holders, found.attributes))
        self.model = None if holder is None else private.model_of(holder)

    def used(self) -> BasePromptTemplate:
        """The template that is used."""
        template = self._template
        return template.select(self.model) if isinstance(template, SelectorPromptTemplate) else template

    def own(self) -> BasePromptTemplate:
        """The template that is used, after a copy of it has taken its place."""
        if self._is_default and self._template is self._first:
            self._template = _copied(self._first, self.used())
            private.set_attribute(self._holder, self._attribute, self._template)
        return self.used()

    def lost(self) -> str:
        """Which of the objects that used it have another one by now; empty if all have it, as one of them must."""
        in_use = [use for use in self._uses if use.holder() is not None]
        gone = [use.name for use in in_use if not use.is_of(self._template)]
        return ", ".join(gone) or ("" if in_use else "the program")

    def join(self, other: Held) -> None:
        """Take in objects that were found later; those that are gone, or have another one by now, are forgotten."""
        uses = [use for use in (*self._uses, *other._uses) if use.is_of(self._template)]
        self._uses = list({(id(use.holder()), use.attribute): use for use in uses}.values())

    def give_back(self) -> None:
        """Put the first one back, if nothing is learned any more and all is as it was."""
        copy = self._template
        if copy is self._first or Stand.of(self.used()) is not None:
            return
        if private.attributes(self._holder).get(self._attribute) is copy and copy == self._first:
            private.set_attribute(self._holder, self._attribute, self._first)
            self._template = self._first


class _Use:
    """An attribute in which a template may be; the object is not kept alive."""

    def __init__(self, holder: Any, attribute: str) -> None:
        self.holder = (lambda: self) if holder is None else weakref.ref(holder)
        self.name = f"a {type(holder).__name__}"
        self.attribute = attribute

    def is_of(self, template: BasePromptTemplate) -> bool:
        """Whether it is there, as far as is known: in a list it may have moved."""
        holder = self.holder()
        return holder is not None and (not self.attribute or private.attributes(holder).get(self.attribute) is template)


def _copied(template: BasePromptTemplate, used: BasePromptTemplate) -> BasePromptTemplate:
    """A copy; of a selector, one with a copy of the template that is used."""
    if not isinstance(template, SelectorPromptTemplate):
        return template.model_copy()
    copy = used.model_copy()
    made = template.model_copy()
    if template.default_template is used:
        made.default_template = copy
    if template.conditionals is not None:
        behind = [(fits, copy if each is used else each) for fits, each in template.conditionals]
        made.conditionals = type(template.conditionals)(behind)  # type: ignore[call-arg]
    return made
