"""What was learned as JSON, as a patch to the source, and in a framework's own form."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from trace_core import ParameterSet, node
from trace_train.exporting import NotExported, as_json, as_patch, differences, in_framework
from trace_train.patching import NotPatched, Patch, make_patch

OLD = "Be kind."


def patched(folder: Path, source: str | bytes, new: str, old: str = OLD) -> tuple[Patch, Path]:
    path = folder / "app.py"
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    return make_patch({"rules": (old, new)}, [path]), path


def after(folder: Path, source: str | bytes, new: str, old: str = OLD) -> str:
    """The file after the patch was applied by git, in its own bytes as Latin-1."""
    patch, path = patched(folder, source, new, old)
    assert patch.refusals == {}
    applied_by_git(patch, folder)
    return path.read_bytes().decode("latin-1")


def applied_by_git(patch: Patch, folder: Path) -> None:
    command = ["git", "apply", "--whitespace=nowarn", "-"]
    done = subprocess.run(command, cwd=folder, input=patch.diff(folder), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode() + patch.diff(folder).decode("latin-1")


def refusal(folder: Path, source: str, new: str = "New.", old: str = OLD) -> str:
    patch, path = patched(folder, source, new, old)
    assert patch.files == {}
    assert path.read_bytes() == source.encode()
    return patch.refusals["rules"]


# --- how a text is written in place of another


@pytest.mark.parametrize(
    ("source", "new", "expected"),
    [
        ('x = "Be kind."\n', "Be brief.", 'x = "Be brief."\n'),
        ("x = 'Be kind.'\n", "Be brief.", "x = 'Be brief.'\n"),
        ("x = 'Be kind.'\n", "Don't.", 'x = "Don\'t."\n'),
        ('x = "Be kind."\n', "Say \"a\" or 'b'.", 'x = "Say \\"a\\" or \'b\'."\n'),
        ('x = "Be kind."\n', "One.\nTwo.", 'x = """One.\nTwo."""\n'),
        ("x = '''Be kind.'''\n", "It's '''", "x = '''It's \\''\\''''\n"),
        ('x = r"Be kind."\n', "a\\d", 'x = "a\\\\d"\n'),
        ('x = u"Be kind."\n', "New.", 'x = "New."\n'),
        ('x = ("Be "  # so\n     "kind.")\n', "New.", 'x = ("New.")\n'),
        ('def f(a="Be kind."): return"Be"\n', "New.", 'def f(a="New."): return"Be"\n'),
        ('x = "é", "Be kind."\n', "New.", 'x = "Ã©", "New."\n'),
        ('x = "Be kind."', "New.", 'x = "New."'),
        ('x = "Be kind."\n', "a\tb\x00\u202ec", 'x = "a\\tb\\x00\\u202ec"\n'),
    ],
)
def test_a_text_is_written_in_the_quotes_that_stand_there(tmp_path: Path, source: str, new: str, expected: str) -> None:
    assert after(tmp_path, source, new) == expected


def test_ends_of_lines_stay_as_they_are(tmp_path: Path) -> None:
    source = b'a = 1\r\nx = """Be\r\nkind."""\r\nb = 2\r\n'
    assert after(tmp_path, source, "One.\nTwo.", "Be\nkind.") == 'a = 1\r\nx = """One.\r\nTwo."""\r\nb = 2\r\n'


def test_the_files_encoding_stays_and_what_it_lacks_is_escaped(tmp_path: Path) -> None:
    source = "# -*- coding: latin-1 -*-\ny = 'é'; x = 'Be kind.'\n".encode("latin-1")
    assert after(tmp_path, source, "ü€") == "# -*- coding: latin-1 -*-\ny = 'é'; x = 'ü\\u20ac'\n"


def test_a_byte_order_mark_stays(tmp_path: Path) -> None:
    assert after(tmp_path, b'\xef\xbb\xbfx = "Be kind."\n', "New.").encode("latin-1") == b'\xef\xbb\xbfx = "New."\n'


DOCUMENTED = '''
class Tools:
    def search(self, query):
        """
        Search the web.

        Args:
            query: what for
        """
        return query
'''


def test_documentation_keeps_its_indentation(tmp_path: Path) -> None:
    old = "Search the web.\n\nArgs:\n    query: what for"
    new = "Search the news.\n\nArgs:\n    query: some words"
    text = after(tmp_path, DOCUMENTED, new, old)
    assert text == DOCUMENTED.replace("the web", "the news").replace("what for", "some words")


def test_documentation_that_would_lose_white_space_is_refused(tmp_path: Path) -> None:
    old = "Search the web.\n\nArgs:\n    query: what for"
    assert "white space would be lost" in refusal(tmp_path, DOCUMENTED, "  Search.\n", old)


TEXTS = st.text(st.characters(codec="utf-8") | st.sampled_from("'\"\\\n\r\t {}#é\u2028"), max_size=40)
SOURCES = st.sampled_from(
    ['x = "Be kind."', "x = 'Be kind.'", 'x = """Be kind."""', "x = '''Be kind.'''", "x = r'''Be kind.'''"]
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(new=TEXTS, source=SOURCES, newline=st.sampled_from(["\n", "\r\n"]))
@example(new='"""', source='x = """Be kind."""', newline="\n")
@example(new='\\"\n', source='x = """Be kind."""', newline="\r\n")
@example(new="\\", source="x = 'Be kind.'", newline="\n")
def test_whatever_text_was_learned_is_what_the_file_then_holds(
    tmp_path: Path, new: str, source: str, newline: str
) -> None:
    patch, path = patched(tmp_path, f"{source}{newline}y = 1{newline}", new)
    patch.write()
    data = path.read_bytes()
    assert ast.literal_eval(ast.parse(data).body[0].value) == new  # type: ignore[attr-defined]
    assert data.endswith(f"{newline}y = 1{newline}".encode())
    path.write_bytes(f"{source}{newline}y = 1{newline}".encode())
    if new != OLD:
        git_applies_the_same(patch, tmp_path, data)


