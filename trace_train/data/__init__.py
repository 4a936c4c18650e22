"""Examples: where they are read from, and how they are split."""

from trace_train.data.examples import Example, Examples
from trace_train.data.reading import read_data
from trace_train.data.splitting import split

__all__ = ["Example", "Examples", "read_data", "split"]
