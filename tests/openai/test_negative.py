"""Where no edge may be made: words that are the same by chance, or that the program itself has."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import openai
import pytest
from trace_openai import Recorder, trace_openai

from tests.openai.api_server import ApiServer, asks, fails, gives, says
from tests.openai.scenario import MODEL, drawn
from trace_core import node

Serve = Callable[..., ApiServer]
APART = {"input1>llm1", "input2>llm2"}


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def say(client: Any, text: str, system: str | None = None) -> str:
    """Asks, and gives the answer's text."""
    messages = [] if system is None else [{"role": "system", "content": system}]
    messages.append({"role": "user", "content": text})
    return str(client.chat.completions.create(model=MODEL, messages=messages).choices[0].message.content)


# What the first call is asked and answers, and what the second is asked, whose prompt stands in the program.
BY_CHANCE = {
    "a short answer": ("Is an oak a tree?", "Yes.", "Answer yes or no: does a fir have cones?"),
    "a number": ("How many legs has an ant?", "6", "Name 6 trees."),
    "a number in words of a prompt": ("How many legs has an ant?", "6", "What happened in 1966?"),
    "a letter": ("Which vitamin is in lemons?", "C", "Compare the languages C and Fortran."),
    "a common word": ("Translate 'et'.", "and", "Describe oaks and firs."),
    "a part of a word": ("Which grain?", "rice", "What is the price of gold?"),
    "an unrelated text": ("Describe an oak.", "A broad tree with acorns.", "When did Rome fall?"),
    "a text with some of the same words": (
        "Describe an oak.",
        "The oak is a broad tree with lobed leaves.",
        "Is the fir a tree with needles?",
    ),
    "an empty answer": ("Say nothing.", "", "When did Rome fall?"),
    "white space": ("Say nothing.", "\n", "When did\nRome fall?"),
    "punctuation": ("Which sign ends a question?", "?", "When did Rome fall?"),
}


@pytest.mark.parametrize("case", BY_CHANCE)
def test_the_same_words_by_chance_are_no_edge(case: str, recorder: Recorder, serve: Serve) -> None:
    first, answer, second = BY_CHANCE[case]
    client = trace_openai(serve(says(answer), says("It is so.")).client(), recorder)
    with recorder.run() as run:
        say(client, first)
        say(client, second)
    assert drawn(run) == APART, run.explain()


def label(client: Any, review: str) -> str:
    say(client, f"Is this review positive, negative or mixed? {review}")
    return say(client, f"Is this review of a tree positive, negative or mixed? {review}")


def fields(client: Any, review: str) -> str:
    say(client, f"Rate this review as JSON: {review}")
    return say(client, f"Of 7 seas, is it true that {review}? If not, say null.")


def echoed(client: Any, review: str) -> str:
    say(client, f"Repeat after me: You are a careful botanist. {review}")
    return say(client, f"You are a careful botanist. What of this? {review}")


# An answer, and a program whose own code has its words.
IN_THE_CODE: dict[str, tuple[str, Callable[[Any, str], str]]] = {
    "a label of a list of labels": ("positive", label),
    "values of JSON": ('{"is_true": "true", "seas": 7, "name": null}', fields),
    "a sentence": ("You are a careful botanist.", echoed),
}


@pytest.mark.parametrize("case", IN_THE_CODE)
def test_words_of_the_programs_own_code_are_no_edge(case: str, recorder: Recorder, serve: Serve) -> None:
    answer, program = IN_THE_CODE[case]
    client = trace_openai(serve(says(answer), says("It is so.")).client(), recorder)
    recorder.program(partial(program, client))("Oaks are fine and tall.")
    assert drawn(recorder.last) == {"input>llm1", "input>llm2"}, recorder.last.explain()


def test_constants_of_the_program_are_no_edge(recorder: Recorder, serve: Serve) -> None:
    """The same system message, and a few-shot example, in two calls; neither came from the other."""
    system = "You are a botanist. Answer in one short sentence."
    client = trace_openai(serve(says("A broad tree."), says("A conifer.")).client(), recorder)
    with recorder.run() as run:
        say(client, "What is an oak?", system)
        say(client, "What is a fir?", system)
    assert drawn(run) == APART, run.explain()


def test_an_answer_that_repeats_the_system_message_is_not_its_source(recorder: Recorder, serve: Serve) -> None:
    system = "You are a botanist. Answer in one short sentence."
    client = trace_openai(serve(says(system), says("A conifer.")).client(), recorder)
    with recorder.run() as run:
        say(client, "What were you told?", system)
        say(client, "What is a fir?", system)
    assert drawn(run) == APART, run.explain()


def test_an_answer_that_came_later_is_no_source(recorder: Recorder, serve: Serve) -> None:
    text = "Oaks are broad trees with lobed leaves."
    client = trace_openai(serve(says("So they are."), says(text)).client(), recorder)
    with recorder.run() as run:
        say(client, f"Is this so? {text}")
        say(client, "Describe the oak.")
    assert drawn(run) == APART, run.explain()


