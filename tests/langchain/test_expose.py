"""What can be learned of a program: found, named, rewritten, seen by the very next call, refused, reverted."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain_core.caches import InMemoryCache
from langchain_core.load import dumpd, dumps, loads
from langchain_core.messages import SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import (
    ChatPromptTemplate,
    FewShotChatMessagePromptTemplate,
    FewShotPromptTemplate,
    MessagesPlaceholder,
    PromptTemplate,
)
from langchain_core.runnables import RunnableBranch, RunnableLambda, RunnableParallel, RunnablePassthrough
from langchain_core.tools import StructuredTool, tool
from langgraph.graph import START, StateGraph
from langgraph.prebuilt import create_react_agent
from trace_langchain import NotExposed, NothingToLearn, Recorder, expose, unexpose

from tests.langchain.programs import Answering, Shelf, Streaming
from trace_core import ParameterSet
from trace_core.errors import InvalidValue


def last_text(sent: dict[str, Any]) -> str:
    return str(sent["messages"][-1].content)


def listening(cls: type[Answering] = Streaming, **settings: Any) -> Answering:
    """A model that says what it was told last."""
    return cls(answer=lambda messages: "heard " + str(messages[-1].content), sent=[], **settings)


# --- names and kinds


def agent_with_tool(**options: Any) -> Any:
    @tool
    def weather(city: str) -> str:
        """The weather in a city."""
        return f"It is sunny in {city}."

    return create_agent(options.pop("model", listening()), [weather], **options)


def test_prompts_are_what_is_offered_by_default() -> None:
    assert list(expose(agent_with_tool(system_prompt="Be brief."), name="support")) == ["support.model.system_prompt"]


def test_everything_has_a_readable_name() -> None:
    found = expose(agent_with_tool(), name="support", kinds="all")
    assert {name: parameter.kind for name, parameter in found.items()} == {
        "support.model.system_prompt": "system_prompt",
        "support.weather.description": "tool_description",
        "support.weather.city": "argument_description",
        "support.weather.code": "code",
        "support.model.temperature": "setting",
        "support.model.max_tokens": "setting",
    }


def test_include_and_exclude_by_pattern() -> None:
    agent = agent_with_tool()
    assert list(expose(agent, kinds="all", include="weather.*", exclude=["*.code"])) == [
        "weather.description",
        "weather.city",
    ]


def test_prompts_in_every_kind_of_composition() -> None:
    def prompt(text: str) -> PromptTemplate:
        return PromptTemplate.from_template(text)

    hidden = prompt("hidden {x}")

    def uses_it(x: Any) -> Any:
        return hidden.invoke(x)

    class Asks:
        def __init__(self) -> None:
            self.chain = prompt("bound {x}") | listening()

        def ask(self, x: Any) -> Any:
            return self.chain.invoke(x)

    program = RunnableParallel(
        plain=prompt("plain {x}") | listening(),
        spare=(prompt("first {x}") | listening()).with_fallbacks([prompt("second {x}") | listening()]),
        branch=RunnableBranch((lambda x: True, prompt("taken {x}")), prompt("other {x}")),
        added=RunnablePassthrough.assign(y=prompt("assigned {x}")),
        often=prompt("retried {x}").with_retry(),
        each=prompt("each {x}").map(),
        function=RunnableLambda(uses_it),
        method=RunnableLambda(Asks().ask),
        chat=ChatPromptTemplate([("system", "be {how}"), MessagesPlaceholder("history"), ("human", "{x}")]),
    )
    found = expose(program)
    assert {name: parameter.data.split(" ")[0] for name, parameter in found.items()} == {
        "plain.prompt": "plain",
        "spare.prompt": "first",
        "spare.fallback.prompt": "second",
        "branch.branch1.prompt": "taken",
        "branch.default.prompt": "other",
        "added.y.prompt": "assigned",
        "often.prompt": "retried",
        "each.prompt": "each",
        "function.hidden.prompt": "hidden",
        "method.chain.prompt": "bound",
        "chat.prompt.system": "be",
        "chat.prompt.human": "{x}",
    }


def test_agents_in_tools_and_nodes_are_found() -> None:
    below = create_agent(listening(), [], system_prompt="Know everything.")

    @tool
    def expert(question: str) -> str:
        """Ask one who knows."""
        return str(below.invoke({"messages": [("user", question)]})["messages"][-1].content)

    graph = StateGraph(dict)
    graph.add_node("front", create_agent(listening(), [expert], system_prompt="Ask the expert."))
    graph.add_edge(START, "front")
    found = expose(graph.compile(), name="desk")
    assert {name: parameter.data for name, parameter in found.items()} == {
        "desk.front.expert.below.model.system_prompt": "Know everything.",
        "desk.front.model.system_prompt": "Ask the expert.",
    }


def test_a_shared_object_has_one_parameter_and_asking_again_gives_the_same() -> None:
    shared = PromptTemplate.from_template("{x}, please")
    program = RunnableParallel(a=shared | listening(), b=shared | listening())
    [parameter] = expose(program).values()
    assert expose(program, kinds="all")[parameter.name] is parameter


def test_where_nothing_is_found_code_is_among_what_there_is() -> None:
    def shout(text: str) -> str:
        return text.upper()

    with pytest.raises(NothingToLearn, match=r"no prompt or system_prompt was found in RunnableLambda; it has code"):
        expose(RunnableLambda(shout))


def test_nothing_to_learn_is_an_error_that_says_what_there_is() -> None:
    with pytest.raises(NothingToLearn, match=r"no code was found in RunnableSequence.* prompt"):
        expose(PromptTemplate.from_template("{x}") | listening(), kinds="code")
    with pytest.raises(NothingToLearn, match="nothing of it can be learned"):
        expose(42)
    with pytest.raises(ValueError, match="unknown kinds: prompts"):
        expose(listening(), kinds=["prompts"])


# --- every row of what can be learned


class Row:
    """One thing to learn: a program, what it is run on, the parameter's new value, and what then must be seen."""

    def __init__(
        self,
        make: Callable[[], tuple[Any, Any]],
        name: str,
        new: Any,
        seen: Callable[[list[dict[str, Any]]], Any],
        before: Any,
        after: Any,
        wrong: Any = "",
    ) -> None:
        self.make, self.name, self.new, self.seen = make, name, new, seen
        self.before, self.after, self.wrong = before, after, wrong


