"""Code that an LLM may rewrite: found in the user's source, checked, and run in a sandbox."""

from trace_core.code.sandbox import Limits
from trace_core.code.trainable import TrainableCode

__all__ = ["Limits", "TrainableCode"]
