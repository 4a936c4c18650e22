"""What is private to the openai package and is relied upon, looked up here alone.

Each has a canary in tests/openai/test_private.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def body_of(options: Any) -> dict[str, Any] | None:
    """The JSON body of a request's options (`FinalRequestOptions`), if it has one."""
    body = options.json_data
    return body if isinstance(body, dict) else None


def with_body(options: Any, body: dict[str, Any]) -> Any:
    """The same options with another body."""
    return options if options.json_data is body else options.model_copy(update={"json_data": body})


def secrets_of(client: Any) -> Iterator[Any]:
    """What of a client must be shown nowhere: its keys, and the values of the headers and queries that users gave."""
    for name in ("api_key", "admin_api_key", "webhook_secret", "_azure_ad_token", "organization", "project"):
        yield getattr(client, name, None)
    yield client.base_url.password
    for name in ("_custom_headers", "_custom_query"):
        yield from _values(getattr(client, name, None))


def secrets_of_request(options: Any) -> Iterator[Any]:
    """The same of one request: its `extra_headers` and `extra_query`."""
    yield from _values(options.headers)
    yield from _values(options.params)


def _values(given: Any) -> Iterator[Any]:
    """The values of headers or of a query; of `Bearer <key>` also the key."""
    for value in given.values() if isinstance(given, Mapping) else ():
        yield value
        yield value.partition(" ")[2] if isinstance(value, str) else None


def response_of(stream: Any) -> Any:
    """The HTTP response that a stream reads (httpx's or httpx2's), which is closed when the stream is."""
    return getattr(stream, "response", None)
