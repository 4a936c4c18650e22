"""An agent that cannot answer a question, since one of its tools is described wrongly, and coded wrongly too.

    python examples/tool_agent.py

The same feedback goes to the agent's answer; it reaches the tools' descriptions, and a tool's code once it is called.
"""

from __future__ import annotations

import warnings

from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_model import LocalModel
from trace_langchain import Recorder, expose

from trace_core import OptoPrime
from trace_core.llm import ChatModel, default_llm

ORDERS = {17: "on its way to Paris", 21: "in the warehouse"}
CUSTOMERS = {3: "Ada", 17: "Grace"}
QUESTION = {"messages": [("user", "Where is order 17?")]}
FEEDBACK = """should say that order 17 is on its way to Paris.
lookup tells where an order is, by its number. The keys of ORDERS are of type int."""


@tool
def lookup(number: str) -> str:
    """Looks up the opening hours of a shop."""
    return ORDERS.get(number, "nothing found")


@tool
def search(number: str) -> str:
    """Searches what is known by its number."""
    return CUSTOMERS.get(int(number), "nothing found")


def learn(llm: ChatModel, answers: ChatModel, steps: int = 3) -> bool:
    """Take steps until the question is answered, and print what was learned; whether it is."""
    agent = create_agent(LocalModel(llm=answers), [lookup, search])
    recorder = Recorder()
    ask = recorder.program(agent)  # gives the node of an error, too: learned code may raise one
    kinds = ("tool_description", "code")
    optimizers = [OptoPrime(expose(agent, include="lookup.*", kinds=kind), llm) for kind in kinds]
    for step in range(steps + 1):
        answer = ask(QUESTION)
        print(f"{recorder.last.explain()}\nthe agent says: {answer.data}", end="\n\n")
        if "Paris" in str(answer.data) or step == steps:
            return "Paris" in str(answer.data)
        answer.backward(FEEDBACK)
        for optimizer in optimizers:
            if optimizer.received():
                print(optimizer.step(), end="\n\n")
                optimizer.zero_feedback()
    return False


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    learn(default_llm(), default_llm())
