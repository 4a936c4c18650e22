"""Looking at runs: a local web page, files that hold a page, and traces for other viewers.

Nothing here is loaded before it is used. The page needs the extra `view`, spans of OpenTelemetry the extra `otlp`.
"""

from trace_view.standalone import Page, changes_to_html, to_html

__all__ = ["Page", "changes_to_html", "to_html"]
