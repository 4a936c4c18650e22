"""Worker processes as the driver sees them: started when needed, asked over pipes, replaced when they are lost."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress

from trace_train.errors import WorkerLost
from trace_train.executors.piping import LENGTH, PROGRAM, framed

_SECONDS = 2
"""How long a process is given to end, and how often is looked whether one has."""


class Pool:
    """Processes, of which each answers one job at a time."""

    def __init__(self, settings: str, size: int) -> None:
        self._settings = settings
        self._places = asyncio.Semaphore(size)
        self._all: list[_Process] = []
        self._free: list[_Process] = []

    async def ask(self, job: str) -> str:
        """A process's reply, when one is free."""
        async with self._places:
            process = self._free.pop() if self._free else await self._started()
            try:
                reply = await process.ask(job)
            except BaseException:  # it is lost, or nobody waits for what it does
                process.kill()
                raise
            self._free.append(process)
            return reply

    async def _started(self) -> _Process:
        arguments = [sys.executable, "-c", PROGRAM, json.dumps(sys.path)]
        process = await asyncio.create_subprocess_exec(
            *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True
        )
        self._all.append(_Process(process))
        self._all[-1].send(self._settings)
        return self._all[-1]

    async def close(self) -> None:
        """End them all."""
        await asyncio.gather(*(process.end() for process in self._all))


class _Process:
    """One worker process, from the driver's side."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a process was started without pipes")
        self._process, self._jobs, self._replies = process, process.stdin, process.stdout

    def send(self, message: str) -> None:
        """Hand it a message."""
        self._jobs.write(framed(message))

    async def ask(self, job: str) -> str:
        """The reply to a job.

        Raises:
            WorkerLost: the process ended.
        """
        replying = asyncio.create_task(self._reply(job))
        try:  # a process that it forked may hold its pipe open, so the end of that is not waited for
            while not replying.done() and self._process.returncode is None:
                await asyncio.wait({replying}, timeout=_SECONDS)
            if replying.done():
                return await replying
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            replying.cancel()
        code = await self._ended()
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        raise WorkerLost(f"the worker process {self._process.pid} {how} during an evaluation")

    async def _reply(self, job: str) -> str:
        self.send(job)
        await self._jobs.drain()
        (length,) = LENGTH.unpack(await self._replies.readexactly(LENGTH.size))
        return (await self._replies.readexactly(length)).decode()

    def kill(self) -> None:
        """End it at once, with what it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL) if hasattr(os, "killpg") else self._process.kill()

    async def _ended(self) -> int:
        self.kill()
        while (code := self._process.returncode) is None:
            await asyncio.sleep(0.01)
        return code

    async def end(self) -> None:
        """Let it end; what goes on in it ends too."""
        self._jobs.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _SECONDS)
        await self._ended()
