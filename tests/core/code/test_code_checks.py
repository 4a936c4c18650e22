"""Which functions cannot be trainable, and which texts cannot replace one, with the reasons."""

import collections
import json
import math
import string
from collections import Counter
from datetime import datetime
from statistics import mean

import pytest

from tests.core.code.trainable import call, helper, plain, reason, refusal
from trace_core.code import TrainableCode
from trace_core.code.source import parse
from trace_core.errors import UntrainableCode

LIMIT = 10
WEIGHTS = {"a": 1, "b": 2}


class Failure(Exception):
    pass


class TestDeclaration:
    def test_generators(self):
        def numbers(n):
            yield n

        assert "the sandbox does not have yield expressions" in refusal(numbers)
        assert 'learned_code="native"' in refusal(numbers)

    def test_del(self):
        def deleting(x):
            y = x
            del y

        assert "'del' statement" in refusal(deleting)

    def test_functions_handed_to_functions_of_the_program(self):
        def with_lambda(xs):
            return helper(lambda x: x)

        def with_its_own(xs):
            def own(x):
                return x

            return helper(own)

        def with_a_builtin(xs, callback):
            return callback(len)

        class Router:
            def with_method(self, x):
                return self.apply(key=lambda y: y)

        for function, given in (
            (with_lambda, "`lambda x: x` to helper()"),
            (with_its_own, "`own` to helper()"),
            (with_a_builtin, "`len` to callback()"),
            (Router.with_method, "`lambda y: y` to self.apply()"),
        ):
            assert f"gives {given}, and no function can leave the sandbox" in refusal(function)

        def fine(id, xs):
            return helper(id) + sorted(xs, key=lambda x: helper(x))[0]

        assert "gives `lambda: 1` to helper()" in reason(fine, "def fine(id, xs):\n    return helper(lambda: 1)")

    def test_modules_that_the_sandbox_lacks(self):
        def using(x):
            return string.capwords(x)

        assert "the sandbox has no module named 'string'" in refusal(using)

    def test_modules_imported_inside(self):
        def using(x):
            import heapq

            return heapq.nsmallest(1, x)

        assert "line 2: the sandbox has no module named 'heapq'" in refusal(using)

    def test_parts_of_modules(self):
        def using(x):
            return collections.OrderedDict(x)

        assert "collections.OrderedDict is not in the sandbox" in refusal(using)

    def test_builtins(self):
        def using(x):
            return callable(x)

        assert "callable is not in the sandbox" in refusal(using)

    def test_class_inheritance(self):
        def using(x):
            class Own(ValueError):
                pass

            return x

        assert "class inheritance" in refusal(using)

    def test_global_statements(self):
        def using(x):
            global LIMIT
            LIMIT = x

        assert "assigns a global variable" in refusal(using)

    def test_nonlocal_statements(self):
        count = 0

        def using(x):
            nonlocal count
            count += x

        assert "nonlocal" in refusal(using)

    def test_exceptions_of_the_program_that_are_caught(self):
        def using(x):
            try:
                return helper(x)
            except (ValueError, Failure):
                return 0

        assert "catches Failure" in refusal(using)

    def test_changes_in_place(self):
        def appending(lst):
            lst.append(1)
            return lst

        def assigning(d):
            d["a"] = 1
            return d

        def in_a_loop(rows):
            for row in rows:
                row["a"] = 1
            return rows

        def aliasing(lst):
            same = lst or []
            same.sort()
            return same

        def extending(lst):
            lst += [1]
            return lst

        def outside(x):
            WEIGHTS["c"] = x

        for function in (appending, assigning, in_a_loop, aliasing, extending, outside):
            assert "in place" in refusal(function)
        assert "lst = list(lst)" in refusal(appending)

    def test_changes_of_what_is_the_functions_own(self):
        def copying(lst, d, n, rows):
            lst = list(lst)
            lst.append(1)
            d = {**d}
            d["a"] = 1
            n += 1
            own = []
            own.append(n)
            for row in rows[:]:
                row = dict(row)
                row["a"] = 1
            text = str(n).upper()
            return lst, d, own, text

        assert TrainableCode(copying).name == "copying"

    def test_functions_of_common_modules_are_not_refused(self):
        def using(xs):
            return Counter(xs).most_common(1), math.pi, mean([1, 2]), json.dumps(xs), datetime(2026, 1, 1).year

        assert call(using, "most_common(1)", "most_common(2)", "aab")[0] == [("a", 2), ("b", 1)]


