"""Weights & Biases (https://docs.wandb.ai/ref/python/); offline unless it is told otherwise. Extra `wandb`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from trace_core.errors import MissingExtra
from trace_train.trackers.base import Tracker


class Wandb(Tracker):
    """Writes a training as a run of Weights & Biases; `wandb sync FOLDER` sends it there later.

    Args:
        project: its name there.
        folder: where its files go; by default the current folder.
        mode: "offline" sends nothing; "online" does while the run goes on.

    Raises:
        MissingExtra: wandb is not installed.
    """

    def __init__(
        self, project: str = "trace-suite", folder: str | None = None, mode: Literal["offline", "online"] = "offline"
    ) -> None:
        try:
            import wandb
        except ImportError as error:
            raise MissingExtra("Weights & Biases", "wandb") from error
        super().__init__()
        self._init = wandb.init
        self._options: dict[str, Any] = {"project": project, "dir": folder, "mode": mode}
        self._run: Any = None

    def begin(self, settings: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Settings and values as the run's configuration."""
        self._run = self._init(config={**settings, "original": dict(values)}, **self._options)

    def say(self, step: int, text: str) -> None:
        """The optimizer's reasoning, with the numbers of its step."""
        self._run.log({"reasoning": text}, step=step, commit=False)

    def measure(self, step: int, numbers: Mapping[str, float]) -> None:
        """Metrics."""
        self._run.log(dict(numbers), step=step)

    def end(self, state: str, reason: str, values: Mapping[str, Any]) -> None:
        """The best values and why it ended, as the run's summary."""
        self._run.summary.update({"state": state, "reason": reason, "best": dict(values)})
        self._run.finish(exit_code=int(state == "failed"))
