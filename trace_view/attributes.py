"""What a span says of a node: OpenInference's attributes, which Phoenix, Langfuse and others read.

Names are those of https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md. What is not known
of a call, such as the roles of messages that a framework put together, is left out rather than guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from trace_core.graph_json import encode
from trace_core.nodes import ExceptionNode, MessageNode
from trace_core.rendering import shortened
from trace_core.trace_graph import TraceGraph
from trace_train.usage import usage_of

Attributes = dict[str, str | bool | int | float]

_KINDS = {
    "embedding": "EMBEDDING",
    "llm": "LLM",
    "postprocessor": "RERANKER",
    "prompt": "PROMPT",
    "retriever": "RETRIEVER",
    "tool": "TOOL",
}
_LONGEST = 32_000
_MOST = 100
_MOST_TOKENS = 2**53
_CONTENT = ("content", "text", "page_content")
_ERROR = re.compile(r"\(([\w.]+)\)")


class Said(NamedTuple):
    """A judgement of an output: its name, and as far as they are known, its score, what was said, and when."""

    name: str
    score: float | None = None
    text: str | None = None
    by: str = "HUMAN"
    """OpenInference's kinds of annotators: HUMAN, LLM or CODE."""
    at: float | None = None


def text_of(value: Any) -> str:
    """A value as text: a text as it is, anything else as JSON; cut in the middle where it is long.

    Protobuf takes no half of a surrogate pair, and PostgreSQL no zero: a replacement stands for each.
    """
    text = value if isinstance(value, str) else json.dumps(_plain(encode(value)), ensure_ascii=False)
    return shortened(text, _LONGEST).encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def line_of(text: str) -> str:
    """A name: one line, not long."""
    return text_of(" ".join(text.split())[:200])


def attributes_of(node: MessageNode, parameters: Mapping[str, Any]) -> Attributes:
    """The attributes of what ran; `parameters` are the versions of those that it read, by name."""
    kind = _KINDS.get(node.op, "CHAIN")
    output = node._made().value
    made: Attributes = {"openinference.span.kind": kind}
    values = {argument.name: node.read_of(index).value for index, argument in enumerate(node.operation.arguments)}
    if values:
        put(made, "input", next(iter(values.values())) if len(values) == 1 else values)
    if not isinstance(node, ExceptionNode):
        put(made, "output", output)
    if kind == "LLM":
        made |= _of_model(node, values.values(), output)
    elif kind == "EMBEDDING":
        made["embedding.model_name"] = line_of(str(node.info.get("model") or node.info.get("name") or ""))
    elif kind == "TOOL":
        made["tool.name"] = line_of(str(node.info.get("name") or node.op))
        if node.description:
            made["tool.description"] = text_of(node.description)
    elif kind in ("RETRIEVER", "RERANKER"):
        made |= _documents("retrieval.documents" if kind == "RETRIEVER" else "reranker.output_documents", output)
    if parameters:
        made["metadata"] = text_of({"parameters": dict(parameters)})
    return made


def put(made: Attributes, side: str, value: Any) -> None:
    """Set `input` or `output` of a span."""
    made[f"{side}.value"] = text_of(value)
    made[f"{side}.mime_type"] = "text/plain" if isinstance(value, str) else "application/json"


def _of_model(node: MessageNode, given: Iterable[Any], output: Any) -> Attributes:
    model = node.info.get("model") or node.info.get("name") or ""
    usage = usage_of(TraceGraph([node], (), ()))
    made: Attributes = {"llm.model_name": line_of(str(model))}
    counts = {
        "prompt": usage.prompt_tokens,
        "completion": usage.completion_tokens,
        "total": usage.prompt_tokens + usage.completion_tokens,
        "prompt_details.cache_read": usage.cached_tokens,
    }
    made |= {f"llm.token_count.{name}": count for name, count in counts.items() if 0 < count < _MOST_TOKENS}
    asked = [message for value in given for message in _messages(value)]
    for number, message in enumerate(asked[:_MOST]):
        made |= _message(f"llm.input_messages.{number}", message)
    if not isinstance(node, ExceptionNode):
        said = output if isinstance(output, Mapping) else {"content": output}
        made |= _message("llm.output_messages.0", {"role": "assistant", **said})
    return made


