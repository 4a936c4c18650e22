"""Three tasks of BIG-Bench Hard: what a model is told, and the code that makes the answer of its reply, are learned.

    trace-suite train examples/bbh/word_sorting.toml     # or navigate.toml, object_counting.toml

Nothing is written by hand for a task: the model is told to answer the question, and the code gives its reply as it is.
Code and prompt are learned in turn.
"""

from __future__ import annotations

from functools import cache

from trace_core import Feedback, MaxLength, OptoPrime, bundle, node
from trace_core.llm import default_llm
from trace_train import InTurn, Metered, OneStep

llm, model = default_llm(), default_llm()
llm.max_tokens, llm.temperature = 300, 0.7  # at 0, a small model often repeats what is there
model.max_tokens = 150
model = Metered(model)

prompt = node(
    "Answer the question.",
    trainable=True,
    name="prompt",
    description="tells the model how to answer; stands after the question",
    validators=[MaxLength(400)],
)


@bundle
def ask(question: str, prompt: str) -> str:
    """A model's reply to the question and the prompt."""
    return reply_to(f"{question}\n{prompt}")


@cache  # the same is asked again for each candidate that changes nothing but the code
def reply_to(text: str) -> str:
    """The model's reply."""
    return model.complete([{"role": "user", "content": text}]).text


@bundle(trainable=True)
def solve(question: str, reply: str) -> str:
    """The answer to the question, without other words. The reply is a model's, and may be wrong."""
    return reply


def program(question: str):
    """The answer to one question."""
    question = node(question, name="question")
    return solve(question, ask(question, prompt))


def guide(example: dict[str, str], answer: str) -> Feedback:
    """Exact match, as in the paper of BIG-Bench Hard."""
    if answer == example["target"]:
        return Feedback("right", 1.0)
    return Feedback(f"should be {example['target']!r}, not {answer[:80]!r}", 0.0)


code = solve.parameters()
parameters = [prompt, *code.values()]
optimizer = InTurn(OneStep(OptoPrime(code, llm)), OneStep(OptoPrime(prompt, llm)))
