"""Prompts of engines and agents: which are offered, whose they are, and what is left of them elsewhere."""

from __future__ import annotations

import asyncio
import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core import get_response_synthesizer
from llama_index.core.agent.workflow import AgentWorkflow, CodeActAgent, FunctionAgent, ReActAgent
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import ChatPromptTemplate, PromptTemplate, SelectorPromptTemplate
from llama_index.core.prompts.default_prompt_selectors import DEFAULT_TEXT_QA_PROMPT_SEL
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.workflow import StartEvent, StopEvent, Workflow, step
from trace_llamaindex import NotExposed, NothingToLearn, Recorder, expose, unexpose

from tests.llamaindex.programs import Scripted, Shelf, add, memory
from tests.llamaindex.rows import PAGES, QUESTION, always, context, execute, react, team, telling
from trace_core.errors import InvalidValue

pytestmark = [
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:is_running called from within a step"),
]


@pytest.fixture(autouse=True)
def no_loop() -> None:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open


def rag(llm: Any = None, **options: Any) -> RetrieverQueryEngine:
    synthesizer = get_response_synthesizer(llm=llm or Scripted(always("Whales.")), **options)
    return RetrieverQueryEngine(Shelf(*PAGES), synthesizer)


def synthesizer(engine: Any) -> Any:
    return engine._response_synthesizer


# --- which are offered


def test_prompts_are_offered_unless_other_kinds_are_asked_for() -> None:
    parameters = expose(rag(), name="docs")
    assert list(parameters) == ["docs.text_qa.system", "docs.text_qa.user", "docs.refine"]
    assert {parameter.kind for parameter in parameters.values()} == {"prompt", "system_prompt"}


def test_a_kind_that_there_is_none_of() -> None:
    with pytest.raises(ValueError, match="unknown kinds: examples"):
        expose(rag(), kinds="examples")
    with pytest.raises(NothingToLearn, match="no code was found in RetrieverQueryEngine"):
        expose(rag(), kinds="code")


def test_something_else_than_a_program() -> None:
    with pytest.raises(TypeError, match="is expected, or an object of your own with such in its attributes, not"):
        expose(object())


def test_names_by_patterns() -> None:
    assert list(expose(rag(), name="docs", include="docs.text_qa.*", exclude="*.system")) == ["docs.text_qa.user"]


def test_agents_are_called_by_their_names_if_they_have_one() -> None:
    options: Any = {"llm": telling(), "system_prompt": "Be brief."}
    assert list(expose(FunctionAgent(**options), name="x")) == ["x.system_prompt"]
    assert list(expose(FunctionAgent(name="writer", **options), name="x")) == ["x.writer.system_prompt"]
    pair = {"one": FunctionAgent(name="writer", **options), "two": FunctionAgent(name="writer", **options)}
    assert list(expose(pair)) == ["one.writer.system_prompt", "two.writer.system_prompt"]


def test_programs_in_a_workflow_of_the_users_own() -> None:
    class Answering(Workflow):
        def __init__(self) -> None:
            super().__init__()
            self.engines = {"docs": rag()}
            self.greeting = PromptTemplate("Greet {name}.")

        @step
        async def answer(self, event: StartEvent) -> StopEvent:
            return StopEvent(result=None)

    parameters = expose(Answering(), name="own")
    assert "own.engines.docs.text_qa.user" in parameters
    assert parameters["own.greeting"].data == "Greet {name}."


def test_prompts_for_the_other_kind_of_answers_are_not_offered() -> None:
    assert not [name for name in expose(rag(), name="docs") if "chat_content" in name]
    with_images = expose(rag(multimodal=True), name="docs")
    assert list(with_images) == ["docs.chat_content_qa", "docs.chat_content_refine"]


