"""Programs that are written once, with `await`, as programs of other kinds: without it, and with streams.

The source of a module is changed as a user would change it: `async` and `await` go, and `client.….create(…)` becomes
one of the functions below, which read a stream to its end.
"""

from __future__ import annotations

import ast
import inspect
from types import ModuleType
from typing import Any

from openai.types import Completion
from openai.types.chat import ChatCompletion

_STREAMED = {
    "client.chat.completions.create": "chat_streamed",
    "client.responses.create": "response_streamed",
    "client.completions.create": "completion_streamed",
}
_PLAIN = {ast.AsyncFunctionDef: ast.FunctionDef, ast.AsyncFor: ast.For, ast.AsyncWith: ast.With}


class _Way(ast.NodeTransformer):
    def __init__(self, is_async: bool, streamed: bool) -> None:
        self._async = is_async
        self._streamed = streamed

    def visit(self, node: ast.AST) -> Any:
        node = self.generic_visit(node)
        if isinstance(node, ast.Call) and self._streamed and ast.unparse(node.func) in _STREAMED:
            name = ast.copy_location(ast.Name(_STREAMED[ast.unparse(node.func)], ast.Load()), node.func)
            client = ast.copy_location(ast.Name("client", ast.Load()), node.func)
            return ast.copy_location(ast.Call(name, [client, *node.args], node.keywords), node)
        if isinstance(node, ast.Await) and not self._async:
            return node.value
        if isinstance(node, ast.comprehension) and not self._async:
            node.is_async = 0
        if type(node) in _PLAIN and not self._async:
            plain = _PLAIN[type(node)](**{field: getattr(node, field) for field in node._fields})
            return ast.copy_location(plain, node)
        return node


def written(module: ModuleType, way: str) -> dict[str, Any]:
    """What is in a module whose programs are written in this way."""
    names = {"__name__": module.__name__, "__file__": module.__file__, **_read_to_the_end("async" in way)}
    exec(_compiled(module, way), names)  # as the module itself
    return names


def _compiled(module: ModuleType, way: str) -> Any:
    tree = _Way("async" in way, "streamed" in way).visit(ast.parse(inspect.getsource(module)))
    return compile(ast.fix_missing_locations(tree), str(module.__file__), "exec")


# --- how users read streams


def _read_to_the_end(is_async: bool) -> dict[str, Any]:
    if is_async:
        return {
            "chat_streamed": chat_streamed_async,
            "response_streamed": response_streamed_async,
            "completion_streamed": completion_streamed_async,
        }
    return {
        "chat_streamed": chat_streamed,
        "response_streamed": response_streamed,
        "completion_streamed": completion_streamed,
    }


def chat_streamed(client: Any, **asked: Any) -> ChatCompletion:
    """Reads the chunks and puts them together by hand."""
    choices: dict[int, dict[str, Any]] = {}
    for chunk in client.chat.completions.create(**asked, stream=True):
        for choice in chunk.choices:
            said = choices.setdefault(choice.index, {"content": None, "refusal": None, "calls": {}, "finish": None})
            for part in ("content", "refusal"):
                if (text := getattr(choice.delta, part)) is not None:
                    said[part] = (said[part] or "") + text
            for call in choice.delta.tool_calls or ():
                known = said["calls"].setdefault(call.index, {"id": "", "name": "", "arguments": ""})
                known["id"] += call.id or ""
                known["name"] += (call.function and call.function.name) or ""
                known["arguments"] += (call.function and call.function.arguments) or ""
            said["finish"] = choice.finish_reason or said["finish"]
    whole = [_choice(index, said) for index, said in sorted(choices.items())]
    made = {"id": "made", "object": "chat.completion", "created": 0, "model": asked["model"], "choices": whole}
    return ChatCompletion.model_validate(made)


def _choice(index: int, said: dict[str, Any]) -> dict[str, Any]:
    calls = [
        {"id": call["id"], "type": "function", "function": {"name": call["name"], "arguments": call["arguments"]}}
        for call in said["calls"].values()
    ]
    message = {"role": "assistant", "content": said["content"], "refusal": said["refusal"], "tool_calls": calls or None}
    return {"index": index, "finish_reason": said["finish"], "message": message}


async def chat_streamed_async(client: Any, **asked: Any) -> ChatCompletion:
    """Has the SDK put the chunks together."""
    async with client.chat.completions.stream(**asked) as stream:
        return await stream.get_final_completion()


def response_streamed(client: Any, **asked: Any) -> Any:
    """Reads the events up to the last, which has the response."""
    for event in client.responses.create(**asked, stream=True):
        if event.type == "response.completed":
            response = event.response
    return response


async def response_streamed_async(client: Any, **asked: Any) -> Any:
    """Has the SDK put the events together."""
    async with client.responses.stream(**asked) as stream:
        return await stream.get_final_response()


def completion_streamed(client: Any, **asked: Any) -> Completion:
    """Reads the chunks of the old completions."""
    text = "".join(chunk.choices[0].text for chunk in client.completions.create(**asked, stream=True))
    return _completion(asked["model"], text)


async def completion_streamed_async(client: Any, **asked: Any) -> Completion:
    """The same in async code."""
    stream = await client.completions.create(**asked, stream=True)
    return _completion(asked["model"], "".join([chunk.choices[0].text async for chunk in stream]))


def _completion(model: str, text: str) -> Completion:
    choice = {"index": 0, "text": text, "finish_reason": "stop", "logprobs": None}
    made = {"id": "made", "object": "text_completion", "created": 0, "model": model, "choices": [choice]}
    return Completion.model_validate(made)
