"""Learn a prompt and code together: a Module that cleans a message and has a model name its language.

python examples/language_module.py
"""

from __future__ import annotations

import warnings

from trace_core import Module, OptoPrime, bundle, node
from trace_core.llm import ChatModel, default_llm

MESSAGES = [
    ("<p>Guten Morgen, wie geht es dir?</p>", "German"),
    ("<b>Where is the station?</b>", "English"),
    ("<i>Merci beaucoup, à demain.</i>", "French"),
    ("<p>El tren sale a las <b>ocho</b>.</p>", "Spanish"),
]


class Reader(Module):
    """Cleans a message by code, then asks a model about it; both the code and the prompt are learned."""

    def __init__(self, llm: ChatModel) -> None:
        self.llm = llm
        self.prompt = node("Say something about the text.", trainable=True, description="tells the model what to say")

    @bundle(trainable=True)
    def clean(self, message: str) -> str:
        """Remove all tags such as <b>, and keep the text between them."""
        return message.replace("<p>", "")

    @bundle
    def ask(self, text: str, prompt: str) -> str:
        """A model reads the prompt and the text, and answers."""
        messages = [{"role": "system", "content": prompt}, {"role": "user", "content": text}]
        return self.llm.complete(messages).text.strip()[:80]

    def forward(self, message: str):
        """The answer for one message."""
        return self.ask(self.clean(message), self.prompt)


def learn(llm: ChatModel, reads: ChatModel, steps: int = 3) -> bool:
    """Take steps, and print what was learned; whether all messages are answered right."""
    reader = Reader(reads)
    code, prompt = (OptoPrime(reader.parameters().select(kind), llm) for kind in ("code", "prompt"))
    for message, language in MESSAGES[:steps]:  # the code first: what the model reads depends on it
        reader.parameters().zero_feedback()
        cleaned = reader.clean(message)
        if "<" in cleaned.data:
            cleaned.backward("tags are still there: import re in the function and remove every tag")
            print(code.step(), end="\n\n")
        answer = reader(message)
        if answer.data.strip(". ") != language:
            answer.backward(f"should answer {language}: the prompt must ask for the language of the text in one word")
            print(prompt.step(), end="\n\n")
    right = sum(reader(message).data.strip(". ") == language for message, language in MESSAGES)
    print(f"{right} of {len(MESSAGES)} messages answered right")
    return right == len(MESSAGES)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    learn(default_llm(), default_llm())
