"""`middleware()`: an agent's system prompt learned through `create_agent`'s public interface."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from langchain_core.messages import SystemMessage

from trace_core.errors import MissingExtra
from trace_core.exposing import read_now
from trace_core.parameter_nodes import ParameterNode
from trace_core.parameters import ParameterSet
from trace_langchain.reads import note

if TYPE_CHECKING:
    from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse


def middleware(system_prompt: str, *, name: str = "agent") -> AgentMiddleware[Any, Any]:
    """A middleware for `create_agent` that gives the model a system prompt that is learned.

    It takes the place of the agent's own `system_prompt`; middleware that is listed behind it may still change it.

    Args:
        system_prompt: the first text; while it is empty the agent's own is left.
        name: the parameter is named `<name>.system_prompt`.

    Raises:
        MissingExtra: langchain is not installed (langchain-core alone has no agents).

    Example:
        learned = middleware("You are a helpful assistant.", name="support")
        agent = create_agent(model, tools, middleware=[learned])
        optimizer = OptoPrime(learned.parameters())
    """
    try:
        from langchain.agents.middleware import AgentMiddleware
    except ImportError as error:
        raise MissingExtra("middleware()", "langchain") from error

    class LearnedSystemPrompt(AgentMiddleware[Any, Any]):
        """Gives the model the system prompt that holds here and now."""

        def __init__(self) -> None:
            super().__init__()
            self.parameter = ParameterNode(
                system_prompt,
                f"{name}.system_prompt",
                "the agent's instructions to the model",
                type=str,
                kind="system_prompt",
            )

        def parameters(self) -> ParameterSet:
            """The system prompt."""
            return ParameterSet([self.parameter])

        def wrap_model_call(
            self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
        ) -> ModelResponse[Any]:
            """Call the model with it."""
            return handler(self._changed(request))

        async def awrap_model_call(
            self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
        ) -> ModelResponse[Any]:
            """The same in async code."""
            return await handler(self._changed(request))

        def _changed(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
            read = read_now(self.parameter)
            note("system_prompt", self.parameter, read)
            if not read.value:
                return request
            if hasattr(request, "system_message"):
                return request.override(system_message=SystemMessage(read.value))
            return request.override(system_prompt=read.value)  # type: ignore[call-arg] # langchain 1.0

    return LearnedSystemPrompt()
