"""A small agent with two settings, and optimizers of it that answer from a script."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from trace_core.bundles import bundle
from trace_core.llm.chat import Message
from trace_core.llm.replay import ReplayChat
from trace_core.nodes import Node
from trace_core.optimizers import Optimizer, OptoPrime
from trace_core.parameter_nodes import ParameterNode, node
from trace_core.parameters import ParameterSet

BEFORE = {"style": "terse", "count": 1}


@bundle
def answer(style, count):
    """Answer in a style."""
    return f"{style} x{count}"


def agent() -> ParameterSet:
    return ParameterSet(
        [
            node("terse", trainable=True, name="style", type=Literal["terse", "friendly", "formal"]),
            node(1, trainable=True, name="count", type=Annotated[int, Field(ge=0, le=9)]),
        ]
    )


def run(parameters: Mapping[str, ParameterNode]) -> Node:
    return answer(parameters["style"], parameters["count"])


def suggesting(**values: Any) -> str:
    return json.dumps({"reasoning": "because", "suggestion": values})


def learner(*answers: str | Exception | Callable[..., str], kind: type[Optimizer] = OptoPrime, **options: Any) -> Any:
    """An optimizer of an agent that has run once and was told that it was wrong."""
    optimizer = kind(agent(), ReplayChat(answers), **options)
    run(optimizer.parameters).backward("be friendlier")
    return optimizer


def again(optimizer: Optimizer, feedback: Any) -> None:
    """Run once more, and give feedback on that alone."""
    optimizer.zero_feedback()
    run(optimizer.parameters).backward(feedback)


def values(optimizer: Optimizer) -> dict[str, Any]:
    return optimizer.parameters.state_dict()


def versions(optimizer: Optimizer) -> list[int | str]:
    return [each.version for each in optimizer.parameters.values()]


def calls(optimizer: Any) -> list[list[Message]]:
    return optimizer.llm.calls


def question(optimizer: Any, number: int = -1) -> str:
    """What the LLM was first asked in a call."""
    return calls(optimizer)[number][0]["content"]


def section(text: str, name: str) -> str:
    """The text of a section of a problem, up to the next one."""
    return text.partition(f"#{name}\n")[2].partition("\n\n#")[0]
