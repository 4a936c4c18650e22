"""Three tasks of BIG-Bench Hard: the code that makes an answer of a model's reply is learned.

    trace-suite train examples/bbh/word_sorting.toml     # or navigate.toml, object_counting.toml

Nothing is written by hand for a task: the model is asked the question, and the code gives its reply as it is. The code
may also use the question itself.
"""

from __future__ import annotations

from functools import cache

from trace_core import Feedback, OptoPrime, bundle, node
from trace_core.llm import default_llm
from trace_train import Metered

llm, model = default_llm(), default_llm()
llm.max_tokens, llm.temperature = 300, 0.7  # at 0, a small model often repeats what is there
model.max_tokens = 150
model = Metered(model)


@bundle
def ask(question: str) -> str:
    """A model's reply."""
    return reply_to(question)


@cache  # the same is asked again for each candidate
def reply_to(question: str) -> str:
    """The model's reply."""
    return model.complete([{"role": "user", "content": question}]).text


@bundle(trainable=True)
def solve(question: str, reply: str) -> str:
    """The answer to the question, without other words. The reply is a model's, and may be wrong."""
    return reply


def program(question: str):
    """The answer to one question."""
    question = node(question, name="question")
    return solve(question, ask(question))


def guide(example: dict[str, str], answer: str) -> Feedback:
    """Exact match, as in the paper of BIG-Bench Hard."""
    if answer == example["target"]:
        return Feedback("right", 1.0)
    return Feedback(f"should be {example['target']!r}, not {answer[:80]!r}", 0.0)


parameters = solve.parameters()
optimizer = OptoPrime(parameters, llm)
