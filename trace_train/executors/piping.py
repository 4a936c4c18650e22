"""Messages on pipes, and the program of a worker process: settings come first, then jobs, each answered by a reply.

Each message is its length and its bytes. What the user's program prints goes to the standard error stream, which is
the driver's; the worker ends with its driver, however that ends.
"""

from __future__ import annotations

import os
import signal
import struct
import sys
import threading
from queue import SimpleQueue
from typing import BinaryIO

from trace_train.executors.worker import evaluate

LENGTH = struct.Struct(">Q")

PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from trace_train.executors.piping import main
main()
"""
"""What a worker process runs, with the driver's import paths as its argument."""


def framed(message: str) -> bytes:
    """A message as it goes through a pipe."""
    data = message.encode()
    return LENGTH.pack(len(data)) + data


def main() -> None:
    """Answer until the driver closes the pipe or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver, which waits for what goes on
    jobs, replies = _taken(0, os.O_RDONLY, "rb"), _taken(1, os.O_WRONLY, "wb")
    os.dup2(2, 1)
    received: SimpleQueue[str | None] = SimpleQueue()
    idle = threading.Event()
    threading.Thread(target=_receive, args=(jobs, received, idle), daemon=True).start()
    settings = received.get()
    while True:
        idle.set()
        job = received.get()
        idle.clear()
        if settings is None or job is None:
            break
        reply = framed(evaluate(settings, job))
        try:
            replies.write(reply)
            replies.flush()
        except BrokenPipeError:  # the driver is gone; closing the pipe would try once more
            sys.stderr.flush()
            os._exit(1)


def _taken(number: int, flags: int, mode: str) -> BinaryIO:
    """A standard stream for our own use; the user's program has nothing there."""
    ours: BinaryIO = os.fdopen(os.dup(number), mode)  # type: ignore[assignment]
    nothing = os.open(os.devnull, flags)
    os.dup2(nothing, number)
    os.close(nothing)
    return ours


def _receive(jobs: BinaryIO, received: SimpleQueue[str | None], idle: threading.Event) -> None:
    while len(length := jobs.read(LENGTH.size)) == LENGTH.size:
        received.put(jobs.read(*LENGTH.unpack(length)).decode())
    received.put(None)
    if not idle.is_set():  # nobody waits for what goes on
        sys.stderr.flush()
        os._exit(1)
