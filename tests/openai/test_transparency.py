"""A caller sees of a traced client exactly what it would have seen of a bare one; the API is sent the same bytes."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

pytest.importorskip("trace_openai")

from trace_openai import Recorder, trace_openai, untrace_openai

from tests.openai import (
    transparent_arguments,
    transparent_calls,
    transparent_clients,
    transparent_requests,
    transparent_streams,
)
from tests.openai.api_server import ApiServer
from tests.openai.seeing import KINDS, Case, Seen, differences, observed, run
from tests.openai.transparent_calls import WAYS
from tests.openai.wire import endpoint

Serve = Callable[..., ApiServer]

CASES: dict[str, Case] = {
    **transparent_calls.CASES,
    **transparent_streams.CASES,
    **transparent_requests.CASES,
    **transparent_arguments.CASES,
    **transparent_clients.CASES,
}
# Ways that differ from others in little but how the answer is read.
LESS_ORDINARY = ("lines", "read", "parsed late", "unread", "of a copy", "beta", "raw stream", "streamed in a block")


def weighed(name: str) -> Any:
    """A case, left to `make test-all` where others are like it."""
    what, _, way = name.rpartition(", ")
    less = (way in LESS_ORDINARY and what not in ("chat", "responses")) or (":" in what and way != "plain")
    return pytest.param(name, marks=pytest.mark.long) if less and name in transparent_calls.CASES else name


ORDINARY = [name for name in transparent_calls.CASES if ":" not in name]


def first_tries(seen: Seen) -> int:
    """How many calls of a model reached the server."""
    return sum(
        endpoint(path) is not None and headers["x-stainless-retry-count"] == "0" for path, headers, *_ in seen.requests
    )


@cache
def bare(name: str, kind: str) -> Seen:
    """What a client shows without us."""
    return run(CASES[name], kind)


def assert_equal(one: Seen, other: Seen) -> None:
    found = differences(one, other)
    assert not found, found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [weighed(name) for name in CASES])
def test_a_caller_sees_the_same(name: str, kind: str) -> None:
    recorder = Recorder(max_runs=1000)
    traced = run(CASES[name], kind, lambda client: trace_openai(client, recorder))
    assert_equal(bare(name, kind), traced)
    gc.collect(1)
    assert [each for each in recorder.runs if each.is_active] == []
    if name in transparent_calls.CASES | transparent_streams.CASES:
        assert len(recorder.runs) == first_tries(traced)
        assert all(each.explain() for each in recorder.runs)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [name for name in ORDINARY if name.endswith((", plain", ", streamed", ", helped"))])
def test_a_caller_sees_the_same_in_a_recorded_block(name: str, kind: str) -> None:
    recorder = Recorder()
    with recorder.run() as one:
        traced = run(CASES[name], kind, lambda client: trace_openai(client, recorder))
    assert_equal(bare(name, kind), traced)
    assert recorder.runs == (one,)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["chat, " + way for way in WAYS] + ["responses, plain", "its type", "its methods"])
def test_a_client_that_is_traced_no_more_is_as_before(name: str, kind: str) -> None:
    recorder = Recorder()
    untraced = run(CASES[name], kind, lambda client: untrace_openai(trace_openai(client, recorder)))
    assert_equal(bare(name, kind), untraced)
    assert recorder.runs == ()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["chat, plain", "chat, streamed", "chat, raw", "responses, helped", "its type"])
def test_a_client_that_is_traced_twice_is_recorded_once(name: str, kind: str) -> None:
    recorder = Recorder()
    twice = run(CASES[name], kind, lambda client: trace_openai(trace_openai(client, recorder), recorder))
    assert_equal(bare(name, kind), twice)
    assert len(recorder.runs) == first_tries(twice)


@pytest.mark.parametrize("name", [name for name in ORDINARY if name.endswith((", plain", ", streamed", ", helped"))])
def test_a_client_that_is_not_async_is_the_same_in_async_code(name: str) -> None:
    recorder = Recorder()
    traced = asyncio.run(observed(CASES[name], "sync", lambda client: trace_openai(client, recorder)))
    assert_equal(bare(name, "sync"), traced)
    assert len(recorder.runs) == first_tries(traced)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["chat, plain", "chat tools, streamed", "responses, helped", "chat, raw", "azure"])
def test_a_recorder_that_can_not_show_what_it_recorded_disturbs_nobody(name: str, kind: str) -> None:
    def broken(value: Any) -> Any:
        raise ValueError("no such value")

    recorder = Recorder(redact=broken)
    traced = run(CASES[name], kind, lambda client: trace_openai(client, recorder))
    assert_equal(bare(name, kind), traced)
