"""What a guide is: the oracle that says of an output how good it is, and why.

It is the feedback f of OPTO (arXiv 2406.16218, section 2), made by a function so that it can be had for each example.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from trace_core.propagators import Feedback, FeedbackLike
from trace_train.data.examples import Field, part
from trace_train.errors import InvalidGuide


@dataclass(frozen=True, slots=True)
class Verdict:
    """A score, higher being better, the named scores that it was made of, and what to say about it."""

    score: float
    text: str | None = None
    scores: Mapping[str, float] = field(default_factory=dict)

    def feedback(self) -> Feedback:
        """What an optimizer is told."""
        return Feedback(self.text, dict(self.scores) or self.score)


class Guide(Protocol):
    """The contract of a guide: any function of an example and the output's value, sync or async.

    It gives a number, named numbers (whose mean is the score), a `Feedback` with either, or a `Verdict`. What it
    raises makes this one evaluation a failing one, with the error as its feedback. The output is untrusted: it is
    what an LLM or a tool said. A sync guide runs in a thread; several may run at once.

    A guide that has `perfect` says which score cannot be bettered; a sync one that is `quick`, since it never waits for
    anything, is not called in a thread.
    """

    def __call__(self, example: Any, output: Any, /) -> FeedbackLike | Verdict | Awaitable[FeedbackLike | Verdict]:
        """What is said of the output."""
        ...


def verdict_of(said: Any, guide: Any) -> Verdict:
    """What a guide gave, as a verdict.

    Raises:
        InvalidGuide: it gave no score.
    """
    if isinstance(said, Verdict):
        return said
    try:
        feedback = Feedback.of(said)
    except (TypeError, ValueError) as error:
        raise InvalidGuide(f"{name_of(guide)} gave what is no feedback: {error}") from error
    if feedback.score is None or feedback.score == {}:
        raise InvalidGuide(
            f"{name_of(guide)} gave a text without a score; training compares scores: "
            "give a number, or Feedback(text, score)"
        )
    if isinstance(feedback.score, Mapping):
        scores = {name: float(score) for name, score in feedback.score.items()}
        return Verdict(sum(scores.values()) / len(scores), feedback.text, scores)
    return Verdict(float(feedback.score), feedback.text)


def name_of(guide: Any) -> str:
    """How a guide is called in messages."""
    return f"the guide {getattr(guide, '__name__', type(guide).__name__)}"


@dataclass(frozen=True, slots=True)
class AgainstAnswer:
    """The base of guides that know the right answer.

    Args:
        field: which part of an example is the right answer: a key, an attribute, an index, or a function.
        why: which part explains it; that is said where the output is wrong.
    """

    field: Field
    why: Field | None = None
    perfect = 1.0
    quick = True

    def __call__(self, example: Any, output: Any) -> Verdict:
        """1 where the output is right, 0 where it is not, with what was expected."""
        expected = part(example, self.field)
        wrong = self.wrong(output, expected)
        if wrong is None:
            return Verdict(1.0, "correct")
        why = "" if self.why is None else f". {part(example, self.why)}"
        return Verdict(0.0, f"{wrong}{why}")

    def wrong(self, output: Any, expected: Any) -> str | None:
        """What is wrong with the output; None where nothing is."""
        raise NotImplementedError
