"""The source of a trainable function: which text it is, and of what there is none."""

import functools
import linecache
from pathlib import Path

import pytest

from tests.core.code.trainable import call, plain, refusal
from trace_core.code import TrainableCode


def passing(function):
    return function


class TestSource:
    def test_is_the_users_own_text(self):
        # fmt: off
        def odd( x ,y = 1 ):   # a comment
            # and another
            return   x+y   # kept

        # fmt: on
        assert TrainableCode(odd).source == (
            "def odd( x ,y = 1 ):   # a comment\n    # and another\n    return   x+y   # kept"
        )

    def test_says_where_it_was_written(self):
        code = TrainableCode(passing)
        lines = Path(code.file).read_text().splitlines()
        assert code.file == __file__
        assert lines[code.first_line - 1] == "def passing(function):"
        assert code.name == "passing"

    def test_multi_line_signature_without_docstring(self):
        def wide(
            first: int,
            second: int | None = None,
            *,
            third: str = "(",
        ) -> int:
            return first

        assert TrainableCode(wide).source.splitlines()[:3] == [
            "def wide(",
            "    first: int,",
            "    second: int | None = None,",
        ]
        assert call(wide, "return first", "return first + (second or 0)", 1, second=2) == 3

    def test_decorators_are_stripped_and_first_line_is_that_of_the_def(self):
        @passing
        @passing  # it has a comment
        @(lambda function: function)
        def decorated(x):
            return x

        code = TrainableCode(decorated)
        assert code.source == "def decorated(x):\n    return x"
        assert Path(__file__).read_text().splitlines()[code.first_line - 1].strip() == "def decorated(x):"

    def test_multi_line_strings_are_not_dedented_but_docstrings_are(self):
        def quoting():
            """One.

            Two.
            """
            return """
            three
        four"""

        assert TrainableCode(quoting).source == (
            'def quoting():\n    """One.\n\n    Two.\n    """\n    return """\n            three\n        four"""'
        )

    def test_of_two_functions_with_one_name_the_right_one_is_found(self):
        def same():
            return 1

        first = same

        def same():
            return 2

        assert TrainableCode(first).source.endswith("return 1")
        assert TrainableCode(same).source.endswith("return 2")

    def test_text_that_looks_like_a_decorator_or_a_def_does_not_mislead(self):
        def tricky(x="@bundle(trainable=True)\ndef tricky(): pass"):
            return x

        assert TrainableCode(tricky).source.startswith('def tricky(x="@bundle')

    def test_code_that_linecache_knows_has_a_source(self):
        text = "def made(x):\n    return x\n"
        linecache.cache["<cell 1>"] = (len(text), None, text.splitlines(keepends=True), "<cell 1>")
        namespace = {"__name__": "__main__"}
        exec(compile(text, "<cell 1>", "exec"), namespace)
        assert TrainableCode(namespace["made"]).source == text.rstrip()

    def test_code_without_a_source_is_refused(self):
        namespace = {}
        exec("def made(x):\n    return x\n", namespace)
        assert "write the function in a file or a notebook cell" in refusal(namespace["made"])

    @pytest.mark.parametrize("function", [len, int, functools.partial(plain, 1), "text", 3])
    def test_what_is_no_def_is_refused(self, function):
        assert "write a def" in refusal(function)

    def test_a_lambda_is_refused(self):
        assert "write it as a def" in refusal(lambda x: x)

    def test_a_file_edited_since_is_refused(self, tmp_path):
        file = tmp_path / "edited.py"
        file.write_text("def early(x):\n    return x\n")
        namespace = {}
        exec(compile(file.read_text(), str(file), "exec"), namespace)
        file.write_text("\n\n\ndef early(x):\n    return x\n")
        assert "edited since" in refusal(namespace["early"])