def string_prompt() -> tuple[Any, Any]:
    return PromptTemplate.from_template("Old {x}") | listening() | StrOutputParser(), {"x": "tree"}


def chat_prompt() -> tuple[Any, Any]:
    prompt = ChatPromptTemplate([("system", "Old {role}"), ("human", "{x}")])
    return prompt | listening(), {"x": "tree", "role": "sage"}


def static_message() -> tuple[Any, Any]:
    return ChatPromptTemplate([SystemMessage("Old one."), ("human", "{x}")]) | listening(), {"x": "tree"}


def literal_braces() -> tuple[Any, Any]:
    return PromptTemplate.from_template('Old {x} as {{"k": 1}}') | listening(), {"x": "tree"}


def few_shot() -> tuple[Any, Any]:
    prompt = FewShotPromptTemplate(
        examples=[{"q": "1+1", "a": "2"}],
        example_prompt=PromptTemplate.from_template("{q}={a}"),
        prefix="Old",
        suffix="{x}",
    )
    return prompt | listening(), {"x": "2+2"}


def few_shot_chat() -> tuple[Any, Any]:
    each = ChatPromptTemplate([("human", "{q}"), ("ai", "{a}")])
    shots = FewShotChatMessagePromptTemplate(examples=[{"q": "1+1", "a": "2"}], example_prompt=each)
    return ChatPromptTemplate([shots, ("human", "{x}")]) | listening(), {"x": "2+2"}


def agent(**options: Any) -> tuple[Any, Any]:
    return agent_with_tool(**options), {"messages": [("user", "Hello")]}


def react_agent() -> tuple[Any, Any]:
    @tool
    def weather(city: str) -> str:
        """The weather in a city."""
        return city

    with pytest.warns(DeprecationWarning, match="create_react_agent"):
        made = create_react_agent(listening(), [weather], prompt="Old one.")
    return made, {"messages": [("user", "Hello")]}


