"""The example programs run; whether they learn with a real model is measured, not tested."""

import asyncio
import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from trace_core.llm import ReplayChat
from trace_train import read_data

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_strange_sort_needs_no_model_with_replay() -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    run = subprocess.run(
        [sys.executable, EXAMPLES / "strange_sort.py", "--replay"], capture_output=True, text=True, env=environment
    )
    assert run.returncode == 0, run.stderr
    assert "#Feedback\nexpected [1, 4, 2, 3]" in run.stdout
    assert "-    return sorted(lst)" in run.stdout
    assert run.stdout.endswith("all calls are right\n")


def test_numbers_learns_from_a_model_that_follows_advice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = ['{"reasoning": "", "suggestion": {"price": 50, "discount": 10}}', '{"suggestion": {"price": 40}}']
    printed = run_example("two_numbers.py", ReplayChat([*answers, *["{}"] * 12]), monkeypatch, capsys)
    assert "profit -1875 before, 5000 after; the best is 5000" in printed


def test_module_learns_code_and_prompt_together(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    languages = {"Guten": "German", "station": "English", "Merci": "French", "tren": "Spanish"}
    better = (
        "prompt\n```\nName the language in one word.\n```\n\nclean.code\n```python\n"
        "def clean(self, message: str) -> str:\n    import re\n    return re.sub(r'<[^>]*>', '', message)\n```"
    )

    def model(messages: list[dict[str, str]]) -> str:
        if "#Variables" in messages[-1]["content"]:
            return better
        if "language" not in messages[0]["content"]:
            return "What a nice text!"
        return next(name for word, name in languages.items() if word in messages[-1]["content"])

    printed = run_example("language_module.py", ReplayChat([model] * 100), monkeypatch, capsys)
    assert "step: changed" in printed
    assert printed.endswith("4 of 4 messages answered right\n")


def test_the_agents_tool_is_described_and_coded_better(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def model(messages: list[dict[str, str]]) -> str:
        text = messages[-1]["content"]
        if "#Variables" in text:
            code = (
                "```python\ndef lookup(number: str) -> str:\n    return ORDERS.get(int(number), 'nothing found')\n```"
            )
            return code if "lookup.code" in text else "```\nLooks up where an order is, by its number.\n```"
        if messages[0]["content"].startswith("Call the tool"):
            name = "lookup" if "where an order is" in messages[0]["content"] else "search"
            return json.dumps({"name": name, "args": {"number": "17"}})
        return text

    printed = run_example("tool_agent.py", ReplayChat([model] * 100), monkeypatch, capsys)
    said = [line for line in printed.splitlines() if line.startswith("the agent says")]
    assert [line.rpartition(": ")[2] for line in said] == ["Grace", "nothing found", "on its way to Paris"]


def test_the_critic_of_a_team_learns_what_to_ask_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def model(messages: list[dict[str, str]]) -> str:
        system, text = messages[0]["content"], messages[-1]["content"]
        if "#Variables" in text:
            return "```\nTell the writer to name the price, 12 euros.\n```"
        if system.startswith("You write"):
            return "A mug for 12 euros." if "The critic says: Name the price" in text else "A mug."
        return "Name the price of 12 euros." if "Tell the writer" in system else "How lovely!"

    printed = run_example("writer_and_critic.py", ReplayChat([model] * 100), monkeypatch, capsys)
    said = [line for line in printed.splitlines() if line.startswith("the team says")]
    assert [line.rpartition(": ")[2] for line in said] == ["A mug.", "A mug for 12 euros."]


def test_one_tool_is_described_better_and_the_other_coded_better(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def model(messages: list[dict[str, str]]) -> str:
        text = messages[-1]["content"]
        if "#Variables" in text:
            code = (
                "```python\ndef search(number: str) -> str:\n"
                "    return CUSTOMERS.get(int(number), 'nothing found')\n```"
            )
            return code if "search.code\n```" in text else "```\nLooks up where an order is, by its number.\n```"
        name = "lookup" if "order" in text and "where an order is" in messages[0]["content"] else "search"
        return json.dumps({"name": name, "arguments": {"number": "17" if "17" in text else "3"}})

    printed = run_example("autogen_tools.py", ReplayChat([model] * 100), monkeypatch, capsys)
    said = [line.partition("? ")[2] for line in printed.splitlines() if "? " in line]
    assert said == ["nothing found", "nothing found", "on its way to Paris", "Ada"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # LlamaIndex's own
def test_a_query_engine_learns_to_cite_and_to_retrieve_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open

    def model(messages: list[dict[str, str]]) -> str:
        text = messages[-1]["content"]
        if "#Variables" in text:
            top_k = '{"reasoning": "", "suggestion": {"similarity_top_k": 2}}'
            return "```\nAnswer. Cite the source.\n```" if "text_qa.system" in text else top_k
        told = messages[0]["content"]
        if "kinds of iris" in told.partition("Question: ")[2]:
            return "There are three (iris.rst)." if "Cite" in text else "There are three."
        return "A dark one." if "homogeneous background" in told else "I do not know."

    printed = run_example("citing_engine.py", ReplayChat([model] * 100), monkeypatch, capsys)
    said = [line.partition("? ")[2] for line in printed.splitlines() if "? " in line]
    assert said == ["There are three.", "There are three (iris.rst).", "I do not know.", "A dark one."]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # LlamaIndex's own
def test_an_agent_of_llamaindex_learns_what_a_tool_is_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def model(messages: list[dict[str, str]]) -> str:
        text = messages[-1]["content"]
        if "#Variables" in text:
            return "```\nLooks up where an order is, by its number.\n```"
        if messages[0]["content"].startswith("Call the tool"):
            name = "lookup" if "where an order is" in messages[0]["content"] else "search"
            return json.dumps({"name": name, "arguments": {"number": 17}})
        return text

    printed = run_example("llamaindex_agent.py", ReplayChat([model] * 100), monkeypatch, capsys)
    said = [line for line in printed.splitlines() if line.startswith("the agent says")]
    assert [line.rpartition(": ")[2] for line in said] == ["Grace", "on its way to Paris"]


def test_a_writers_prompt_is_learned_where_it_is_sent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def model(messages: list[dict[str, str]]) -> str:
        system, text = messages[0]["content"], messages[-1]["content"]
        if "#Variables" in text:
            return "```\nAnswer in one sentence. We open at 9.\n```"
        if system.startswith("You make answers"):
            return text.replace("Make this more polite: ", "Dear customer, ")
        return "we open at 9." if "9" in system else "we open at 8."

    printed = run_example("draft_and_revise.py", ReplayChat([model] * 100), monkeypatch, capsys)
    said = [line for line in printed.splitlines() if line.startswith("the program says")]
    assert [line.partition(": ")[2] for line in said] == [f"Dear customer, we open at {hour}." for hour in (8, 9)]


def test_a_loop_written_by_hand_learns_what_a_tool_is_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def model(messages: list[dict[str, str]]) -> str:
        text = messages[-1]["content"]
        if "#Variables" in text:
            return "```\nLooks up where an order is, by its number.\n```"
        if messages[0]["content"].startswith("Call the tool"):
            name = "lookup" if "where an order is" in messages[0]["content"] else "search"
            return json.dumps({"name": name, "arguments": {"number": 17}})
        return text

    printed = run_example("tool_loop.py", ReplayChat([model] * 100), monkeypatch, capsys)
    said = [line for line in printed.splitlines() if line.startswith("the model says")]
    assert [line.rpartition(": ")[2] for line in said] == ["Grace", "on its way to Paris"]


def test_quickstart_keeps_the_prompt_that_routes_better(monkeypatch: pytest.MonkeyPatch) -> None:
    queues = {ticket["text"]: ticket["queue"] for ticket in read_data(EXAMPLES / "tickets.jsonl")}
    proposed = iter(["```\nRoute by the rules.\n```", "```\nSay something.\n```"])

    def model(messages: list[dict[str, str]]) -> str:
        text = messages[-1]["content"]
        if "#Variables" in text:
            return next(proposed)
        return queues[text] if "rules" in messages[0]["content"] else "IT"

    monkeypatch.setattr("trace_core.llm.default.default_llm", lambda: ReplayChat([model] * 500))
    learn = runpy.run_path(str(EXAMPLES / "quickstart.py"))["learn"]
    assert learn(rounds=2) == (0, 40)


def run_example(name: str, llm: ReplayChat, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What the program prints with this model in place of the configured one."""
    monkeypatch.setattr("trace_core.llm.default.default_llm", lambda: llm)
    monkeypatch.setattr(sys, "argv", [name])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    return capsys.readouterr().out
