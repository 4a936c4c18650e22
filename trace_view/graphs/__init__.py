"""A trace graph as what a page draws: where nodes stand, which scopes can be folded, what a node shows."""

from trace_view.graphs.data import graph_data, value_text

__all__ = ["graph_data", "value_text"]
