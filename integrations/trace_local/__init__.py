"""An LLM in this process: any GGUF file, run by llama.cpp (https://github.com/xorbitsai/xllamacpp).

python -m trace_local fetch      brings the default model, 1.1 GB, into the user's cache folder
LocalChat()                      asks it
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trace_local.chat import LocalChat
    from trace_local.fetching import FetchError, fetch
    from trace_local.model_file import MODEL, ModelFile, model_path

_LOADED_WHEN_USED = {
    "FetchError": "fetching",
    "LocalChat": "chat",
    "MODEL": "model_file",
    "ModelFile": "model_file",
    "fetch": "fetching",
    "model_path": "model_file",
}

__all__ = ["MODEL", "FetchError", "LocalChat", "ModelFile", "fetch", "model_path"]


def __getattr__(name: str) -> Any:
    if name in _LOADED_WHEN_USED:
        return getattr(import_module(f"trace_local.{_LOADED_WHEN_USED[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
