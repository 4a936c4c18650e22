"""Hooks of a model's client: what was really sent to the model, and what came back."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from autogen_core.models import CreateResult

from trace_autogen.frames import FRAME, Frame
from trace_autogen.hooks import Hooks, ProgramHooks
from trace_autogen.streams import framed, in_frame
from trace_core.recording import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

_MODEL = "A language model reads the messages and answers."


class ClientHooks(Hooks):
    """Hooks of a client, which several agents may share: whose call it is, the frame tells."""

    def install(self) -> None:
        """Replace `create` and `create_stream`."""
        self.patches.replace(self.owner, "create", self._create)
        self.patches.replace(self.owner, "create_stream", self._create_stream)

    def _create(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def create(messages: Sequence[Any], **arguments: Any) -> Any:
            outer = FRAME.get()
            if outer is None or outer.is_request:  # a client that calls another, as a cache does
                return await original(messages, **arguments)
            frame, messages, arguments = self._began(outer, messages, arguments)
            try:
                result = await in_frame(original(messages, **arguments), frame)
            except BaseException as error:
                frame.fail(error)
                raise
            _ended(frame, result)
            return result

        return create

    def _create_stream(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def create_stream(messages: Sequence[Any], **arguments: Any) -> AsyncGenerator[Any, None]:
            outer = FRAME.get()
            if outer is None or outer.is_request:  # a client that calls another, as a cache does
                stream: AsyncGenerator[Any, None] = original(messages, **arguments)
                return stream
            stream = self._streamed(original, outer, messages, arguments)
            outer.streams.append(stream)
            return stream

        return create_stream

    async def _streamed(
        self, original: Callable[..., Any], outer: Frame, messages: Sequence[Any], arguments: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        frame, messages, arguments = self._began(outer, messages, arguments)
        try:
            async with aclosing(framed(original(messages, **arguments), frame)) as stream:
                async for item in stream:
                    if isinstance(item, CreateResult):
                        _ended(frame, item)
                    yield item
        except GeneratorExit:
            raise
        except BaseException as error:
            frame.fail(error)
            raise
        finally:
            frame.end(MISSING)

    def _began(
        self, outer: Frame, messages: Sequence[Any], arguments: dict[str, Any]
    ) -> tuple[Frame, Sequence[Any], dict[str, Any]]:
        details: dict[str, Any] = {"description": _MODEL}
        hooks = outer.hooks
        if isinstance(hooks, ProgramHooks):
            details |= hooks.about_requests()
        asks = hooks.owner if isinstance(hooks, ProgramHooks) else self.owner
        name = getattr(asks, "name", type(self.owner).__name__)  # the agent's: a team may share one client
        frame = outer.begin("llm", name, list(messages), details)
        if isinstance(hooks, ProgramHooks) and hooks.on_request:
            messages, arguments = _transformed(hooks, frame, messages, arguments)
            if frame.call is not None:
                frame.call.take_in(list(messages))
        return frame, messages, arguments


def _transformed(
    hooks: ProgramHooks, frame: Frame, messages: Sequence[Any], arguments: dict[str, Any]
) -> tuple[Sequence[Any], dict[str, Any]]:
    tools, others = arguments.get("tools", ()), {k: v for k, v in arguments.items() if k != "tools"}
    token = FRAME.set(frame)
    try:
        for function in hooks.on_request:
            messages, tools, others = function(hooks.owner, messages, tools, others)
    except Exception as error:  # noqa: BLE001 - a bug of ours must not end the user's run
        _log.warning("learned values were not sent: %s", type(error).__name__, exc_info=error)
    finally:
        FRAME.reset(token)
    return messages, others | ({"tools": tools} if "tools" in arguments or tools else {})


def _ended(frame: Frame, result: CreateResult) -> None:
    if frame.call is not None:
        usage = {"prompt": result.usage.prompt_tokens, "completion": result.usage.completion_tokens}
        frame.call.details["info"] = {"usage": usage, "finish_reason": result.finish_reason}
        frame.call.details["result"] = result
    frame.end(result)
