"""Arguments that are unusual, sent back, or wrong, as cases of what a caller sees."""

from __future__ import annotations

from collections import UserDict, UserList
from collections.abc import Callable, Coroutine, Iterator
from enum import Enum
from types import MappingProxyType
from typing import Any

from openai.types.chat import ChatCompletionUserMessageParam
from pydantic import BaseModel

from tests.openai.api_server import asks, embeds, says
from tests.openai.seeing import Case, See, got
from tests.openai.transparent_calls import CHAT, CHAT_TOOLS, RESPONSE, Weather

CASES: dict[str, Case] = {}


def case(*script: Any) -> Callable[[Any], Any]:
    """The decorated coroutine is a case, by its name."""

    def added(do: Callable[[Any, See], Coroutine[Any, Any, None]]) -> Any:
        CASES[do.__name__.replace("_", " ")] = Case(do, script)
        return do

    return added


def some(*items: Any) -> Iterator[Any]:
    yield from items


@case(*[says("a")] * 3)
async def arguments_that_can_be_read_once(client: Any, see: See) -> None:
    see(await got(client.chat.completions.create(**{**CHAT, "messages": some(*CHAT["messages"])})))
    tools = some(*CHAT_TOOLS["tools"])
    see(await got(client.chat.completions.create(**{**CHAT, "messages": tuple(CHAT["messages"]), "tools": tools})))
    user = {"role": "user", "content": some({"type": "text", "text": "Hi."}, {"type": "text", "text": "You."})}
    see(await got(client.chat.completions.create(**{**CHAT, "messages": [user]})))


@case(asks(("weather", {"city": "Paris"}), text="I look."), says("It rains."))
async def an_answer_is_sent_back(client: Any, see: See) -> None:
    messages: list[Any] = [*CHAT["messages"]]
    message = (await got(client.chat.completions.create(**CHAT_TOOLS))).choices[0].message
    messages += [message, {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "rain"}]
    see(await got(client.chat.completions.create(**{**CHAT_TOOLS, "messages": messages})))
    see(messages, messages[2] is message)


@case(asks(("weather", {"city": "Paris"}), reasoning="Hm."), says("It rains."), says("It pours."))
async def items_are_sent_back(client: Any, see: See) -> None:
    first = await got(client.responses.create(**RESPONSE))
    output = {"type": "function_call_output", "call_id": first.output[1].call_id, "output": "rain"}
    given: list[Any] = [{"role": "user", "content": "Hi."}, *first.output, output]
    see(await got(client.responses.create(**{**RESPONSE, "input": given})), given)
    see(await got(client.responses.create(**{**RESPONSE, "input": [output]}, previous_response_id=first.id)))


class Content(BaseModel):
    """A message of the user's own kind."""

    role: str
    content: str


@case(*[says("a")] * 2)
async def messages_of_other_kinds(client: Any, see: See) -> None:
    see(await got(client.chat.completions.create(**{**CHAT, "messages": [Content(role="user", content="Hi.")]})))
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    message = ChatCompletionUserMessageParam(role="user", content=[{"type": "text", "text": "What?"}, image])  # type: ignore[list-item]
    see(await got(client.chat.completions.create(**{**CHAT, "messages": [message]})))


class Model(str, Enum):  # noqa: UP042 - whose text is not its value, unlike that of a StrEnum
    """Names of models, as programs often keep them."""

    MINI = "gpt-4o-mini"


class Text(str):
    """A text that knows more."""

    source = "a page"


class Odd(dict[str, Any]):
    """A message that can not be compared, nor shown."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("the truth of this is ambiguous")

    def __repr__(self) -> str:
        raise ValueError("not to be shown")

    __hash__ = None  # type: ignore[assignment]


@case(lambda body: embeds([0.5]) if "encoding_format" in body else says("a"))
async def odd_arguments(client: Any, see: See) -> None:
    odd = Odd(role="user", content=Text("Hi."))
    system = UserDict({"role": "system", "content": "Be brief."})
    for messages in ([odd], [odd, odd], (MappingProxyType(CHAT["messages"][0]),), [system], UserList(CHAT["messages"])):
        await see.call(client.chat.completions.create, model=Model.MINI, messages=messages, metadata={Text("a"): "b"})
        await see.call(client.responses.create, model=Model.MINI, input=messages, instructions=Text("Be brief."))
    for given in ([1, 2], [[1], [2, 3]], range(3)):
        await see.call(client.embeddings.create, model=Text("m"), input=given)


CIRCLE: list[Any] = []
CIRCLE.append({"role": "user", "content": CIRCLE})

WRONG: dict[str, dict[str, Any]] = {
    "no messages": {"model": "m"},
    "messages are none": {"model": "m", "messages": None},
    "an unknown argument": {**CHAT, "colour": "blue"},
    "what is no JSON": {**CHAT, "user": object()},
    "not a number": {**CHAT, "temperature": float("nan")},
    "half a character": {**CHAT, "user": "\ud800"},
    "a model to parse": {**CHAT, "response_format": Weather},
    "messages of no kind": {**CHAT, "messages": [3, None, "text"]},
    "bytes": {**CHAT, "messages": [{"role": "user", "content": b"Hi."}]},
    "a set": {**CHAT, "stop": {"a"}},
    "no model": {**CHAT, "model": None},
    "a circle": {**CHAT, "messages": CIRCLE},
    "a list in a list": {**CHAT, "messages": [[{"role": "user", "content": "Hi."}]]},
    "tools of no kind": {**CHAT, "tools": [{"type": "function"}, 3]},
}


@case(lambda body: says("a"))
async def wrong_arguments(client: Any, see: See) -> None:
    for name, asked in WRONG.items():
        see(name)
        for create in (client.chat.completions.create, client.chat.completions.parse):
            await see.call(create, **asked)
        given = {"input" if argument == "messages" else argument: value for argument, value in asked.items()}
        await see.call(client.responses.create, **given)
    await see.call(client.chat.completions.create, "positional")
    await see.call(client.embeddings.create, model="m")
    await see.call(client.chat.completions.create, **CHAT, stream="yes")
