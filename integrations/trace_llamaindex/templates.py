"""Templates that are no program's own: LlamaIndex's defaults, which all programs of a process share."""

from __future__ import annotations

import sys
from typing import Any

from llama_index.core.prompts import BasePromptTemplate, SelectorPromptTemplate

from trace_llamaindex import private
from trace_llamaindex.standing import Stand


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
    """A template, or one behind a selector, in an attribute of the object that uses it.

    A default of LlamaIndex is replaced by a copy there, since writing to it would change every other program. Of a
    selector, the template that the object's model uses is meant.

    Args:
        holder: the object that holds it; None for a template by itself.
        attribute: the attribute; empty if there is none.
        template: the template.
    """

    def __init__(self, holder: Any, attribute: str, template: BasePromptTemplate) -> None:
        self._holder = holder
        self._attribute = attribute
        self._first = self._template = template
        self.model = None if holder is None else private.model_of(holder)

    def used(self) -> BasePromptTemplate:
        """The template that is used."""
        template = self._template
        return template.select(self.model) if isinstance(template, SelectorPromptTemplate) else template

    def own(self) -> BasePromptTemplate:
        """The template that is used, after a copy of it has taken its place."""
        if self._template is self._first:
            self._template = _copied(self._first, self.used())
            private.set_attribute(self._holder, self._attribute, self._template)
        return self.used()

    def give_back(self) -> None:
        """Put the first one back, if nothing is learned any more and all is as it was."""
        copy = self._template
        if copy is self._first or Stand.of(self.used()) is not None:
            return
        if private.attributes(self._holder).get(self._attribute) is copy and copy == self._first:
            private.set_attribute(self._holder, self._attribute, self._first)
            self._template = self._first


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
