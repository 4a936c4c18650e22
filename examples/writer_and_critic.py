"""A writer and a critic whose critic is too kind, so that the second draft is no better than the first.

    python examples/writer_and_critic.py

The feedback goes to what the team made in the end; it reaches the critic's system message through what the critic said.
"""

from __future__ import annotations

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_model import LocalClient
from trace_autogen import Recorder, expose

from trace_core import OptoPrime
from trace_core.llm import ChatModel, default_llm

TASK = "Advertise our blue mug."
WRITER = "You write advertisements of one sentence. Answer with the advertisement alone, changed as the critic asks."
CRITIC = "You are a critic. You like everything."
FEEDBACK = "names no price. The critic must ask the writer to add the price, 12 euros."


def learn(llm: ChatModel, answers: ChatModel, steps: int = 3) -> bool:
    """Take steps until the advertisement names the price, and print what was learned; whether it does."""
    model = LocalClient(answers)
    writer = AssistantAgent("writer", model, system_message=WRITER)
    critic = AssistantAgent("critic", model, system_message=CRITIC)
    team = RoundRobinGroupChat([writer, critic], max_turns=3)  # the writer has the last word
    optimizer = OptoPrime(expose(team, include="critic.*"), llm)
    recorder = Recorder()
    advertise = recorder.program(team)
    for step in range(steps + 1):
        result = advertise(TASK)
        print(f"{recorder.last.explain()}\nthe team says: {result.data}", end="\n\n")
        if "12" in result.data or step == steps:
            return "12" in result.data
        result.backward(FEEDBACK)
        print(optimizer.step(), end="\n\n")
        optimizer.zero_feedback()
    return False


if __name__ == "__main__":
    learn(default_llm(), default_llm())
