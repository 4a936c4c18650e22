"""The core of trace-suite: graphs of what ran, feedback that travels backward, and optimizers that learn from both.

    from trace_core import OptoPrime, bundle, node

The optimizers and chat models are loaded when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trace_core.bindings import AttributeBinding, Binding, bind
from trace_core.bundles import Bundle, bundle
from trace_core.context import no_trace
from trace_core.errors import ExecutionError, TraceError
from trace_core.modules import Module, model
from trace_core.nodes import ExceptionNode, MessageNode, Node
from trace_core.parameter_nodes import ParameterNode, node, template
from trace_core.parameters import ParameterSet
from trace_core.propagators import Batch, Feedback, GraphPropagator, SumPropagator
from trace_core.trace_graph import TraceGraph
from trace_core.validators import MaxLength, NotEmpty, Placeholders

if TYPE_CHECKING:
    from trace_core.llm import OpenAIChat, ReplayChat
    from trace_core.optimizers import OPRO, OptoPrime, TextGrad

_LOADED_WHEN_USED = {
    "OPRO": "trace_core.optimizers",
    "OpenAIChat": "trace_core.llm",
    "OptoPrime": "trace_core.optimizers",
    "ReplayChat": "trace_core.llm",
    "TextGrad": "trace_core.optimizers",
}

__all__ = [
    "OPRO",
    "AttributeBinding",
    "Batch",
    "Binding",
    "Bundle",
    "ExceptionNode",
    "ExecutionError",
    "Feedback",
    "GraphPropagator",
    "MaxLength",
    "MessageNode",
    "Module",
    "Node",
    "NotEmpty",
    "OpenAIChat",
    "OptoPrime",
    "ParameterNode",
    "ParameterSet",
    "Placeholders",
    "ReplayChat",
    "SumPropagator",
    "TextGrad",
    "TraceError",
    "TraceGraph",
    "bind",
    "bundle",
    "model",
    "no_trace",
    "node",
    "template",
]


def __getattr__(name: str) -> Any:
    if name in _LOADED_WHEN_USED:
        return getattr(import_module(_LOADED_WHEN_USED[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
