"""Programs in which something goes wrong: errors that are caught or leave, refusals, limits."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import openai
from openai import AsyncOpenAI

from tests.openai.api_server import fails, gives, refuses, says
from tests.openai.scenario import MODEL, Scenario


def spare_model_after_a_failure(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str | None:
        messages: list[Any] = [{"role": "user", "content": question}]
        try:
            completion = await client.chat.completions.create(model="gpt-4o", messages=messages)
        except openai.APIStatusError:
            completion = await client.chat.completions.create(model=MODEL, messages=messages)
        return completion.choices[0].message.content

    answers = [fails(500, "The engine is on fire."), says("By echo.")]
    return Scenario(program, "How do bats navigate?", answers, "input>llm1! input>llm2", "llm2")


def error_that_leaves(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str | None:
        completion = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": question}])
        completion = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": f"Doubt this: {completion.choices[0].message.content}"}],
        )
        return completion.choices[0].message.content

    answers = [says("They emit clicks and listen."), fails(429, "You are over your quota.")]
    edges = "input>llm1 llm1>llm2!"
    return Scenario(program, "How do bats navigate?", answers, edges, "llm2!", raises=openai.RateLimitError)


def cut_down_to_fit(client: AsyncOpenAI) -> Scenario:
    async def program(document: str) -> str | None:
        try:
            completion = await client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": f"Summarise:\n\n{document}"}]
            )
        except openai.BadRequestError:
            completion = await client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": f"Summarise:\n\n{document[:60]}"}]
            )
        return completion.choices[0].message.content

    document = "The charter of the port was signed in 1604 by two envoys. " * 5
    answers = [fails(400, "Too many tokens.", code="context_length_exceeded"), says("An old charter.")]
    edges = "input1>llm1! input2>llm2"  # in a block, a piece of an earlier message is told as a new one
    return Scenario(program, document, answers, edges, "llm2", in_program="input>llm1! input>llm2")


def one_of_several_fails(client: AsyncOpenAI) -> Scenario:
    async def program(cities: list[str]) -> str | None:
        facts = []
        for city in cities:
            try:
                completion = await client.chat.completions.create(
                    model=MODEL, messages=[{"role": "user", "content": f"What is {city} known for?"}]
                )
                facts.append(completion.choices[0].message.content)
            except openai.InternalServerError:
                facts.append(f"Nothing is known of {city}.")
        prompt = "Plan a cruise from this.\n" + "\n".join(facts)  # type: ignore[arg-type]
        completion = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": prompt}])
        return completion.choices[0].message.content

    # In a block, the name of the city is only a word of what was asked; in a program it is the example's.
    return Scenario(
        program,
        ["Bergen", "Narvik", "Tromsø"],
        [says("Wooden wharves and rain."), fails(503, "Overloaded."), says("Northern lights."), says("Go north.")],
        "input1>llm1 input2>llm2! input3>llm3 llm1>llm4 llm3>llm4",
        "llm4",
        in_program="input>llm1 input>llm2! input>llm3 input>llm4 llm1>llm4 llm3>llm4",
    )


def invalid_json_is_sent_back(client: AsyncOpenAI) -> Scenario:
    async def program(text: str) -> dict[str, Any]:
        messages: list[Any] = [
            {"role": "system", "content": "Extract ship and year as JSON."},
            {"role": "user", "content": text},
        ]
        while True:
            completion = await client.chat.completions.create(model=MODEL, messages=messages)
            answer = completion.choices[0].message.content or ""
            try:
                return json.loads(answer)  # type: ignore[no-any-return]
            except json.JSONDecodeError as error:
                messages.append({"role": "assistant", "content": answer})
                messages.append({"role": "user", "content": f"This is not valid JSON: {error}. Try again."})

    # The complaint holds nothing of an answer; it is the program's own.
    return Scenario(
        program,
        "In 1912 the Titanic sank.",
        [says("{ship: Titanic, year: 1912"), gives({"ship": "Titanic", "year": 1912})],
        "input1>llm1 input1>llm2 llm1>llm2 input2>llm2",
        "llm2",
        in_program="input>llm1 input>llm2 llm1>llm2",
    )


def refused(client: AsyncOpenAI) -> Scenario:
    async def program(wish: str) -> str | None:
        completion = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": wish}])
        message = completion.choices[0].message
        if not message.refusal:
            return message.content
        completion = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": f"Explain gently what is behind this: {message.refusal}"}],
        )
        return completion.choices[0].message.content

    answers = [refuses("I cannot help with forging a captain's licence."), says("It is a crime.")]
    return Scenario(program, "Print me a skipper's certificate.", answers, "input>llm1 llm1>llm2", "llm2")


FAILING: list[Callable[[Any], Scenario]] = [
    spare_model_after_a_failure,
    error_that_leaves,
    cut_down_to_fit,
    one_of_several_fails,
    invalid_json_is_sent_back,
    refused,
]
