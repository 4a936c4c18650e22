"""Loops of tools that users write by hand, with chat completions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from openai import AsyncOpenAI

from tests.openai.api_server import asks, says
from tests.openai.scenario import ASYNC, MODEL, SYNC, Scenario


def described(name: str, *arguments: str) -> dict[str, Any]:
    """A function as the API is told of it; strict, as the SDK's streams want it."""
    schema = {
        "type": "object",
        "properties": {argument: {"type": "string"} for argument in arguments},
        "required": list(arguments),
        "additionalProperties": False,
    }
    described = {"name": name, "description": f"The {name} function.", "strict": True, "parameters": schema}
    return {"type": "function", "function": described}


def weather(city: str) -> str:
    return json.dumps({"city": city, "sky": "drizzle", "celsius": 11})


def population(city: str) -> str:
    return "2,102,650 inhabitants"


def search(query: str) -> str:
    found = {
        "tallest tower": "The Burj Khalifa is the tallest.",
        "Burj Khalifa architect": "Adrian Smith designed it.",
        "Adrian Smith birthplace": "Smith was born in Chicago.",
    }
    return found[query]


def divide(dividend: str, divisor: str) -> str:
    return str(float(dividend) / float(divisor))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function for function in (weather, population, search, divide)
}
TOOLS = [
    described("weather", "city"),
    described("population", "city"),
    described("search", "query"),
    described("divide", "dividend", "divisor"),
]
ONE_TOOL = "input>llm1 llm1>weather input>llm2 llm1>llm2 weather>llm2"


def looping(client: AsyncOpenAI) -> Callable[[str], Any]:
    """The loop of the API's documentation."""

    async def program(question: str) -> str | None:
        messages: list[Any] = [
            {"role": "system", "content": "Use the tools. Answer briefly."},
            {"role": "user", "content": question},
        ]
        while True:
            completion = await client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
            message = completion.choices[0].message
            if not message.tool_calls:
                return message.content
            messages.append(message)
            for call in message.tool_calls:
                arguments = json.loads(call.function.arguments)
                try:
                    result = FUNCTIONS[call.function.name](**arguments)
                except Exception as error:
                    result = f"Error: {type(error).__name__}: {error}"
                messages.append({"role": "tool", "tool_call_id": call.id, "content": result})

    return program


def one_tool(client: AsyncOpenAI) -> Scenario:
    answers = [asks(("weather", {"city": "Paris"})), says("Take an umbrella.")]
    return Scenario(looping(client), "Do I need a coat in Paris?", answers, ONE_TOOL, "llm2")


def two_tools_at_once(client: AsyncOpenAI) -> Scenario:
    answers = [asks(("weather", {"city": "Paris"}), ("population", {"city": "Paris"})), says("Crowded and wet.")]
    edges = ONE_TOOL + " llm1>population population>llm2"
    return Scenario(looping(client), "Describe Paris.", answers, edges, "llm2")


def one_tool_twice_at_once(client: AsyncOpenAI) -> Scenario:
    answers = [asks(("weather", {"city": "Paris"}), ("weather", {"city": "Oslo"})), says("Equally wet.")]
    edges = "input>llm1 llm1>weather1 llm1>weather2 input>llm2 llm1>llm2 weather1>llm2 weather2>llm2"
    return Scenario(looping(client), "Which of both capitals is drier?", answers, edges, "llm2")


def three_rounds(client: AsyncOpenAI) -> Scenario:
    answers = [
        asks(("search", {"query": "tallest tower"})),
        asks(("search", {"query": "Burj Khalifa architect"})),
        asks(("search", {"query": "Adrian Smith birthplace"})),
        says("In Illinois."),
    ]
    # Every call is sent all that was said before.
    edges = (
        "input>llm1 llm1>search1 input>llm2 llm1>llm2 search1>llm2 llm2>search2 "
        "input>llm3 llm1>llm3 search1>llm3 llm2>llm3 search2>llm3 llm3>search3 "
        "input>llm4 llm1>llm4 search1>llm4 llm2>llm4 search2>llm4 llm3>llm4 search3>llm4"
    )
    question = "Where does the man behind the highest building come from?"
    return Scenario(looping(client), question, answers, edges, "llm4")


