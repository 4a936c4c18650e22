"""A LlamaIndex agent that calls the wrong tool, since the right one is described wrongly.

    python examples/llamaindex_agent.py

The feedback goes to the agent's answer; it reaches the description by the model's call.
"""

from __future__ import annotations

import asyncio

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.tools import FunctionTool
from llamaindex_model import LocalLLM
from trace_llamaindex import Recorder, expose

from trace_core import OptoPrime
from trace_core.llm import ChatModel, default_llm

ORDERS = {17: "on its way to Paris", 21: "in the warehouse"}
CUSTOMERS = {3: "Ada", 17: "Grace"}
QUESTION = "Where is order 17?"
FEEDBACK = "should say that order 17 is on its way to Paris. lookup tells where an order is, by its number."


def lookup(number: int) -> str:
    """Looks up the opening hours of a shop."""
    return ORDERS.get(number, "nothing found")


def search(number: int) -> str:
    """Searches what is known by its number."""
    return CUSTOMERS.get(number, "nothing found")


async def learn_async(llm: ChatModel, answers: ChatModel, steps: int = 3) -> bool:
    """`learn`, awaited."""
    tools = [FunctionTool.from_defaults(tool, description=tool.__doc__) for tool in (lookup, search)]
    agent = FunctionAgent(tools=tools, llm=LocalLLM(llm=answers), streaming=False)
    optimizer = OptoPrime(expose(agent, kinds="tool_description", include="*lookup*"), llm)
    recorder = Recorder()
    for step in range(steps + 1):
        with recorder.run() as run:
            answer = str(await agent.run(QUESTION))
        print(f"{run.explain()}\nthe agent says: {answer}", end="\n\n")
        if "Paris" in answer or step == steps:
            return "Paris" in answer
        run.output.backward(FEEDBACK)
        print(await optimizer.astep(), end="\n\n")
        optimizer.zero_feedback()
    return False


def learn(llm: ChatModel, answers: ChatModel, steps: int = 3) -> bool:
    """Take steps until the question is answered, and print what was learned; whether it is."""
    return asyncio.run(learn_async(llm, answers, steps))


if __name__ == "__main__":
    learn(default_llm(), default_llm())
