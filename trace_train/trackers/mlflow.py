"""MLflow, by its client (https://mlflow.org/docs/latest/python_api/mlflow.client.html). Extra `mlflow`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trace_core.errors import MissingExtra
from trace_train.trackers.base import Tracker

_STATUS = {"finished": "FINISHED", "stopped": "FINISHED"}


class MLflow(Tracker):
    """Writes a training as a run of an MLflow experiment; MLflow's own active run is left alone.

    Args:
        experiment: its name; it is made where there is none.
        tracking_uri: where to; by default what MLflow is set to (`MLFLOW_TRACKING_URI`).
        run_name: by default one that MLflow makes.

    Raises:
        MissingExtra: MLflow is not installed.
    """

    def __init__(
        self, experiment: str = "trace-suite", tracking_uri: str | None = None, run_name: str | None = None
    ) -> None:
        try:
            from mlflow import MlflowClient
        except ImportError as error:
            raise MissingExtra("MLflow", "mlflow") from error
        super().__init__()
        self._client: Any = MlflowClient(tracking_uri=tracking_uri)
        self._experiment = experiment
        self._name = run_name
        self._run: str | None = None

    def begin(self, settings: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Settings as parameters of the run, values as a file."""
        client = self._client
        found = client.get_experiment_by_name(self._experiment)
        experiment = client.create_experiment(self._experiment) if found is None else found.experiment_id
        self._run = client.create_run(experiment, run_name=self._name).info.run_id
        for name, value in settings.items():
            client.log_param(self._run, name, value)
        client.log_dict(self._run, dict(values), "original.json")

    def say(self, step: int, text: str) -> None:
        """The optimizer's reasoning, as a file."""
        self._client.log_text(self._run, text, f"reasoning/{step}.txt")

    def measure(self, step: int, numbers: Mapping[str, float]) -> None:
        """Metrics."""
        for name, number in numbers.items():
            self._client.log_metric(self._run, name, number, step=step)

    def end(self, state: str, reason: str, values: Mapping[str, Any]) -> None:
        """The best values as a file, and how it ended."""
        self._client.log_dict(self._run, dict(values), "best.json")
        self._client.set_tag(self._run, "reason", reason[:500])
        self._client.set_terminated(self._run, _STATUS.get(state, "FAILED"))
