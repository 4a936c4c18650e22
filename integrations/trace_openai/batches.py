"""OpenAI's Batch API: requests written to a file, and their results, hours later, as nodes.

Source: https://platform.openai.com/docs/guides/batch (lines with `custom_id`, and results that name it).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from trace_core.nodes import Node
from trace_core.parameter_nodes import ParameterNode
from trace_core.parameters import ParameterSet
from trace_openai.clients import state_of
from trace_openai.endpoints import endpoint_of
from trace_openai.hearing import Hearing
from trace_openai.resolving import Given, resolved
from trace_openai.tracing import recorder_of
from trace_openai.waiting import BatchFailed, Waiting, load, save


class BatchLines:
    """Requests of a traced client for the Batch API; nodes may stand in them, and learned texts are sent as learned.

    Args:
        client: a client that `trace_openai` traces; its recorder gets a run for each result.

    Raises:
        NotTraced: the client is not traced.

    Example:
        batch = BatchLines(client)
        for question in questions:
            batch.add(model="gpt-4.1-mini", messages=[{"role": "system", "content": prompt}, ask(question)])
        batch.write("requests.jsonl")       # upload it, create the batch, and hours later:
        for custom_id, node in batch.attach(client.files.content(done.output_file_id).text.splitlines()).items():
            node.backward(feedback[custom_id])

        batch.save("waiting.json")          # or in another process:
        batch = BatchLines.load(client, "waiting.json", parameters)
    """

    def __init__(self, client: Any) -> None:
        recorder_of(client)
        self._client = client
        self._waiting: dict[str, Waiting] = {}

    @property
    def waiting(self) -> tuple[str, ...]:
        """The `custom_id`s of the requests whose result was not attached yet."""
        return tuple(self._waiting)

    def add(self, path: str = "/v1/chat/completions", **arguments: Any) -> str:
        """Add a request, with the values that its nodes and the learned texts have now; gives its `custom_id`.

        Args:
            path: `/v1/chat/completions`, `/v1/responses`, `/v1/completions` or `/v1/embeddings`.
            arguments: as of the client's method for it.

        Raises:
            ValueError: another path, or an argument that is no JSON.
            NotTraced: the client is not traced any more.
        """
        recorder_of(self._client)
        endpoint = endpoint_of("post", path)
        state = state_of(self._client)
        if endpoint is None or state is None:
            raise ValueError(f"{path!r} is not asked in batches; give a path such as /v1/chat/completions")
        plain, nodes = resolved(arguments)
        try:
            body = json.loads(json.dumps(plain, default=_as_json, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise ValueError(f"the arguments for {path} are no JSON: {error}") from error
        body, reads, places = state.learned.replaced(endpoint, body, nodes)
        custom_id = f"request-{uuid.uuid4().hex}"
        self._waiting[custom_id] = Waiting(path, endpoint, body, Given(arguments, tuple(nodes)), reads, places)
        return custom_id

    def lines(self) -> list[str]:
        """The requests that wait, a line of JSON each; those that were loaded were written where they were added."""
        return [
            json.dumps({"custom_id": custom_id, "method": "POST", "url": each.path, "body": each.body})
            for custom_id, each in self._waiting.items()
            if not each.is_loaded
        ]

    def write(self, path: str | Path) -> Path:
        """Write the requests that wait to a file for the API, and give its path."""
        Path(path).write_text("".join(f"{line}\n" for line in self.lines()), encoding="utf-8")
        return Path(path)

    def save(self, path: str | Path) -> None:
        """Keep in a file, as JSON, what results are attached to, for `load` in another process.

        It has what graphs have: values as they were read, redacted, and no keys.

        Raises:
            NotTraced: the client is not traced any more.
        """
        save(self._waiting, recorder_of(self._client), Path(path))

    @classmethod
    def load(
        cls,
        client: Any,
        path: str | Path,
        parameters: Mapping[str, ParameterNode] | Iterable[ParameterNode] | ParameterNode,
    ) -> BatchLines:
        """What `save` kept, to attach results to.

        Args:
            client: a client that `trace_openai` traces; its recorder gets a run for each result.
            path: of the file.
            parameters: those that the requests read, known by their names; what is not among them stands as a value.

        Raises:
            InvalidTrace: it is no such file.
            NotTraced: the client is not traced.
        """
        loaded = cls(client)
        loaded._waiting = load(Path(path), ParameterSet.of(parameters))
        return loaded

    def attach(self, lines: Iterable[str | bytes]) -> dict[str, Node]:
        """The nodes of results, or of their errors, by `custom_id`; each is the output of a run of its own.

        They come in the order in which the requests were added.

        Args:
            lines: of the batch's output file, or of its error file: the texts, or an open file.

        Raises:
            ValueError: a line is no result, or of a request that does not wait; then none is attached.
            NotTraced: the client is not traced any more; none is attached.
        """
        recorder_of(self._client)
        read = [self._result(line) for line in lines if line.strip()]
        results = dict(read)
        if len(results) < len(read):
            raise ValueError("there are several results for one request; give the lines of one batch")
        asked = [custom_id for custom_id in self._waiting if custom_id in results]
        return {custom_id: self._attached(self._waiting.pop(custom_id), results[custom_id]) for custom_id in asked}

    def _result(self, line: str | bytes) -> tuple[str, dict[str, Any]]:
        try:
            result = json.loads(line)
            custom_id = result["custom_id"]
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"not a result of the Batch API: {line[:80]!r}") from error
        if not isinstance(custom_id, str) or custom_id not in self._waiting:
            raise ValueError(f"no request with custom_id {custom_id!r} waits here for its result")
        return custom_id, result

    def _attached(self, asked: Waiting, result: dict[str, Any]) -> Node:
        response = result.get("response") or {}
        body = response.get("body") if isinstance(response, dict) else None

        def hear(hearing: Hearing) -> None:
            if isinstance(body, dict) and response.get("status_code") == 200:
                hearing.whole(body)
            else:
                hearing.failed(BatchFailed(_error(result, body)))

        return asked.heard(recorder_of(self._client), hear)


def _error(result: dict[str, Any], body: Any) -> str:
    said = result.get("error") or (body.get("error") if isinstance(body, dict) else None)
    message = said.get("message") if isinstance(said, dict) else said
    return str(message or "the batch has no answer to this request")


def _as_json(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_unset=True)
    raise TypeError(f"{type(value).__name__} is no JSON")