def git_applies_the_same(patch: Patch, folder: Path, data: bytes) -> None:
    """Without starting git a hundred times: the diff's lines in place of the old ones."""
    lines = patch.diff(folder).split(b"\n")
    hunk = [line for line in lines[3:] if not line.startswith(b"\\")]
    made = b"\n".join(line[1:] for line in hunk if line[:1] in (b" ", b"+"))
    assert made == data.rstrip(b"\n")


# --- where no patch is made


def test_only_one_literal_will_do(tmp_path: Path) -> None:
    assert "stands in 2 places: app.py:1, app.py:2" in refusal(tmp_path, 'x = "Be kind."\ny = "Be kind."\n')
    assert "in none of the files that were looked in (app.py)" in refusal(tmp_path, 'x = "Be kind"\n')
    assert "in none of the files that were looked in (no file)" in refusal(tmp_path, "x = (\n")
    assert "only texts" in refusal(tmp_path, "x = 0.7\n", 0.8, 0.7)  # type: ignore[arg-type]


def test_an_f_string_is_named_and_left_alone(tmp_path: Path) -> None:
    assert "made by an f-string at app.py:1" in refusal(tmp_path, 'x = f"Be {how}."\n')
    assert "made by an f-string at app.py:2" in refusal(tmp_path, 'how = 1\nx = f"Be kind."\n')
    assert "in none of the files" in refusal(tmp_path, 'x = f"{how}"\n')


