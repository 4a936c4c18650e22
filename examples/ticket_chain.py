"""The quickstart's LangChain program, trained by one command: what it learns is written to ticket_chain.json.

trace-suite train examples/ticket_chain.toml
"""

from __future__ import annotations

from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_model import LocalModel
from trace_langchain import Recorder, expose

from trace_core import MaxLength, OptoPrime
from trace_core.llm import default_llm
from trace_train import Metered

llm, router = default_llm(), default_llm()
llm.max_tokens = 350  # a prompt of at most 1,200 characters
router.max_tokens = 10  # a queue's name, whatever a prompt makes the model say


def queue(message: AIMessage) -> str:
    """The answer's words, without what a small model puts around them."""
    return message.text.lower().strip(" .\n")


instructions = "Which team should handle this support ticket? Answer with one word."
prompt = ChatPromptTemplate([("system", instructions), ("human", "{ticket}")])
route = prompt | LocalModel(llm=Metered(router)) | RunnableLambda(queue)

program = Recorder().program(route)
parameters = expose(route, kinds="system_prompt")
parameters["prompt.system"].description = "tells the model how to route a ticket"
parameters["prompt.system"].validators += (MaxLength(1_200),)
# What is said tells what an output should have been; what was in between need not be shown.
optimizer = OptoPrime(parameters, llm, retries=0, mask=("outputs", "others"))
