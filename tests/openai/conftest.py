"""Servers for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.openai.api_server import ApiServer


@pytest.fixture
def serve() -> Iterator[Callable[..., ApiServer]]:
    """`serve(says("hi"), …)` starts a server with this script; it ends with the test."""
    with ExitStack() as stack:
        yield lambda *script: stack.enter_context(ApiServer(*script))
