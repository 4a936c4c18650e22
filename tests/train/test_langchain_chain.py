"""A LangChain chain is trained like any program: through its recorder."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

pytest.importorskip("langchain_core")

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from pydantic import Field
from trace_langchain import Recorder, expose

from tests.train.synthetic import NO_PAUSE
from trace_core import OptoPrime, ReplayChat
from trace_train import Budget, MaxSteps, MemoryJournal, Normalised, Target, Trainer

TICKETS = [
    {"text": "I was charged twice", "queue": "billing"},
    {"text": "I cannot sign in", "queue": "login"},
    {"text": "Refund me", "queue": "billing"},
    {"text": "Password lost", "queue": "login"},
]
TAUGHT = "Answer with billing for money and login for accounts."


class Router(BaseChatModel):
    """Routes a ticket if its prompt says how, and fails on what it is told to."""

    failing: dict[str, Any] = Field(default_factory=dict)

    @property
    def _llm_type(self) -> str:
        return "router"

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        system, human = (message.text for message in messages)
        if human in self.failing:
            raise self.failing[human]("not this one")
        money = any(word in human for word in ("charged", "Refund"))
        answer = ("billing" if money else "login") if "billing for money" in system else "I do not know"
        usage = {"input_tokens": 20, "output_tokens": 5, "total_tokens": 25}
        return ChatResult(generations=[ChatGeneration(message=AIMessage(answer, usage_metadata=usage))])


def trained(llm: ReplayChat, model: Router, is_async: bool = False, **options: Any) -> tuple[Any, Any]:
    chain = ChatPromptTemplate([("system", "Which queue?"), ("human", "{ticket}")]) | model | StrOutputParser()
    recorder = Recorder()
    parameters = expose(chain, kinds="system_prompt")
    settings = {"inputs": "text", "progress": False, "retry": NO_PAUSE}
    made = Trainer(recorder.program(chain), OptoPrime(parameters, llm), Normalised("queue"), **settings)
    settings = {"batch_size": 2, "stopping": [Target(1.0), MaxSteps(2)], **options}
    if is_async:
        return asyncio.run(made.afit(TICKETS[:2], TICKETS, **settings)), parameters
    return made.fit(TICKETS[:2], TICKETS, **settings), parameters


def suggestion(text: str) -> str:
    return json.dumps({"reasoning": "", "suggestion": {"prompt.system": text}})


def block(text: str) -> str:
    return f"```\n{text}\n```"


@pytest.mark.parametrize("is_async", [False, True])
def test_a_chain_learns_its_prompt_and_its_tokens_are_counted(is_async: bool) -> None:
    llm = ReplayChat([block("Guess."), block(TAUGHT)])
    report, parameters = trained(llm, Router(), is_async)
    assert report.validation == (0.0, 1.0)
    assert parameters["prompt.system"].data == TAUGHT
    program = report.by_role["program"]
    assert (program.calls, program.prompt_tokens, program.completion_tokens) == (10, 200, 50)
    assert "expected 'billing'" in llm.calls[0][0]["content"]
    assert "I was charged twice" in llm.calls[0][0]["content"]


@pytest.mark.parametrize(("error", "kept"), [(ValueError, 2), (ConnectionError, 0)])
def test_an_error_in_the_chain_is_a_failing_score_and_kept_if_it_is_the_chains_own(error: Any, kept: int) -> None:
    model, journal = Router(failing={"Refund me": error}), MemoryJournal()
    report, _ = trained(ReplayChat([block(TAUGHT)]), model, journal=journal, stopping=[MaxSteps(1)])
    assert report.validation == (0.0, 0.75)
    failed = [each for each in journal.evaluations.values() if each.error is not None]
    assert len(failed) == kept
    assert all(each.trace is not None and "not this one" in str(each.feedback) for each in failed)


def test_a_budget_counts_what_the_chain_asked() -> None:
    report, _ = trained(ReplayChat([block("Guess.")] * 9), Router(), budget=Budget(calls=7))
    assert report.state == "stopped"
    assert report.spent.calls <= 7
