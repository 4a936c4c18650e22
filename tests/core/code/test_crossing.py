"""What passes between the program and the sandbox: arguments, results, errors."""

import dataclasses
import json
from collections import namedtuple
from collections.abc import Iterable
from datetime import datetime
from enum import Enum

import pytest

from tests.core.code.trainable import call, helper, plain
from trace_core.code import TrainableCode
from trace_core.errors import SandboxedError, SandboxError


@dataclasses.dataclass
class Ticket:
    text: str
    price: float = 0.0


class Color(Enum):
    RED = 1
    BLUE = 2


Pair = namedtuple("Pair", "a b")


class TestValues:
    @pytest.mark.parametrize(
        "value",
        [None, True, 2**100, 1.5, 1 + 2j, "é", b"x", [1, [2]], (1, 2), {1: {2}}, {"a": (1,)}, frozenset([1]),
         Pair(1, 2), datetime(2026, 1, 2), {(1, 2): 3}],
    )  # fmt: skip
    def test_plain_data_goes_in_and_out(self, value):
        assert call(plain, "x + 1", "x", value) == value
        assert type(call(plain, "x + 1", "x", value)).__name__ == type(value).__name__

    def test_objects_show_the_attributes_that_the_source_used_and_come_back_as_themselves(self):
        def cheapest(tickets):
            return min(tickets, key=lambda ticket: ticket.price)

        tickets = [Ticket("a", 3.0), Ticket("b", 1.0)]
        assert call(cheapest, "min(", "max(", tickets) is tickets[0]
        with pytest.raises(SandboxedError, match="text"):
            call(cheapest, "ticket.price)", "ticket.text)", tickets)

    def test_classes_of_the_program_make_objects_there(self):
        def make(text) -> Ticket:
            return Ticket(text)

        made = call(make, "Ticket(text)", "Ticket(text + '!', 2.0)", "x")
        assert made == Ticket("x!", 2.0)

    def test_objects_know_their_class(self):
        def is_ticket(x):
            return isinstance(x, Ticket)

        assert call(is_ticket, "return isinstance", "return not isinstance", 3) is True
        assert call(is_ticket, "return isinstance", "return not isinstance", Ticket("x")) is False

    def test_enums_compare(self):
        def is_red(color):
            return color == Color.RED

        assert call(is_red, "==", "!=", Color.BLUE) is True
        assert call(is_red, "==", "!=", Color.RED) is False

    def test_what_holds_itself_is_an_error(self):
        circle = []
        circle.append(circle)
        with pytest.raises(SandboxError, match="holds itself"):
            call(plain, "x + 1", "x", circle)

    def test_callable_objects_can_be_called(self):
        class Scorer:
            def __call__(self, x):
                return x * 3

        scorer = Scorer()

        def using(x):
            return scorer(x)

        assert call(using, "scorer(x)", "[scorer(y) for y in [x, x + 1]]", 1) == [3, 6]


class TestResults:
    def test_are_converted_to_the_annotated_type(self):
        def typed(x) -> tuple[int, ...]:
            return (x,)

        assert call(typed, "(x,)", "[x, '2']", 1) == (1, 2)

    def test_become_models(self):
        def typed(x) -> Ticket:
            return Ticket(x)

        assert call(typed, "Ticket(x)", "{'text': x, 'price': 2}", "a") == Ticket("a", 2.0)

    def test_that_do_not_fit_are_an_error(self):
        def typed(x) -> int:
            return x

        with pytest.raises(SandboxedError, match=r"(?s)returned a wrong value.*valid integer") as caught:
            call(typed, "return x", "return 'many'", 1)
        assert isinstance(caught.value.original, TypeError)

    def test_are_left_alone_without_annotation(self):
        assert call(plain, "x + 1", "'many'", 1) == "many"

    def test_annotated_as_iterable_stay_lists(self):
        def typed(x) -> Iterable[int]:
            return [x]

        assert call(typed, "[x]", "[x, 2]", 1) == [1, 2]

    def test_with_an_unknown_annotation_are_an_error(self):
        def typed(x) -> "Nowhere":  # noqa: F821
            return x

        with pytest.raises(SandboxError, match="Nowhere"):
            call(typed, "return x", "return x + 1", 1)

    @pytest.mark.parametrize(
        "result", ["lambda: 1", "{}.keys()", "range(3)", "len", "iter([1])", "[len]", "plain", "type('a', (), {})"]
    )
    def test_that_are_no_data_are_an_error(self, result):
        with pytest.raises(SandboxedError):
            call(plain, "x + 1", result, 1)

    def test_of_a_class_of_the_texts_own_are_an_error(self):
        text = "class Own:\n    pass\n\ndef plain(x):\n    return {'a': [Own()]}"
        code = TrainableCode(plain)
        with pytest.raises(SandboxedError, match="object of Own"):
            code.call(text, (1,), {})


class Failure(Exception):
    pass


