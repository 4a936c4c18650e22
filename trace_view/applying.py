"""Going back to a candidate from a page: `trace-suite apply`, in a process of its own.

It imports the user's program as it is now, which the process that shows the pages must not do; and
nothing (`-P`) of the folder that this one was started in.
"""

from __future__ import annotations

import subprocess
import sys

from trace_train.store import Training
from trace_view.errors import NotApplied


def apply(place: str, training: Training, candidate: str) -> str:
    """Write a candidate's values to the file that the program loads; what the command said.

    Args:
        place: the store's path or URL.
        training: the training.
        candidate: the id of one of its candidates.

    Raises:
        NotApplied: the command refused.
    """
    command = ["apply", f"--candidate={candidate}", f"--store={place}", "--", training.id]
    done = subprocess.run(  # noqa: S603 - no shell, and no value can be taken for an option
        [sys.executable, "-P", "-m", "trace_train.cli", *command], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotApplied(done.stderr.strip() or f"trace-suite apply ended with code {done.returncode}")
    return done.stderr.strip()