def _messages(value: Any) -> Iterator[Mapping[str, Any]]:
    """The messages that a value is, or is a list of."""
    for item in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(item, Mapping) and isinstance(item.get("role"), str):
            yield item


def _message(prefix: str, message: Mapping[str, Any]) -> Attributes:
    inner = message.get("content")
    message = {**message, **inner, "role": message["role"]} if isinstance(inner, Mapping) else message
    made: Attributes = {f"{prefix}.message.role": line_of(str(message["role"]))}
    content = _content(message)
    if content is not None:
        made[f"{prefix}.message.content"] = text_of(content)
    calls = message.get("tool_calls")
    for number, call in enumerate(calls[:_MOST] if isinstance(calls, list) else ()):
        if isinstance(call, Mapping):
            function = f"{prefix}.message.tool_calls.{number}.tool_call.function"
            made[f"{function}.name"] = line_of(str(call.get("name", "")))
            made[f"{function}.arguments"] = text_of(call.get("args", {}))
    return made


def _documents(prefix: str, found: Any) -> Attributes:
    made: Attributes = {}
    for number, item in enumerate(found[:_MOST] if isinstance(found, (list, tuple)) else ()):
        known = item if isinstance(item, Mapping) else {}
        content = item if _content(known) is None else _content(known)
        made[f"{prefix}.{number}.document.content"] = text_of(content)
        score = known.get("score")
        if isinstance(score, (int, float)):
            made[f"{prefix}.{number}.document.score"] = float(score)
    return made


def _content(message: Mapping[str, Any]) -> Any:
    """What it says: text, or anything that is not one more mapping."""
    found = (message.get(name) for name in _CONTENT)
    return next((each for each in found if each is not None and not isinstance(each, Mapping)), None)


def judgements(said: Iterable[Said]) -> Attributes:
    """What was said, in OpenInference's form for evaluations."""
    made: Attributes = {}
    for number, each in enumerate(said):
        prefix = f"evaluations.{number}.evaluation"
        made |= {f"{prefix}.name": line_of(each.name), f"{prefix}.annotator_kind": each.by}
        if each.score is not None:
            made[f"{prefix}.score"] = each.score
        if each.text is not None:
            made[f"{prefix}.explanation"] = text_of(each.text)
    return made


def judgement(said: Said) -> Attributes:
    """One of them, in OpenTelemetry's form: the attributes of an event `gen_ai.evaluation.result`."""
    made: Attributes = {"gen_ai.evaluation.name": line_of(said.name)}
    if said.score is not None:
        made["gen_ai.evaluation.score.value"] = said.score
    if said.text is not None:
        made["gen_ai.evaluation.explanation"] = text_of(said.text)
    return made


def exception(text: str) -> Attributes:
    """The attributes of an event `exception`, of the text of an error, such as `(KeyError) 'gone'`."""
    named = _ERROR.match(text)
    return {"exception.type": line_of(named[1]) if named else "Exception", "exception.message": text_of(text)}


def parameters_read(node: MessageNode, names: Mapping[int, str]) -> dict[str, Any]:
    """The parameters that an operation read, each with its version; `names` are those of the graph, by node id."""
    read = ((parent, node.read_of(index)) for index, parent in enumerate(node.parents))
    return {names[parent.id]: read.version for parent, read in read if parent.id in names}


def _plain(data: Any) -> Any:
    """The JSON data of `encode` without its tags, for people and viewers."""
    if isinstance(data, list):
        return [_plain(item) for item in data]
    if not isinstance(data, dict):
        return data
    match data.get("$"):
        case None:
            return {key: _plain(item) for key, item in data.items()}
        case "dict":
            return {str(_plain(key)): _plain(item) for key, item in data["items"]}
        case "opaque":
            return f"<{data['type']}>"
    return _plain(data["items"]) if "items" in data else data.get("text", data.get("hex"))
