"""What users make of an answer before it is told on: fields, pieces, other letters, lists; and what they find by it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from openai import AsyncOpenAI
from pydantic import BaseModel

from tests.openai.api_server import embeds, gives, says
from tests.openai.scenario import ASYNC, MODEL, SYNC, Scenario


def field_of_a_json_answer(client: AsyncOpenAI) -> Scenario:
    async def program(mood: str) -> str | None:
        completion = await client.chat.completions.create(
            model=MODEL,
            messages=[
                {"role": "system", "content": 'Invent a song. Answer as JSON: {"title": …, "tempo": …}.'},
                {"role": "user", "content": mood},
            ],
            response_format={"type": "json_object"},
        )
        song = json.loads(completion.choices[0].message.content or "{}")
        completion = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": f"Write the chorus of a song called “{song['title']}”."}],
        )
        return completion.choices[0].message.content

    answers = [gives({"title": "Salt on My Sleeve", "tempo": 84}), says("Oh the ocean never leaves…")]
    return Scenario(program, "wistful", answers, "input>llm1 llm1>llm2", "llm2")


def json_written_anew(client: AsyncOpenAI) -> Scenario:
    async def ask(prompt: str) -> str:
        completion = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": prompt}])
        return completion.choices[0].message.content or ""

    async def program(minutes: str) -> str:
        tasks = json.loads(await ask(f"Extract the tasks as a JSON list of owner and task.\n\n{minutes}"))
        late = [task for task in tasks if task["owner"] != "Kim"]
        return await ask(f"Remind these people kindly:\n{json.dumps(late, indent=2)}")

    answers = [
        gives([{"owner": "Kim", "task": "book the hall"}, {"owner": "Lee", "task": "paint both hulls"}]),
        says("Dear Lee, the hulls await you."),
    ]
    minutes = "Kim sees to a hall; both hulls need paint, which Lee has."
    return Scenario(program, minutes, answers, "input>llm1 llm1>llm2", "llm2")


class Step(BaseModel):
    """A step of a recipe."""

    action: str
    minutes: int


class Recipe(BaseModel):
    """A recipe."""

    name: str
    steps: list[Step]


def parsed_attributes(client: AsyncOpenAI) -> Scenario:
    async def program(dish: str) -> str | None:
        completion = await client.chat.completions.parse(
            model=MODEL, messages=[{"role": "user", "content": f"How is {dish} made?"}], response_format=Recipe
        )
        recipe = completion.choices[0].message.parsed
        longest = max(recipe.steps, key=lambda step: step.minutes)  # type: ignore[union-attr]
        completion = await client.chat.completions.create(  # type: ignore[assignment]
            model=MODEL,
            messages=[{"role": "user", "content": f"What can I do meanwhile, in {longest.action.lower()}?"}],
        )
        return completion.choices[0].message.content

    steps = [{"action": "Clean the mussels", "minutes": 10}, {"action": "Steaming them in cider", "minutes": 25}]
    answers = [gives({"name": "Moules", "steps": steps}), says("Slice bread.")]
    return Scenario(program, "mussel stew", answers, "input>llm1 llm1>llm2", "llm2", ways=(SYNC, ASYNC))


def lines_one_by_one(client: AsyncOpenAI) -> Scenario:
    async def ask(prompt: str) -> str:
        completion = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": prompt}])
        return completion.choices[0].message.content or ""

    async def program(subject: str) -> str:
        plan = await ask(f"Plan a lecture on {subject}: three numbered titles.")
        titles = [line.split(". ", 1)[1] for line in plan.splitlines()]
        parts = [await ask(f"Lecture for a minute. Title: {title}") for title in titles]
        script = "\n".join(f"{number}) {part}" for number, part in enumerate(parts, 1))
        return await ask(f"Write the closing words after this script.\n{script}")

    answers = [
        says("1. Lighthouses of old\n2. The Fresnel lens\n3. Going automatic"),
        says("Fires burned on towers."),
        says("Glass rings bend rays."),
        says("Keepers went home."),
        says("Thank you all."),
    ]
    edges = "input>llm1 llm1>llm2 llm1>llm3 llm1>llm4 llm2>llm5 llm3>llm5 llm4>llm5"
    return Scenario(program, "beacons at sea", answers, edges, "llm5")


def first_sentence_in_capitals(client: AsyncOpenAI) -> Scenario:
    async def program(event: str) -> str | None:
        completion = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": f"Report on this: {event}"}]
        )
        headline = (completion.choices[0].message.content or "").split(". ")[0].upper()
        completion = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": f"{headline}\n\nWhat would a sceptic reply?"}]
        )
        return completion.choices[0].message.content

    answers = [says("A ferry met a whale near Corsica. Nobody was hurt."), says("Was it a log?")]
    return Scenario(program, "collision in the strait", answers, "input>llm1 llm1>llm2", "llm2")


def wrapped_and_quoted(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str | None:
        completion = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": question}])
        lines = textwrap.wrap(completion.choices[0].message.content or "", 30)
        quoted = "\n".join(f"> {line}" for line in lines)
        completion = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": f"A colleague wrote:\n{quoted}\n\nDo you agree?"}]
        )
        return completion.choices[0].message.content

    answers = [
        says("Barnacles glue themselves to hulls with a cement stronger than anything that we make, even in the wet."),
        says("Mostly."),
    ]
    return Scenario(program, "What sticks best below the waterline?", answers, "input>llm1 llm1>llm2", "llm2")


def joined_with_the_question(client: AsyncOpenAI) -> Scenario:
    async def ask(prompt: str) -> str:
        completion = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": prompt}])
        return completion.choices[0].message.content or ""

    async def program(question: str) -> str:
        answers = [await ask(question) for _ in range(2)]
        listed = "\n".join(f"[{letter}] {answer.strip()}" for letter, answer in zip("ab", answers, strict=True))
        return await ask(f"Merge the candidates into one answer.\nQuestion: {question}\n{listed}")

    answers = [says("  Fog forms over cold currents.\n"), says("Moist air cools above the water."), says("Both.")]
    edges = "input>llm1 input>llm2 input>llm3 llm1>llm3 llm2>llm3"
    return Scenario(program, "Why is there fog in summer off this coast?", answers, edges, "llm3")


def parts_of_a_message(client: AsyncOpenAI) -> Scenario:
    async def program(shown: dict[str, str]) -> str | None:
        picture: Any = {"type": "image_url", "image_url": {"url": shown["url"], "detail": "low"}}
        messages: Any = [{"role": "user", "content": [{"type": "text", "text": shown["question"]}, picture]}]
        completion = await client.chat.completions.create(model=MODEL, messages=messages)
        caption = completion.choices[0].message.content or ""
        messages = [
            {"role": "user", "content": [{"type": "text", "text": "Is this caption true?"}, picture]},
            {"role": "user", "content": [{"type": "text", "text": caption}]},
        ]
        completion = await client.chat.completions.create(model=MODEL, messages=messages)
        return completion.choices[0].message.content

    # The picture is told once more. What asks about it stands in the same message.
    shown = {"url": "https://example.com/regatta-1911.jpg", "question": "Describe the boats."}
    answers = [says("Three cutters race past a buoy."), says("There are four.")]
    return Scenario(program, shown, answers, "input>llm1 input>llm2 llm1>llm2", "llm2")


def old_completions(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str:
        model = "gpt-3.5-turbo-instruct"
        first = await client.completions.create(model=model, prompt=f"Q: {question}\nA:", max_tokens=60)
        text = first.choices[0].text.strip()
        second = await client.completions.create(model=model, prompt=f"Put into pirate speech: {text}\nPirate:")
        return second.choices[0].text.strip()

    answers = [says(" Sextants measure the angle of stars."), says(" Arr, ye gauge them lights!")]
    return Scenario(program, "What does a sextant do?", answers, "input>llm1 llm1>llm2", "llm2")


SHELF = ["Kelp grows half a metre a day.", "Harpoons were replaced by cannons.", "Buoys mark channels."]


def nearest(question: Sequence[float], vectors: Sequence[Sequence[float]]) -> int:
    return max(range(len(vectors)), key=lambda i: sum(a * b for a, b in zip(question, vectors[i], strict=True)))


def found_by_embeddings(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str | None:
        model = "text-embedding-3-small"
        shelf = await client.embeddings.create(model=model, input=SHELF)
        asked = await client.embeddings.create(model=model, input=question)
        found = SHELF[nearest(asked.data[0].embedding, [each.embedding for each in shelf.data])]
        completion = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": f"Context: {found}\n\nQuestion: {question}"}]
        )
        return completion.choices[0].message.content

    # Vectors only chose. What was found was put into the first call, which the program's own code did.
    return Scenario(
        program,
        "How quickly does seaweed get longer?",
        [embeds((1.0, 0.0), (0.0, 1.0), (0.5, 0.5)), embeds((0.9, 0.1)), says("Half a metre daily.")],
        "input1>embed1 input2>embed2 input1>llm input2>llm",
        "llm",
        in_program="embed1 input>embed2 input>llm",
    )


def answer_that_is_embedded(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> list[float]:
        completion = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": f"Guess what a page that answers this says: {question}"}]
        )
        guess = completion.choices[0].message.content or ""
        embedded = await client.embeddings.create(model="text-embedding-3-small", input=[guess])
        return embedded.data[0].embedding

    answers = [says("Kelp stretches by several decimetres between dawn and dawn."), embeds((0.8, 0.2))]
    return Scenario(program, "How quickly does seaweed get longer?", answers, "input>llm llm>embed", "embed")


def rules_told_to_the_judge(client: AsyncOpenAI) -> Scenario:
    rules = "Answer in at most five words, and never name a person."

    async def program(question: str) -> str | None:
        completion = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "system", "content": rules}, {"role": "user", "content": question}]
        )
        said = completion.choices[0].message.content
        prompt = f"Rules: {rules}\nAnswer: {said}\nWere the rules kept?"
        completion = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": prompt}])
        return completion.choices[0].message.content

    # The judge is told the first one's system prompt, and not its question.
    answers = [says("A diver from Oban."), says("Yes.")]
    return Scenario(program, "Who found the wreck?", answers, "input>llm1 llm1>llm2", "llm2")


TEXTS: list[Callable[[Any], Scenario]] = [
    field_of_a_json_answer,
    json_written_anew,
    parsed_attributes,
    lines_one_by_one,
    first_sentence_in_capitals,
    wrapped_and_quoted,
    joined_with_the_question,
    parts_of_a_message,
    old_completions,
    found_by_embeddings,
    answer_that_is_embedded,
    rules_told_to_the_judge,
]