def test_an_answer_of_another_run_is_an_input(recorder: Recorder, serve: Serve) -> None:
    client = trace_openai(serve(says("Oaks are broad trees with lobed leaves."), says("Eichen.")).client(), recorder)
    with recorder.run():
        text = say(client, "Describe the oak.")
    with recorder.run() as run:
        say(client, f"Translate: {text}")
    assert drawn(run) == {"input>llm"}, run.explain()


def test_the_same_question_asked_again_is_one_input_and_no_edge(recorder: Recorder, serve: Serve) -> None:
    client = trace_openai(serve(says("A broad tree."), says("A large plant.")).client(), recorder)
    with recorder.run() as run:
        for _ in range(2):
            say(client, "What is an oak, in a few words?")
    assert not {"llm1>llm2", "llm2>llm1"} & drawn(run), run.explain()


def test_a_tools_result_whose_id_nobody_asked_for_is_an_input(recorder: Recorder, serve: Serve) -> None:
    client: Any = trace_openai(serve(says("A broad tree."), says("A tree, it seems.")).client(), recorder)
    call = {"id": "call_of_old", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Look up the fir."},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_of_old", "content": "Firs are conifers."},
    ]
    with recorder.run() as run:
        say(client, "What is an oak?")
        client.chat.completions.create(model=MODEL, messages=messages)
    assert drawn(run) == APART, run.explain()


def test_a_response_that_nobody_recorded_leads_nowhere(recorder: Recorder, serve: Serve) -> None:
    client: Any = trace_openai(serve(says("A broad tree."), says("A conifer.")).client(), recorder)
    with recorder.run() as run:
        client.responses.create(model=MODEL, input="What is an oak?")
        client.responses.create(model=MODEL, input="And a fir?", previous_response_id="resp_of_old")
    assert drawn(run) == APART, run.explain()


def test_conversations_that_are_not_the_same_lead_not_to_each_other(recorder: Recorder, serve: Serve) -> None:
    client: Any = trace_openai(serve(says("A broad tree."), says("A conifer.")).client(), recorder)
    with recorder.run() as run:
        client.responses.create(model=MODEL, input="What is an oak?", conversation="conv_1")
        client.responses.create(model=MODEL, input="What is a fir?", conversation="conv_2")
    assert drawn(run) == APART, run.explain()


def test_a_call_that_failed_leads_not_to_its_second_try(recorder: Recorder, serve: Serve) -> None:
    client = trace_openai(serve(fails(500, "Overloaded."), says("A broad tree.")).client(), recorder)
    with recorder.run() as run:
        with pytest.raises(openai.InternalServerError):
            say(client, "What is an oak, in a few words?")
        say(client, "What is an oak, in a few words?")
    assert not {"llm1!>llm2", "llm2>llm1!"} & drawn(run), run.explain()


def test_a_tool_that_was_not_run_is_no_node(recorder: Recorder, serve: Serve) -> None:
    client = trace_openai(serve(asks(("find", {"name": "oak"})), says("A conifer.")).client(), recorder)
    with recorder.run() as run:
        say(client, "Find the oak.")
        say(client, "What is a fir?")
    assert drawn(run) == APART, run.explain()


def test_an_answer_that_only_decided_what_comes_next_is_no_edge(recorder: Recorder, serve: Serve) -> None:
    prompts = {"trees": "Describe the habitat of conifers.", "ships": "Describe the rigging of a sloop."}
    client = trace_openai(serve(gives({"topic": "ships"}), says("One mast.")).client(), recorder)
    with recorder.run() as run:
        topic = "ships" if "ships" in say(client, "Trees or ships? Answer as JSON.") else "trees"
        say(client, prompts[topic])
    assert drawn(run) == APART, run.explain()


def test_a_parameter_whose_words_an_answer_has_is_no_child_of_it(recorder: Recorder, serve: Serve) -> None:
    text = "Answer in one short sentence, as a botanist would."
    system = node(text, trainable=True, name="system")
    client: Any = trace_openai(serve(says(text), says("A broad tree.")).client(), recorder)
    with recorder.run() as run:
        say(client, "Write a system prompt.")
        messages = [{"role": "system", "content": system}, {"role": "user", "content": "What is an oak?"}]
        client.chat.completions.create(model=MODEL, messages=messages)
    assert drawn(run) == {*APART, "system>llm2"}, run.explain()


def test_two_answers_of_which_one_is_told_on_lead_apart(recorder: Recorder, serve: Serve) -> None:
    answers = [says("Oaks are broad trees with lobed leaves."), says("Firs are evergreen conifers."), says("Eichen.")]
    client = trace_openai(serve(*answers).client(), recorder)
    with recorder.run() as run:
        first = say(client, "Describe the oak.")
        say(client, "Describe the fir.")
        say(client, f"Translate: {first}")
    assert drawn(run) == {*APART, "llm1>llm3"}, run.explain()
