"""Programs that read streams themselves, ask in other ways than by `create`, or have several clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletion
from pydantic import BaseModel
from trace_openai import recorder_of, trace_openai

from tests.openai.api_server import asks, gives, says
from tests.openai.scenario import ASYNC, BLOCK, MODEL, SYNC, Scenario

BOTH = (SYNC, ASYNC)


def printed_as_it_comes(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str:
        written = ""
        stream = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": question}],
            stream=True,
            stream_options={"include_usage": True},
        )
        async for chunk in stream:
            for choice in chunk.choices:
                written += choice.delta.content or ""
        completion = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": f"Give this a title:\n{written}"}]
        )
        return f"{completion.choices[0].message.content}\n\n{written}"

    answers = [says("Moored ships swing around their anchors."), says("A Slow Dance")]
    return Scenario(program, "What do ships do at night?", answers, "input>llm1 llm1>llm2", "llm2", ways=BOTH)


def closed_early(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str | None:
        written = ""
        stream = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": question}], stream=True
        )
        async for chunk in stream:
            written += chunk.choices[0].delta.content or ""
            if len(written.split()) > 5:
                break
        await stream.close()
        completion = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": f"Finish this sentence differently: {written}"}]
        )
        return completion.choices[0].message.content

    answers = [
        says("The lighthouse keeper counted every gull that passed his window before the storm came in."),
        says("…feather that fell."),
    ]
    question = "Begin a novel."
    return Scenario(program, question, answers, "input>llm1 llm1>llm2", "llm2", ways=BOTH, partial="llm1")


def read_after_the_block(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> Any:
        return await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": question}], stream=True
        )

    async def after(stream: Any) -> None:
        assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == "Only at slack water."

    answers = [says("Only at slack water.")]
    return Scenario(program, "When may we dive?", answers, "input>llm", "llm", ways=BOTH, forms=(BLOCK,), after=after)


def events_of_a_stream(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str | None:
        text = ""
        async with client.chat.completions.stream(
            model=MODEL, messages=[{"role": "user", "content": question}]
        ) as stream:
            async for event in stream:
                if event.type == "content.delta":
                    text += event.delta
        async with client.responses.stream(model=MODEL, input=f"Contradict:\n{text}") as events:
            async for happened in events:
                if happened.type == "response.output_text.done":
                    text = happened.text
        return text

    answers = [says("Salt water freezes later than fresh."), says("Not in my freezer.")]
    return Scenario(program, "What freezes first?", answers, "input>llm1 llm1>llm2", "llm2", ways=BOTH)


class Rating(BaseModel):
    """A rating."""

    stars: int
    praise: str


def other_doors(client: AsyncOpenAI) -> Scenario:
    async def program(inn: str) -> str | None:
        raw = await client.chat.completions.with_raw_response.create(
            model=MODEL, messages=[{"role": "user", "content": f"Describe the inn {inn}."}]
        )
        described = raw.parse().choices[0].message.content
        rated = await client.beta.chat.completions.parse(
            model=MODEL, messages=[{"role": "user", "content": f"Rate: {described}"}], response_format=Rating
        )
        praise = rated.choices[0].message.parsed.praise  # type: ignore[union-attr]
        patient = client.with_options(timeout=20)
        advert = await patient.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": f"Turn into an advert: {praise}"}]
        )
        body = {"model": MODEL, "messages": [{"role": "user", "content": advert.choices[0].message.content}]}
        last = await client.post("/chat/completions", cast_to=ChatCompletion, body=body)
        return last.choices[0].message.content

    answers = [
        says("Low beams, a warm stove, and eels in dill."),
        gives({"stars": 5, "praise": "A stove like a hug"}),
        says("Come in and be hugged!"),
        says("Gladly."),
    ]
    edges = "input>llm1 llm1>llm2 llm2>llm3 llm3>llm4"
    return Scenario(program, "The Drunken Cod", answers, edges, "llm4", ways=BOTH)


def streamed_tools_in_two_calls(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str:
        messages: list[Any] = [{"role": "user", "content": question}]
        parameters = {"type": "object", "properties": {"channel": {"type": "string"}}, "required": ["channel"]}
        tools: Any = [{"type": "function", "function": {"name": "radio", "parameters": parameters}}]
        while True:
            text, calls = "", {}
            stream = await client.chat.completions.create(model=MODEL, messages=messages, tools=tools, stream=True)
            async for chunk in stream:
                delta = chunk.choices[0].delta
                text += delta.content or ""
                for part in delta.tool_calls or ():
                    call: Any = calls.setdefault(part.index, {"id": "", "type": "function", "function": {}})
                    call["id"] += part.id or ""
                    for field in ("name", "arguments"):
                        call["function"].setdefault(field, "")
                        call["function"][field] += getattr(part.function, field) or ""
            if not calls:
                return text
            messages.append({"role": "assistant", "content": text or None, "tool_calls": list(calls.values())})
            for call in calls.values():
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": "Gale warning, force nine."})

    answers = [asks(("radio", {"channel": "16"})), says("Stay in harbour.")]
    edges = "input>llm1 llm1>radio input>llm2 llm1>llm2 radio>llm2"
    return Scenario(program, "What do they say on the air?", answers, edges, "llm2", ways=BOTH)


def sync_client_beside_an_async_one(client: AsyncOpenAI) -> Scenario:
    async def program(topic: str) -> str | None:
        with OpenAI(base_url=client.base_url, api_key=client.api_key) as plain:
            other = trace_openai(plain, recorder_of(client))
            drafted = other.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": f"Draft a toast on {topic}."}]
            )
        completion = await client.chat.completions.create(
            model="gpt-4o",
            messages=[{"role": "user", "content": f"Make it rhyme: {drafted.choices[0].message.content}"}],
        )
        return completion.choices[0].message.content

    answers = [says("May your keel stay wet and your powder dry."), says("Keel wet, no regret!")]
    return Scenario(program, "a launched sloop", answers, "input>llm1 llm1>llm2", "llm2", ways=BOTH)


def untraced_client_between(client: AsyncOpenAI) -> Scenario:
    async def program(topic: str) -> str | None:
        first = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": f"Draft a toast on {topic}."}]
        )
        with OpenAI(base_url=client.base_url, api_key=client.api_key) as untraced:
            hidden = untraced.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": first.choices[0].message.content or ""}]
            )
        last = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": hidden.choices[0].message.content or ""}]
        )
        return last.choices[0].message.content

    # What came from elsewhere is an input.
    answers = [says("May your keel stay wet."), says("Prosit, dear sailors!"), says("Cheers.")]
    edges = "input1>llm1 input2>llm2"
    return Scenario(program, "a launched sloop", answers, edges, "llm2", ways=BOTH, forms=(BLOCK,))


STREAMS: list[Callable[[Any], Scenario]] = [
    printed_as_it_comes,
    closed_early,
    read_after_the_block,
    events_of_a_stream,
    other_doors,
    streamed_tools_in_two_calls,
    sync_client_beside_an_async_one,
    untraced_client_between,
]
