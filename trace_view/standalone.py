"""Pages in one file that needs no network: a trace graph, what changed, a whole training (`report`).

All that such a page uses stands in it, and its Content-Security-Policy lets a browser run and load nothing else: each
script and style is named by its hash (https://developer.mozilla.org/docs/Web/HTTP/Guides/CSP).
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

from trace_core.errors import MissingExtra
from trace_core.trace_graph import TraceGraph
from trace_view.diffs import word_diff
from trace_view.graphs import graph_data
from trace_view.graphs.values import shown

_STATIC = Path(__file__).parent / "static"
_MODULES = ("elements", "folding", "layout", "drawing", "details", "list", "view")
"""Those of `static/graph`, each after what it imports."""


class Page(str):
    """The text of an HTML page, which a notebook shows in a frame of its own.

    Example:
        Path("graph.html").write_text(run.graph.to_html())
    """

    __slots__ = ()

    def _repr_html_(self) -> str:
        # Without `allow-same-origin`, nothing in the page can reach the notebook.
        return f'<iframe sandbox="allow-scripts" srcdoc="{escape(self)}" width="100%" height="760"></iframe>'


def to_html(graph: TraceGraph, feedback: str | None = None) -> Page:
    """A trace graph as a page: it can be folded and searched, and shows what each node took in and gave.

    Args:
        graph: the graph; of long values, the middle is left out.
        feedback: what was said about its outputs.

    Raises:
        MissingExtra: the extra `view` is not installed.

    Example:
        Path("graph.html").write_text(to_html(run.graph, "cite the page you used"))
    """
    return page("graph.html", {"graph": graph}, [graph_data(graph, feedback)])


def changes_to_html(before: Mapping[str, Any], after: Mapping[str, Any]) -> Page:
    """What changed in each value, word by word, as a page.

    Raises:
        MissingExtra: the extra `view` is not installed.

    Example:
        record = optimizer.step()
        changes_to_html(record.before, record.after)
    """
    names = {name: (shown(before.get(name)).text, shown(value).text) for name, value in after.items()}
    changes = [
        {"name": name, "changed": old != new, "pieces": word_diff(old, new)} for name, (old, new) in names.items()
    ]
    return page("changes.html", {"changes": changes})


def page(template: str, context: Mapping[str, Any], graphs: Sequence[Mapping[str, Any]] = ()) -> Page:
    """A page of a template that extends `standalone.html`, in which `trace(i)` shows the graph number i.

    Raises:
        MissingExtra: the extra `view` is not installed.
    """
    try:
        from markupsafe import Markup

        from trace_view.rendering import render
    except ImportError as error:
        raise MissingExtra("a page", "view") from error
    style = _read("app.css") + _read("graph.css")
    scripts = [_read("vendor/cytoscape.min.js"), _graph_script()] if graphs else []
    sources = {"script-src": scripts, "style-src": [style]}
    allowed = [f"{what} {' '.join(map(_hash, texts)) or repr('none')}" for what, texts in sources.items()]
    policy = "; ".join(["default-src 'none'", *allowed, "img-src data:", "base-uri 'none'", "form-action 'none'"])
    parts = {"policy": policy, "style": Markup(style), "scripts": [Markup(script) for script in scripts]}  # noqa: S704 - ours
    data = [Markup(_in_script(json.dumps(graph))) for graph in graphs]  # noqa: S704 - nothing in it can end the script
    return Page(render(template, {**context, **parts, "data": data}))


def _in_script(text: str) -> str:
    """JSON without the letters that could end the element that it stands in, or begin one."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def _read(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


@cache
def _graph_script() -> str:
    """`graph.js` with what it imports as one module: a file cannot import another without a server."""
    texts = [_read(f"graph/{name}.js") for name in _MODULES] + [_read("graph.js")]
    return "\n".join(re.sub(r"^import .*\n|^export ", "", text, flags=re.MULTILINE) for text in texts)