def bound_tools() -> tuple[Any, Any]:
    @tool
    def weather(city: str) -> str:
        """The weather in a city."""
        return city

    return PromptTemplate.from_template("{x}") | listening().bind_tools([weather]), {"x": "Hello"}


def with_settings() -> tuple[Any, Any]:
    return PromptTemplate.from_template("{x}") | listening(temperature=0.1, max_tokens=5), {"x": "Hello"}


def bound_settings() -> tuple[Any, Any]:
    return PromptTemplate.from_template("{x}") | listening().bind(temperature=0.1), {"x": "Hello"}


def shelf() -> tuple[Any, Any]:
    text = RunnableLambda(lambda documents: str(len(documents)))
    return Shelf(k=1) | text | listening(), "whales"


def function() -> tuple[Any, Any]:
    def shout(text: str) -> str:
        return text + "!"

    return RunnableLambda(shout) | listening(), "Hello"


def tool_code() -> tuple[Any, Any]:
    @tool
    def double(number: int) -> int:
        """Twice a number."""
        return number + 1

    return double | RunnableLambda(str) | listening(), {"number": 4}


class Text(TypedDict):
    text: str


def node_function() -> tuple[Any, Any]:
    speaks = listening()

    def shout(state: Text) -> Text:
        return {"text": state["text"] + "!"}

    graph = StateGraph(Text)
    graph.add_node(shout)
    graph.add_node("say", lambda state: {"text": speaks.invoke(state["text"]).content})
    graph.add_edge(START, "shout")
    graph.add_edge("shout", "say")
    return graph.compile(), {"text": "Hello"}


def first(sent: list[dict[str, Any]]) -> str:
    return str(sent[-1]["messages"][0].content)


def last(sent: list[dict[str, Any]]) -> str:
    return last_text(sent[-1])


def texts(sent: list[dict[str, Any]]) -> list[str]:
    return [str(message.content) for message in sent[-1]["messages"]]


def described(sent: list[dict[str, Any]]) -> Any:
    return sent[-1]["tools"][0]["function"]["description"]


def argument(sent: list[dict[str, Any]]) -> Any:
    return sent[-1]["tools"][0]["function"]["parameters"]["properties"]["city"].get("description")


def max_tokens(sent: list[dict[str, Any]]) -> Any:
    return sent[-1]["max_tokens"]


def temperature(sent: list[dict[str, Any]]) -> Any:
    return sent[-1]["temperature"]


ROWS = {
    "template": Row(string_prompt, "prompt", "New {x}", last, "Old tree", "New tree", "lost"),
    "invented": Row(string_prompt, "prompt", "New {x}", last, "Old tree", "New tree", "{x} {y}"),
    "chat": Row(chat_prompt, "prompt.system", "New {role}", first, "Old sage", "New sage", "{role} {x}"),
    "static": Row(static_message, "prompt.system", "New {one}.", first, "Old one.", "New {one}.", " "),
    "braces": Row(literal_braces, "prompt", 'New {"k": {x}}', last, 'Old tree as {"k": 1}', 'New {"k": tree}', "x"),
    "prefix": Row(few_shot, "prompt.prefix", "New", last, "Old\n\n1+1=2\n\n2+2", "New\n\n1+1=2\n\n2+2", "{x}"),
    "example": Row(few_shot, "prompt.example", "{q} is {a}", last, "Old\n\n1+1=2\n\n2+2", "Old\n\n1+1 is 2\n\n2+2"),
    "shots": Row(
        few_shot,
        "prompt.examples",
        [{"q": "3", "a": "4"}],
        last,
        "Old\n\n1+1=2\n\n2+2",
        "Old\n\n3=4\n\n2+2",
        [{"q": "1"}],
    ),
    "chat shots": Row(
        few_shot_chat,
        "prompt.examples",
        [{"q": "3", "a": "4"}],
        texts,
        ["1+1", "2", "2+2"],
        ["3", "4", "2+2"],
        [{"b": "4"}],
    ),
    "system prompt": Row(lambda: agent(system_prompt="Old"), "model.system_prompt", "New", first, "Old", "New", 7),
    "no system prompt": Row(agent, "model.system_prompt", "New", first, "Hello", "New", 7),
    "react agent": Row(react_agent, "agent.system_prompt", "New", first, "Old one.", "New", 7),
    "tool": Row(agent, "weather.description", "New", described, "The weather in a city.", "New", " "),
    "tool argument": Row(agent, "weather.city", "in English", argument, None, "in English", 7),
    "react tool": Row(react_agent, "weather.description", "New", described, "The weather in a city.", "New", " "),
    "bound tool": Row(bound_tools, "weather.description", "New", described, "The weather in a city.", "New", " "),
    "bound argument": Row(bound_tools, "weather.city", "in English", argument, None, "in English", 7),
    "max_tokens": Row(with_settings, "max_tokens", 9, max_tokens, 5, 9, 0),
    "temperature": Row(with_settings, "temperature", 0.9, temperature, 0.1, 0.9, 3),
    "bound temperature": Row(bound_settings, "temperature", 0.9, temperature, 0.1, 0.9, -1),
    "k": Row(shelf, "k", 3, last, "1", "3", 0),
    "function": Row(
        function,
        "shout.code",
        "def shout(text: str) -> str:\n    return text + '?'",
        last,
        "Hello!",
        "Hello?",
        "def shout(x, y): return x",
    ),
    "tool code": Row(
        tool_code, "double.code", "def double(number: int) -> int:\n    return number * 2", last, "5", "8", "import os"
    ),
    "node": Row(
        node_function,
        "shout.code",
        "def shout(state: Text) -> Text:\n    return {'text': state['text'] + '?'}",
        last,
        "Hello!",
        "Hello?",
        "shout",
    ),
}


