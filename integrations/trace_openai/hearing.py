"""The answer to one request, on its way to the recorder: whole at once, or in pieces."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from trace_core.recording import MISSING
from trace_openai.answers import read_answer
from trace_openai.chunks import together
from trace_openai.endpoints import Endpoint

_log = logging.getLogger(__name__)


class Hearing:
    """Takes note of an answer once; never raises into the program.

    Args:
        endpoint: what was asked.
        is_stream: whether the answer was asked for in pieces.
        end: told the answer, and what else there is to say of the call.
        fail: told of an exception in its place.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        is_stream: bool,
        end: Callable[[Any, dict[str, Any]], None],
        fail: Callable[[BaseException], object],
    ) -> None:
        self.is_stream = is_stream
        self.is_reading = False
        self._endpoint = endpoint
        self._end = end
        self._fail = fail
        self._pieces: list[Any] = []
        self._is_over = False

    def whole(self, result: Any) -> None:
        """The whole answer."""
        self._over(lambda: self._read(result))

    def body(self, text: Callable[[], Any]) -> None:
        """The whole answer as the text of an HTTP body, which is read by whoever asked."""
        self._over(lambda: self._read(json.loads(text())))

    def __enter__(self) -> None:
        """A piece is read in the block; the end, or an error, may come in its place."""
        self.is_reading = True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: Any) -> None:
        """Take note of what came in its place."""
        self.is_reading = False
        if isinstance(error, (StopIteration, StopAsyncIteration)):
            self.closed()
        elif error is not None:
            self.failed(error)

    def piece(self, piece: Any) -> None:
        """One piece."""
        self._pieces.append(piece)

    def closed(self) -> None:
        """Nothing comes any more: what came is the answer, and it is partial if its end is lacking."""
        self._over(self._read_pieces)

    def failed(self, error: BaseException) -> None:
        """An exception came in place of the rest."""
        if not self._is_over:
            self._is_over = True
            self._fail(error)

    def _over(self, read: Callable[[], tuple[Any, dict[str, Any]]]) -> None:
        if self._is_over:
            return
        self._is_over = True
        try:
            output, details = read()
        except Exception as error:  # noqa: BLE001 - an answer of another form must not end the user's run
            _log.warning("an answer of %s was not understood: %s", self._endpoint.path, type(error).__name__)
            output, details = MISSING, {}
        self._end(output, details)

    def _read(self, result: Any) -> tuple[Any, dict[str, Any]]:
        answer = read_answer(self._endpoint, result)
        return answer.output, {"info": answer.info, "objects": answer.objects, "ids": answer.ids}

    def _read_pieces(self) -> tuple[Any, dict[str, Any]]:
        result, is_whole = together(self._endpoint, self._pieces)
        output, details = self._read(result)
        if not is_whole:
            details["info"]["partial"] = True
        return output, details
