"""Where a store is: a file, or the URL of a database; and how that is shown, without a password."""

from __future__ import annotations

import os
from importlib.util import find_spec

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from trace_core.errors import MissingExtra
from trace_train.store.errors import NotAStore

_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


def location(given: str | os.PathLike[str]) -> URL:
    """The URL of a path or of a URL's text.

    Raises:
        NotAStore: it is no URL, or one of another kind of database.
        MissingExtra: its driver is not installed.
    """
    text = os.fspath(given)
    if "://" not in text:
        return URL.create("sqlite", database=text)
    kind = text.partition("://")[0]
    url = _parsed(text) if kind in _DRIVERS else None
    if url is None:
        expected = "expected a path, sqlite:///PATH, or postgresql://USER:PASSWORD@HOST/DATABASE"
        raise NotAStore(f"{kind}://…", f"that is no place for a store; {expected}")
    if kind.startswith("postgres") and find_spec("psycopg") is None:
        raise MissingExtra("a store in PostgreSQL", "postgres")
    return url.set(drivername=_DRIVERS[kind])


def _parsed(text: str) -> URL | None:
    try:
        return make_url(text)
    except (ArgumentError, ValueError):  # its text holds parts of the URL, and they may be those of a password
        return None


def shown(url: URL) -> str:
    """A file's path, or the URL with what may be secret in it hidden."""
    if url.get_backend_name() == "sqlite":
        return url.database or ":memory:"
    return url.set(query=dict.fromkeys(url.query, "***")).render_as_string(hide_password=True)


def secrets_of(url: URL) -> list[str]:
    """What must not be shown of it."""
    inner = [value for values in url.query.values() for value in ([values] if isinstance(values, str) else values)]
    return [text for text in (str(url.password or ""), *inner) if text]
