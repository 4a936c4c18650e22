"""Keys of clients, which an error's text may quote: they are taken out of whatever is shown."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from typing import Any

from trace_openai import private

_SHORTEST = 6
_MOST_KEPT = 1_000


class Secrets:
    """What must be shown nowhere: of the clients in use, and of those and of the requests that failed."""

    def __init__(self) -> None:
        self._clients: weakref.WeakSet[Any] = weakref.WeakSet()
        self._kept: dict[str, None] = {}

    def add(self, client: Any) -> None:
        """Those of a client, as they are when something is shown."""
        self._clients.add(client)

    def keep(self, client: Any, options: Any) -> None:
        """Those of a request that failed: the error may quote them, and be shown when its client is gone."""
        self._kept.update(dict.fromkeys([*secrets_of(client), *_long(private.secrets_of_request(options))]))
        for oldest in list(self._kept)[:-_MOST_KEPT]:
            del self._kept[oldest]

    def without(self, value: Any) -> Any:
        """Plain data in which no text holds a secret."""
        found = {*self._kept, *(each for client in self._clients for each in secrets_of(client))}
        return _without(value, sorted(found, key=len, reverse=True))


def secrets_of(client: Any) -> Iterator[str]:
    """Those of a client, as they are now."""
    return _long(private.secrets_of(client))


def _long(values: Iterable[Any]) -> Iterator[str]:
    return (value for value in values if isinstance(value, str) and len(value) >= _SHORTEST)


def _without(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "***")
        return value
    if isinstance(value, dict):
        return {_without(name, secrets): _without(item, secrets) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_without(item, secrets) for item in value)
    return value
