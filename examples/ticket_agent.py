"""An AutoGen agent that routes the quickstart's tickets, trained by one command.

trace-suite train examples/ticket_agent.toml
"""

from __future__ import annotations

from autogen_agentchat.agents import AssistantAgent
from autogen_model import LocalClient
from trace_autogen import Recorder, expose

from trace_core import MaxLength, OptoPrime
from trace_core.llm import default_llm
from trace_train import Metered

llm, router = default_llm(), default_llm()
llm.max_tokens = 350  # a prompt of at most 1,200 characters
router.max_tokens = 10  # a queue's name, whatever a prompt makes the model say

instructions = "Which team should handle this support ticket? Answer with one word."
agent = AssistantAgent("router", LocalClient(Metered(router)), system_message=instructions)

program = Recorder().program(agent)
parameters = expose(agent, kinds="system_prompt")
parameters["router.system_prompt"].description = "tells the model how to route a ticket"
parameters["router.system_prompt"].validators += (MaxLength(1_200),)
optimizer = OptoPrime(parameters, llm, retries=0, mask=("outputs", "others"))