def tool_that_raises(client: AsyncOpenAI) -> Scenario:
    # The API is sent the error's text as a result like others.
    answers = [asks(("divide", {"dividend": "8", "divisor": "0"})), says("That cannot be done.")]
    edges = "input>llm1 llm1>divide input>llm2 llm1>llm2 divide>llm2"
    return Scenario(looping(client), "Share eight cookies among nobody.", answers, edges, "llm2")


def tool_that_is_unknown(client: AsyncOpenAI) -> Scenario:
    answers = [asks(("teleport", {"city": "Lima"})), says("I cannot bring you there.")]
    edges = "input>llm1 llm1>teleport input>llm2 llm1>llm2 teleport>llm2"
    return Scenario(looping(client), "Beam me up.", answers, edges, "llm2")


def conversation_from_a_file(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str | None:
        call = {"id": "call_of_yesterday", "type": "function"}
        call["function"] = {"name": "weather", "arguments": '{"city": "Rome"}'}  # type: ignore[assignment]
        stored: list[Any] = [
            {"role": "user", "content": "How is Rome?"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_of_yesterday", "content": "Sunny, 31 degrees."},
            {"role": "assistant", "content": "Hot."},
        ]
        completion = await client.chat.completions.create(
            model=MODEL, messages=[*stored, {"role": "user", "content": question}]
        )
        return completion.choices[0].message.content

    # The tool was asked for by no call of this run.
    return Scenario(program, "And should I bring a hat?", [says("A wide one.")], "input>llm", "llm")


def messages_as_dicts(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str | None:
        messages: list[Any] = [{"role": "user", "content": question}]
        first = (await client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)).choices[0].message
        messages.append(first.model_dump(exclude_none=True))
        for call in first.tool_calls or ():
            result = FUNCTIONS[call.function.name](**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": [{"type": "text", "text": result}]})
        second = await client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
        return second.choices[0].message.content

    answers = [asks(("weather", {"city": "Paris"}), text="Let me look outside."), says("Take an umbrella.")]
    return Scenario(program, "Do I need a coat in Paris?", answers, ONE_TOOL, "llm2")


def result_used_elsewhere(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str | None:
        messages: list[Any] = [{"role": "user", "content": question}]
        asked = (await client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)).choices[0].message
        [call] = asked.tool_calls or []
        result = FUNCTIONS[call.function.name](**json.loads(call.function.arguments))
        messages += [asked, {"role": "tool", "tool_call_id": call.id, "content": result}]
        answer = (await client.chat.completions.create(model=MODEL, messages=messages)).choices[0].message.content
        check = f"Source: {result}\nClaim: {answer}\nIs the claim supported by the source?"
        checked = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": check}])
        return checked.choices[0].message.content

    answers = [asks(("search", {"query": "tallest tower"})), says("One in Dubai, at 828 metres."), says("Partly.")]
    edges = "input>llm1 llm1>search input>llm2 llm1>llm2 search>llm2 search>llm3 llm2>llm3"
    return Scenario(program, "Which building is highest?", answers, edges, "llm3")


def arguments_as_a_form(client: AsyncOpenAI) -> Scenario:
    async def program(mail: str) -> str | None:
        choice: Any = {"type": "function", "function": {"name": "book_table"}}
        filled = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": mail}],
            tools=[described("book_table", "restaurant", "occasion")],  # type: ignore[list-item]
            tool_choice=choice,
        )
        [call] = filled.choices[0].message.tool_calls or []
        form = json.loads(call.function.arguments)
        prompt = f"Write a note to {form['restaurant']}: we celebrate a {form['occasion']}."
        note = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": prompt}])
        return note.choices[0].message.content

    # No result was ever sent back: there is no tool.
    answers = [
        asks(("book_table", {"restaurant": "Chez Margot", "occasion": "golden wedding"})),
        says("Dear chef, we come on Friday."),
    ]
    return Scenario(program, "Please reserve for my grandparents.", answers, "input>llm1 llm1>llm2", "llm2")


def agent_as_a_tool(client: AsyncOpenAI) -> Scenario:
    async def ask_expert(question: str) -> str:
        completion = await client.chat.completions.create(
            model=MODEL,
            messages=[
                {"role": "system", "content": "You are a marine biologist."},
                {"role": "user", "content": question},
            ],
        )
        return completion.choices[0].message.content or ""

    async def program(question: str) -> str | None:
        tools: Any = [described("ask_expert", "question")]
        messages: list[Any] = [{"role": "user", "content": question}]
        asked = (await client.chat.completions.create(model=MODEL, messages=messages, tools=tools)).choices[0].message
        messages.append(asked)
        for call in asked.tool_calls or ():
            result = await ask_expert(**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": f"The expert says: {result}"})
        completion = await client.chat.completions.create(model=MODEL, messages=messages, tools=tools)
        return completion.choices[0].message.content

    answers = [
        asks(("ask_expert", {"question": "How do octopuses taste things?"})),
        says("With receptors on their suckers."),
        says("They lick with their arms."),
    ]
    edges = "input>llm1 llm1>llm2 llm1>ask_expert llm2>ask_expert input>llm3 llm1>llm3 ask_expert>llm3"
    return Scenario(program, "Something odd about sea animals, please.", answers, edges, "llm3")


def ids_that_are_given_again(client: AsyncOpenAI) -> Scenario:
    async def program(questions: list[str]) -> list[str | None]:
        return [await looping(client)(question) for question in questions]

    # As some servers do: both conversations have the same ids, and the tool said the same. The objects tell.
    answers = [
        asks(("weather", {"city": "Brest"}), ids=["call_0"]),
        says("Bring boots to Brest."),
        asks(("weather", {"city": "Brest"}), ids=["call_0"]),
        says("No, stay in bed."),
    ]
    edges = (
        "input1>llm1 llm1>weather1 input1>llm2 llm1>llm2 weather1>llm2 "
        "input2>llm3 llm3>weather2 input2>llm4 llm3>llm4 weather2>llm4"
    )
    questions = ["What do I wear in Brest?", "Shall we picnic there?"]
    return Scenario(program, questions, answers, edges, "llm4", returned="llm2 llm4", ways=(SYNC, ASYNC))


def asked_the_same_again(client: AsyncOpenAI) -> Scenario:
    wanted = asks(("population", {"city": "Paris"}))
    edges = ONE_TOOL.replace("weather", "population1") + (
        " llm2>population2 input>llm3 llm1>llm3 population1>llm3 llm2>llm3 population2>llm3"
    )
    return Scenario(looping(client), "Count twice.", [wanted, wanted, says("It stayed the same.")], edges, "llm3")


def ids_that_are_empty(client: AsyncOpenAI) -> Scenario:
    wanted = asks(("weather", {"city": "Paris"}), ("population", {"city": "Paris"}), ids=["", ""])
    edges = ONE_TOOL + " llm1>population population>llm2"
    return Scenario(looping(client), "Describe Paris.", [wanted, says("Crowded and wet.")], edges, "llm2")


def ids_that_are_given_again_in_one_talk(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> str | None:
        messages: list[Any] = [{"role": "user", "content": question}]
        for sky in ("grey", "clear", ""):
            completion = await client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
            message = completion.choices[0].message
            messages.append(message.model_dump(exclude_none=True))
            for call in message.tool_calls or ():
                messages.append({"role": "tool", "tool_call_id": call.id, "content": f"The sky is {sky}."})
        return message.content

    wanted = asks(("weather", {"city": "Brest"}), ids=["call_0"])
    edges = (
        "input>llm1 llm1>weather1 input>llm2 llm1>llm2 weather1>llm2 "
        "llm2>weather2 input>llm3 llm1>llm3 weather1>llm3 llm2>llm3 weather2>llm3"
    )
    return Scenario(program, "Is it clear yet?", [wanted, wanted, says("At last!")], edges, "llm3")


TOOL_LOOPS: list[Callable[[Any], Scenario]] = [
    one_tool,
    two_tools_at_once,
    one_tool_twice_at_once,
    three_rounds,
    tool_that_raises,
    tool_that_is_unknown,
    conversation_from_a_file,
    messages_as_dicts,
    result_used_elsewhere,
    arguments_as_a_form,
    agent_as_a_tool,
    asked_the_same_again,
    ids_that_are_empty,
    ids_that_are_given_again,
    ids_that_are_given_again_in_one_talk,
]
