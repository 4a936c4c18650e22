"""A tool loop written by hand around OpenAI's client: the model calls the wrong tool, since one is described wrongly.

    python examples/tool_loop.py

The feedback goes to the last answer; it reaches the description by the call that asked for the tool.
"""

from __future__ import annotations

import json
from typing import Any

from openai import OpenAI
from openai_model import serving
from trace_openai import Recorder, expose, trace_openai

from trace_core import OptoPrime
from trace_core.llm import ChatModel, default_llm

ORDERS = {17: "on its way to Paris", 21: "in the warehouse"}
CUSTOMERS = {3: "Ada", 17: "Grace"}
FUNCTIONS = {
    "lookup": lambda number: ORDERS.get(number, "nothing found"),
    "search": lambda number: CUSTOMERS.get(number, "nothing found"),
}
QUESTION = "Where is order 17?"
FEEDBACK = "should say that order 17 is on its way to Paris. lookup tells where an order is, by its number."


def tool(name: str, description: str) -> dict[str, Any]:
    """A tool that takes a number."""
    parameters = {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


TOOLS = [
    tool("lookup", "Looks up the opening hours of a shop."),
    tool("search", "Searches what is known by its number."),
]


def answer(client: OpenAI, question: str) -> str:
    """The loop as it was written by hand."""
    messages: list[Any] = [{"role": "user", "content": question}]
    while True:
        said = client.chat.completions.create(model="local", messages=messages, tools=TOOLS).choices[0].message  # type: ignore[arg-type]
        if not said.tool_calls:
            return said.content or ""
        messages.append(said)
        for call in said.tool_calls:
            function = call.function  # type: ignore[union-attr]
            result = FUNCTIONS[function.name](**json.loads(function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})


def learn(llm: ChatModel, answers: ChatModel, steps: int = 3) -> bool:
    """Take steps until the question is answered, and print what was learned; whether it is."""
    recorder = Recorder()
    with serving(answers) as client:
        trace_openai(client, recorder)
        optimizer = OptoPrime(expose(client, tools=TOOLS, kinds="tool_description", include="lookup.*"), llm)
        for step in range(steps + 1):
            with recorder.run() as run:
                said = answer(client, QUESTION)
            print(f"{run.explain()}\nthe model says: {said}", end="\n\n")
            if "Paris" in said or step == steps:
                return "Paris" in said
            run.output.backward(FEEDBACK)
            print(optimizer.step(), end="\n\n")
            optimizer.zero_feedback()
    return False


if __name__ == "__main__":
    learn(default_llm(), default_llm())