def test_prompts_of_handing_over_need_somebody_to_hand_over_to() -> None:
    alone = AgentWorkflow([FunctionAgent(name="writer", llm=telling(), system_prompt="Write.")])
    assert list(expose(alone, name="team", kinds="all", include="team.*prompt")) == ["team.writer.system_prompt"]


# --- writes that would have no effect


def test_a_selector_whose_model_is_not_known() -> None:
    selector = SelectorPromptTemplate(default_template=PromptTemplate("{a}"))
    with (
        pytest.warns(NotExposed, match="x.prompt: which of its templates is used depends on the model"),
    ):
        expose([selector, PromptTemplate("{b}")], name="x")


def test_a_default_of_llamaindex_by_itself_is_not_written_to() -> None:
    from llama_index.core.prompts.default_prompts import DEFAULT_TEXT_QA_PROMPT

    with pytest.raises(NothingToLearn, match="it is LlamaIndex's own, and all programs share it"):
        expose(DEFAULT_TEXT_QA_PROMPT)


def test_the_system_prompt_with_which_a_react_agent_was_made_is_that_of_its_formatter() -> None:
    agent = ReActAgent(llm=telling(), system_prompt="Be brief.")
    parameter = expose(agent, name="x")["x.system_prompt"]
    parameter.set("Be kind.")
    assert agent.formatter.context == "Be kind."
    assert agent.system_prompt == "Be kind."  # where it stops early


def test_the_system_prompt_with_which_code_act_was_made_is_in_its_own() -> None:
    agent = CodeActAgent(code_execute_fn=execute, llm=telling(), system_prompt="Be brief.")
    [parameter] = expose(agent, name="x").values()
    assert parameter.data.endswith("Be brief.")
    assert "{tool_descriptions}" in parameter.data


def test_a_models_system_prompt_is_left_out_by_those_who_chat() -> None:
    llm = telling()
    llm.system_prompt = "Be brief."
    assert "x.model.system_prompt" in expose(rag(llm), name="x")
    agent = FunctionAgent(llm=llm, system_prompt="Hi.")
    with pytest.warns(NotExposed, match="agents, chat engines and fusing retrievers ask their model without it"):
        assert list(expose(agent, name="y")) == ["y.system_prompt"]


def test_a_models_system_prompt_is_used_by_an_engine() -> None:
    llm = telling()
    llm.system_prompt = "Be brief."
    engine = rag(llm)
    expose(engine, name="x")["x.model.system_prompt"].set("Be kind.")
    engine.query(QUESTION)
    assert llm.sent[-1].startswith("system: Be kind.")


# --- whose they are


def test_a_default_of_llamaindex_is_copied_first() -> None:
    engine, other = rag(), rag()
    before = DEFAULT_TEXT_QA_PROMPT_SEL.get_template(Scripted())
    expose(engine, name="docs")["docs.text_qa.user"].set("{context_str} {query_str}")
    assert DEFAULT_TEXT_QA_PROMPT_SEL.get_template(Scripted()) == before
    assert synthesizer(other)._text_qa_template is DEFAULT_TEXT_QA_PROMPT_SEL


def test_two_engines_with_a_default_have_a_parameter_each() -> None:
    parameters = expose({"one": rag(), "two": rag()}, include="*.refine")
    assert list(parameters) == ["one.refine", "two.refine"]


def test_a_template_that_is_shared_has_one_parameter() -> None:
    shared = PromptTemplate("{context_str} {query_str}")
    llms = [telling(), telling()]
    engines = [rag(llm, text_qa_template=shared) for llm in llms]
    [parameter] = expose(engines, include="text_qa*").values()
    parameter.set("Only {context_str} {query_str}")
    for engine, llm in zip(engines, llms, strict=True):
        engine.query(QUESTION)
        assert "Only Whales" in llm.sent[-1]
    assert expose(rag(text_qa_template=shared), include="*text_qa*")["text_qa"] is parameter


