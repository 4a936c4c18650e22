"""Requests of a batch that wait for their results, and those of them that waited in another process.

What is kept of one is the node that its answer is going to be, with all that it came from, as a graph holds it:
redacted, without keys, and with the values that were read then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from trace_core.errors import InvalidTrace, TraceError
from trace_core.nodes import MessageNode, Node
from trace_core.parameter_nodes import ParameterNode
from trace_core.recording.call import ParameterRead
from trace_core.trace_graph import TraceGraph
from trace_openai import resolving
from trace_openai.endpoints import Endpoint, endpoint_of
from trace_openai.hearing import Hearing
from trace_openai.recorder import Recorder
from trace_openai.resolving import Given

FORMAT = "trace-openai-batch"


class BatchFailed(TraceError):
    """A request of a batch has no answer; the text is the API's. It is not raised: an error's node holds it."""


class Waiting(NamedTuple):
    """A request that waits for its result. Of one from a file, the body has the model's name alone."""

    path: str
    endpoint: Endpoint
    body: dict[str, Any]
    given: Given
    reads: list[ParameterRead]
    places: list[resolving.Path]
    is_loaded: bool = False

    def heard(self, recorder: Recorder, hear: Callable[[Hearing], None]) -> Node:
        """The node of what is heard of it, the output of a run of its own."""
        with recorder.run() as run:
            hearing = recorder.asked(self.endpoint, self.body, self.given, self.reads, self.places)
            if hearing is not None:
                hear(hearing)
        return run.output


def save(waiting: Mapping[str, Waiting], recorder: Recorder, path: Path) -> None:
    """Write them to a file that `load` reads."""
    twin = recorder.twin()
    unheard = BatchFailed("it has no result yet")
    nodes = [each.heard(twin, lambda hearing: hearing.failed(unheard)) for each in waiting.values()]
    requests = [
        {"custom_id": custom_id, "path": each.path, "model": each.body.get("model")}
        for custom_id, each in waiting.items()
    ]
    data = {"format": FORMAT, "version": 1, "requests": requests, "graph": TraceGraph.of(*nodes).to_json()}
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(json.dumps(data, allow_nan=False), encoding="utf-8")
    unfinished.replace(path)


def load(path: Path, parameters: Mapping[str, ParameterNode]) -> dict[str, Waiting]:
    """Those of a file.

    Raises:
        InvalidTrace: it is no such file.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if (data["format"], data["version"]) != (FORMAT, 1):
            raise InvalidTrace(f'expected "format": "{FORMAT}" and "version": 1')
        nodes = TraceGraph.from_json(data["graph"], parameters).outputs
        pairs = zip(data["requests"], nodes, strict=True)
        return {str(request["custom_id"]): _loaded(request, node) for request, node in pairs}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InvalidTrace(f"{path} is no file that BatchLines.save wrote: {error}") from error


def _loaded(request: Any, node: Node) -> Waiting:
    endpoint = endpoint_of("post", request["path"])
    if endpoint is None or not isinstance(node, MessageNode):
        raise InvalidTrace(f"{request['custom_id']!r} is no request")
    reads = zip(node.operation.arguments, node.parents, node.reads or [None] * len(node.parents), strict=True)
    read = [(argument.name, parent, known or parent._made()) for argument, parent, known in reads]
    body = {"model": str(request["model"] or "")}
    return Waiting(request["path"], endpoint, body, Given({}, ()), read, [], is_loaded=True)
