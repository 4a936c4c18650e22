"""Every page, on a store that a training made; and whatever a store holds stays text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import httpx
import pytest

from tests.view.hostile import HOSTILE, LONG, hostile, long_and_deep
from tests.view.scripted import RULES, TICKETS, train
from trace_core import node, template
from trace_core.llm.chat import Usage
from trace_train.records import Candidate, Decision, Ending, Evaluation, EvaluationKey, Proposed
from trace_train.store import Store
from trace_view.pages.reading import verdict
from trace_view.pages.runs import PER_PAGE
from trace_view.report import report


class Elements(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.text += "" if tag in ("code", "span", "strong", "b", "ins", "del") else " "

    def handle_data(self, data: str) -> None:
        self.text += data

    def links(self) -> list[str]:
        return [each["href"] for tag, each in self.found if tag == "a" and each.get("href")]  # type: ignore[misc]


async def shown(client: httpx.AsyncClient, path: str) -> Elements:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return Elements(answer.text)


def words(page: Elements) -> str:
    return " ".join(page.text.split())


def test_where_a_run_began_is_not_guessed(store: Store) -> None:
    journal = store.journal()
    journal.keep_candidate(Candidate({"rules": "better"}))
    journal.keep_decision(Decision(1, "better", True, "as version 1 of a store kept it", 0.5))
    journal.finish(Ending("rule", "done", "better"))
    training = store.training(journal.run_id)
    found = verdict(training, store.courses([training.id])[training.id])
    assert (found.before, found.after, found.change) == (None, 0.5, None)


async def test_the_list_says_of_each_run_whether_it_helped(reader: httpx.AsyncClient, run: str) -> None:
    page = await shown(reader, "/")
    assert "0.250 → 1.000 +0.750 Held-out test finished" in words(page)
    assert f"/runs/{run}" in page.links()
    assert any(tag == "path" and "best" in (each["class"] or "") for tag, each in page.found)


async def test_an_empty_store_says_how_to_begin(reader: httpx.AsyncClient) -> None:
    assert "No training yet: trace-suite train" in words(await shown(reader, "/"))


async def test_many_runs_are_listed_in_parts(reader: httpx.AsyncClient, store: Store) -> None:
    ids = [store.journal().run_id for _ in range(PER_PAGE + 1)]
    first, second = await shown(reader, "/"), await shown(reader, "/?page=1")
    assert "/?page=1" in first.links()
    assert "/?page=2" not in second.links()
    listed = [link.removeprefix("/runs/") for page in (first, second) for link in page.links() if "/runs/" in link]
    assert sorted(listed) == sorted(ids)


async def test_a_run_shows_what_was_learned_what_was_tried_and_what_it_took(
    reader: httpx.AsyncClient, run: str
) -> None:
    page = await shown(reader, f"/runs/{run}")
    text = words(page)
    assert "Held-out test: did it help? 0.250 → 1.000 +0.750 4 examples" in text
    assert "It ended: 5 steps are done." in text
    assert "Calls 5 of 20" in text
    assert ("meter", "20") in [(tag, each.get("max")) for tag, each in page.found]
    assert "limits calls 20" in text
    assert text.count("A minibatch is the few examples") == 1
    assert " -> " not in text
    assert "step 2, refused minibatch 0.250 → 0.000" in text
    assert "step 5, accepted minibatch 0.750 → 1.000, validation 1.000" in text
    assert text.count("best") >= 1
    assert {f"/runs/{run}/steps/{n}" for n in range(1, 6)} <= set(page.links())
    assert {f"/runs/{run}/parameters/rules", f"/runs/{run}/parameters/tone"} <= set(page.links())
    assert sum(tag == "ins" for tag, _ in page.found) >= 1
    kinds = [each["class"] for tag, each in page.found if tag == "circle"]
    assert (kinds.count("accepted"), kinds.count("minibatch")) == (4, 5)


async def test_a_training_of_python_is_called_by_what_it_learned(reader: httpx.AsyncClient, run: str) -> None:
    for path in (
        "/",
        f"/runs/{run}",
        f"/runs/{run}/steps/1",
        f"/runs/{run}/parameters/rules",
        f"/compare?run={run}&run={run}",
    ):
        assert "rules, tone" in words(await shown(reader, path)), path


async def test_a_run_whose_process_is_gone_is_interrupted(reader: httpx.AsyncClient, store: Store) -> None:
    journal = store.journal(settings={"program": {"use": "support:program"}})
    page = await shown(reader, f"/runs/{journal.run_id}")
    assert "support:program running" in words(page)
    journal.finish(Ending("error", "the disk is full"))
    page = await shown(reader, f"/runs/{journal.run_id}")
    assert "failed" in words(page)
    assert "It ended: the disk is full." in words(page)


async def test_without_held_out_examples_a_run_says_that_its_score_is_too_high(
    reader: httpx.AsyncClient, store: Store
) -> None:
    page = await shown(reader, f"/runs/{train(store, test=None)}")
    assert "Validation: did it help? 0.250 → 1.000 +0.750 the best was chosen by it, so it is too high" in words(page)


async def test_a_run_of_no_step_does_not_say_yet_whether_it_helps(reader: httpx.AsyncClient, store: Store) -> None:
    journal = store.journal(settings={"examples": {"train": "4 examples, 1a2b", "test": "2 examples, 3c4d"}})
    first = Candidate({"rules": "a"})
    journal.keep_candidate(first)
    journal.keep_decision(Decision(0, first.id, True, "it began with this", 0.0))
    text = words(await shown(reader, f"/runs/{journal.run_id}"))
    assert "did it help? 0.000 not yet: no step is done; the held-out result comes at the end" in text
    assert "Nothing yet. Not changed: rules" in text
    assert "train: '4 examples, fingerprint 1a2b'" in text
    assert "too high" not in text
    journal.finish(Ending("stop", "you asked"))
    text = words(await shown(reader, f"/runs/{journal.run_id}"))
    assert ("no step was done" in text, "Nothing: the best values" in text, "yet" in text) == (True, True, False)


async def test_a_step_shows_what_was_asked_answered_changed_and_decided(reader: httpx.AsyncClient, run: str) -> None:
    page = await shown(reader, f"/runs/{run}/steps/3")
    text = words(page)
    assert "Step 3 accepted" in text
    assert "#Variables" in text
    assert "as the feedback says" in text
    assert "Minibatch 0.250 → 0.500" in text
    assert "it belongs to" in text
    assert "It reached rules, tone" in text
    assert "".join(re.findall(r"<(ins)>", (await reader.get(f"/runs/{run}/steps/3")).text))
    assert {f"/runs/{run}/steps/2", f"/runs/{run}/steps/4"} <= set(page.links())
    assert f"/runs/{run}/steps/3?key=3#traces" in page.links()
    (graph,) = [each for tag, each in page.found if each.get("id") == "graph"]
    assert graph["data-value"] == f"/runs/{run}/steps/3/graph.txt?key=0"
    assert graph["data-source"] == f"/runs/{run}/steps/3/graph.json?key=0"


async def test_the_trace_of_a_step_and_whole_texts_are_fetched_apart(reader: httpx.AsyncClient, run: str) -> None:
    answer = await reader.get(f"/runs/{run}/steps/3/graph.json?key=1")
    data = answer.json()
    assert (answer.headers["content-type"], data["reached"]) == ("application/json", ["rules", "tone"])
    assert [each["op"] for each in data["nodes"] if "op" in each][-1] == "route"
    value = await reader.get(f"/runs/{run}/steps/3/graph.txt?key=1&node={data['outputs'][0]}")
    assert value.headers["content-type"].startswith("text/plain")
    problem = await reader.get(f"/runs/{run}/steps/3/problem.txt")
    assert problem.headers["content-type"].startswith("text/plain")
    assert problem.text.startswith("#Instruction")


async def test_a_step_whose_trace_cannot_be_read_shows_the_rest(reader: httpx.AsyncClient, store: Store) -> None:
    journal = store.journal()
    first = Candidate({"rules": "a"})
    second, key = Candidate({"rules": "b"}, (first.id,)), EvaluationKey(first.id, "1")
    for candidate in (first, second):
        journal.keep_candidate(candidate)
    journal.keep_evaluation(key, Evaluation(0.5, feedback="be brief", trace={"format": "another"}))
    journal.keep_proposed(1, Proposed(second.values, "problem", "answer", parent=first.id, seen=(key,)))
    path = f"/runs/{journal.run_id}/steps/1"
    assert "be brief" in words(await shown(reader, path))
    graph = await reader.get(f"{path}/graph.json")
    assert (graph.status_code, "expected an object with" in graph.text) == (500, True)


async def test_what_failed_is_said_once_and_marked(reader: httpx.AsyncClient, store: Store) -> None:
    journal, first = store.journal(), Candidate({"rules": "a"})
    journal.keep_candidate(first)
    keys = [EvaluationKey(first.id, example) for example in ("1", "2", "3")]
    boom = "ValueError: no such customer"
    for key, error in zip(keys, (None, boom, None), strict=True):
        journal.begin(key)
        journal.keep_evaluation(
            key, Evaluation(0.0, feedback=error or "wrong", output=error or "an answer", error=error)
        )
    journal.keep_proposed(1, Proposed({}, parent=first.id, seen=keys))
    path = f"/runs/{journal.run_id}"
    text = words(await shown(reader, f"{path}/steps/1?key=1"))
    assert (text.count(boom), "Error ValueError" in text) == (1, True)
    assert "1 0.000 2 failed 0.000 3 0.000" in text
    assert "Feedback wrong Output an answer" in words(await shown(reader, f"{path}/steps/1"))
    for page in (await shown(reader, path), Elements(report(store, journal.run_id))):
        assert f"With the best values, 1 of 3 evaluations failed: {boom}" in words(page)


async def test_what_failed_of_a_candidate_that_was_refused_is_said(reader: httpx.AsyncClient, store: Store) -> None:
    journal, first = store.journal(), Candidate({"rules": "a"})
    second = Candidate({"rules": "b"}, (first.id,), "proposed")
    for candidate, error in ((first, None), (second, "ValueError: no such customer")):
        journal.keep_candidate(candidate)
        for example in ("1", "2"):
            key = EvaluationKey(candidate.id, example)
            journal.begin(key)
            journal.keep_evaluation(key, Evaluation(0.0, error=error if example == "1" else None))
    journal.keep_proposed(1, Proposed(second.values, parent=first.id))
    journal.keep_decision(Decision(0, first.id, True, "it began with this", 0.0))
    journal.keep_decision(Decision(1, second.id, False, "not enough to be validated"))
    path = f"/runs/{journal.run_id}"
    step = words(await shown(reader, f"{path}/steps/1"))
    assert "With its values, 1 of 2 evaluations failed: ValueError: no such customer" in step
    run = words(await shown(reader, path))
    assert ("1 of 2 evaluations failed" in run, "With the best values" in run) == (True, False)


async def test_the_traces_of_a_step_are_told_apart_by_what_went_in(
    reader: httpx.AsyncClient, store: Store, run: str
) -> None:
    tabs = re.findall(r"key=\d.*?</a>", (await reader.get(f"/runs/{run}/steps/3")).text, re.DOTALL)
    named = [[text for text, _ in TICKETS if text in tab] for tab in tabs[:4]]
    assert [len(each) for each in named] == [1] * 4
    assert len({each for (each,) in named}) > 1
    told = words(Elements(report(store, run)))
    assert re.search(r"from the original values to the best ones: .* \(ticket \d+\)\.", told)


async def test_of_many_candidates_the_best_comes_first(reader: httpx.AsyncClient, store: Store) -> None:
    journal, first = store.journal(), Candidate({"rules": "a"})
    tried = [first, *(Candidate({"rules": f"a{n}"}, (first.id,), "proposed") for n in range(40))]
    for step, each in enumerate(tried):
        journal.keep_candidate(each)
        journal.keep_decision(Decision(step, each.id, step in (0, 30), "because", float(step == 30)))
    text = words(await shown(reader, f"/runs/{journal.run_id}"))
    line = text[text.index("The best, and what it was made of") : text.index("A candidate was made of")]
    assert re.findall(r"original|step \d+", line) == ["original", "step 30"]


def unproposing(store: Store) -> str:
    """A training: step 1 is accepted, step 2 has nothing to learn, step 3 proposes what was tried before."""
    journal = store.journal()
    first = Candidate({"rules": "be kind"})
    better = Candidate({"rules": "be kind and brief"}, (first.id,), "proposed")
    for each in (first, better):
        journal.keep_candidate(each)
    journal.keep_proposed(1, Proposed(better.values, parent=first.id))
    journal.keep_proposed(3, Proposed(first.values, parent=better.id))
    for decision in (
        Decision(0, first.id, True, "it began with this", 0.25),
        Decision(1, better.id, True, "minibatch 0.000 -> 1.000", 0.75, (0.0, 1.0)),
        Decision(2, better.id, False, "nothing to learn: every output of the minibatch was right"),
        Decision(3, better.id, False, f"{first.id} was tried before"),
    ):
        journal.keep_decision(decision)
    return journal.run_id


async def test_a_step_that_tried_nothing_shows_no_change_of_another(reader: httpx.AsyncClient, store: Store) -> None:
    run = unproposing(store)
    text = words(page := await shown(reader, f"/runs/{run}/steps/2"))
    assert "Step 2 nothing tried" in text
    assert "Nothing was proposed. Not changed: rules" in text
    assert "nothing to learn: every output of the minibatch was right" in text
    assert ("refused" in text, [tag for tag, _ in page.found if tag in ("ins", "del")]) == (False, [])
    again = words(page := await shown(reader, f"/runs/{run}/steps/3"))
    assert "Step 3 nothing tried" in again
    assert "What was proposed" in again
    assert "del" in [tag for tag, _ in page.found]


async def test_steps_that_tried_nothing_are_marked_wherever_steps_are_shown(
    reader: httpx.AsyncClient, store: Store
) -> None:
    run = unproposing(store)
    page = await shown(reader, f"/runs/{run}")
    assert [words(page).count(each) for each in ("nothing tried", "refused")] == [
        5,
        1,
    ]  # two in the table, the chart; legend
    assert ("details", "steps") in [(tag, each.get("id")) for tag, each in page.found if "open" in each]
    told = Elements(report(store, run))
    assert "Step 2: nothing tried" in words(told)
    assert '<span><span class="mark accepted"></span> validation, accepted</span>' in report(store, run)
    assert [tag for tag, _ in told.found].count("ins") == 2  # what was learned, and step 1


async def test_a_parameter_shows_each_value_with_its_score_and_what_it_changed(
    reader: httpx.AsyncClient, run: str
) -> None:
    page = await shown(reader, f"/runs/{run}/parameters/rules")
    text = words(page)
    assert [text.index(f"Step {n}") for n in (5, 4, 3, 2, 1)] == sorted(
        text.index(f"Step {n}") for n in (5, 4, 3, 2, 1)
    )
    assert text.count("refused") == 2
    assert "The original" in text
    assert "validation 0.750" in text
    assert "begun in Python" in text
    downloads = [link for link in page.links() if link.endswith(".json")]
    values = (await reader.get(downloads[0])).json()
    assert values == {"rules": RULES[-1], "tone": "polite"}
    only = words(await shown(reader, f"/runs/{run}/parameters/tone"))
    assert only.count("Export its values") == 1


async def test_two_runs_are_compared(reader: httpx.AsyncClient, store: Store, run: str) -> None:
    other = train(store, rules=RULES[:2], settings={"batch_size": 4, "failing": 0.5})
    page = await shown(reader, f"/compare?run={other}&run={run}")
    text = words(page)
    assert text.index(run[:8]) < text.index(other[:8])  # the older first, whichever was ticked first
    assert "Their scores cannot be compared, since these are not the same: failing." in text
    assert "0.250 → 1.000 +0.750" in text
    assert "0.250 → 0.500 +0.250" in text
    assert "failing" in text
    assert [each["class"] for tag, each in page.found if tag == "path"] == ["best run1", "best run2"]
    assert sum(tag == "del" for tag, _ in page.found) >= 1
    one = await reader.get(f"/compare?run={run}")
    assert (one.status_code, "Two runs can be compared, not 1" in one.text) == (400, True)


async def test_examples_of_two_runs_are_the_same_or_not(reader: httpx.AsyncClient, store: Store) -> None:
    kinds = {"train": "4 examples, 1a2b", "validation": "4 examples, 1a2b", "test": "2 examples, 3c4d"}
    other = kinds | {"train": "4 examples, 5e6f", "test": "3 examples, 7a8b"}
    ids = [store.journal(settings={"examples": each}).run_id for each in (kinds, other, kinds)]
    text = words(await shown(reader, f"/compare?run={ids[0]}&run={ids[1]}"))
    assert "train examples 4 examples 4 examples, not the same ones" in text
    assert "Their held-out scores cannot be compared: the examples are not the same." in text
    assert "Their validation scores" not in text
    assert ("validation examples" in text, "3c4d" in text) == (False, False)
    same = words(await shown(reader, f"/compare?run={ids[0]}&run={ids[2]}"))
    assert ("cannot be compared" in same, "Settings that differ None." in same) == (False, True)


async def test_a_cost_of_less_than_a_cent_is_told_wherever_costs_are(reader: httpx.AsyncClient, store: Store) -> None:
    settings = {"budget": {"prices": {"prompt": 0.1, "completion": 0.2}}}
    run = store.journal(settings=settings).run_id
    journal = store.journal(run)
    journal.start({"dollars": 0.05})
    key = EvaluationKey("a", "1")
    journal.begin(key)
    journal.keep_evaluation(key, Evaluation(1.0, usage=Usage(1, 24_000)))
    for path in ("/", f"/runs/{run}", f"/compare?run={run}&run={run}"):
        assert "$0.0024" in words(await shown(reader, path)), path
    assert "$0.0024 of $0.050" in words(await shown(reader, f"/runs/{run}"))
    assert "$0.0024" in report(store, run)


async def test_a_saved_run_shows_what_was_said_about_it(reader: httpx.AsyncClient, store: Store) -> None:
    id = store.save(template("{greeting}, Ada!", greeting=node("Hi", trainable=True, name="greeting")))
    store.run(id).backward("more polite")
    page = await shown(reader, f"/saved/{id}")
    assert "Hi, Ada!" in words(page)
    assert "more polite" in words(page)
    data = (await reader.get(f"/saved/{id}/graph.json")).json()
    assert (data["reached"], data["feedback"]) == (["greeting"], "more polite")
    assert (await reader.get(f"/saved/{id}/graph.txt?node={data['outputs'][0]}")).text == "Hi, Ada!"
    listed = await shown(reader, "/")
    assert f"/saved/{id}" in listed.links()
    assert f"{id[:8]} Hi, Ada! 1 20" in words(listed)  # what it gave, how often something was said, when


async def test_the_id_of_no_run_is_said_in_words_of_the_page(reader: httpx.AsyncClient) -> None:
    for path in ("/runs/nope", "/saved/nope", "/compare?run=nope&run=other"):
        page = Elements((await reader.get(path)).text)
        assert "There is no such run here. All runs" in words(page)
        assert "/" in page.links()


@pytest.mark.parametrize(
    "path",
    [
        "/runs/nope",
        "/runs/%3Cscript%3E",
        "/runs/{run}/steps/99",
        "/runs/{run}/steps/99999999999999999999999",
        "/runs/{run}/steps/1?key=99",
        "/runs/{run}/steps/1/graph.json?key=99",
        "/runs/{run}/steps/0/graph.json",
        "/runs/{run}/steps/1/secret.txt",
        "/runs/{run}/steps/1/graph.txt?node=999",
        "/runs/{run}/steps/1/graph.txt?node=0&input=0",
        "/runs/{run}/parameters/nope",
        "/runs/{run}/candidates/nope.json",
        "/saved/nope",
        "/events?run=nope",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/nowhere",
    ],
)
async def test_what_is_not_there_is_a_page_that_says_so(reader: httpx.AsyncClient, run: str, path: str) -> None:
    answer = await reader.get(path.format(run=run))
    assert answer.status_code == 404
    assert "That cannot be shown" in answer.text
    assert "<script>" not in answer.text


# --- hostile values


def all_of(page: Elements) -> Iterator[str]:
    """The links of a page to other pages of ours."""
    yield from {link for link in page.links() if link.startswith("/")}


async def test_hostile_values_are_text_on_every_page(reader: httpx.AsyncClient, store: Store) -> None:
    id = hostile(store)
    out = template("{it}", it=node(HOSTILE, trainable=True, name="it"))
    saved = store.save(out)
    store.run(saved).backward(HOSTILE)
    seen, to_see = set(), ["/", f"/compare?run={id}&run={id}", f"/saved/{saved}", f"/runs/{id}/steps/1"]
    while to_see:
        path = to_see.pop()
        seen.add(path)
        answer = await reader.get(path)
        assert answer.status_code == 200, path
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        page = Elements(answer.text)
        assert "alert(1)" in page.text, path
        assert NEVER.isdisjoint(tag for tag, _ in page.found)
        assert [each for _, each in page.found if any(name.startswith("on") for name in each)] == []
        assert [
            each for tag, each in page.found if tag == "script" and not (each["src"] or "").startswith("/static/")
        ] == []
        assert not re.search("[\x00\x1b\u202e\ud800]", answer.text)
        to_see += [link for link in all_of(page) if link not in seen and link not in to_see]
    assert {"/", f"/runs/{id}", f"/runs/{id}/steps/1"} <= seen
    assert any("/parameters/%3Cscript" in path for path in seen)


NEVER = {"iframe", "object", "embed", "img", "style", "base", "audio", "video", "template", "foreignobject", "use"}


async def test_long_and_deep_values_are_cut_and_can_be_read_whole(reader: httpx.AsyncClient, store: Store) -> None:
    id, last = long_and_deep(store)
    for path in (
        "/",
        f"/runs/{id}",
        f"/runs/{id}/steps/1",
        f"/runs/{id}/parameters/long",
        f"/runs/{id}/parameters/deep",
    ):
        assert len((await reader.get(path)).content) < 200_000, path
    assert (await reader.get(f"/runs/{id}/steps/1/problem.txt")).text == LONG
    exported = await reader.get(f"/runs/{id}/candidates/{last.id}.json")
    assert json.loads(exported.text)["long"] == last.values["long"]
