"""Which process goes on with a training, so that no two of this machine pay for the same one.

A process is known by its id and by when it began, since ids come again. Which processes there are can be seen within
one machine's process namespace (pid_namespaces(7)), so a holder elsewhere, in another container too, counts as gone.
"""

from __future__ import annotations

import os
import platform
import subprocess
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, select, update

from trace_train.store.columns import now
from trace_train.store.errors import StoreBusy
from trace_train.store.schema import trainings

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Holder:
    """A process.

    Args:
        host: the name of its machine, for people.
        process: its id there.
        began: when it began, as its system says it.
        among: the processes among which it is seen: those since one start of a machine, in one container or outside.
    """

    host: str
    process: int
    began: str | None
    among: str

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}"

    @property
    def lives(self) -> bool:
        """Whether it is seen to run."""
        return self.among == _among() and self.began is not None and self.began == _began(self.process)


def this_process() -> Holder:
    """The one that asks."""
    return _holder(os.getpid())


@lru_cache(1)
def _holder(process: int) -> Holder:
    return Holder(platform.node(), process, _began(process), _among())


def claim(connection: Connection, id: str, store: str) -> None:
    """Let this process go on with a training.

    Raises:
        StoreBusy: another one does.
    """
    of_it = trainings.c.id == id
    found = connection.execute(select(trainings.c.state, trainings.c.holder).where(of_it).with_for_update()).one()
    holder, me = None if found.holder is None else Holder(**found.holder), this_process()
    if found.state == "running" and holder not in (None, me) and holder.lives:
        raise StoreBusy(store, f"training {id} goes on in {holder}. Wait until it ends, or stop it: it can be resumed.")
    ended = dict.fromkeys(("ended", "ended_by", "reason", "test"))
    held = {"state": "running", "holder": asdict(me), "updated": now()}
    connection.execute(update(trainings).where(of_it).values(**ended, **held))


def _began(process: int) -> str | None:
    """When it began; None where it does not run, or that cannot be seen."""
    with suppress(OSError, ValueError, IndexError):
        # After its name in parentheses, which may hold any, its state is the first, its beginning the 20th (proc(5)).
        state, *fields = (_PROC / str(process) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        return None if state in "ZX" else fields[18]
    if (_PROC / "self").exists():
        return None
    with suppress(OSError, ValueError):
        command = ["ps", "-o", "stat=", "-o", "lstart=", "-p", str(process)]  # macOS and BSD have no /proc
        plain = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
        said = subprocess.run(command, env=plain, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
        state, _, began = said.stdout.strip().partition(" ")
        return None if state.startswith("Z") else began.strip() or None
    return None


def _among() -> str:
    with suppress(OSError):
        return f"{(_PROC / 'sys/kernel/random/boot_id').read_text().strip()} {(_PROC / 'self/ns/pid').readlink()}"
    return platform.node()
