"""Three tasks of BIG-Bench Hard: what a model is told before a question is learned.

    trace-suite train examples/bbh/navigate.toml     # or object_counting.toml, word_sorting.toml

Nothing is written by hand for a task but what is said of wrong answers.
"""

from __future__ import annotations

from trace_core import Feedback, MaxLength, OptoPrime, bundle, node
from trace_core.llm import default_llm
from trace_train import Metered

llm, model = default_llm(), default_llm()
llm.max_tokens, model.max_tokens = 200, 80  # the longest right answer has about 70
llm.temperature = 0.6  # at 0, a small model proposes the same again
model = Metered(model)

prompt = node(
    "Answer the question.",
    trainable=True,
    name="prompt",
    description="tells the model how to answer",
    validators=[MaxLength(600)],
)


@bundle
def answer(prompt: str, question: str) -> str:
    """A model's answer to the question, which has read the prompt."""
    messages = [{"role": "system", "content": prompt}, {"role": "user", "content": question}]
    return model.complete(messages).text


def program(question: str):
    """The answer to one question."""
    return answer(prompt, node(question, name="question"))


class RightAs:
    """Exact match, as in the paper of BIG-Bench Hard; of a wrong answer it is said what the prompt should ask for."""

    def __init__(self, why: str) -> None:
        self.why = why

    def __call__(self, example: dict[str, str], output: str) -> Feedback:
        """Whether it is the answer."""
        if output == example["target"]:
            return Feedback("right", 1.0)
        return Feedback(f"should be {example['target']!r}. {self.why}", 0.0)


optimizer = OptoPrime(prompt, llm, retries=0, mask=("outputs", "others"))
