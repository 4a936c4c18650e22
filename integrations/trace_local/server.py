"""llama.cpp's server in this process: one for each model file, started when first asked, gone with the process.

Facts about xllamacpp (2026.10) that shape this module. Measured: destroying a server can deadlock, and a process that
destroyed one at exit was aborted once (the cause was not found), so none is ever destroyed and its memory goes back
when the process ends; it always listens somewhere, so it is given a Unix socket that is removed at once (where that
cannot be: a loopback port with a random key); `verbosity` 0 keeps what llama.cpp prints off the screen; its threads
wait for each other by spinning, which beside any other work on the same processors makes it several times slower, so
they are told to sleep instead.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import secrets
import shutil
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trace_core.errors import LLMError, MissingExtra

_MAGIC = b"GGUF"
_PROMPT_CACHE_MEGABYTES = 1024
_LONGEST_SOCKET_NAME = 100
_WAIT_POLICY = "OMP_WAIT_POLICY"
_LOCK = threading.Lock()
_SERVERS: dict[Path, LocalServer] = {}


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How a server is started: the context in tokens (prompt and answer together) and the threads to compute with."""

    context: int
    threads: int


class LocalServer:
    """A loaded model. `chat` may be called from any thread; requests are answered one after another."""

    def __init__(self, path: Path, settings: ServerSettings) -> None:
        self.path = path
        self.settings = settings
        self._native: Any = _start(path, settings)
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._native))  # one reference too many: never destroyed

    def chat(self, request: dict[str, Any]) -> dict[str, Any]:
        """llama.cpp's answer to an OpenAI chat request, as it is: an error has the key "error".

        Raises `RuntimeError` or `ValueError` where the request cannot be read.
        """
        answer: dict[str, Any] = self._native.handle_chat_completions(request)
        return answer


def shared_server(path: Path, settings: ServerSettings) -> LocalServer:
    """The one server of this process for the model file at `path`, loading it if it is the first time.

    Raises `LLMError` where the file is no GGUF model or was already loaded with other settings.
    """
    resolved = path.resolve()
    with _LOCK:
        server = _SERVERS.get(resolved)
        if server is None:
            server = _SERVERS[resolved] = LocalServer(resolved, settings)
    if server.settings != settings:
        raise LLMError(f"{path.name} is already loaded with {server.settings}; one process loads a file once")
    return server


def _start(path: Path, settings: ServerSettings) -> Any:
    xllamacpp = _import_with_sleeping_threads()
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise LLMError(f"{path} is not a GGUF model file")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx = settings.context
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = settings.threads
    parameters.n_parallel = 1  # one after another: batching requests together would change greedy answers
    parameters.cache_ram_mib = _PROMPT_CACHE_MEGABYTES  # prompts that were pushed out come back from here
    parameters.verbosity = 0
    parameters.ui = parameters.endpoint_slots = False
    parameters.api_keys = [secrets.token_urlsafe()]
    folder = tempfile.mkdtemp(prefix="trace-llama-")
    try:
        socket = f"{folder}/server.sock"
        if os.name == "posix" and len(socket) < _LONGEST_SOCKET_NAME:
            parameters.hostnames = [socket]
        return xllamacpp.Server(parameters)
    except RuntimeError as error:
        raise LLMError(f"llama.cpp cannot load {path}: {error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _import_with_sleeping_threads() -> Any:
    """The library, with OpenMP's waiting threads asleep unless the environment says otherwise.

    OpenMP reads `OMP_WAIT_POLICY` (https://gcc.gnu.org/onlinedocs/libgomp/OMP_005fWAIT_005fPOLICY.html) once, when it
    is loaded with the library; so the variable is set only for that moment.
    """
    chosen = _WAIT_POLICY in os.environ or "GOMP_SPINCOUNT" in os.environ
    try:
        if not chosen:
            os.environ[_WAIT_POLICY] = "passive"
        return importlib.import_module("xllamacpp")
    except ImportError as error:
        raise MissingExtra("the local model", "local") from error
    finally:
        if not chosen:
            del os.environ[_WAIT_POLICY]
