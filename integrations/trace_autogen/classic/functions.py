"""Functions of tools: their code is learned; what an LLM wrote runs in the sandbox.

An agent keeps them in its function map, made to give text. There stands a function that calls the user's own until its
text is rewritten.
"""

from __future__ import annotations

import functools
import inspect
import weakref
from typing import Any

from trace_autogen.classic import private, standing
from trace_autogen.classic.frames import FRAME
from trace_autogen.classic.holding import hooks_of
from trace_autogen.classic.standing import Entry
from trace_core.bundles import LearnedCode
from trace_core.errors import UntrainableCode
from trace_core.exposing import CodeBinding, read_now
from trace_core.parameter_nodes import ParameterNode


class FunctionBinding(CodeBinding):
    """The text of a function that agents call for a tool.

    Args:
        agent, tool: whose tool it is, and the tool's name; `join` adds others with the same function.
        learned_code: "sandbox" or "native".

    Raises:
        UntrainableCode: it has no source, or rewritten code of it could not run in the sandbox.
    """

    def __init__(self, agent: Any, tool: str, learned_code: LearnedCode) -> None:
        registered = private.functions(agent)[tool]
        function = inspect.unwrap(registered)
        if _parameters(getattr(registered, "_origin", function)) != _parameters(function):
            raise UntrainableCode(f"AG2 fills arguments of {tool} itself, which rewritten code would not get")
        super().__init__(function, learned_code)
        self._places = [(agent, tool)]
        self._replaced: list[tuple[Any, str, Any, Any]] = []
        self._clones: list[tuple[weakref.ref[Any], str, Any, Any]] = []

    def shared(self) -> int:
        """What tools with the same function have in common."""
        return id(self.function)

    def known(self) -> ParameterNode | None:
        """The parameter that it is already."""
        found = (standing.known(agent, (tool, "code")) for agent, tool in self._places)
        return next((known for known in found if known is not None), None)

    def join(self, other: FunctionBinding) -> None:
        """Take in tools with the same function, before `install`."""
        known = {(id(agent), tool) for agent, tool in self._places}
        self._places += [(agent, tool) for agent, tool in other._places if (id(agent), tool) not in known]

    def install(self, parameter: ParameterNode) -> None:
        """Put there what calls the function whose text is current."""
        for agent, tool in self._places:
            if standing.known(agent, (tool, "code")) is None:
                functions = private.functions(agent)
                before, made = functions[tool], self._standing(agent, functions[tool], parameter)
                functions[tool] = made
                self._replaced.append((agent, tool, before, made))
                standing.add(agent, Entry((tool, "code"), "code", parameter, "code"))

    def follow(self, clone: Any, entry: Entry) -> None:
        """A clone has what calls the current function already, until `release`."""
        tool = entry.key[0]
        standing.add(clone, entry)
        self._clones = [each for each in self._clones if each[0]() is not None]
        for _, name, before, made in self._replaced:
            if name == tool and private.functions(clone).get(tool) is made:
                self._clones.append((weakref.ref(clone), tool, before, made))
                break

    def release(self) -> None:
        """Put the user's function back, if nothing else was put there since; a learned text is no longer used."""
        clones = [(agent, *rest) for each, *rest in self._clones if (agent := each()) is not None]
        for agent, tool, before, made in [*clones, *reversed(self._replaced)]:
            standing.forget(agent, (tool, "code"))
            functions = private.functions(agent)
            if functions.get(tool) is made:
                functions[tool] = before
        self._replaced, self._clones = [], []

    def _standing(self, agent: Any, registered: Any, parameter: ParameterNode) -> Any:
        """What is called in the registered function's place."""

        def learned(text: str) -> Any:
            made = self.rewritten(text)
            return private.made_for_tools(agent, made) if hasattr(registered, "_origin") else made

        @functools.wraps(registered)
        def called(*args: Any, **kwargs: Any) -> Any:
            text = _read(parameter)
            return (registered if text == self.code.source else learned(text))(*args, **kwargs)

        @functools.wraps(registered)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            text = _read(parameter)
            return await (registered if text == self.code.source else learned(text))(*args, **kwargs)

        return awaited if self.code.is_async else called


def _parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


def _read(parameter: ParameterNode) -> str:
    """The text that holds here and now; the call of the tool that runs here has read it."""
    read = read_now(parameter)
    frame = FRAME.get()
    hooks = hooks_of(frame.details["agent"]) if frame is not None and frame.kind == "tool" else None
    if frame is not None and hooks is not None and hooks.recorder is not None:
        hooks.recorder._note(frame.id, "code", parameter, read)
    return str(read.value)
