"""Several guides as one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from trace_train.calling import awaited
from trace_train.guides.base import Guide, Verdict, verdict_of


class Weighted:
    """Several guides, each with a name and a weight; the score is their weighted mean.

    Args:
        guides: name to guide, or to (guide, weight). Weights are above 0.

    Example:
        Weighted({"right": (Exact("queue"), 3), "short": lambda example, output: float(len(output) < 20)})
    """

    def __init__(self, guides: Mapping[str, Guide | tuple[Guide, float]]) -> None:
        if not guides:
            raise ValueError("Weighted needs at least one guide")
        self._guides = {name: each if isinstance(each, tuple) else (each, 1.0) for name, each in guides.items()}
        if any(weight <= 0 for _, weight in self._guides.values()):
            raise ValueError("the weights of guides must be above 0")
        perfect = {name: getattr(guide, "perfect", None) for name, (guide, _) in self._guides.items()}
        self.perfect = None if None in perfect.values() else self._mean(perfect)

    async def __call__(self, example: Any, output: Any) -> Verdict:
        """The weighted mean, with what each said that did not give its best score."""
        given = await asyncio.gather(*(_said(guide, example, output) for guide, _ in self._guides.values()))
        verdicts = dict(zip(self._guides, given, strict=True))
        said = [
            f"{name}: {verdict.text}"
            for name, verdict in verdicts.items()
            if verdict.text and verdict.score != getattr(self._guides[name][0], "perfect", None)
        ]
        scores = {name: verdict.score for name, verdict in verdicts.items()}
        return Verdict(self._mean(scores), "\n".join(said) or None, scores)

    def _mean(self, scores: Mapping[str, Any]) -> float:
        total = sum(weight for _, weight in self._guides.values())
        return float(sum(scores[name] * weight for name, (_, weight) in self._guides.items()) / total)


async def _said(guide: Guide, example: Any, output: Any) -> Verdict:
    return verdict_of(await awaited(guide)(example, output), guide)
