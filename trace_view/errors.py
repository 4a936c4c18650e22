"""What a reader of the pages can ask for in vain."""

from __future__ import annotations

from trace_core.errors import TraceError


class NotThere(TraceError, LookupError):
    """A run has no such step, evaluation, parameter or candidate."""


class NotApplied(TraceError):
    """`trace-suite apply` refused; the message is what it said."""


class NotSent(TraceError):
    """A collector of OpenTelemetry did not take the spans."""
