"""The chain of `test_langchain_chain` as a factory."""

from __future__ import annotations

from typing import Any

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from trace_langchain import Recorder, expose

from tests.train.test_langchain_chain import Router
from trace_train import Normalised


def make() -> tuple[Any, ...]:
    """A prompt, a model that routes tickets if it is told how, and a parser."""
    chain = ChatPromptTemplate([("system", "Which queue?"), ("human", "{ticket}")]) | Router() | StrOutputParser()
    return Recorder().program(chain), expose(chain, kinds="system_prompt"), Normalised("queue"), "text"