def test_a_literal_that_became_two_texts_is_refused_and_the_rest_is_patched(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    path.write_text('x = "Be kind."\ny = "Be quick."\nz = "Stay."\n')
    changes = {"a": (OLD, "A."), "b": (OLD, "B."), "c": ("Be quick.", "C."), "d": ("Stay.", "D."), "e": ("Stay.", "D.")}
    patch = make_patch(changes, [path, path])
    assert patch.refusals == {
        "a": "app.py:1 is the original of b, too, which became another text",
        "b": "app.py:1 is the original of a, too, which became another text",
    }
    assert patch.places == {"c": "app.py:2", "d": "app.py:3", "e": "app.py:3"}
    patch.write()
    assert path.read_text() == 'x = "Be kind."\ny = "C."\nz = "D."\n'


def test_several_files_are_patched_at_once_also_with_strange_names(tmp_path: Path) -> None:
    (tmp_path / "a folder").mkdir()
    one, two = tmp_path / "a folder" / "first ä.py", tmp_path / "two.py"
    one.write_text('x = "Be kind."\n')
    two.write_text('y = "Be quick."')
    patch = make_patch({"a": (OLD, "A."), "b": ("Be quick.", "B.")}, [one, two])
    applied_by_git(patch, tmp_path)
    assert (one.read_text(), two.read_text()) == ('x = "A."\n', 'y = "B."')


def test_a_file_that_was_changed_since_is_not_written(tmp_path: Path) -> None:
    patch, path = patched(tmp_path, 'x = "Be kind."\n', "New.")
    path.write_text('x = "Be kind."  # mine\n')
    with pytest.raises(NotPatched, match="was changed since it was read"):
        patch.write()
    assert path.read_text() == 'x = "Be kind."  # mine\n'
    with pytest.raises(NotPatched, match="make the patch in a folder above it"):
        patch.diff(tmp_path / "below")


def test_a_written_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    path = tmp_path / "real.py"
    path.write_text('x = "Be kind."\n')
    path.chmod(0o750)
    link = tmp_path / "link.py"
    link.symlink_to(path)
    make_patch({"rules": (OLD, "New.")}, [link]).write()
    assert (link.is_symlink(), path.read_text(), path.stat().st_mode & 0o777) == (True, 'x = "New."\n', 0o750)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.py", "real.py"]


# --- of parameters


def rules_and_rate() -> ParameterSet:
    return ParameterSet([node(OLD, trainable=True, name="rules"), node(0.5, trainable=True, name="rate")])


def test_json_has_originals_and_diffs_and_can_be_loaded(tmp_path: Path) -> None:
    parameters = rules_and_rate()
    parameters["rules"].set("Be kind.\nBe brief.")
    data = as_json(parameters)
    assert data["parameters"]["rules"]["before"] == OLD
    assert data["parameters"]["rules"]["diff"].splitlines()[2:] == ["@@ -1 +1,2 @@", " Be kind.", "+Be brief."]
    assert "diff" not in data["parameters"]["rate"]
    import json

    (tmp_path / "exported.json").write_text(json.dumps(data))
    assert rules_and_rate().load(tmp_path / "exported.json")["rules"].data == "Be kind.\nBe brief."


def test_differences_are_of_what_changed_alone() -> None:
    assert list(differences({"a": 1, "b": 2}, {"a": 1, "b": 3})) == ["b"]


def test_learned_code_is_left_out_of_a_patch(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text('x = "Be kind."\ny = "def f(): pass"\n')
    code = node("def f(): pass", trainable=True, name="f.code", kind="code")
    parameters = ParameterSet([node(OLD, trainable=True, name="rules"), code])
    parameters.set({"rules": "New.", "f.code": "def f(): return 1"})
    patch = as_patch(parameters, [tmp_path / "app.py"])
    assert patch.places == {"rules": "app.py:1"}
    assert "it is code that a model wrote" in patch.refusals["f.code"]


@pytest.mark.filterwarnings("ignore:.*is in beta")
def test_a_langchain_object_is_written_by_langchain() -> None:
    pytest.importorskip("langchain_core")
    from langchain_core.load import load
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_core.runnables import RunnableLambda
    from trace_langchain import expose

    prompt = ChatPromptTemplate([("system", OLD), ("human", "{question}")])
    parameters = expose(prompt)
    next(iter(parameters.values())).set("Be brief.")
    loaded = load(in_framework(prompt), allowed_objects="core")
    assert loaded.invoke({"question": "Hi?"}).messages[0].content == "Be brief."
    with pytest.raises(NotExported, match=r"LangChain cannot write .*RunnableLambda"):
        in_framework(prompt | RunnableLambda(str))


def test_an_autogen_component_is_written_by_autogen() -> None:
    pytest.importorskip("autogen_agentchat")
    from autogen_agentchat.agents import AssistantAgent
    from autogen_ext.models.openai import OpenAIChatCompletionClient
    from trace_autogen import expose

    client = OpenAIChatCompletionClient(model="gpt-4.1-mini", api_key="no key")
    agent = AssistantAgent("helper", client, system_message=OLD)
    parameters = expose(agent, kinds="system_prompt")
    next(iter(parameters.values())).set("Be brief.")
    assert in_framework(agent)["config"]["system_message"] == "Be brief."


def test_prompts_of_a_llamaindex_object_are_written_by_name() -> None:
    pytest.importorskip("llama_index.core")
    from llama_index.core.prompts import PromptTemplate
    from llama_index.core.prompts.mixin import PromptMixin

    class Engine(PromptMixin):  # type: ignore[misc]
        def _get_prompts(self) -> Any:
            return {"answer": PromptTemplate("{query_str} Be kind.")}

        def _get_prompt_modules(self) -> Any:
            return {}

        def _update_prompts(self, prompts: Any) -> None: ...

    assert in_framework(Engine()) == {"answer": "{query_str} Be kind."}


def test_what_has_no_form_of_its_own_says_so() -> None:
    with pytest.raises(NotExported, match="int has no form of its framework's own"):
        in_framework(3)
