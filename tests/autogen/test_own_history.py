"""Agents that keep their conversation themselves: clones and programs begin anew, and what is sent again is known."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from autogen_agentchat.agents import BaseChatAgent
from autogen_agentchat.base import Response
from autogen_agentchat.messages import BaseChatMessage, TextMessage
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import CancellationToken
from autogen_core.model_context import UnboundedChatCompletionContext
from autogen_core.models import AssistantMessage, UserMessage
from autogen_ext.agents.openai import OpenAIAgent
from openai import AsyncOpenAI
from trace_autogen import TracedAgent, clone, trace

from tests.autogen.drawing import drawn
from tests.autogen.programs import Answering, assistant
from trace_core.errors import TraceError


class Keeper(BaseChatAgent):
    """Keeps what was said in lists, in a context under a name of its own, and in an agent that it asks."""

    produced_message_types = (TextMessage,)

    def __init__(self, name: str = "keeper") -> None:
        super().__init__(name, "keeps what was said")
        self.model = Answering()
        self.said: dict[str, list[Any]] = {"all": []}
        self.notes = UnboundedChatCompletionContext([UserMessage(content="rules", source="user")])
        self.helper = assistant("helper", *["noted"] * 9)

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        self.said["all"] += [each.to_model_message() for each in messages]
        for each in messages:
            await self.notes.add_message(each.to_model_message())
        await self.helper.run(task="note")
        answer = await self.model.create(self.said["all"])
        self.said["all"].append(AssistantMessage(content=str(answer.content), source=self.name))
        return Response(chat_message=TextMessage(content=str(answer.content), source=self.name))

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        self.said["all"].clear()
        await self.notes.clear()
        await self.helper.on_reset(cancellation_token)


async def kept(agent: Keeper) -> list[int]:
    notes, helper = await agent.notes.get_messages(), await agent.helper.model_context.get_messages()
    return [len(agent.said["all"]), len(notes), len(helper)]


async def test_a_clone_keeps_nothing_and_takes_nothing_away() -> None:
    agent = Keeper()
    await agent.run(task="first")
    copy = clone(agent)
    assert await kept(copy) == [0, 1, 0]
    await copy.run(task="second")
    assert copy.said["all"][0].content == copy.said["all"][1].content == "second"
    assert await kept(agent) == await kept(copy) == [2, 2, 2]


async def test_a_program_starts_each_example_anew() -> None:
    agent = TracedAgent(Keeper())
    await agent.run(task="first")
    node = await agent.recorder.program(agent).acall("an example")
    assert node.data == "an example"
    assert {"I>llm2"} <= drawn(agent.recorder.last)["edges"]


async def test_a_member_that_keeps_its_history_is_new_in_the_clone_of_a_team() -> None:
    team = RoundRobinGroupChat([Keeper()], max_turns=1)
    await team.run(task="first")
    result = await clone(team).run(task="second")
    assert result.messages[-1].to_model_text() == "second"  # type: ignore[union-attr]


class Waiting(Keeper):
    """Asks something outside to forget."""

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        await asyncio.get_running_loop().create_future()


async def test_an_agent_that_waits_to_forget_is_refused() -> None:
    with pytest.raises(TraceError, match="'waiting' cannot be cloned: its on_reset waits"):
        clone(Waiting("waiting"))


class Server(BaseHTTPRequestHandler):
    """Answers to what is called the Responses API."""

    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(asked)
        text = {"type": "output_text", "text": f"answer {len(self.asked)}", "annotations": []}
        said = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [text]}
        answer = {
            "id": f"resp_{len(self.asked)}",
            "object": "response",
            "created_at": 0,
            "model": "m",
            "output": [said],
        }
        more = {"parallel_tool_calls": False, "tool_choice": "auto", "tools": [], "status": "completed"}
        data = json.dumps(answer | more).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def served() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of a server on the loopback interface, and what it was asked."""
    asked: list[dict[str, Any]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Serving", (Server,), {"asked": asked}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1", asked
    server.shutdown()
    thread.join()
    server.server_close()


async def test_an_openai_agent(served: tuple[str, list[dict[str, Any]]]) -> None:
    address, asked = served
    async with AsyncOpenAI(api_key="none", base_url=address) as openai:
        agent = OpenAIAgent(name="asker", description="asks", client=openai, model="m", instructions="Be brief.")
        recorder = trace(agent)
        for task in ("one", "two", "three"):
            await agent.run(task=task)
        edges = [drawn(run)["edges"] for run in recorder.runs]
        node = await recorder.program(agent).acall("four")
    assert edges[:2] == [{"I>asker"}, {"I1>asker1", "I1>asker2", "asker1>asker2", "I2>asker2"}]
    assert len(recorder.runs[2].output.parents) == 5
    assert node.data == "answer 4"
    assert drawn(recorder.last)["edges"] == {"I>asker"}
    assert "previous_response_id" in asked[1]
    assert "previous_response_id" not in asked[3]
    assert len(asked[3]["input"]) == 2