def models_of(program: Any) -> list[Answering]:
    from trace_langchain.walking import walk

    return [found.value for found in walk(program) if isinstance(found.value, Answering)]


async def ways_to_run(program: Any, given: Any, config: dict[str, Any]) -> None:
    """All ways in which a program is run."""
    program.invoke(given, config)
    await program.ainvoke(given, config)
    program.batch([given, given], config)
    list(program.stream(given, config))
    async for _ in program.astream(given, config):
        pass


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
async def test_rewritten_seen_reverted_refused(row: Row) -> None:
    program, given = row.make()
    other, _ = row.make()
    parameters = expose(program, kinds="all")
    parameter = parameters[row.name]
    [listener], [other_listener] = models_of(program), models_of(other)
    recorder = Recorder()

    def seen_all(expected: Any) -> None:
        assert [row.seen([sent]) for sent in listener.sent] == [expected] * len(listener.sent)
        assert len(listener.sent) >= 6
        listener.sent.clear()

    await ways_to_run(program, given, {"callbacks": [recorder]})
    seen_all(row.before)
    before = parameter.data

    parameter.set(row.new)
    await ways_to_run(program, given, {"callbacks": [recorder]})
    seen_all(row.after)
    assert parameter in {*recorder.last.graph.parameters}
    other.invoke(given)
    assert row.seen(other_listener.sent) == row.before

    with pytest.raises(InvalidValue):
        parameter.set(row.wrong)
    assert parameter.data == row.new

    parameter.revert()
    assert parameter.data == before
    await ways_to_run(program, given, {"callbacks": [recorder]})
    seen_all(row.before)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
async def test_a_candidate_is_used_here_and_nowhere_else(row: Row) -> None:
    program, given = row.make()
    parameters = expose(program, kinds="all")
    [listener] = models_of(program)
    recorder = Recorder()
    with parameters.candidate({row.name: row.new}) as candidate:
        await ways_to_run(program, given, {"callbacks": [recorder]})
        assert [row.seen([sent]) for sent in listener.sent] == [row.after] * len(listener.sent)
        for run in recorder.runs:
            candidate.verify(run.output)
    listener.sent.clear()
    program.invoke(given)
    assert row.seen(listener.sent) == row.before


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_unexposed_objects_are_as_they_were(row: Row) -> None:
    program, given = row.make()
    [listener] = models_of(program)
    classes = [type(found) for found in objects(program)]
    parameters = expose(program, kinds="all")
    unexpose(parameters)
    assert [type(found) for found in objects(program)] == classes
    program.invoke(given)
    assert row.seen(listener.sent) == row.before


def objects(program: Any) -> list[Any]:
    from trace_langchain.walking import walk

    return [found.value for found in walk(program)]


