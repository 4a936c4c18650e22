"""Two trainings beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trace_train.cli.reading import state_of
from trace_train.records import Candidate
from trace_train.store import Store, Training
from trace_view.charts import best_so_far, compared
from trace_view.pages.reading import best_of, by_id, changed_words, examples_of, is_same, name, verdict
from trace_view.pages.run import spent


def compare(store: Store, ids: Sequence[str]) -> dict[str, Any]:
    """What the page shows of two trainings; the one that began first comes first.

    Raises:
        NoSuchRun: one of them is not in the store.
    """
    pair = sorted(map(store.training, ids), key=lambda each: each.started)
    decided = [each.decisions() for each in pair]
    courses = [best_so_far(each) for each in decided]
    best = [best_of(each, by_id(each)) for each in pair]
    return {
        "pair": pair,
        "names": [name(each, values.values.keys() if values else ()) for each, values in zip(pair, best, strict=True)],
        "states": [state_of(each) for each in pair],
        "verdicts": [verdict(each, course) for each, course in zip(pair, courses, strict=True)],
        "chart": compared(*decided),
        "courses": courses,
        "spent": [{what: amount for what, amount, _ in spent(each)} for each in pair],
        "settings": _different(*pair),
        "scored_otherwise": _scored_otherwise(*pair),
        "learned": _learned(*best),
    }


def _different(first: Training, second: Training) -> list[tuple[str, Any, Any]]:
    """The settings that are not the same."""
    a, b = ({**each.settings, "seed": each.seed, "examples": None} for each in (first, second))
    differ = [(key, a.get(key), b.get(key)) for key in a | b if not is_same(a.get(key), b.get(key))]
    return [*differ, *_other_examples(first, second)]


def _other_examples(first: Training, second: Training) -> list[tuple[str, str, str]]:
    """The kinds of examples that are not the same, each with how many of them there are."""
    a, b, none = examples_of(first), examples_of(second), ("none", "")
    kinds = [(kind, a.get(kind, none), b.get(kind, none)) for kind in a | b]
    others = [
        (kind, old[0], new[0], ", not the same ones" if old[1] and new[1] else "")
        for kind, old, new in kinds
        if old != new
    ]
    return [(f"{kind} examples", old, new + said) for kind, old, new, said in others]


def _scored_otherwise(first: Training, second: Training) -> list[str]:
    """Which scores of one are no measure for those of the other, and why, in sentences."""
    a, b = first.settings, second.settings
    if keys := [key for key in ("guide", "failing", "repeats") if not is_same(a.get(key), b.get(key))]:
        return [f"Their scores cannot be compared, since these are not the same: {', '.join(keys)}."]
    a, b = examples_of(first), examples_of(second)
    of = {"validation": "validation", "test": "held-out"}
    differ = [said for kind, said in of.items() if kind in a and kind in b and a[kind] != b[kind]]
    return [f"Their {said} scores cannot be compared: the examples are not the same." for said in differ]


def _learned(first: Candidate | None, second: Candidate | None) -> list[dict[str, Any]]:
    """Each parameter, with what differs from the first run's best to the second run's."""
    a, b = ({} if each is None else each.values for each in (first, second))
    return [
        {
            "name": name,
            "changed": not is_same(a.get(name), b.get(name)),
            "value": b.get(name),
            "pieces": changed_words(a.get(name, ""), b.get(name, "")),
        }
        for name in {**a, **b}
    ]
