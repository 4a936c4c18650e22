"""Where a training's course is shown: TensorBoard, MLflow, Weights & Biases; each needs the extra of its name.

trace-suite train train.toml 'trackers=["TensorBoard"]', or Trainer(…, observers=[TensorBoard("runs")])
"""

from trace_train.trackers.base import Tracker
from trace_train.trackers.mlflow import MLflow
from trace_train.trackers.tensorboard import TensorBoard
from trace_train.trackers.wandb import Wandb

__all__ = ["MLflow", "TensorBoard", "Tracker", "Wandb"]
