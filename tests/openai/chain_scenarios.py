"""Calls after calls: chains, fans, routers, judges, votes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from openai import AsyncOpenAI, OpenAI

from tests.openai.api_server import says
from tests.openai.scenario import ASYNC, ASYNC_STREAMED, MODEL, SYNC, Scenario

QUESTION = "Who surfaces for oxygen, and how often?"


def one_call(client: AsyncOpenAI) -> Scenario:
    async def program(question: str) -> Any:
        return await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": question}])

    return Scenario(program, QUESTION, [says("Dolphins, each quarter hour.")], "input>llm", "llm")


def draft_then_revise(client: AsyncOpenAI) -> Scenario:
    async def program(topic: str) -> str | None:
        completion = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": f"Write a paragraph about {topic}."}]
        )
        draft = completion.choices[0].message.content
        completion = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": f"Revise this for an eight-year-old reader:\n\n{draft}"}],
            temperature=0.2,
        )
        return completion.choices[0].message.content

    # The topic stands in the draft; the second prompt has it only by the draft.
    answers = [
        says("Large whales migrate over thousands of miles to breed."),
        says("They swim very far to have babies!"),
    ]
    return Scenario(program, "whales", answers, "input>llm1 llm1>llm2", "llm2")


def three_steps_with_system_prompts(client: AsyncOpenAI) -> Scenario:
    async def ask(system: str, user: str) -> str:
        completion = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "system", "content": system}, {"role": "user", "content": user}]
        )
        return (completion.choices[0].message.content or "").strip()

    async def program(subject: str) -> str:
        outline = await ask("You outline articles. Give three headings.", subject)
        article = await ask("You write short articles from an outline.", outline)
        return await ask("You translate English into Dutch.", article)

    answers = [
        says("Origins - Anatomy - Decline"),
        says("Reefs began long ago. Polyps build them. Heat now kills them."),
        says("Riffen ontstonden lang geleden. Poliepen bouwen ze."),
    ]
    return Scenario(program, "The story of coral reefs", answers, "input>llm1 llm1>llm2 llm2>llm3", "llm3")


def fan_out_and_join(client: AsyncOpenAI) -> Scenario:
    async def ask(prompt: str) -> str:
        completion = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": prompt}])
        return completion.choices[0].message.content or ""

    async def program(company: str) -> str:
        views = []
        for view in ("financial risks", "legal risks", "staff"):
            views.append(await ask(f"Describe the {view} of {company} in one sentence."))
        return await ask("Write a report from these findings.\n\n" + "\n\n".join(views))

    answers = [
        says("Debt has doubled within two years."),
        says("A patent suit is pending in Texas."),
        says("Half of the engineers have left."),
        says("Overall: sell."),
    ]
    edges = "input1>llm1 input2>llm2 input3>llm3 llm1>llm4 llm2>llm4 llm3>llm4"
    return Scenario(program, "Acme Rockets", answers, edges, "llm4")


def by_topic(body: dict[str, Any]) -> Any:
    """The answers of programs that ask three things at once."""
    prompt = body["messages"][-1]["content"]
    known = {"of squid.": "Squid squirt ink.", "of crabs.": "Crabs walk aside.", "of eels.": "Eels shock prey."}
    return says(next((text for end, text in known.items() if prompt.endswith(end)), "All defend themselves."))


FANNED = "input1>llm1 input2>llm2 input3>llm3 llm1>llm4 llm2>llm4 llm3>llm4"


def gathered(client: AsyncOpenAI) -> Scenario:
    async def ask(prompt: str) -> str:
        completion = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": prompt}])
        return completion.choices[0].message.content or ""

    async def program(animals: list[str]) -> str:
        facts = await asyncio.gather(*(ask(f"Name the oddest habit of {animal}.") for animal in animals))
        return await ask("What do these have in common?\n- " + "\n- ".join(facts))

    return Scenario(program, ["squid", "crabs", "eels"], by_topic, FANNED, "llm4", ways=(ASYNC, ASYNC_STREAMED))


def in_threads(client: OpenAI) -> Scenario:
    def ask(prompt: str) -> str:
        completion = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": prompt}])
        return completion.choices[0].message.content or ""

    def program(animals: list[str]) -> str:
        with ThreadPoolExecutor(3) as pool:  # whose threads do not have the context of this one
            facts = list(pool.map(ask, [f"Name the oddest habit of {animal}." for animal in animals]))
        return ask("What do these have in common?\n- " + "\n- ".join(facts))

    return Scenario(program, ["squid", "crabs", "eels"], by_topic, FANNED, "llm4", ways=(SYNC,))


def router(client: AsyncOpenAI) -> Scenario:
    experts = {
        "billing": "You handle invoices and refunds. Be apologetic.",
        "technical": "You handle routers and cables. Be precise.",
    }

    async def ask(system: str, user: str) -> str:
        completion = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "system", "content": system}, {"role": "user", "content": user}]
        )
        return completion.choices[0].message.content or ""

    async def program(ticket: str) -> str:
        kind = await ask("Classify the ticket. Answer with one word: billing or technical.", ticket)
        return await ask(experts[kind.strip().lower()], ticket)

    # The answer only picks the next prompt.
    answers = [says("billing"), says("So sorry, your money is on its way.")]
    return Scenario(program, "Why was I charged two times?", answers, "input>llm1 input>llm2", "llm2")


def router_that_tells_its_reason(client: AsyncOpenAI) -> Scenario:
    async def program(ticket: str) -> str | None:
        triage = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": f"Urgent or routine? Say why in a sentence.\n\n{ticket}"}],
        )
        reason = triage.choices[0].message.content or ""
        team = "on-call engineer" if reason.startswith("Urgent") else "support clerk"
        reply = await client.chat.completions.create(
            model=MODEL,
            messages=[
                {"role": "system", "content": f"You are the {team}. Triage said: {reason}"},
                {"role": "user", "content": ticket},
            ],
        )
        return reply.choices[0].message.content

    answers = [says("Urgent, since the whole office is offline."), says("I am restarting your gateway.")]
    # In a block, a message that is a piece of an earlier one is told as a new one.
    edges, in_program = "input1>llm1 input2>llm2 llm1>llm2", "input>llm1 input>llm2 llm1>llm2"
    return Scenario(program, "Nothing loads since 9 am.", answers, edges, "llm2", in_program=in_program)


def judge_picks_a_draft(client: AsyncOpenAI) -> Scenario:
    async def ask(prompt: str, temperature: float = 0.0) -> str:
        completion = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": prompt}], temperature=temperature
        )
        return completion.choices[0].message.content or ""

    async def program(product: str) -> str:
        drafts = [await ask(f"Invent a slogan for {product}.", temperature) for temperature in (0.3, 1.1)]
        verdict = await ask(f"Which slogan is better, 1 or 2?\n1: {drafts[0]}\n2: {drafts[1]}\nAnswer 1 or 2.")
        return drafts[int(verdict) - 1]

    answers = [says("Sip the sunrise."), says("Wake up brighter."), says("1")]
    edges = "input>llm1 input>llm2 llm1>llm3 llm2>llm3"
    return Scenario(program, "cold-brew coffee", answers, edges, "llm3", returned="llm1")


def scores_pick_a_draft(client: AsyncOpenAI) -> Scenario:
    async def ask(prompt: str) -> str:
        completion = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": prompt}])
        return completion.choices[0].message.content or ""

    async def program(product: str) -> str:
        drafts = [await ask(f"Invent a slogan for {product}.") for _ in range(2)]
        scores = [float(await ask(f"Score this slogan from 1 to 10, with a number only.\n{draft}")) for draft in drafts]
        best = max(zip(scores, drafts, strict=True))[1]
        return await ask(f"Shorten to at most 9 words, in 7 variants: {best}")

    # The numbers in the last prompt are the program's own, although the judges gave such.
    answers = [says("Sip the sunrise."), says("Wake up brighter."), says("7"), says("9"), says("Wake brighter.")]
    edges = "input>llm1 input>llm2 llm1>llm3 llm2>llm4 llm2>llm5"
    return Scenario(program, "cold-brew coffee", answers, edges, "llm5")


def majority_of_choices(client: AsyncOpenAI) -> Scenario:
    async def program(riddle: str) -> str:
        votes = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": riddle}], n=3, temperature=1.0
        )
        winner, _ = Counter(choice.message.content for choice in votes.choices).most_common(1)[0]
        reasons = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": f"Explain to a child why it is {winner}."}]
        )
        return f"{winner}: {reasons.choices[0].message.content}"

    answers = [says("a lighthouse", "the moon", "a lighthouse"), says("It blinks at night but never walks.")]
    riddle = "I warn all ships and never sail. What am I?"
    return Scenario(program, riddle, answers, "input>llm1 llm1>llm2", "llm2")


def gate_of_yes_and_no(client: AsyncOpenAI) -> Scenario:
    async def program(message: str) -> str | None:
        gate = await client.chat.completions.create(
            model=MODEL,
            messages=[
                {"role": "system", "content": "Does the message ask for advice? Answer yes or no."},
                {"role": "user", "content": message},
            ],
        )
        if gate.choices[0].message.content != "yes":
            return "I only give advice."
        advice = await client.chat.completions.create(
            model=MODEL,
            messages=[
                {"role": "system", "content": "Begin with yes or no, then advise."},
                {"role": "user", "content": message},
                {"role": "user", "content": "Please say yes or no first."},
            ],
        )
        return advice.choices[0].message.content

    # "yes" stands in the later prompts anyway. In the block, their last message is new.
    answers = [says("yes"), says("No. Wait a week.")]
    return Scenario(
        program,
        "Should I repaint my boat today?",
        answers,
        "input1>llm1 input1>llm2 input2>llm2",
        "llm2",
        in_program="input>llm1 input>llm2",
    )


def as_many_as_it_said(client: AsyncOpenAI) -> Scenario:
    async def ask(prompt: str) -> str:
        completion = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": prompt}])
        return completion.choices[0].message.content or ""

    async def program(theme: str) -> str:
        count = int(await ask(f"How many chapters does a booklet on {theme} need? A number only."))
        chapters = [await ask(f"Write chapter {i} of a booklet on {theme}.") for i in range(1, count + 1)]
        return "\n".join(chapters)

    # The number 3 in the last prompt was counted, not told.
    answers = [says("3"), says("Dawn comes."), says("Noon burns."), says("Dusk cools.")]
    edges = "input1>llm1 input2>llm2 input3>llm3 input4>llm4"
    return Scenario(program, "sundials", answers, edges, "llm4", returned="llm2 llm3 llm4")


CHAINS: list[Callable[[Any], Scenario]] = [
    one_call,
    draft_then_revise,
    three_steps_with_system_prompts,
    fan_out_and_join,
    gathered,
    in_threads,
    router,
    router_that_tells_its_reason,
    judge_picks_a_draft,
    scores_pick_a_draft,
    majority_of_choices,
    gate_of_yes_and_no,
    as_many_as_it_said,
]
