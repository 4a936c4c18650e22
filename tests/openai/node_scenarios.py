"""Programs that put nodes and parameters where values may stand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from openai import AsyncOpenAI

from tests.openai.api_server import asks, says
from tests.openai.scenario import MODEL, SYNC, Scenario
from trace_core import bundle, node, template

QUESTION = "Is plankton alive?"


def parameter_as_system_prompt(client: AsyncOpenAI) -> Scenario:
    system = node("Answer in five words.", trainable=True, name="system")

    async def program(question: str) -> str | None:
        messages: list[Any] = [{"role": "system", "content": system}, {"role": "user", "content": question}]
        completion = await client.chat.completions.create(model=MODEL, messages=messages)
        return completion.choices[0].message.content

    return Scenario(program, QUESTION, [says("Plants and animals, both living.")], "system>llm input>llm", "llm")


def parameters_everywhere(client: AsyncOpenAI) -> Scenario:
    temperature = node(0.4, trainable=True, name="temperature")
    description = node("Looks up a species.", trainable=True, name="description")
    argument = node("In Latin.", trainable=True, name="argument")
    instructions = node("Answer in five words.", trainable=True, name="instructions")

    async def program(question: str) -> str | None:
        name: Any = {"type": "string", "description": argument}
        schema = {"type": "object", "properties": {"name": name}, "required": ["name"], "additionalProperties": False}
        function = {"name": "species", "description": description, "strict": True, "parameters": schema}
        completion = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": question}],
            temperature=temperature,  # type: ignore[arg-type]
            tools=[{"type": "function", "function": function}],  # type: ignore[typeddict-item]
        )
        answer = completion.choices[0].message.content
        response = await client.responses.create(model=MODEL, instructions=instructions, input=answer)  # type: ignore[call-overload]
        return response.output_text  # type: ignore[no-any-return]

    edges = "temperature>llm1 description>llm1 argument>llm1 input>llm1 instructions>llm2 llm1>llm2"
    answers = [says("Copepods eat, grow and breed."), says("Yes, they certainly all are.")]
    return Scenario(program, QUESTION, answers, edges, "llm2")


def node_as_a_message(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str | None:
        asked = node(question, name="asked")
        completion = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": asked}],  # type: ignore[list-item]
        )
        return completion.choices[0].message.content

    # All that is new is the node. In a program, what it holds is the example.
    edges = "asked>llm"
    return Scenario(program, QUESTION, [says("It is.")], edges, "llm", in_program="asked>llm input>llm")


def node_made_by_operators(client: AsyncOpenAI) -> Scenario:
    style = node("Answer like a bosun. ", trainable=True, name="style")

    async def program(question: str) -> str | None:
        completion = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": style + "Keep it clean."}, {"role": "user", "content": question}],  # type: ignore[list-item]
        )
        return completion.choices[0].message.content

    return Scenario(program, QUESTION, [says("Aye!")], "style>add add>llm input>llm", "llm")


def template_of_a_prompt(client: AsyncOpenAI) -> Scenario:
    prompt = node("Classify the creature: {creature}", trainable=True, name="prompt")

    async def program(creature: str) -> str | None:
        asked = template(prompt, creature=creature)
        completion = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": asked}],  # type: ignore[list-item]
        )
        kind = completion.choices[0].message.content
        completion = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": f"Name three relatives of any {kind}."}]
        )
        return completion.choices[0].message.content

    # In a block, nobody can tell the creature from the prompt.
    return Scenario(
        program,
        "sea cucumber",
        [says("echinoderm"), says("Starfish, urchins, sand dollars.")],
        "prompt>format format>llm1 llm1>llm2",
        "llm2",
        in_program="prompt>format format>llm1 input>llm1 llm1>llm2",
    )


def bundle_that_asks(client: AsyncOpenAI) -> Scenario:
    @bundle()
    def outline(topic: str) -> str:
        """An outline of a topic."""
        completion = client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": f"Outline an essay on {topic}."}]
        )
        return str(completion.choices[0].message.content)  # type: ignore[attr-defined]

    def program(topic: str) -> Any:
        made = outline(topic)
        completion = client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": made}],  # type: ignore[list-item]
        )
        return completion.choices[0].message.content  # type: ignore[attr-defined]

    # What the bundle gave is its node's, and it is what the model wrote in it.
    answers = [says("Causes; course; consequences."), says("Once upon a storm…")]
    edges = "input>llm1 outline>llm2 llm1>llm2"
    return Scenario(program, "shipwrecks", answers, edges, "llm2", ways=(SYNC,))


def node_as_a_tools_result(client: AsyncOpenAI) -> Scenario:
    style = node("terse", trainable=True, name="style")

    @bundle()
    def guide(topic: str, style: str) -> str:
        """What the style guide says."""
        return f"Of {topic}: be {style}, and no adverbs."

    async def program(question: str) -> str | None:
        schema = {
            "type": "object",
            "properties": {"topic": {"type": "string"}},
            "required": ["topic"],
            "additionalProperties": False,
        }
        function = {"name": "guide", "description": "The style guide.", "strict": True, "parameters": schema}
        tools: Any = [{"type": "function", "function": function}]
        messages: list[Any] = [{"role": "user", "content": question}]
        asked = (await client.chat.completions.create(model=MODEL, messages=messages, tools=tools)).choices[0].message
        [call] = asked.tool_calls or []
        found = guide(json.loads(call.function.arguments)["topic"], style)
        messages += [asked, {"role": "tool", "tool_call_id": call.id, "content": found}]
        completion = await client.chat.completions.create(model=MODEL, messages=messages, tools=tools)
        return completion.choices[0].message.content

    # The tool's node is named like the bundle's: what the bundle made, then what was sent of it.
    edges = "style>guide1 guide1>guide2 llm1>guide2 input>llm1 input>llm2 llm1>llm2 guide2>llm2"
    answers = [asks(("guide", {"topic": "logbooks"})), says("Write wind, course, speed.")]
    return Scenario(program, "How should a log be kept?", answers, edges, "llm2")


def learned_and_then_plain(client: AsyncOpenAI) -> Scenario:
    greeting = node("Ahoy, shipmate.", trainable=True, name="greeting")

    async def program(question: str) -> str | None:
        history: list[Any] = [{"role": "assistant", "content": greeting}, {"role": "user", "content": question}]
        completion = await client.chat.completions.create(model=MODEL, messages=history)
        history += [completion.choices[0].message, {"role": "user", "content": f"Repeat: {question}"}]
        completion = await client.chat.completions.create(model=MODEL, messages=history)
        return completion.choices[0].message.content

    edges = "greeting>llm1 input>llm1 greeting>llm2 input>llm2 llm1>llm2"
    return Scenario(program, QUESTION, [says("It drifts and it breathes."), says("It lives!")], edges, "llm2")


NODES: list[Callable[[Any], Scenario]] = [
    parameter_as_system_prompt,
    parameters_everywhere,
    node_as_a_message,
    node_made_by_operators,
    template_of_a_prompt,
    bundle_that_asks,
    node_as_a_tools_result,
    learned_and_then_plain,
]
