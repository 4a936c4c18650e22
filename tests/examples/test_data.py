"""The tickets of the quickstart and the tasks of the debugging benchmark are what they claim to be."""

import ast
import copy
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pydantic_monty
import pytest

from benchmarks.debugging_tasks import TASKS, Check, Task

EXAMPLES = Path(__file__).parents[2] / "examples"
QUEUES = {"billing", "sales", "security", "shipping", "technical"}
ALLOWED_MODULES = {"math", "re"}


@pytest.fixture(scope="module")
def tickets() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (EXAMPLES / "tickets.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def rules() -> list[str]:
    return re.findall(r"^\d+\. (.+)$", (EXAMPLES / "tickets.md").read_text(encoding="utf-8"), re.MULTILINE)


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def test_every_ticket_has_the_same_fields_and_a_queue_that_exists(tickets, rules):
    for ticket in tickets:
        assert set(ticket) == {"id", "text", "queue", "why", "rule"}
        assert ticket["queue"] in QUEUES
        assert ticket["rule"] is None or 0 <= ticket["rule"] < len(rules)
    assert [ticket["id"] for ticket in tickets] == list(range(1, len(tickets) + 1))


def test_there_are_enough_tickets_and_the_queues_are_balanced(tickets):
    counts = Counter(ticket["queue"] for ticket in tickets)
    assert len(tickets) == 150
    assert all(25 <= counts[queue] <= 35 for queue in QUEUES)


def test_tickets_are_short_and_their_feedback_is_shorter(tickets):
    lengths = [len(ticket["text"].split()) for ticket in tickets]
    assert min(lengths) >= 6
    assert max(lengths) <= 22
    assert 12 <= sum(lengths) / len(lengths) <= 15
    assert all(2 < len(ticket["why"].split()) <= 14 for ticket in tickets)


def test_no_ticket_and_no_feedback_is_written_twice(tickets):
    assert len({ticket["text"].lower() for ticket in tickets}) == len(tickets)
    assert len({ticket["why"].lower() for ticket in tickets}) == len(tickets)


def test_no_two_tickets_share_most_of_their_words(tickets):
    bags = [words(ticket["text"]) for ticket in tickets]
    for index, bag in enumerate(bags):
        for other in bags[:index]:
            assert len(bag & other) / len(bag | other) < 0.5


def test_tickets_do_not_name_their_queue(tickets):
    for ticket in tickets:
        assert ticket["queue"] not in words(ticket["text"])


def test_no_house_rule_has_tickets_of_two_queues_and_each_has_several(tickets, rules):
    queues_of_rule: dict[int, list[str]] = {}
    for ticket in tickets:
        if ticket["rule"] is not None:
            queues_of_rule.setdefault(ticket["rule"], []).append(ticket["queue"])
    assert set(queues_of_rule) == set(range(len(rules)))
    for index, queues in queues_of_rule.items():
        assert len(set(queues)) == 1
        assert len(queues) >= 4
        assert f"to {queues[0]}" in rules[index]


def test_somewhat_more_than_half_of_the_tickets_need_no_house_rule(tickets):
    easy = [ticket for ticket in tickets if ticket["rule"] is None]
    assert 0.5 <= len(easy) / len(tickets) <= 0.65


def test_there_are_fourteen_tasks_with_different_names():
    assert len({task.name for task in TASKS}) == len(TASKS) == 14


def load(task: Task, source: str) -> Any:
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    return namespace[task.name]


def passes(function: Any, check: Check) -> bool:
    arguments, expected = check
    try:
        result = function(*copy.deepcopy(arguments))
    except Exception:
        return False
    return type(result) is type(expected) and result == expected


@pytest.fixture(params=TASKS, ids=lambda task: task.name)
def task(request) -> Task:
    return request.param


def test_the_planted_bug_shows_in_checks_and_held_out_but_not_everywhere(task):
    function = load(task, task.source)
    outcomes = [passes(function, check) for check in task.checks]
    assert not all(outcomes)
    assert any(outcomes)
    assert not all(passes(function, check) for check in task.held_out)


def test_the_fixed_source_passes_all_checks_and_mutates_nothing(task):
    function = load(task, task.fixed_source)
    for arguments, expected in task.checks + task.held_out:
        given = copy.deepcopy(arguments)
        result = function(*given)
        assert type(result) is type(expected)
        assert result == expected
        assert given == arguments


def test_no_held_out_call_is_among_the_checks(task):
    shown = [arguments for arguments, _ in task.checks]
    assert all(arguments not in shown for arguments, _ in task.held_out)


@pytest.mark.parametrize("attribute", ["source", "fixed_source"])
def test_sources_are_one_documented_def_in_plain_python(task, attribute):
    source = getattr(task, attribute)
    tree = ast.parse(source)
    assert [type(statement) for statement in tree.body] == [ast.FunctionDef]
    assert tree.body[0].name == task.name
    assert ast.get_docstring(tree.body[0])
    for node in ast.walk(tree):
        assert not isinstance(node, ast.ClassDef | ast.Yield | ast.YieldFrom | ast.Delete | ast.Global)
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= ALLOWED_MODULES
        if isinstance(node, ast.ImportFrom):
            assert node.module in ALLOWED_MODULES
    assert 5 <= len(source.splitlines()) <= 18


def test_source_and_fix_share_signature_and_docstring(task):
    source, fixed = (ast.parse(text).body[0] for text in (task.source, task.fixed_source))
    assert ast.dump(source.args) == ast.dump(fixed.args)
    assert ast.get_docstring(source) == ast.get_docstring(fixed)


@pytest.mark.parametrize("attribute", ["source", "fixed_source"])
def test_the_sandbox_gives_the_results_of_plain_python(task, attribute):
    source = getattr(task, attribute)
    function = load(task, source)
    with pydantic_monty.Monty() as pool, pool.checkout(limits={"max_feed_duration_secs": 5}) as session:
        session.feed_run(source)
        for arguments, _ in task.checks + task.held_out:
            names = [f"argument_{index}" for index in range(len(arguments))]
            call = f"{task.name}({', '.join(names)})"
            result = session.feed_run(call, inputs=dict(zip(names, arguments, strict=True)))
            assert result == function(*copy.deepcopy(arguments))
