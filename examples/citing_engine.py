"""A LlamaIndex query engine over texts, whose answers must cite their source: its prompt and its top_k are learned.

    python examples/citing_engine.py

The texts describe datasets (see `datasets/README.md`). One question is answered from the first passage, but without its
source; the answer to the other is in the second passage, and only one is retrieved.
"""

from __future__ import annotations

from pathlib import Path

from llama_index.core import ChatPromptTemplate, SimpleDirectoryReader
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.retrievers.bm25 import BM25Retriever
from llamaindex_model import LocalLLM
from trace_llamaindex import Recorder, expose

from trace_core import OptoPrime
from trace_core.llm import ChatModel, default_llm

TEXTS = Path(__file__).parent / "datasets"
PROMPT = ChatPromptTemplate.from_messages(
    [("user", "{context_str}\n\nQuestion: {query_str}"), ("system", "Answer the question. Use one sentence.")]
)
LESSONS = [
    (
        "How many kinds of iris plants are there?",
        "iris.rst",
        "does not cite its source. Cite the source of the passage.",
    ),
    (
        "What is the background of the face images?",
        "dark",
        "should say that it is dark and homogeneous. That is in the second passage: retrieve 2 passages.",
    ),
]


def make_engine(llm: ChatModel) -> RetrieverQueryEngine:
    """The engine as it was written by hand."""
    reader = SimpleDirectoryReader(
        TEXTS, required_exts=[".rst"], file_metadata=lambda path: {"source": Path(path).name}
    )
    passages = SentenceSplitter(chunk_size=150, chunk_overlap=0).get_nodes_from_documents(reader.load_data())
    retriever = BM25Retriever.from_defaults(nodes=passages, similarity_top_k=1)
    return RetrieverQueryEngine.from_args(retriever, llm=LocalLLM(llm=llm), text_qa_template=PROMPT)


def learn(llm: ChatModel, answers: ChatModel, steps: int = 3) -> bool:
    """Learn from one question after the other, until each is answered as it should be; whether both came to be."""
    engine = make_engine(answers)
    prompt = OptoPrime(expose(engine, include="*text_qa.system"), llm)
    passages = OptoPrime(expose(engine, kinds="setting", include="*similarity_top_k"), llm)
    recorder = Recorder()
    reached = 0
    for (question, expected, feedback), optimizer in zip(LESSONS, (prompt, passages), strict=True):
        for step in range(steps + 1):
            with recorder.run() as run:
                answer = str(engine.query(question))
            print(f"{run.explain()}\n{question} {answer}", end="\n\n")
            if expected in answer:
                reached += 1
                break
            if step < steps:
                run.output.backward(feedback)
                print(optimizer.step(), end="\n\n")
                optimizer.zero_feedback()
    return reached == len(LESSONS)


if __name__ == "__main__":
    learn(default_llm(), default_llm())