# --- dumps, copies, caches


@pytest.mark.filterwarnings("ignore")  # `loads` is in beta
def test_what_langchain_dumps_has_no_overlay_and_no_class_of_ours() -> None:
    prompt = ChatPromptTemplate([("system", "Old {role}"), SystemMessage("static"), ("human", "{x}")])
    before = dumps(prompt)
    parameters = expose(prompt)
    assert dumps(prompt) == before
    with parameters.candidate({"prompt.human": "Candidate {x}"}):
        assert dumps(prompt) == before
        assert prompt.format(role="sage", x="y").endswith("Human: Candidate y")
    parameters["prompt.human"].set("New {x}")
    assert "New {x}" in dumps(prompt)
    assert loads(dumps(prompt)).format(role="sage", x="y").endswith("Human: New y")
    assert dumpd(prompt)["id"] == ["langchain", "prompts", "chat", "ChatPromptTemplate"]


def test_copies_are_plain_and_have_their_own_text() -> None:
    prompt = PromptTemplate.from_template("Old {x}")
    parameters = expose(prompt)
    copies = [
        copy.copy(prompt),
        copy.deepcopy(prompt),
        pickle.loads(pickle.dumps(prompt)),
        prompt.partial(),
        prompt.model_copy(),
    ]
    assert all(type(made) is PromptTemplate for made in copies)
    with parameters.candidate({"prompt": "Candidate {x}"}):
        assert [made.format(x="y") for made in copies] == ["Old y"] * 5
    assert repr(prompt) == repr(PromptTemplate.from_template("Old {x}"))


def test_the_llm_cache_does_not_give_an_answer_of_other_settings() -> None:
    answers = iter(["first", "second", "third"])
    speaks = Answering(answer=lambda _: next(answers), temperature=0.1, cache=InMemoryCache(), sent=[])
    parameters = expose(speaks, kinds="setting")
    assert [speaks.invoke("Hello").content for _ in range(2)] == ["first", "first"]
    parameters["temperature"].set(0.9)
    assert speaks.invoke("Hello").content == "second"
    with parameters.candidate({"temperature": 0.5}):
        assert speaks.invoke("Hello").content == "third"
    parameters["temperature"].revert()
    assert speaks.invoke("Hello").content == "first"


def test_what_the_user_writes_there_is_a_version() -> None:
    prompt = PromptTemplate.from_template("Old {x}")
    [parameter] = expose(prompt).values()
    prompt.template = "Mine {x}"
    assert parameter.data == "Mine {x}"
    assert parameter.version == 1
    assert parameter.history[-1].author == "user"


def test_saved_and_loaded_into_a_new_program(tmp_path: Any) -> None:
    program, given = string_prompt()
    parameters = expose(program, name="tree")
    parameters["tree.prompt"].set("New {x}")
    parameters.save(tmp_path / "tree.json")
    fresh, _ = string_prompt()
    expose(fresh, name="tree").load(tmp_path / "tree.json")
    assert fresh.invoke(given) == "heard New tree"


def test_code_that_cannot_be_learned_is_named() -> None:
    def endless(x: str) -> Any:
        yield x

    def shout(x: str) -> str:
        return x + "!"

    with pytest.warns(NotExposed, match="endless"):
        found = expose(RunnableLambda(shout) | StructuredTool.from_function(endless, description="d"), kinds="code")
    assert list(found) == ["shout.code"]


def test_a_step_writes_all_or_nothing() -> None:
    program, _ = chat_prompt()
    parameters = expose(program)
    with pytest.raises(InvalidValue):
        parameters.set({"prompt.system": "New {role}", "prompt.human": "no place"})
    assert parameters["prompt.system"].data == "Old {role}"
    assert isinstance(parameters, ParameterSet)


def test_history_keeps_the_message_that_ran() -> None:
    program, given = agent(system_prompt="Old")
    parameters = expose(program)
    recorder = Recorder()
    program.invoke(given, {"callbacks": [recorder]})
    parameters["model.system_prompt"].set("New")
    [llm] = [node for node in recorder.last.graph.nodes if getattr(node, "op", "") == "llm"]
    assert llm.values["system_prompt"] == "Old"
