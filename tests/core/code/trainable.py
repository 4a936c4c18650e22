"""Declaring functions trainable, rewriting them, and calling what came of it: shared by the tests of code."""

import pytest

from trace_core.code import TrainableCode
from trace_core.errors import InvalidCode, UntrainableCode


def rewritten(function, old, new):
    """The trainable function and its text with `old` replaced."""
    code = TrainableCode(function)
    text = code.source.replace(old, new)
    assert text != code.source
    code.check(text)
    return code, text


def call(function, old, new, *args, **kwargs):
    code, text = rewritten(function, old, new)
    return code.call(text, args, kwargs)


def reason(function, text):
    with pytest.raises(InvalidCode) as caught:
        TrainableCode(function).check(text)
    return caught.value.reason


def refusal(function):
    with pytest.raises(UntrainableCode) as caught:
        TrainableCode(function)
    return str(caught.value)


def helper(x):
    return x * 100


def plain(x):
    return x + 1
