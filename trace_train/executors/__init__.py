"""Where evaluations run: in this process, in processes of their own, or on a Ray cluster."""

from trace_train.executors.base import Executor, InProcess, Run
from trace_train.executors.factories import Task
from trace_train.executors.on_ray import RayExecutor
from trace_train.executors.processes import ProcessExecutor

__all__ = ["Executor", "InProcess", "ProcessExecutor", "RayExecutor", "Run", "Task"]