def test_asked_again_it_gives_the_same_parameters() -> None:
    engine = rag()
    first = expose(engine, name="docs")
    assert expose(engine, name="docs") == first
    assert expose(engine, name="other")["docs.refine"] is first["docs.refine"]


def test_what_the_user_writes_there_is_a_version() -> None:
    agent = FunctionAgent(llm=telling(), system_prompt="Be brief.")
    parameter = expose(agent, name="x")["x.system_prompt"]
    agent.system_prompt = "Be kind."
    assert parameter.data == "Be kind."
    assert [version.value for version in parameter.history] == ["Be brief.", "Be kind."]


def test_what_the_user_writes_into_a_template_is_a_version() -> None:
    template = PromptTemplate("{query_str}")
    parameter = expose(template, name="x")["x.prompt"]
    template.template = "Why {query_str}?"
    assert parameter.data == "Why {query_str}?"
    assert template.output_parser is None
    template.output_parser = None  # other fields are LlamaIndex's business


def test_put_back_the_default_stands_there_again() -> None:
    engine = rag()
    refine = synthesizer(engine)._refine_template
    parameters = expose(engine, name="docs")
    assert synthesizer(engine)._text_qa_template is not DEFAULT_TEXT_QA_PROMPT_SEL
    unexpose(parameters)
    assert synthesizer(engine)._text_qa_template is DEFAULT_TEXT_QA_PROMPT_SEL
    assert synthesizer(engine)._refine_template is refine


def test_put_back_what_was_learned_stays_in_a_plain_template() -> None:
    engine = rag()
    parameters = expose(engine, name="docs")
    parameters["docs.text_qa.user"].set("{context_str} {query_str}")
    unexpose(parameters)
    used = synthesizer(engine)._text_qa_template.select(Scripted())
    assert type(used) is ChatPromptTemplate
    assert used.message_templates[1].content == "{context_str} {query_str}"
    assert type(DEFAULT_TEXT_QA_PROMPT_SEL) is type(synthesizer(engine)._text_qa_template)


# --- what LlamaIndex itself shows of them


def test_get_prompts_gives_what_was_written_and_no_candidate() -> None:
    engine = rag(text_qa_template=PromptTemplate("{context_str} {query_str}"))
    parameters = expose(engine, name="docs")
    key = "response_synthesizer:text_qa_template"
    with parameters.candidate({"docs.text_qa": "Only {context_str} {query_str}"}):
        assert engine.get_prompts()[key].get_template() == "{context_str} {query_str}"
    parameters["docs.text_qa"].set("Just {context_str} {query_str}")
    given = engine.get_prompts()[key]
    assert given.get_template() == "Just {context_str} {query_str}"
    assert type(given) is PromptTemplate
    assert "trace_" not in str(given.model_dump())


def test_get_prompts_of_a_react_agent_gives_what_was_written() -> None:
    agent = react().target
    parameters = expose(agent, name="x")
    before = agent.get_prompts()["react_header"].template
    with parameters.candidate({"x.react_header": "Use {tool_desc} {tool_names}"}):
        assert agent.get_prompts()["react_header"].template == before


def test_an_agents_dump_has_what_was_written() -> None:
    agent = FunctionAgent(llm=telling(), system_prompt="Be brief.", tools=[])
    parameters = expose(agent, name="x")
    with parameters.candidate({"x.system_prompt": "Be kind."}):
        assert agent.model_dump()["system_prompt"] == "Be brief."
    assert "trace_" not in str(agent.model_dump())


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda template: pickle.loads(pickle.dumps(template))])
def test_a_copy_is_plain(make: Any) -> None:
    template = PromptTemplate("{query_str}")
    parameters = expose(template, name="x")
    with parameters.candidate({"x.prompt": "Why {query_str}?"}):
        made = make(template)
        assert type(made) is PromptTemplate
        assert made.format(query_str="me") == "me"
        assert template.format(query_str="me") == "Why me?"


