"""TensorBoard, by tensorboardX (https://tensorboardx.readthedocs.io). Extra `tensorboard`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trace_core.errors import MissingExtra
from trace_core.rendering import fenced
from trace_train.trackers.base import Tracker


class TensorBoard(Tracker):
    """Writes a run to a folder that `tensorboard --logdir FOLDER` shows.

    Args:
        folder: where to; by default a new one under `runs`, named after the time.

    Raises:
        MissingExtra: tensorboardX is not installed.
    """

    def __init__(self, folder: str | None = None) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise MissingExtra("TensorBoard", "tensorboard") from error
        super().__init__()
        self._make: Any = SummaryWriter
        self._folder = folder
        self._writer: Any = None

    def begin(self, settings: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Settings and values as texts of step 0."""
        self._writer = self._make(self._folder)
        self._text("settings", settings, 0)
        self._text("original", values, 0)

    def say(self, step: int, text: str) -> None:
        """The optimizer's reasoning."""
        self._writer.add_text("reasoning", fenced(text), step)

    def measure(self, step: int, numbers: Mapping[str, float]) -> None:
        """Scalars."""
        for name, number in numbers.items():
            self._writer.add_scalar(name, number, step)
        self._writer.flush()

    def end(self, state: str, reason: str, values: Mapping[str, Any]) -> None:
        """The best values and why it ended, as texts."""
        self._writer.add_text("end", fenced(f"{state}: {reason}"))
        self._text("best", values, 0)
        self._writer.close()

    def _text(self, kind: str, values: Mapping[str, Any], step: int) -> None:
        for name, value in values.items():  # pages of Markdown: what a model wrote stands in a fence
            self._writer.add_text(f"{kind}/{name}", fenced(str(value)), step)
