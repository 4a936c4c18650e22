"""A guide for code: the tests that it passes, run in the sandbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trace_core.code.sandbox import Feed, Limits, run
from trace_core.errors import SandboxError
from trace_train.data.examples import Field, part
from trace_train.guides.base import Verdict

_MOST_SAID = 3


@dataclass(frozen=True, slots=True)
class PassesTests:
    """The share of tests that the output, Python code, passes.

    Each test is a text of Python, such as an assertion, that runs after the code in a sandbox of its own: no files,
    no network, limits on time and memory.

    Args:
        tests: which part of an example is its tests, a text or a list of texts.
        limits: what one test may use.

    Example:
        PassesTests("tests")        # {"task": "…", "tests": ["assert f(2) == 4", "assert f(0) == 0"]}
    """

    tests: Field
    limits: Limits = field(default_factory=Limits)
    perfect = 1.0

    def __call__(self, example: Any, output: Any) -> Verdict:
        """The share of passed tests, and how the first ones failed."""
        tests = part(example, self.tests)
        tests = [tests] if isinstance(tests, str) else list(tests)
        if not tests:
            raise ValueError("the example has no test")
        code = without_fence(str(output))
        failed = [f"{test.strip()}: {why}" for test in tests if (why := self._failure(code, test)) is not None]
        if not failed:
            return Verdict(1.0, "correct")
        said = "\n".join(failed[:_MOST_SAID])
        return Verdict(1 - len(failed) / len(tests), f"{len(failed)} of {len(tests)} tests fail\n{said}")

    def _failure(self, code: str, test: str) -> str | None:
        from trace_core.code.crossing import Crossing

        try:
            run([Feed(code, text=True), Feed(test)], Crossing(), self.limits)
        except SandboxError as error:
            return str(error)
        return None


def without_fence(text: str) -> str:
    """Code without the Markdown fence that a model put around it."""
    lines = text.strip().splitlines()
    fenced = len(lines) > 1 and lines[0].startswith("```") and lines[-1].strip() == "```"
    return "\n".join(lines[1:-1]) if fenced else text
