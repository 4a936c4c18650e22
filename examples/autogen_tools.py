"""An AutoGen agent with two tools: one is described wrongly, so that it is never called; the other is coded wrongly.

    python examples/autogen_tools.py

The feedback goes to the agent's answers; it reaches the description by the model's call, and the code by the tool's.
"""

from __future__ import annotations

from autogen_agentchat.agents import AssistantAgent
from autogen_core.tools import FunctionTool
from autogen_model import LocalClient
from trace_autogen import Recorder, expose

from trace_core import OptoPrime
from trace_core.llm import ChatModel, default_llm

ORDERS = {17: "on its way to Paris", 21: "in the warehouse"}
PRICES = {"lamp": "30 euros", "table": "90 euros"}


def lookup(name: str) -> str:
    return PRICES.get(name, "nothing found")


def search(number: str) -> str:
    return ORDERS.get(number, "nothing found")


TOOLS = [
    FunctionTool(lookup, "Tells the opening hours of a shop."),  # it tells prices
    FunctionTool(search, "Tells all about an order or a product."),
]
LESSONS = [
    ("How much is a lamp?", "30 euros", "should say 30 euros. lookup tells the price of a product, by its name."),
    ("Where is order 17?", "Paris", "should say that it is on its way to Paris. The keys of ORDERS are of type int."),
]


def learn(llm: ChatModel, answers: ChatModel, steps: int = 3) -> bool:
    """Take steps until both questions are answered, and print what was learned; whether they are."""
    agent = AssistantAgent("assistant", LocalClient(answers), tools=TOOLS)
    optimizers = [
        OptoPrime(expose(agent, kinds="tool_description", include="*lookup*"), llm),
        OptoPrime(expose(agent, kinds="code", include="*search*"), llm),
    ]
    recorder = Recorder()
    program = recorder.program(agent)
    for step in range(steps + 1):
        answered = []
        for (question, expected, feedback), optimizer in zip(LESSONS, optimizers, strict=True):
            answer = program(question)
            print(f"{recorder.last.explain()}\n{question} {answer.data}", end="\n\n")
            answered.append(expected in answer.data)
            if not answered[-1] and step < steps:
                answer.backward(feedback)
                print(optimizer.step(), end="\n\n")
            for each in optimizers:
                each.zero_feedback()
        if all(answered):
            return True
    return False


if __name__ == "__main__":
    learn(default_llm(), default_llm())
