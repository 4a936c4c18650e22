"""How values become parts of a page: always escaped, never obeyed, and cut where they are long.

A template writes values by `{{ }}` alone, and whatever it writes goes through `_safe` and is escaped. There is no
`|safe` in any template.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from trace_view.graphs.values import shown, visible

MOST_SHOWN = 6_000
"""How many characters of a value a page shows."""


def as_text(value: Any) -> str:
    """The whole of a value, as text."""
    return shown(value).text


def _safe(value: Any) -> Any:
    """What a template writes: of a text, nothing is left that hides or turns what follows."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else visible(value)


def score(value: float | None) -> str:
    """A score with three digits."""
    return "–" if value is None or math.isnan(value) else f"{value:.3f}"


def money(dollars: float) -> str:
    """An amount in dollars; below one, with two digits that say something: $12.30, $0.0024."""
    digits = 1 - math.floor(math.log10(dollars)) if 0 < dollars < 1 else 2
    return f"${dollars:,.{min(digits, 20)}f}"


def amount(value: float, what: str) -> str:
    """So much of what a budget counts."""
    return money(value) if what == "dollars" else f"{value:,}"


def moment(value: datetime) -> str:
    """A point in time as a clock on this machine shows it."""
    return f"{value.astimezone():%Y-%m-%d %H:%M}"


def duration(value: timedelta | float) -> str:
    """A time by its two largest units: 1 h 5 min, 3 min 2 s, 4.2 s, 410 ms."""
    seconds = max(value.total_seconds() if isinstance(value, timedelta) else value, 0)
    if seconds < 60:
        count, unit = (seconds * 1000, "ms") if seconds < 1 else (seconds, "s")
        return f"{round(count, 1 if count < 10 else None):g} {unit}"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = [f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")) if count]
    return " ".join(units[:2])


def counted(count: float, what: str) -> str:
    """So many of them: 1 call, 2,000 calls."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def reason(text: str) -> str:
    """Why something was decided, with the arrows between numbers as the pages draw them."""
    return re.sub(r"(?<=\d) -> (?=\d)", " → ", text)


def segment(text: str) -> str:
    """A text as one part of a path."""
    return quote(text, safe="", errors="replace")


@cache
def environment() -> Environment:
    """The templates of `trace_view/templates`, with what they may use."""
    made = Environment(
        loader=PackageLoader("trace_view"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_safe,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {each.__name__: each for each in (score, money, amount, moment, duration, counted, reason, segment)}
    made.filters["shown"] = partial(shown, limit=MOST_SHOWN)
    return made


def render(template: str, context: Mapping[str, Any]) -> str:
    """A page."""
    return environment().get_template(template).render(context)
