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

TASK = "Advertise our blue mug, which is made by hand and keeps tea warm."
WRITER = "You write advertisements of one sentence. When a critic asks for a change, write the sentence again with it."
CRITIC = "You are a kind critic. Say in one sentence what is lovely about the advertisement."
FEEDBACK = """should name the price, 12 euros. The critic only praises:
it has to ask the writer, in one sentence, for the price of 12 euros to be named."""


def learn(llm: ChatModel, answers: ChatModel, steps: int = 3) -> bool:
    """Take steps until the advertisement names the price, and print what was learned; whether it does."""
    model = LocalClient(answers)
    writer = AssistantAgent("writer", model, system_message=WRITER)
    critic = AssistantAgent("critic", model, system_message=CRITIC)
    team = RoundRobinGroupChat([writer, critic], max_turns=3)  # the writer has the last word
    optimizer = OptoPrime(expose(team, include="*critic*"), llm)
    recorder = Recorder()
    program = recorder.program(team)
    for step in range(steps + 1):
        result = program(TASK)
        print(recorder.last.explain(), end="\n\n")
        if "12" in result.data or step == steps:
            return "12" in result.data
        result.backward(FEEDBACK)
        print(optimizer.step(), end="\n\n")
        optimizer.zero_feedback()
    return False


if __name__ == "__main__":
    learn(default_llm(), default_llm())