class TestErrors:
    @pytest.mark.parametrize(
        ("body", "kind", "message"),
        [
            ("1 / 0", ZeroDivisionError, "division by zero"),
            ("{}['k']", KeyError, "k"),
            ("[][0]", IndexError, "range"),
            ("int('a')", ValueError, "invalid literal"),
            ("x.nothing", AttributeError, "nothing"),
            ("x + ''", TypeError, "unsupported"),
            ("json.loads('{')", json.JSONDecodeError, "JSON"),
        ],
    )
    def test_come_back_as_builtin_exceptions_with_their_line(self, body, kind, message):
        text = f"import json\n\ndef plain(x):\n    y = 1\n    return {body}"
        with pytest.raises(SandboxedError, match=message) as caught:
            TrainableCode(plain).call(text, (1,), {})
        assert isinstance(caught.value.original, kind)
        assert caught.value.line == 5
        assert "line 5" in str(caught.value)

    def test_inside_helpers_have_the_innermost_line(self):
        text = "def plain(x):\n    return more(x)\n\ndef more(x):\n    return x / 0"
        with pytest.raises(SandboxedError) as caught:
            TrainableCode(plain).call(text, (1,), {})
        assert caught.value.line == 5

    def test_of_the_programs_functions_keep_their_type(self):
        def failing(x):
            raise Failure("boo")

        def using(x):
            return failing(x)

        with pytest.raises(SandboxedError) as caught:
            call(using, "return", "x = 2\n    return", 1)
        assert isinstance(caught.value.original, Failure)
        assert caught.value.line == 3

    def test_raised_with_the_programs_classes_keep_their_type(self):
        def raising(x):
            raise Failure("boo")

        with pytest.raises(SandboxedError) as caught:
            call(raising, '"boo"', '"bah"', 1)
        assert isinstance(caught.value.original, Failure)
        assert str(caught.value.original) == "bah"

    @pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, GeneratorExit])
    def test_interruptions_in_the_programs_functions_pass(self, interruption):
        def interrupted():
            raise interruption

        def using():
            return interrupted()

        code = TrainableCode(using)
        text = "def using():\n    try:\n        interrupted()\n    except BaseException:\n        return using()"
        with pytest.raises(interruption):
            code.call(text, (), {})

    @pytest.mark.parametrize("interruption", ["KeyboardInterrupt", "SystemExit", "BaseException('x')"])
    def test_interruptions_that_rewritten_code_raises_stay_errors(self, interruption):
        text = f"def plain(x):\n    raise {interruption}"
        with pytest.raises(SandboxedError) as caught:
            TrainableCode(plain).call(text, (1,), {})
        assert isinstance(caught.value.original, RuntimeError)

    def test_an_assert_without_message_has_none(self):
        with pytest.raises(SandboxedError) as caught:
            call(plain, "return", "assert x == 2\n    return", 1)
        assert isinstance(caught.value.original, AssertionError)
        assert str(caught.value.original) == ""

    def test_host_functions_in_list_sort_say_what_to_do(self):
        def using(xs):
            return [helper(x) for x in xs]

        with pytest.raises(SandboxedError, match="in a loop or a comprehension"):
            call(using, "return", "xs.sort(key=helper)\n    return", [2, 1])


def apply(function, values):
    return [function(value) for value in values]


def choose(functions, name, value):
    return functions[name](value)


def same(value):
    return value


class TestFunctions:
    def test_of_the_program_reach_a_function_of_the_program_as_they_are(self):
        def applied(xs, callback):
            return apply(helper, xs) + apply(callback, xs)

        ticket = Ticket("a")
        assert call(applied, "return", "return [0] +", [1], ticket.__eq__) == [0, helper(1), NotImplemented]

        def chosen(x):
            return choose({"a": helper, "b": same}, "a", x)

        assert call(chosen, '"a", x', '"b", x', 5) == 5

    @pytest.mark.parametrize(
        "text",
        ['<function name="search">{"q": 1}</function>', '<class name="A"></class>', '<module a="1">x</module>',
         "range(10)", "helper#0", "<b object>"],
    )  # fmt: skip
    def test_of_the_program_get_texts_that_look_like_code(self, text):
        def shown(x):
            return same(x)

        assert call(shown, "same(x)", "same([x])[0]", text) == text

    @pytest.mark.parametrize("given", ["iter(x)", "math", "Own", "Own()", "Own().m", "len", "re.compile('a')"])
    def test_of_the_program_get_nothing_that_is_no_data(self, given):
        def shown(x):
            return same(x)

        own = "import math, re\n\nclass Own:\n    def m(self):\n        pass\n\n"
        text = f"{own}def shown(x):\n    return same([{given}])"
        code = TrainableCode(shown)
        code.check(text)
        with pytest.raises(SandboxedError, match=r"same\(\) was given something that cannot leave the sandbox"):
            code.call(text, ([1],), {})
