"""Programs on the Responses API."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from openai import AsyncOpenAI
from pydantic import BaseModel

from tests.openai.api_server import asks, gives, says
from tests.openai.scenario import ASYNC, MODEL, SYNC, Scenario

TOOLS: list[Any] = [
    {
        "type": "function",
        "name": "tide",
        "description": "When the tide is high.",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"harbour": {"type": "string"}},
            "required": ["harbour"],
            "additionalProperties": False,
        },
    }
]
WANTED = asks(("tide", {"harbour": "Brest"}))


def tide(harbour: str) -> str:
    return json.dumps({"high": "04:12 and 16:40"})


def responses_in_a_chain(client: AsyncOpenAI) -> Scenario:
    async def program(topic: str) -> str:
        facts = await client.responses.create(model=MODEL, input=f"List facts about {topic}.")
        poem = await client.responses.create(
            model=MODEL, instructions="You write haiku.", input=[{"role": "user", "content": facts.output_text}]
        )
        return poem.output_text

    answers = [says("The moon pulls water. Bays resonate."), says("Moon tugs the old bay")]
    return Scenario(program, "tides", answers, "input>llm1 llm1>llm2", "llm2")


def responses_tool_loop(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str:
        items: list[Any] = [{"role": "user", "content": question}]
        while True:
            response = await client.responses.create(model=MODEL, input=items, tools=TOOLS)
            items += response.output
            calls = [item for item in response.output if item.type == "function_call"]
            if not calls:
                return response.output_text  # type: ignore[no-any-return]
            for call in calls:
                result = tide(**json.loads(call.arguments))
                items.append({"type": "function_call_output", "call_id": call.call_id, "output": result})

    edges = "input>llm1 llm1>tide input>llm2 llm1>llm2 tide>llm2"
    return Scenario(program, "May I sail out of Brest at noon?", [WANTED, says("Better wait.")], edges, "llm2")


def tool_loop_by_response_id(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str:
        response = await client.responses.create(model=MODEL, input=question, tools=TOOLS)
        while calls := [item for item in response.output if item.type == "function_call"]:
            results: list[Any] = [
                {"type": "function_call_output", "call_id": call.call_id, "output": tide(**json.loads(call.arguments))}
                for call in calls
            ]
            response = await client.responses.create(
                model=MODEL, previous_response_id=response.id, input=results, tools=TOOLS
            )
        return response.output_text  # type: ignore[no-any-return]

    # The question is not sent again.
    edges = "input>llm1 llm1>tide llm1>llm2 tide>llm2"
    return Scenario(program, "May I sail out of Brest at noon?", [WANTED, says("Better wait.")], edges, "llm2")


def turns_by_response_id(client: AsyncOpenAI) -> Scenario:
    async def program(questions: list[str]) -> str:
        before = None
        for question in questions:
            more = {} if before is None else {"previous_response_id": before.id}
            before = await client.responses.create(model=MODEL, input=question, **more)
        return before.output_text  # type: ignore[no-any-return,union-attr]

    answers = [says("It is a spring tide."), says("Twice a month."), says("Around equinox.")]
    edges = "input1>llm1 llm1>llm2 input2>llm2 llm2>llm3 input3>llm3"
    questions = ["Why is it so high today?", "How frequent is that?", "And the highest?"]
    return Scenario(program, questions, answers, edges, "llm3")


def two_branches_of_one_response(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str:
        first = await client.responses.create(model=MODEL, input=question)
        short = await client.responses.create(
            model=MODEL, previous_response_id=first.id, input="Shorter, please, and no numerals."
        )
        formal = await client.responses.create(
            model=MODEL, previous_response_id=first.id, input="Rather formal, as for a minister."
        )
        return f"{short.output_text}\n{formal.output_text}"

    answers = [says("Neap tides come with half moons."), says("Half moon, low flood."), says("Your Excellency, …")]
    return Scenario(
        program,
        "What is a neap tide?",
        answers,
        "input1>llm1 llm1>llm2 input2>llm2 llm1>llm3 input3>llm3",
        "llm3",
        in_program="input>llm1 llm1>llm2 llm1>llm3",
        returned="llm2 llm3",
    )


def kept_conversation(client: AsyncOpenAI) -> Scenario:
    async def program(questions: list[str]) -> str:
        for question in questions:
            response = await client.responses.create(model=MODEL, conversation="conv_harbour", input=question)
        return response.output_text  # type: ignore[no-any-return]

    answers = [says("By the quay."), says("Ten francs."), says("Until dusk.")]
    edges = "input1>llm1 llm1>llm2 input2>llm2 llm2>llm3 input3>llm3"
    questions = ["Where can I moor?", "What does a night cost?", "How long is it open?"]
    return Scenario(program, questions, answers, edges, "llm3")


def instructions_with_an_answer(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str:
        persona = await client.responses.create(
            model=MODEL, input="Invent the character of an old harbour master, in a sentence."
        )
        answer = await client.responses.create(
            model=MODEL, instructions=f"You are this person. {persona.output_text}", input=question
        )
        return answer.output_text  # type: ignore[no-any-return]

    return Scenario(
        program,
        "Is there a free berth?",
        [says("Yann grumbles, yet feeds every stray cat."), says("Hrmpf. Berth nine.")],
        "input1>llm1 llm1>llm2 input2>llm2",
        "llm2",
        in_program="llm1>llm2 input>llm2",
    )


class Voyage(BaseModel):
    """A voyage."""

    destination: str
    provisions: list[str]


def parsed_response(client: AsyncOpenAI) -> Scenario:
    async def program(wish: str) -> str:
        planned = await client.responses.parse(model=MODEL, input=wish, text_format=Voyage)
        voyage = planned.output_parsed
        packing = await client.responses.create(
            model=MODEL,
            input=f"How many crates do these need: {', '.join(voyage.provisions)}?",  # type: ignore[union-attr]
        )
        return packing.output_text

    answers = [
        gives({"destination": "Ushant", "provisions": ["ship's biscuit", "salted butter", "cider"]}),
        says("Four should do."),
    ]
    wish = "I want to sail somewhere remote."
    return Scenario(program, wish, answers, "input>llm1 llm1>llm2", "llm2", ways=(SYNC, ASYNC))


def from_a_chat_to_a_response(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str:
        completion = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": question}])
        content: Any = [
            {"type": "input_text", "text": "Which fallacy is in this answer?"},
            {"type": "input_text", "text": completion.choices[0].message.content},
        ]
        response = await client.responses.create(model=MODEL, input=[{"role": "user", "content": content}])
        return response.output_text

    answers = [says("Everyone sails, hence it is safe."), says("An appeal to popularity.")]
    return Scenario(program, "Is sailing dangerous?", answers, "input>llm1 llm1>llm2", "llm2")


RESPONSES: list[Callable[[Any], Scenario]] = [
    responses_in_a_chain,
    responses_tool_loop,
    tool_loop_by_response_id,
    turns_by_response_id,
    two_branches_of_one_response,
    kept_conversation,
    instructions_with_an_answer,
    parsed_response,
    from_a_chat_to_a_response,
]
