"""One search for where a value came from, among what code held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from functools import cached_property
from typing import Any, Final

from trace_core.recording import likeness
from trace_core.recording.call import Call
from trace_core.recording.ledger import Found, Origin, Path, equal_values, unchanged
from trace_core.recording.likeness import LEAST_TEXT, LONG_TEXT
from trace_core.recording.matching import SCALARS, Given, Matcher, at, same

_DEEPEST = 6
_TELLING_NUMBER = 3


class Search:
    """A search among what calls in the same scope gave before, and what the scope's code was given.

    Args:
        matcher: knows what calls gave.
        before: when the value was there; what was given later is not considered.
        near: the calls of the same scope, whose outputs its code held, and those that failed, for their errors.
        given: what the code was given, the scope's input first.
        is_output: whether the value is what the scope returned: then calls in it come before what it was given.
        left_over: the sources of what the calls gave that went nowhere yet.
        constants: the texts in the scope's code, if it is known: then short texts elsewhere prove something too.
    """

    def __init__(
        self,
        matcher: Matcher,
        before: int,
        near: Sequence[Call],
        given: Sequence[Given],
        *,
        is_output: bool = False,
        left_over: Callable[[], Collection[Call]] = tuple,
        constants: Collection[str] = (),
    ) -> None:
        near = [call for call in near if (call.succeeded or call.error is not None) and (call.ended or 0) < before]
        self._matcher = matcher
        self._ledger = matcher.ledger
        self._before = before
        self._near = near
        self._near_calls = frozenset(near)
        self._given = given
        self._is_output = is_output
        self._left_over = left_over
        self._constants = [Found(_CONSTANT, (), text) for text in constants]
        self._least = 1 if constants else LEAST_TEXT
        self._value: Any = None

    def find(self, value: Any) -> Origin | None:
        """Where a value came from, part by part where the whole is not found; None for nothing found."""
        self._value = value
        return self._find(value, 0)

    @cached_property
    def _equals(self) -> dict[Hashable, list[int]]:
        """How many times equal texts and numbers are in the value, and how many of them were found."""
        inner = [part for path, part in self._ledger.parts(self._value) if path and isinstance(part, (str, *SCALARS))]
        return {mark: [0, count] for mark, count in Counter(map(_mark, inner)).items() if count > 1}

    def _find(self, value: Any, depth: int) -> Origin | None:
        if not self._is_output and (whole := self._as_given(value)) is not None:
            return whole
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, SCALARS):
            return self._scalar(value)
        if (known := self._matcher.recognised(value)) is not None:
            return known
        near = self._ledger.identical(value, self._before, self._near_calls)
        if near is not None:
            return self._matcher.origin_of(near, "identity")
        if (given := self._in_given(value)) is not None:
            return given
        far = self._ledger.identical(value, self._before)
        if far is not None:
            return self._matcher.origin_of(far, "identity")
        inside = self._inside(value, depth)
        return inside if inside is not None else self._as_given(value)

    # --- whole values

    def _as_given(self, value: Any) -> Origin | None:
        original = self._ledger.original(value)
        for given in self._given:
            is_it = original is self._ledger.original(given.value) and unchanged(given.value, value)
            if is_it and not _is_trivial(value):
                return given.origin
        return None

    def _in_given(self, value: Any) -> Origin | None:
        for given in self._given:
            known = self._matcher.parts_of(given.value).objects.get(id(self._ledger.original(value)))
            if known is not None and unchanged(known[1], value):
                return at(given.origin, known[0]).because("identity")
        return None

    # --- containers

    def _inside(self, value: Any, depth: int) -> Origin | None:
        inner = self._ledger.opened(value)
        if inner is None or depth > _DEEPEST:
            equal = self._ledger.equal_wholes(value, self._near)
            return None if not equal else self._matcher.origin_out(equal[-1]).because("equal")
        parts = {}
        for key, item in inner.items():
            origin = self._part(key, item, depth)
            if origin is not None:
                parts[key] = origin
        return Origin(parts=parts) if parts else None

    def _part(self, key: Any, item: Any, depth: int) -> Origin | None:
        """A part of a dict or list: what has the same key, and is the same, counts first."""
        for call in reversed(self._near):
            held = call.output
            if isinstance(held, dict) and key in held and self._is_same(held[key], item):
                return self._matcher.origin_out(call).at(key).because("identity")
        for given in () if self._is_output and self._gave_again(item) else self._given:
            if isinstance(given.value, dict) and key in given.value and self._is_same(given.value[key], item):
                return given.origin.at(key).because("state")
        return self._find(item, depth + 1)

    def _gave_again(self, item: Any) -> bool:
        """Whether a call within gave just that text, be it what the code was given; equal numbers prove too little."""
        texts = self._ledger.equal_texts(item, self._before, self._near_calls) if isinstance(item, str) else []
        return any(not each.path or each.call.kind == "llm" for each in texts)

    def _is_same(self, held: Any, item: Any) -> bool:
        one = self._ledger.original(held) is self._ledger.original(item) and unchanged(held, item)
        return one or same(held, item)

    # --- texts

    def _text(self, text: str) -> Origin | None:
        if not text.strip():
            return None
        near = self._ledger.equal_texts(text, self._before, self._near_calls)
        given = [
            (self._of_given(given, path, other is text), other)
            for given in self._given
            for path, other in self._matcher.parts_of(given.value).texts
            if other.strip() == text.strip()
        ]
        # An object that all of them share proves nothing: Python keeps one of many equal texts.
        very = [origin for origin, other in given if other is text]
        if near and (not very or any(each.value is text for each in near)):
            chosen = self._choose(near, text)
            return self._matcher.origin_of(chosen, "equal" if chosen.value == text else "contains")
        if given:
            return (very or [origin for origin, _ in given])[0]
        far = self._ledger.equal_texts(text, self._before) if len(text) >= LONG_TEXT else []
        if far:
            return self._matcher.origin_of(far[-1], "equal")
        return self._made_of(text)

    def _of_given(self, given: Given, path: Path, is_very: bool) -> Origin:
        """Where an equal text came from that code was given; the very text that it was given is no equal one."""
        is_all = is_very and not path and not self._is_output
        return given.origin if is_all else at(given.origin, path).because("equal")

    def _made_of(self, text: str) -> Origin | None:
        """A text that was made of others, or is a piece of one."""
        theirs = self._ledger.texts_of(self._near, self._before)
        mine = [
            Found(_GIVEN[number], path, other)
            for number, given in enumerate(self._given[: len(_GIVEN)])
            for path, other in self._matcher.parts_of(given.value).texts
        ]
        if likeness.is_covered(text, self._constants):
            return CONSTANT
        found = likeness.same_words(text, theirs)[-1:] or self._within(text, theirs, mine)
        origin = Origin()
        for each in sorted(found, key=lambda each: each.call.began):
            origin = origin | self._origin(each)
        return origin if origin else None

    def _within(self, text: str, theirs: Sequence[Found], mine: Sequence[Found]) -> list[Found]:
        numbers = self._numbers(1 if self._constants else _TELLING_NUMBER)
        mine = [*_of(mine, self._least), *self._given_numbers()]
        ranked = [[*_of(theirs, self._least), *numbers], mine, self._far(), self._constants]
        inside = [each for each in likeness.longest_within(text, ranked) if each.call is not _CONSTANT]
        if any(map(_is_letter, inside)) and not likeness.is_covered(text, [*theirs, *mine, *self._constants]):
            inside = [each for each in inside if not _is_letter(each)]  # it is a word of what else stands there
        found = (
            inside
            or _one(likeness.last_around(text, theirs) or likeness.last_around(text, mine))
            or likeness.longest_within(text, [self._numbers(1)])
            or likeness.reworded(text, theirs)
        )
        found += self._left_in(text, theirs, [*found, *mine])
        return (
            found
            or likeness.pieces_within(text, theirs, mine)
            or likeness.with_the_numbers(text, theirs, mine)
            or likeness.pieces_within(text, mine, theirs)
        )

    def _left_in(self, text: str, theirs: Sequence[Found], known: Sequence[Found]) -> list[Found]:
        """Those that went nowhere yet, and stand in a text beside others: as short as "3", or in pieces."""
        taken = {each.call for each in known}
        if not (set(self._near) - taken):
            return []
        others = [each for each in theirs if each.call not in taken]
        theirs = [each for each in others if each.call in self._waiting]
        numbers = [each for each in self._numbers(1) if each.call not in taken and each.call in self._waiting]
        texts = Counter(each.call for each in theirs)
        words = [each for each in theirs if texts[each.call] == 1 and (len(each.value) > 1 or each.value.isdigit())]
        inside = likeness.longest_within(text, [known, [*words, *numbers], self._constants])
        found = [each for each in inside if each.call not in taken and each.call is not _CONSTANT]
        others = [each for each in others if each not in found]
        return found + likeness.pieces_within(text, others, [*known, *found, *self._constants])

    @cached_property
    def _waiting(self) -> set[Call]:
        """The calls beside of whose output something went nowhere yet."""
        left_over = set(self._left_over())
        return {call for call in self._near if left_over.intersection(self._matcher.origin_out(call).sources)}

    def _far(self) -> list[Found]:
        """Texts that are telling wherever they stand; what is in a call beside is seen only through what that gave."""
        return [each for each in _of(self._ledger.all_texts(self._before), LONG_TEXT) if not self._is_hidden(each.call)]

    def _is_hidden(self, call: Call) -> bool:
        around = self._matcher.parent(call)
        while around is not None and around not in self._near_calls:
            around = self._matcher.parent(around)
        return around is not None

    def _origin(self, found: Found) -> Origin:
        if found.call in _GIVEN:
            return at(self._given[_GIVEN.index(found.call)].origin, found.path).because("contains")
        return self._matcher.origin_of(found, "contains")

    # --- numbers

    def _scalar(self, value: Any) -> Origin | None:
        if value is None or isinstance(value, bool):
            return None
        equal = self._ledger.equal_wholes(value, self._near)
        if equal:
            chosen = self._choose([Found(call, (), call.output) for call in equal], value)
            return self._matcher.origin_of(chosen, "equal")
        for call in reversed(self._near):
            for path, part in self._matcher.parts_of(call.output).scalars:
                if equal_values(part, value):
                    return self._matcher.origin_of(Found(call, path, part), "equal")
        for given in self._given:
            for path, part in self._matcher.parts_of(given.value).scalars:
                if equal_values(part, value):
                    return at(given.origin, path).because("equal")
        written = likeness.last_around(str(value), self._ledger.texts_of(self._near, self._before), least=1)
        return None if written is None else self._matcher.origin_of(written, "contains")

    def _numbers(self, least: int) -> list[Found]:
        """The numbers that calls beside gave, as they stand in a text."""
        return [
            Found(call, path, text)
            for call in self._near
            for path, part in self._matcher.parts_of(call.output).scalars
            for text in likeness.written(part)
            if len(text) >= least
        ]

    def _given_numbers(self) -> list[Found]:
        """The numbers that the code was given, where it is known what else stands in a text."""
        return [
            Found(_GIVEN[number], path, text)
            for number, given in enumerate(self._given[: len(_GIVEN)] if self._constants else ())
            for path, part in self._matcher.parts_of(given.value).scalars
            for text in likeness.written(part)
        ]

    def _choose(self, found: Sequence[Found], value: Any) -> Found:
        """The last that gave a value; the very object where they are several; else equal items by order."""
        same = [each for each in found if each.value is value]
        if same and len(same) < len(found):
            return same[-1]
        counted = self._equals.get(_mark(value))
        if counted is None:
            return found[-1]
        number, of = counted
        counted[0] += 1
        in_order = sorted({each.call: each for each in found}.values(), key=lambda each: each.call.began)
        chosen = in_order[-of:] if len(in_order) >= of else in_order
        return chosen[min(number, len(chosen) - 1)]


_GIVEN = tuple(Call(None, None, "", "", None, -1) for _ in range(4))
"""What stands for what code was given where a call is expected."""

_CONSTANT = Call(None, None, "", "", None, -1)
"""And for what stands in the code itself."""

CONSTANT: Final = Origin()
"""The origin of what came from nowhere: it stands in the code."""


def _one(found: Found | None) -> list[Found]:
    return [] if found is None else [found]


def _of(found: Iterable[Found], least: int) -> list[Found]:
    """Those whose text has at least so many characters."""
    return [each for each in found if len(each.value.strip()) >= least]


def _is_letter(found: Found) -> bool:
    return len(found.value.strip()) == 1 and found.value.strip().isalpha()


def _mark(item: Any) -> Hashable:
    return (
        (type(item), item.strip() if isinstance(item, str) else item) if isinstance(item, (str, *SCALARS)) else id(item)
    )


def _is_trivial(value: Any) -> bool:
    return isinstance(value, SCALARS) or (isinstance(value, str) and len(value) < LEAST_TEXT)
