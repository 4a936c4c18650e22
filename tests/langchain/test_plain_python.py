"""What plain Python did between calls: computed, rewrote, cut up, caught, or only wrote down in its own code."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.runnables import chain as as_chain
from langchain_core.tools import tool

from tests.langchain.programs import Shelf, chain, model
from tests.langchain.test_acceptance import exactly, recorded

LINE = "prompt{0}>llm{0} llm{0}>parser{0}"


def fresh(text: str) -> str:
    """An equal text that is another object, as models give it."""
    return "".join(list(text))


def lines(*numbers: int) -> str:
    return " ".join(LINE.format(number) for number in numbers)


def total() -> tuple[Runnable[Any, Any], Any, str, str]:
    price, note = chain("Price of {x}", "20", "30"), chain("The total is {total}", "Much.")

    @as_chain
    def bill(items: list[str]) -> Any:
        return note.invoke({"total": sum(int(price.invoke({"x": item})) for item in items)})

    return (
        bill,
        ["tea", "cake"],
        f"I>prompt1 I>prompt2 parser1>prompt3 parser2>prompt3 {lines(1, 2, 3)}",
        "parser3",
    )


def count_of_what_was_found() -> tuple[Runnable[Any, Any], Any, str, str]:
    shelf, say = Shelf(), chain("{n} pages on {q}", "Few.")
    program = RunnableLambda(lambda q: say.invoke({"n": len(shelf.invoke(q)), "q": q}))
    return program, "whales", "I>retriever retriever>prompt I>prompt prompt>llm llm>parser", "parser"


def numbers_that_count_the_calls() -> tuple[Runnable[Any, Any], Any, str, str]:
    plan, write = chain("Topics of {s}", "art,music"), chain("Section {i} on {topic}", "On art.", "On music.")

    @as_chain
    def article(subject: str) -> str:
        topics = plan.invoke({"s": subject}).split(",")
        return "\n".join(write.invoke({"i": i, "topic": topic}) for i, topic in enumerate(topics, 1))

    edges = f"I>prompt1 parser1>prompt2 parser1>prompt3 {lines(1, 2, 3)}"
    return article, "culture", edges, "parser2 parser3"


def lines_of_an_answer() -> tuple[Runnable[Any, Any], Any, str, str]:
    points, title = chain("Points on {x}", "rain is wet\nthe sun is hot\nsnow is cold"), chain("Title for\n{p}", "Sky")

    @as_chain
    def run(x: str) -> Any:
        return title.invoke({"p": "\n".join(f"* {line}" for line in sorted(points.invoke({"x": x}).splitlines()))})

    return run, "weather", f"I>prompt1 parser1>prompt2 {lines(1, 2)}", "parser2"


def the_beginning_of_a_page() -> tuple[Runnable[Any, Any], Any, str, str]:
    shelf, ask = Shelf(pages=["Whales breathe air through blowholes on their heads."]), chain("{page}\n{q}", "Air.")
    program = RunnableLambda(lambda q: ask.invoke({"page": shelf.invoke(q)[0].page_content[:30] + "...", "q": q}))
    return program, "What do they breathe?", "I>retriever retriever>prompt I>prompt prompt>llm llm>parser", "parser"


def a_label_in_other_case() -> tuple[Runnable[Any, Any], Any, str, str]:
    sort, reply = chain("Kind of {t}", "MATH."), chain("As a {label} tutor: {t}", "ok")
    program = RunnableLambda(lambda t: reply.invoke({"label": sort.invoke({"t": t}).strip(".").lower(), "t": t}))
    return program, "two and two", f"I>prompt1 parser1>prompt2 I>prompt2 {lines(1, 2)}", "parser2"


def a_digit_in_a_text() -> tuple[Runnable[Any, Any], Any, str, str]:
    write, grade, mend = chain("Write on {t}", "a draft on rain"), chain("Grade {d}", "3"), chain("{note}", "fine")

    @as_chain
    def run(t: str) -> Any:
        draft = write.invoke({"t": t})
        return mend.invoke({"note": f"Draft: {draft}\nScore: {grade.invoke({'d': draft})}/10. Improve."})

    return run, "weather", f"I>prompt1 parser1>prompt2 parser1>prompt3 parser2>prompt3 {lines(1, 2, 3)}", "parser3"


def a_number_written_as_money() -> tuple[Runnable[Any, Any], Any, str, str]:
    @tool
    def price(item: str) -> float:
        """The price of an item."""
        return 1249.5

    say = chain("It costs {p}", "Dear.")
    program = RunnableLambda(lambda item: say.invoke({"p": f"{price.invoke(item):,.2f} euros"}))
    return program, "a lamp", "I>price price>prompt prompt>llm llm>parser", "parser"


def the_very_answer_that_won() -> tuple[Runnable[Any, Any], Any, str, str]:
    solve, check = chain("Solve {q}", fresh("17"), fresh("42"), fresh("42")), chain("Is it {answer}?", "yes")

    @as_chain
    def vote(q: str) -> Any:
        answers = [solve.invoke({"q": q}) for _ in range(3)]
        return check.invoke({"answer": Counter(answers).most_common(1)[0][0]})  # keeps the first of equal ones

    return vote, "six times seven", f"I>prompt1 I>prompt2 I>prompt3 parser2>prompt4 {lines(1, 2, 3, 4)}", "parser4"


def given_and_given_back() -> tuple[Runnable[Any, Any], Any, str, str]:
    there = chain("French: {t}", "Le chat dort.")
    back = chain("English: {t}", fresh("The cat sleeps."))
    compare = chain("Compare {original} and {back}", "same")

    @as_chain
    def both(t: str) -> dict[str, str]:
        return {"original": t, "back": back.invoke({"t": there.invoke({"t": t})})}

    edges = f"I>prompt1 parser1>prompt2 I>prompt3 parser2>prompt3 {lines(1, 2, 3)}"
    return both | compare, fresh("The cat sleeps."), edges, "parser3"


def constants_in_the_code() -> tuple[Runnable[Any, Any], Any, str, str]:
    sort, answer = model("billing"), model("We refund you.")

    @as_chain
    def run(question: str) -> Any:
        label = sort.invoke(f"One word, billing or tech: {question}").text
        return answer.invoke([SystemMessage("You handle billing."), HumanMessage(f"{question} ({len(label)})")])

    return run, "I paid twice, what now?", "I>llm1 I>llm2", "llm2"


def a_label_that_was_put_there() -> tuple[Runnable[Any, Any], Any, str, str]:
    sort, answer = model("billing"), model("We refund you.")

    @as_chain
    def run(question: str) -> Any:
        label = sort.invoke(f"One word, billing or tech: {question}").text
        return answer.invoke([SystemMessage(f"You handle {label}."), HumanMessage(question)])

    return run, "I paid twice, what now?", "I>llm1 llm1>llm2 I>llm2", "llm2"


@pytest.mark.parametrize(
    "make",
    [
        total,
        count_of_what_was_found,
        numbers_that_count_the_calls,
        lines_of_an_answer,
        the_beginning_of_a_page,
        a_label_in_other_case,
        a_digit_in_a_text,
        a_number_written_as_money,
        the_very_answer_that_won,
        given_and_given_back,
        constants_in_the_code,
        a_label_that_was_put_there,
    ],
    ids=lambda make: make.__name__,
)
def test_graph(make: Any) -> None:
    program, given, edges, outputs = make()
    exactly(recorded(program, given), edges, outputs)


def test_what_an_error_says_is_data() -> None:
    @tool
    def run_sql(query: str) -> str:
        """Run SQL."""
        if "nmae" in query:
            raise ValueError("no such column: nmae")
        return "Ada"

    write = chain("SQL for {q}", "SELECT nmae FROM people")
    repair = chain("{query}: {error}", "SELECT name FROM people")

    @as_chain
    def agent(q: str) -> Any:
        query = write.invoke({"q": q})
        try:
            return run_sql.invoke({"query": query})
        except ValueError as error:
            return run_sql.invoke({"query": repair.invoke({"query": query, "error": str(error)})})

    edges = f"I>prompt1 parser1>run_sql1 parser1>prompt2 run_sql1>prompt2 parser2>run_sql2 {lines(1, 2)}"
    exactly(recorded(agent, "who is there"), edges, "run_sql2", failed="run_sql1")


def test_a_fallback_is_told_the_error() -> None:
    def strict(given: dict[str, str]) -> str:
        raise ValueError("no number in " + given["text"])

    mends = ChatPromptTemplate.from_template("{text} failed: {error}") | model("7")
    program = RunnableLambda(strict).with_fallbacks([mends], exception_key="error")
    run = recorded(program, {"text": "seven"})
    exactly(run, "I>strict I>prompt strict>prompt prompt>llm", "llm", failed="strict")


def test_what_stands_in_the_code_came_from_nowhere() -> None:
    says = model("Good morning.")

    @tool
    def tables() -> str:
        """List the tables."""
        return "albums, artists"

    @as_chain
    def run(_: str) -> list[Any]:
        messages = [SystemMessage("You tell the news."), HumanMessage("What happened today?")]
        return [tables.invoke({}), says.invoke(messages).text]

    exactly(recorded(run, "Which artists are there?"), "", "tables llm")
