"""Two calls of OpenAI's client, a draft and its revision, without any framework: the writer's prompt is learned.

    python examples/draft_and_revise.py

The functions are not changed: what they send as the writer's prompt is replaced on its way. The feedback goes to what
the program returns; it reaches the prompt through both calls.
"""

from __future__ import annotations

from openai import OpenAI
from openai_model import serving
from trace_openai import Recorder, expose, trace_openai

from trace_core import OptoPrime
from trace_core.llm import ChatModel, default_llm

WRITER = "You answer the customers of a bakery in one sentence."
EDITOR = "You make answers more polite."
QUESTION = "When do you open?"
FEEDBACK = "should say that the bakery opens at 9. The writer must know that the bakery opens at 9."


def ask(client: OpenAI, prompt: str, text: str) -> str:
    """One call."""
    messages = [{"role": "system", "content": prompt}, {"role": "user", "content": text}]
    answer = client.chat.completions.create(model="local", messages=messages)  # type: ignore[arg-type]
    return answer.choices[0].message.content or ""


def answer(client: OpenAI, question: str) -> str:
    """The program as it was written by hand."""
    draft = ask(client, WRITER, question)
    return ask(client, EDITOR, f"Make this more polite: {draft}")


def learn(llm: ChatModel, answers: ChatModel, steps: int = 3) -> bool:
    """Take steps until the question is answered rightly, and print what was learned; whether it is."""
    recorder = Recorder()
    with serving(answers) as client:
        trace_openai(client, recorder)
        program = recorder.program(lambda question: answer(client, question))
        optimizer = OptoPrime(expose(client, prompts={"writer_prompt": WRITER}), llm)
        for step in range(steps + 1):
            result = program(QUESTION)
            print(f"{recorder.last.explain()}\nthe program says: {result.data}", end="\n\n")
            if "9" in result.data or step == steps:
                return "9" in result.data
            result.backward(FEEDBACK)
            print(optimizer.step(), end="\n\n")
            optimizer.zero_feedback()
    return False


if __name__ == "__main__":
    learn(default_llm(), default_llm())
