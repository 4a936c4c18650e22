"""The two handlers on LlamaIndex's root dispatcher: they hand what they are told to a recorder.

The dispatcher swallows whatever a handler raises, so a bug of ours would be an empty graph; each hook takes its own
errors, and the recorder shows them. Handlers run in the program's own threads and tasks, and must be quick.
"""

from __future__ import annotations

from inspect import BoundArguments
from typing import TYPE_CHECKING, Any

from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.exception import ExceptionEvent
from llama_index.core.instrumentation.events.llm import (
    LLMChatEndEvent,
    LLMChatInProgressEvent,
    LLMCompletionEndEvent,
    LLMCompletionInProgressEvent,
)
from llama_index.core.instrumentation.span_handlers import BaseSpanHandler
from pydantic import PrivateAttr

if TYPE_CHECKING:
    from trace_llamaindex.listening import Listener

_PROGRESS = (LLMChatInProgressEvent, LLMCompletionInProgressEvent)
_END = (LLMChatEndEvent, LLMCompletionEndEvent)


class Spans(BaseSpanHandler[Any]):
    """Tells a recorder of spans; none is kept here."""

    _recorder: Any = PrivateAttr()

    def __init__(self, recorder: Listener) -> None:
        super().__init__()
        self._recorder = recorder

    @property
    def recorder(self) -> Listener:
        """The recorder."""
        return self._recorder  # type: ignore[no-any-return]

    def span_enter(  # noqa: D102
        self,
        id_: str,
        bound_args: BoundArguments,
        instance: Any = None,
        parent_id: str | None = None,
        tags: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        try:
            self._recorder.entered(id_, parent_id, bound_args, instance)
        except Exception as error:  # noqa: BLE001 - a bug of ours must be seen, and must not end the user's run
            self._recorder.missed(f"the beginning of {id_[:-37]}", parent_id, error)

    def span_exit(  # noqa: D102
        self, id_: str, bound_args: BoundArguments, instance: Any = None, result: Any = None, **kwargs: Any
    ) -> None:
        try:
            self._recorder.exited(id_, result)
        except Exception as error:  # noqa: BLE001 - as above
            self._recorder.missed(f"the end of {id_[:-37]}", id_, error)

    def span_drop(  # noqa: D102
        self,
        id_: str,
        bound_args: BoundArguments,
        instance: Any = None,
        err: BaseException | None = None,
        **kwargs: Any,
    ) -> None:
        try:
            self._recorder.dropped(id_, err)
        except Exception as error:  # noqa: BLE001 - as above
            self._recorder.missed(f"the failure of {id_[:-37]}", id_, error)

    def new_span(self, *args: Any, **kwargs: Any) -> None:
        """Nothing is kept here."""

    prepare_to_exit_span = prepare_to_drop_span = new_span


class Events(BaseEventHandler):
    """Tells a recorder how streams of models go on and end: their spans are over before the first word."""

    _recorder: Any = PrivateAttr()

    def __init__(self, recorder: Listener) -> None:
        super().__init__()
        self._recorder = recorder

    def handle(self, event: Any, **kwargs: Any) -> None:
        """Take in an event."""
        try:
            if isinstance(event, _PROGRESS):
                self._recorder.went_on(event.span_id, event.response)
            elif isinstance(event, _END):
                self._recorder.streamed(event.span_id, event.response)
            elif isinstance(event, ExceptionEvent):
                self._recorder.broke_off(event.span_id, event.exception)
        except Exception as error:  # noqa: BLE001 - a bug of ours must be seen, and must not end the user's run
            self._recorder.missed("the end of a stream", event.span_id, error)
