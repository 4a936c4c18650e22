"""Rewritten code in the sandbox gives what it would give natively, or an error."""

import collections
import dataclasses
import time

import pytest

from trace_core import bundle
from trace_core.code.trainable import TrainableCode
from trace_core.errors import InvalidCode, SandboxedError


class Counter:
    def __init__(self):
        self.n = 0

    def step(self):
        self.n += 1

    @bundle(trainable=True)
    def run(self, limit):
        while self.n < limit:
            self.step()
        return self.n


def rewrite(function, old, new):
    code = TrainableCode(function)
    text = code.source.replace(old, new)
    assert text != code.source
    code.check(text)
    return lambda *args: code.call(text, args, {})


def test_an_attribute_is_read_as_it_is_then():
    counter = Counter()
    counter.run.code.set(counter.run.code.data.replace("return self.n", "return 0 + self.n"))
    assert counter.run(3) == 3
    assert counter.n == 3


LIMIT = 10


def cut(x, limit=LIMIT):
    return min(x, limit)


def test_defaults_are_those_of_the_def(monkeypatch):
    monkeypatch.setitem(globals(), "LIMIT", 50)
    assert cut(100) == rewrite(cut, "min(x, limit)", "min(limit, x)")(100) == 10


def test_an_object_that_is_only_read_cannot_be_called_nor_its_class():
    class Service:
        limit = 3
        made = 0

        def __init__(self):
            Service.made += 1

        def __call__(self):
            Service.made += 1

    def read(service):
        return service.limit

    service = Service()
    for call in ("service()", "type(service)()"):
        with pytest.raises(SandboxedError, match="cannot be called"):
            rewrite(read, "return", f"{call}\n    return")(service)
    assert Service.made == 1


def test_what_the_original_calls_may_be_called():
    class Twice:
        def __call__(self, x):
            return 2 * x

    def apply(operation, kind):
        return operation(kind(3))

    assert rewrite(apply, "3", "4")(Twice(), int) == 8
    assert rewrite(apply, "3", "'4'")(str.upper, str) == "4"


def test_waiting_is_waited(monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)

    def patient(x):
        time.sleep(0.25)
        return x

    assert rewrite(patient, "return x", "return x + 1")(1) == 2
    assert slept == [0.25]


@pytest.mark.parametrize("result", ["[range(3)]", "{'a': {'k': 1}.keys()}", "[lambda: 1]", "[('a', rows)]"])
def test_what_is_no_data_is_no_result_wherever_it_stands(result):
    def rows():
        return ["range(1, 2)"]

    assert rewrite(rows, "2", "3")() == ["range(1, 3)"]
    with pytest.raises(SandboxedError, match="cannot leave the sandbox"):
        rewrite(rows, "['range(1, 2)']".replace("'", '"'), result)()


@pytest.mark.parametrize("error", ["ValueError('got', x)", "KeyError(3)"])
def test_an_exception_that_the_sandbox_cannot_make_is_refused_with_its_line(error):
    def checked(x):
        return x

    with pytest.raises(InvalidCode, match=r"line 2: give .* a single text"):
        rewrite(checked, "return x", f"raise {error}")


def test_what_only_passes_by_is_not_called():
    class Document:
        title = "t"
        made = 0

        def __init__(self):
            Document.made += 1

        def __call__(self):
            Document.made += 1

    def same(x):
        return x

    def titled(document, texts):
        return same(texts.get(document.title))

    document = Document()
    for call in ("document()", "type(document)()", "same(type(document))()", "texts.get('', type(document))()"):
        with pytest.raises(SandboxedError, match="cannot be called"):
            rewrite(titled, "return", f"{call}\n    return")(document, {})
    assert Document.made == 1


def test_what_the_original_hands_to_a_builtin_may_be_called():
    class Minus:
        def __call__(self, x):
            return -x

    def scored(scorer, xs):
        return list(map(scorer, xs))

    assert rewrite(scored, "xs))", "xs[1:]))")(Minus(), [1, 2]) == [-2]


Point = collections.namedtuple("Point", "x y")
MISSING = object()


@pytest.mark.parametrize("made", ["Point('a', 'b')", "collections.Counter('ab')", "collections.deque(['a'])"])
def test_texts_in_containers_of_other_kinds_are_results(made):
    def make(x):
        return Point("a", x) if x else collections.Counter(x)

    assert rewrite(make, 'return Point("a", x) if x else collections.Counter(x)', f"return {made}")("b")


def test_a_default_is_the_object_that_the_code_knows():
    def given(x, other=MISSING):
        return x if other is MISSING else other

    assert rewrite(given, "return", "y = x\n    return")(5) == 5


def test_objects_that_hold_what_has_no_hash_are_compared_by_what_is_read():
    @dataclasses.dataclass(frozen=True)
    class Holder:
        items: list

    def equal(a, b):
        return a == b and a.items == b.items

    assert rewrite(equal, " and a.items == b.items", "")(Holder([1]), Holder([2])) is False


def test_an_error_of_a_lookup_is_the_error():
    class Odd:
        def __getattr__(self, name):
            raise ValueError(f"no {name} today")

    def read(odd):
        return odd.item

    with pytest.raises(SandboxedError, match="no item today"):
        rewrite(read, "return", "x = 1\n    return")(Odd())
