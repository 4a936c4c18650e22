"""Conversations that users keep in a list of messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openai import AsyncOpenAI

from tests.openai.api_server import says
from tests.openai.scenario import ASYNC, MODEL, PROGRAM, STREAMED, SYNC, Scenario

TURNS = ["Where do eels spawn?", "How do they get there?", "And their young?"]
REPLIES = [says("In the Sargasso Sea."), says("They swim for months."), says("Currents carry larvae back.")]


def three_turns(client: AsyncOpenAI) -> Scenario:
    async def program(questions: list[str]) -> str | None:
        history: list[Any] = [{"role": "system", "content": "You know fish."}]
        for question in questions:
            history.append({"role": "user", "content": question})
            completion = await client.chat.completions.create(model=MODEL, messages=history)
            history.append({"role": "assistant", "content": completion.choices[0].message.content})
        return history[-1]["content"]  # type: ignore[no-any-return]

    edges = "input1>llm1 input1>llm2 llm1>llm2 input2>llm2 input1>llm3 llm1>llm3 input2>llm3 llm2>llm3 input3>llm3"
    return Scenario(program, TURNS, REPLIES, edges, "llm3")


def message_objects_in_the_history(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str | None:
        history: list[Any] = [{"role": "user", "content": question}]
        first = await client.chat.completions.create(model=MODEL, messages=history)
        history += [first.choices[0].message, {"role": "user", "content": "Say that to a five-year-old, please."}]
        second = await client.chat.completions.create(model=MODEL, messages=history)
        return second.choices[0].message.content

    # The second message of the user stands in the program's code.
    return Scenario(
        program,
        "Why is the sea salty?",
        [says("Rivers dissolve minerals from rocks."), says("Because rain licks stones!")],
        "input1>llm1 input1>llm2 llm1>llm2 input2>llm2",
        "llm2",
        in_program="input>llm1 input>llm2 llm1>llm2",
    )


def trimmed_history(client: AsyncOpenAI) -> Scenario:
    async def program(questions: list[str]) -> str | None:
        history: list[Any] = []
        for question in questions:
            history.append({"role": "user", "content": question})
            sent = [{"role": "system", "content": "You know fish."}, *history[-3:]]
            completion = await client.chat.completions.create(model=MODEL, messages=sent)  # type: ignore[arg-type]
            history.append(completion.choices[0].message.model_dump(include={"role", "content"}))
        return history[-1]["content"]  # type: ignore[no-any-return]

    # The first question and its answer are not sent any more with the third.
    edges = "input1>llm1 input1>llm2 llm1>llm2 input2>llm2 input2>llm3 llm2>llm3 input3>llm3"
    return Scenario(program, TURNS, REPLIES, edges, "llm3")


def summarised_history(client: AsyncOpenAI) -> Scenario:
    async def ask(messages: list[Any]) -> str:
        completion = await client.chat.completions.create(model=MODEL, messages=messages)
        return completion.choices[0].message.content or ""

    async def program(questions: list[str]) -> str:
        history: list[Any] = []
        for question in questions[:2]:
            history.append({"role": "user", "content": question})
            history.append({"role": "assistant", "content": await ask(history)})
        transcript = "\n".join(f"{message['role']}: {message['content']}" for message in history)
        summary = await ask([{"role": "user", "content": f"Condense this conversation:\n{transcript}"}])
        return await ask(
            [
                {"role": "system", "content": f"What was said before: {summary}"},
                {"role": "user", "content": questions[2]},
            ]
        )

    answers = [*REPLIES[:2], says("We discussed the breeding trip of anguilliform fish."), REPLIES[2]]
    edges = (
        "input1>llm1 input1>llm2 llm1>llm2 input2>llm2 "
        "input1>llm3 llm1>llm3 input2>llm3 llm2>llm3 llm3>llm4 input3>llm4"
    )
    return Scenario(program, TURNS, answers, edges, "llm4")


def transcript_in_one_message(client: AsyncOpenAI) -> Scenario:
    async def program(questions: list[str]) -> str:
        transcript = ""
        for question in questions:
            transcript += f"User: {question}\nAssistant: "
            completion = await client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": transcript}], stop=["User:"]
            )
            transcript += f"{completion.choices[0].message.content}\n"
        return transcript

    edges = "input>llm1 input>llm2 llm1>llm2 input>llm3 llm1>llm3 llm2>llm3"
    return Scenario(program, TURNS, REPLIES, edges, "llm3", forms=(PROGRAM,))


def two_that_talk_to_each_other(client: AsyncOpenAI) -> Scenario:
    async def ask(system: str, heard: list[Any]) -> str:
        completion = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "system", "content": system}, *heard]
        )
        return completion.choices[0].message.content or ""

    async def program(opening: str) -> str:
        anna: list[Any] = [{"role": "user", "content": opening}]
        bert: list[Any] = []
        for _ in range(2):
            said = await ask("You are Anna, who loves the sea.", anna)
            anna.append({"role": "assistant", "content": said})
            bert.append({"role": "user", "content": said})
            said = await ask("You are Bert, who fears it.", bert)
            bert.append({"role": "assistant", "content": said})
            anna.append({"role": "user", "content": said})
        return said

    answers = [
        says("Let us sail to Iceland!"),
        says("Storms would sink us."),
        says("My ketch survived worse."),
        says("Then I stay ashore."),
    ]
    # Bert is not told the opening.
    edges = "input>llm1 llm1>llm2 input>llm3 llm1>llm3 llm2>llm3 llm1>llm4 llm2>llm4 llm3>llm4"
    return Scenario(program, "Plan your holidays together.", answers, edges, "llm4")


def equal_answers(client: AsyncOpenAI) -> Scenario:
    async def program(names: list[str]) -> str | None:
        heard = []
        for name in names:
            greeting: Any = [{"role": "user", "content": f"Say hello as {name} would, in a word."}]
            completion = await client.chat.completions.create(model=MODEL, messages=greeting)
            heard.append((greeting, completion.choices[0].message))
        greeting, message = heard[1]
        completion = await client.chat.completions.create(
            model=MODEL, messages=[*greeting, message, {"role": "user", "content": "Louder, and with a gesture!"}]
        )
        return completion.choices[0].message.content

    # All three said the same; the second one's message object was sent again.
    return Scenario(
        program,
        ["Ahab", "Nemo", "Hook"],
        [says("Ahoy!"), says("Ahoy!"), says("Ahoy!"), says("AHOY THERE! (waves)")],
        "input1>llm1 input2>llm2 input3>llm3 input2>llm4 llm2>llm4 input4>llm4",
        "llm4",
        in_program="input>llm1 input>llm2 input>llm3 input>llm4 llm2>llm4",
    )


def short_answer_in_the_history(client: AsyncOpenAI) -> Scenario:
    async def program(claim: str) -> str | None:
        history: list[Any] = [
            {"role": "system", "content": "Answer yes or no, unless you are asked why."},
            {"role": "user", "content": claim},
        ]
        completion = await client.chat.completions.create(model=MODEL, messages=history)
        history.append({"role": "assistant", "content": completion.choices[0].message.content})
        history.append({"role": "user", "content": "Why?"})
        completion = await client.chat.completions.create(model=MODEL, messages=history)
        return completion.choices[0].message.content

    # As a message of its own even a short answer is the answer.
    return Scenario(
        program,
        "Penguins can taste sweetness, can they not?",
        [says("no"), says("They lost the receptors.")],
        "input1>llm1 input1>llm2 llm1>llm2 input2>llm2",
        "llm2",
        in_program="input>llm1 input>llm2 llm1>llm2",
    )


def examples_in_the_messages(client: AsyncOpenAI) -> Scenario:
    async def program(reviews: list[str]) -> list[str | None]:
        shots: list[Any] = [
            {"role": "user", "content": "The soup was cold and so was the waiter."},
            {"role": "assistant", "content": "negative"},
        ]
        labels = []
        for review in reviews:
            completion = await client.chat.completions.create(
                model=MODEL, messages=[*shots, {"role": "user", "content": review}]
            )
            labels.append(completion.choices[0].message.content)
        return labels

    # What the second call answered like the example is no source of anything.
    return Scenario(
        program,
        ["Best oysters in town!", "My chair broke.", "Lovely terrace."],
        [says("positive"), says("negative"), says("positive")],
        "input1>llm1 input1>llm2 input2>llm2 input1>llm3 input3>llm3",
        "llm3",
        in_program="input>llm1 input>llm2 input>llm3",
        returned="llm1 llm2 llm3",
    )


def went_on_after_the_limit(client: AsyncOpenAI) -> Scenario:
    async def program(task: str) -> str | None:
        messages: list[Any] = [{"role": "user", "content": task}]
        completion = await client.chat.completions.create(model=MODEL, messages=messages, max_tokens=8)
        choice = completion.choices[0]
        if choice.finish_reason == "length":
            messages += [choice.message, {"role": "user", "content": "Go on where you stopped."}]
            rest = await client.chat.completions.create(model=MODEL, messages=messages)
            return f"{choice.message.content}{rest.choices[0].message.content}"
        return choice.message.content

    return Scenario(
        program,
        "Recite a poem about tides.",
        [says("The water leaves, the water", finish="length"), says(" returns at dusk.")],
        "input1>llm1 input1>llm2 llm1>llm2 input2>llm2",
        "llm2",
        in_program="input>llm1 input>llm2 llm1>llm2",
        ways=(SYNC, ASYNC, STREAMED),  # the SDK's own stream raises at the limit
    )


def system_prompt_that_grows(client: AsyncOpenAI) -> Scenario:
    async def program(questions: list[str]) -> str | None:
        system, said = "You are the clerk of the harbour.", None
        for question in questions:
            completion = await client.chat.completions.create(
                model=MODEL, messages=[{"role": "system", "content": system}, {"role": "user", "content": question}]
            )
            said = completion.choices[0].message.content
            system += f"\nYou said before: {said}"
        return said

    # The second system prompt has the first in it, and of what was asked before nothing.
    answers = [says("It is taken until Monday."), says("Not on Sundays.")]
    edges = "input1>llm1 llm1>llm2 input2>llm2"
    return Scenario(program, ["Is berth nine free?", "And may I use the crane?"], answers, edges, "llm2")


def two_talks_with_equal_answers(client: AsyncOpenAI) -> Scenario:
    async def program(users: list[str]) -> str | None:
        talks: dict[str, list[Any]] = {user: [] for user in users}
        for place in ("gate", "quay"):
            for user in users:
                talks[user].append({"role": "user", "content": f"{user} stands at the {place}. And now?"})
                completion = await client.chat.completions.create(model=MODEL, messages=talks[user])
                talks[user].append(completion.choices[0].message)
        return talks[users[-1]][-1].content  # type: ignore[no-any-return]

    # The lists grow after they were sent; each has the message object of its own call.
    answers = [says("Wait for a bell."), says("Wait for a bell."), says("Board."), says("Wave.")]
    edges = "input1>llm1 input2>llm2 input1>llm3 llm1>llm3 input3>llm3 input2>llm4 llm2>llm4 input4>llm4"
    return Scenario(program, ["Oona", "Piers"], answers, edges, "llm4", ways=(SYNC, ASYNC))


HISTORIES: list[Callable[[Any], Scenario]] = [
    three_turns,
    message_objects_in_the_history,
    trimmed_history,
    summarised_history,
    transcript_in_one_message,
    two_that_talk_to_each_other,
    equal_answers,
    short_answer_in_the_history,
    examples_in_the_messages,
    went_on_after_the_limit,
    system_prompt_that_grows,
    two_talks_with_equal_answers,
]