BAD_TEXTS = [
    ("", "no function plain"),
    ("   \n", "no function plain"),
    ("x = 1", "no function plain"),
    ("def other(x):\n    return x", "no function plain, only other"),
    ("def plain(x):\n    return x\n\ndef plain(x):\n    return 2", "more than once"),
    ("class A:\n    def plain(x):\n        return x", "no function plain"),
    ("plain = lambda x: x", "no function plain"),
    ("def plain(x)\n    return x", "line 1: expected ':'"),
    ("def plain(x):\nreturn x", "line 2"),
    ("def plain(x):\n    return (x", "does not compile"),
    ("def plain(x):\n    return x\n```", "does not compile"),
    ("Here is the code:\ndef plain(x):\n    return x", "line 1"),
    ("def plain(x):\n    return '\x00'", "null bytes"),
    ("def plain(x):\n    return '\ud800'", "lone surrogate"),
    ("def plain(x):\n    return " + "(" * 300 + ")" * 300, "does not compile"),
    ("def plain(x):\n    return " + "-" * 5000 + "1", "nested too deeply"),
    ("def plain(x):\n    return " + " + ".join("1" * 3000), "nested too deeply"),
    ("def plain(x):\n    return '" + "a" * 20_000 + "'", "may have 20000"),
    ("def plain(y):\n    return y", "signature must stay `def plain(x)`"),
    ("def plain(x, y):\n    return x", "signature must stay"),
    ("def plain(x=1):\n    return x", "signature must stay"),
    ("def plain(*x):\n    return x", "signature must stay"),
    ("def plain(x, /):\n    return x", "signature must stay"),
    ("def plain(*, x):\n    return x", "signature must stay"),
    ("@bundle(trainable=True)\ndef plain(x):\n    return x", "leave out the decorator"),
    ("def plain(x):\n    return x\n\nprint(plain(1))", "line 4: only imports, helper functions and constants"),
    ("def plain(x):\n    return x\n\nif __name__ == '__main__':\n    plain(1)", "remove `if __name__"),
    ("def plain(x):\n    return LIMIT", "LIMIT is not defined"),
    ("def plain(x):\n    return math.sqrt(x)", "math is not defined; import"),
    ("def plain(x):\n    return undefined(x)", "undefined is not defined"),
    ("def plain(x):\n    return [i for i in range(x) if unknown]", "unknown is not defined"),
    ("def plain(x):\n    global y\n    y = x", "line 2: global"),
    ("def plain(x):\n    nonlocal y\n    y = x", "does not compile"),
    ("import numpy as np\n\ndef plain(x):\n    return np.mean(x)", "line 1: the sandbox has no module named 'numpy'"),
    ("def plain(x):\n    import string\n    return x", "line 2: the sandbox has no module named 'string'"),
    ("from math import nothing\n\ndef plain(x):\n    return x", "cannot import name 'nothing'"),
    ("from math import *\n\ndef plain(x):\n    return x", "line 1"),
    ("import math\n\ndef plain(x):\n    return math.nothing", "math.nothing is not in the sandbox"),
    ("def plain(x):\n    return open and vars()", "vars is not in the sandbox"),
    ("def plain(x):\n    yield x", "line 2: the sandbox does not have yield"),
    ("def plain(x):\n    del x", "line 2: the sandbox does not have"),
    ("def plain(x):\n    return x\n\nclass E(Exception):\n    pass", "line 4: the sandbox does not have class"),
    ("HUGE = [0] * 10**10\n\ndef plain(x):\n    return x", "memory"),
    ("Y = 1 / 0\n\ndef plain(x):\n    return x", "line 1: ZeroDivisionError"),
    ("def plain(x):\n    return __import__('os')", "__import__ is not in the sandbox"),
]  # fmt: skip  # fmt: skip


