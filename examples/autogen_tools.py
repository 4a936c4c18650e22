"""An AutoGen agent with two tools: one is described wrongly, so that it is not called, and the other is coded wrongly.

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
CUSTOMERS = {3: "Ada", 4: "Grace"}


def lookup(number: str) -> str:
    """Where an order is."""
    return ORDERS.get(int(number), "nothing found")


def search(number: str) -> str:
    """Who a customer is."""
    return CUSTOMERS.get(number, "nothing found")


TOOLS = [
    FunctionTool(lookup, "Looks up the opening hours of a shop."),
    FunctionTool(search, "Searches customers by their number."),
]
LESSONS = [
    (
        "Where is order 17?",
        "Paris",
        "should say that order 17 is on its way to Paris. lookup tells where an order is, by its number.",
    ),
    (
        "Who is customer 3?",
        "Ada",
        "should say that it is Ada. search tells who a customer is. The keys of CUSTOMERS are of type int.",
    ),
]


def learn(llm: ChatModel, answers: ChatModel, steps: int = 3) -> bool:
    """Take steps until both questions are answered, and print what was learned; whether they are."""
    agent = AssistantAgent("assistant", LocalClient(answers), tools=TOOLS, system_message=None)
    description = OptoPrime(expose(agent, kinds="tool_description", include="*.lookup.*"), llm)
    code = OptoPrime(expose(agent, kinds="code", include="*.search.*"), llm)
    recorder = Recorder()
    ask = recorder.program(agent)
    for step in range(steps + 1):
        right = 0
        for (question, expected, feedback), optimizer in zip(LESSONS, (description, code), strict=True):
            answer = ask(question)
            print(f"{recorder.last.explain()}\n{question} {answer.data}", end="\n\n")
            if expected in answer.data:
                right += 1
            elif step < steps:
                answer.backward(feedback)
                called = optimizer if optimizer.received() else description  # or the wrong tool was called
                print(called.step(), end="\n\n")
                description.zero_feedback()
                code.zero_feedback()
        if right == len(LESSONS):
            return True
    return False


if __name__ == "__main__":
    learn(default_llm(), default_llm())
