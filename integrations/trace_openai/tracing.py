"""`trace_openai`: record what a client is asked from now on; `untrace_openai` puts it back."""

from __future__ import annotations

from typing import Any, TypeVar

from trace_core.errors import TraceError
from trace_openai.clients import attach, let_go, state_of
from trace_openai.recorder import Recorder

Client = TypeVar("Client")


class NotTraced(TraceError, ValueError):
    """A client is not traced."""


def trace_openai(client: Client, recorder: Recorder | None = None) -> Client:
    """Record what a client is asked from now on, and let nodes stand in the arguments; gives the same client.

    The client stays what it was, for `isinstance` and for its users; so do the copies that `with_options` makes, which
    are recorded too. A client has one recorder: another takes its place.

    Args:
        client: an `OpenAI`, `AsyncOpenAI`, `AzureOpenAI` or `AsyncAzureOpenAI`.
        recorder: what records; by default a new one, which `recorder_of(client)` gives.

    Raises:
        TypeError: it is no such client, or no recorder of this package.

    Example:
        recorder = Recorder()
        client = trace_openai(OpenAI(), recorder)
        with recorder.run() as run:
            client.responses.create(model="gpt-4.1-mini", input="Name a colour.")
        run.output.backward("name a warm one")
    """
    if recorder is not None and not isinstance(recorder, Recorder):
        kind = type(recorder)
        raise TypeError(f"a trace_openai.Recorder is expected, not {kind.__module__}.{kind.__name__}")
    state = attach(client)
    state.recorder = recorder or state.recorder or Recorder()
    state.recorder.secrets.add(client)
    return client


def untrace_openai(client: Client) -> Client:
    """Record a client no more; gives the same client. What is learned of it stays so until `unexpose`.

    A client and the copies that `with_options` made of it while it was traced are one: none of them is recorded then.

    Example:
        untrace_openai(client)
    """
    state = state_of(client)
    if state is not None:
        state.recorder = None
        let_go(client)
    return client


def recorder_of(client: Any) -> Recorder:
    """The recorder of a traced client.

    Raises:
        NotTraced: it has none.

    Example:
        recorder_of(client).last.output.backward("shorter")
    """
    state = state_of(client)
    if state is None or state.recorder is None:
        raise NotTraced(f"this {type(client).__name__} is not traced; call trace_openai(client) first")
    return state.recorder