def test_a_copy_of_an_agent_is_plain() -> None:
    agent = FunctionAgent(llm=Scripted(), system_prompt="Be brief.")
    parameters = expose(agent, name="x")
    with parameters.candidate({"x.system_prompt": "Be kind."}):
        for made in (agent.model_copy(), copy.copy(agent)):
            assert type(made) is FunctionAgent
            assert made.system_prompt == "Be brief."


def test_a_template_that_is_filled_in_two_steps_reads_the_same_parameter() -> None:
    template = PromptTemplate("{name} {query_str}")
    parameter = expose(template, name="x")["x.prompt"]
    partial = template.partial_format(name="Dear").partial_format()
    parameter.set("{query_str}, {name}")
    assert partial.format(query_str="who") == "who, Dear"


# --- candidates


def test_eight_candidates_at_once_over_one_engine() -> None:
    llm = telling(lambda text: text)
    engine = rag(llm)
    parameters = expose(engine, name="docs")
    recorder = Recorder()

    def tried(number: int) -> bool:
        text = f"{number}: {{context_str}} {{query_str}}"
        with parameters.candidate({"docs.text_qa.user": text}) as candidate, recorder.run() as run:
            answer = engine.query(QUESTION)
        candidate.verify(run.output)
        return str(answer).startswith(f"{number}: Whales")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(tried, range(8)))


async def test_candidates_of_agents_at_once() -> None:
    llm = telling(always("Done."))
    agent = FunctionAgent(llm=llm, system_prompt="Be brief.", tools=[add])
    parameters = expose(agent, name="x", kinds="all")
    recorder = Recorder()

    async def tried(number: int) -> None:
        values = {"x.system_prompt": f"Be {number}.", "x.tools.add.description": f"Add {number}."}
        with parameters.candidate(values) as candidate, recorder.run() as run:
            await agent.run(user_msg="go")
        candidate.verify(run.output)

    await asyncio.gather(*(tried(number) for number in range(4)))
    for number in range(4):
        assert any(f"system: Be {number}." in sent and f"Add {number}." in sent for sent in llm.sent)


def test_a_description_of_several_lines_is_an_input_of_the_model_that_is_shown_it() -> None:
    program = team()
    parameters = expose(program.target, name="x", kinds="description")
    parameters["x.calc.description"].set('It\'s\nadding "numbers".')
    with Recorder().run() as run:
        program.run()
    planning, calculating = (node for node in run.graph.operations if node.op == "llm")
    assert parameters["x.calc.description"] in planning.parents
    assert parameters["x.planner.description"] in calculating.parents
    assert parameters["x.planner.description"] not in planning.parents


# --- texts that are no templates


def test_messages_that_a_chat_begins_with() -> None:
    said = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content="Hello.")]
    llm = telling()
    engine = SimpleChatEngine.from_defaults(llm=llm, memory=memory(), prefix_messages=said)
    parameters = expose(engine, name="x")
    assert list(parameters) == ["x.prefix_messages.system", "x.prefix_messages.user"]
    parameters["x.prefix_messages.user"].set("Good day.")
    engine.chat(QUESTION)
    assert "user: Good day." in llm.sent[-1]
    assert said[1].content == "Hello."


def test_a_system_prompt_in_a_template_may_hold_other_braces() -> None:
    program = context()
    parameter = expose(program.target, name="x")["x.system_prompt"]
    parameter.set('Return JSON {"a": 1}.')
    program.run()
    assert 'Return JSON {"a": 1}.' in program.seen()
    with pytest.raises(InvalidValue, match=r"\{query_str\} would be filled in here"):
        parameter.set("{query_str}")


def test_no_key_of_a_model_is_offered() -> None:
    llm = Scripted(api_key="sk-sentinel")
    parameters = expose({"docs": rag(llm), "agent": FunctionAgent(llm=llm, tools=[add])}, kinds="all")
    assert "sk-sentinel" not in repr(parameters) + str(parameters.state_dict())
