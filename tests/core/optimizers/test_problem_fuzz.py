"""The text of a problem is complete, in order and true for any workflow: running it gives the outputs again."""

from random import Random

import pytest

from tests.core.optimizers.problem_program import about, assigned, check, sections
from tests.core.optimizers.random_workflows import FUNCTIONS, Workflow, behind, random_parameters, reset_some
from trace_core import Batch, OptoPrime, ParameterSet, ReplayChat, node
from trace_core.optimizers.problem import make_problem

WHOLE = 10**9


def text_of(parameters, batch=None):
    optimizer = OptoPrime(parameters, ReplayChat([]))
    return str(make_problem(optimizer.parameters, optimizer.received(batch), max_tokens=WHOLE))


def one_workflow(seed, size):
    random = Random(seed)
    used, lonely = random_parameters(random)
    workflow = Workflow(seed, seed, used, size)
    if random.random() < 0.3:
        reset_some(random, used)
        more = Workflow(seed + 1, seed, used, size // 4)
        workflow.made += more.made
    learned = [p for p in used if random.random() < 0.8] or used[:1]
    outputs = [node(workflow.made)] if size > 100 else workflow.outputs(3)
    outputs = [output for output in outputs if behind([output], {p.id for p in learned})]
    for output in outputs:
        output.backward(random.choice(["wrong", "#Code\nx = 1", "bad\n\n#Inputs 1\n"]))
    if random.random() < 0.3:
        reset_some(random, used)
    return learned + lonely, outputs


def examine(seed, size):
    parameters, outputs = one_workflow(seed, size)
    if not outputs:
        return 0
    text = text_of(parameters)
    expected = behind(outputs, {p.id for p in parameters})
    last = max(first for name, first, _, _ in sections(text) if name == "Outputs")
    shown = 0
    for example in range(1, last + 1):
        check(text, FUNCTIONS, example)
        shown += len(assigned(about(text, "Code", example)))
    assert shown == len(expected)
    assert "lonely" not in text
    reached = {p.name for output in outputs for p in output.graph().parameters} & {p.name for p in parameters}
    assert set(make_variables(parameters)) == reached
    return len(expected)


def make_variables(parameters):
    optimizer = OptoPrime(parameters, ReplayChat([]))
    return make_problem(optimizer.parameters, optimizer.received()).variables


@pytest.mark.parametrize("block", range(10))
def test_running_the_code_of_a_random_workflow_gives_its_outputs(block):
    sizes = [Random(seed).choice([3, 8, 15, 30]) for seed in range(125)]
    operations = [examine(1_000 * block + seed, size) for seed, size in enumerate(sizes)]
    assert sum(count > 0 for count in operations) >= 100


@pytest.mark.parametrize("seed", range(12))
def test_running_the_code_of_a_large_random_workflow_gives_its_outputs(seed):
    assert examine(50_000 + seed, 110) > 100


@pytest.mark.parametrize("seed", range(40))
def test_runs_of_the_same_shape_share_one_code_and_each_gives_its_own_outputs(seed):
    used, _ = random_parameters(Random(seed))
    batch = Batch()
    for run in range(4):
        made = Workflow(seed, 10 * seed + run, used, 12).made
        batch.add(next(m for m in reversed(made) if m.depends), f"feedback {run}")
    text = text_of(used, batch)
    assert [name for name, *_ in sections(text)].count("Code") == 1
    for example in range(1, 5):
        check(text, FUNCTIONS, example)
        assert about(text, "Feedback", example) == f"feedback {example - 1}"


@pytest.mark.parametrize("seed", range(40))
def test_runs_of_different_shapes_have_a_code_each_and_each_gives_its_own_outputs(seed):
    used, _ = random_parameters(Random(seed))
    batch = Batch()
    for run in range(6):
        if run == 3:
            reset_some(Random(seed), used)
        made = Workflow(seed + run % 2, 10 * seed + run, used, 10).made
        batch.add(next(m for m in reversed(made) if m.depends), f"feedback {run}")
    text = text_of(used, batch)
    covered = [n for name, first, last, _ in sections(text) if name == "Code" for n in range(first, min(last, 6) + 1)]
    assert covered == [1, 2, 3, 4, 5, 6]
    for example in range(1, 7):
        check(text, FUNCTIONS, example)
    assert sorted(about(text, "Feedback", example) for example in range(1, 7)) == [f"feedback {n}" for n in range(6)]


def test_the_same_workflow_gives_the_same_text():
    def text():
        used, _ = random_parameters(Random(5))
        batch = Batch().add(Workflow(5, 5, used, 40).texts[-1], "wrong")
        return text_of(ParameterSet(used), batch)

    assert text() == text()
