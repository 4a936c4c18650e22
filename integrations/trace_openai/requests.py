"""One request: what is sent in its place, and the call that it is for the recorder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trace_openai import private
from trace_openai.endpoints import Endpoint, endpoint_of
from trace_openai.hearing import Hearing
from trace_openai.learning import Learned
from trace_openai.resolving import GIVEN, Given
from trace_openai.results import heard

if TYPE_CHECKING:
    from trace_openai.recorder import Recorder

_NOTHING = Given({}, ())


class State:
    """What is known of a client, and of the copies that it makes: who records it, and what of its texts is learned."""

    def __init__(self, client: Any) -> None:
        self.recorder: Recorder | None = None
        self.learned = Learned(client)


class Asking:
    """One request of an endpoint that is recorded: `options` are what is sent."""

    def __init__(self, client: Any, state: State, endpoint: Endpoint, options: Any) -> None:
        given = GIVEN.get() or _NOTHING
        sent, reads, places = state.learned.replaced(endpoint, private.body_of(options) or {}, given.nodes)
        self._client = client
        self._recorder = state.recorder
        self.options = private.with_body(options, sent)
        self._hearing: Hearing | None = None
        if state.recorder is not None:
            self._hearing = state.recorder.asked(endpoint, sent, given, reads, places)

    @classmethod
    def of(cls, client: Any, state: State, options: Any) -> Asking | None:
        """That of a request, or None where it is none that is recorded."""
        endpoint = endpoint_of(options.method, options.url)
        return None if endpoint is None or private.body_of(options) is None else cls(client, state, endpoint, options)

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Take note of what the request raises."""
        try:
            yield
        except BaseException as error:
            if self._hearing is not None and self._recorder is not None:
                self._recorder.secrets.keep(self._client, self.options)
                self._hearing.failed(error)
            raise

    def answered(self, result: Any) -> Any:
        """Take note of the answer, now or as it is read; gives what the caller gets."""
        return result if self._hearing is None else heard(result, self._hearing)
