"""`CachedChat`: answers that were already paid for, kept in a SQLite file (https://docs.python.org/3/library/sqlite3).

The file holds answers under a hash of what was asked: neither the messages nor a key can be read from it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from trace_core.errors import LLMError
from trace_core.llm.chat import ChatModel, Completion, Message, Usage

_LOGGER = logging.getLogger(__name__)
_PATIENCE = 30.0  # seconds to wait for another process that writes


class CachedChat:
    """A chat model that asks `model` once for each question and remembers the answer in the file `path`.

    A question is the model's `fingerprint`, the messages and the schema; a model without a fingerprint needs one here.
    A remembered answer costs nothing: its usage is `Usage(calls=0)`. Errors are not remembered. Threads and processes
    may share the file. Raises `LLMError` where the file cannot be read as a cache; an answer that cannot be stored is
    returned all the same, with a warning in the log.

    So that remembered answers reserve nothing, put the budget inside: `CachedChat(BudgetedChat(model, budget), path)`.
    """

    def __init__(self, model: ChatModel, path: str | Path, *, fingerprint: str | None = None) -> None:
        if not isinstance(fingerprint or getattr(model, "fingerprint", None), str):
            raise LLMError(
                f"{type(model).__name__} does not say what its answers depend on: give it an attribute `fingerprint`,"
                " or CachedChat(…, fingerprint=…), a text naming the model and its settings"
            )
        self.model = model
        self.path = Path(path)
        self._fingerprint = fingerprint

    def __repr__(self) -> str:
        return f"CachedChat({type(self.model).__name__}, {str(self.path)!r})"

    @property
    def fingerprint(self) -> str:
        """What an answer depends on besides the messages: the model's settings as they are now."""
        return self._fingerprint or str(getattr(self.model, "fingerprint"))  # noqa: B009 - a ChatModel need not have it

    @property
    def max_tokens(self) -> int | None:
        """The longest answer of the model behind, where it says so."""
        return getattr(self.model, "max_tokens", None)

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """The remembered answer, or the model's."""
        key = self._key(messages, schema)
        if (known := self._load(key)) is not None:
            return known
        answer = self.model.complete(messages, schema)
        self._store(key, answer)
        return answer

    async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """The remembered answer, or the model's."""
        key = self._key(messages, schema)
        if (known := await asyncio.to_thread(self._load, key)) is not None:
            return known
        answer = await self.model.acomplete(messages, schema)
        await asyncio.to_thread(self._store, key, answer)
        return answer

    def _key(self, messages: Sequence[Message], schema: Mapping[str, Any] | None) -> str:
        # The order of a schema's keys stays: models answer in it.
        asked = [self.fingerprint, [[message["role"], message["content"]] for message in messages], schema]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()

    @contextmanager
    def _answers(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=_PATIENCE)) as connection, connection:
            connection.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)")
            yield connection

    def _load(self, key: str) -> Completion | None:
        try:
            with self._answers() as answers:
                row = answers.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
            if row is None:
                return None
            text, model, finish_reason = json.loads(row[0])
        except (sqlite3.Error, OSError, ValueError) as error:
            raise LLMError(f"{self.path} cannot be read as a cache of answers: {error}") from error
        return Completion(text, Usage(calls=0), model, finish_reason)

    def _store(self, key: str, answer: Completion) -> None:
        # As ASCII JSON, since SQLite refuses the lone surrogates that an answer may hold.
        row = json.dumps([answer.text, answer.model, answer.finish_reason])
        try:
            with self._answers() as answers:
                answers.execute("INSERT OR IGNORE INTO answers VALUES (?, ?)", (key, row))
        except (sqlite3.Error, OSError) as error:
            _LOGGER.warning("an answer was not stored in %s: %s", self.path, error)