class TestCheck:
    @pytest.mark.parametrize(("text", "expected"), BAD_TEXTS, ids=range(len(BAD_TEXTS)))
    def test_a_text_that_cannot_stand_in_is_refused_with_a_reason(self, text, expected):
        assert expected in reason(plain, text)

    @pytest.mark.parametrize("made_up", ["WEIGHTS = {'a': 7}", "WEIGHTS: dict = {}", "A, WEIGHTS = 1, {}"])
    def test_data_of_the_program_is_not_made_up(self, made_up):
        def weigh(letter):
            return WEIGHTS[letter]

        assert "leave out `WEIGHTS = ...`" in reason(
            weigh, f"{made_up}\n\ndef weigh(letter):\n    return WEIGHTS[letter]"
        )

    def test_constants_of_its_own_may_stand_beside_it(self):
        TrainableCode(plain).check("WEIGHTS = {'a': 7}\n\ndef plain(x):\n    return WEIGHTS.get(x)")

    @pytest.mark.parametrize("text", [None, 3, b"def plain(x): return x", ["def plain(x): return x"]])
    def test_what_is_no_text_is_refused(self, text):
        assert "expected as text" in reason(plain, text)

    @pytest.mark.parametrize(
        "text",
        [
            "def plain(x: int) -> int:\n    return x",
            "# a comment\n\ndef plain(x):\n    '''Doc.'''\n    return x\n\n",
            "def plain(x):\n    def inner(y):\n        return y + x\n    return inner(1)",
            "def plain(x):\n    import re\n    return re.sub('a', 'b', str(x))",
            "def plain(x):\n    return plain(x - 1) if x else 0",
            "from typing import Optional\n\ndef plain(x: Optional[int]):\n    return x",
            "def plain(x):\n    try:\n        return x\n    except (ValueError, KeyError) as e:\n        return str(e)",
            "def plain(x):\n    return '\\d'",
            "def plain(x):\r\n    return x\r\n",
            "def plain(x):\n    return {k: v for k, v in enumerate([x])}",
        ],
    )
    def test_a_text_that_can_is_not(self, text):
        TrainableCode(plain).check(text)

    def test_the_signature_may_be_written_otherwise(self):
        def spaced(a, b=(1, 2), *, c="x"):
            return a

        TrainableCode(spaced).check(
            "def spaced(\n    a: int,\n    b: tuple = (1,2), *,\n    c='x',\n) -> int:\n    return a"
        )

    def test_checking_does_not_call_functions_of_the_program(self):
        called = []

        def outside(x):
            called.append(x)
            return len(called)

        def using(x):
            return outside(x)

        assert "only inside the function" in reason(using, "Y = outside(1)\n\ndef using(x):\n    return Y")
        assert called == []

    def test_the_parser_says_what_is_wrong_with_anything(self):
        with pytest.raises(SyntaxError, match="nested too deeply"):
            parse("(" * 100 + "-" * 100_000)


class Joined:
    """An object with an operator, as chains of prompts and models are."""

    def __or__(self, other: object) -> str:
        return "joined"


LEFT, RIGHT = Joined(), Joined()


def test_computing_with_objects_of_the_program_is_refused() -> None:
    def ask(text):
        """Ask."""
        return (LEFT | RIGHT, text)

    with pytest.raises(UntrainableCode, match=r"line 3 computes `LEFT \| RIGHT`, and the sandbox sees only attributes"):
        TrainableCode(ask)
