"""Things by name: the user's own as `module:name`, and ours as they are called in `trace_train` and `trace_core`."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trace_core.errors import TraceError
from trace_train.cli.errors import BadPlan, unknown
from trace_train.cli.plan import Part


@contextmanager
def importable(folder: str) -> Iterator[None]:
    """Modules of that folder can be imported within the block."""
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(folder)


@contextmanager
def said_of(key: str) -> Iterator[None]:
    """An error of ours within the block is one of that key of the file."""
    try:
        yield
    except TraceError as error:
        raise BadPlan(f"{key}: {error}") from error


def imported(key: str, path: str) -> Any:
    """What a path such as `module:name` or `package.module:object.attribute` stands for.

    Raises:
        BadPlan: there is no such thing, or its module raised when it was imported.
    """
    module_name, _, name = path.partition(":")
    if not module_name or not name:
        raise BadPlan(f"{key}: {path!r} is no import path; expected module:name, such as support:program")
    try:
        found = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise BadPlan(f"{key}: {module_name} needs {error.name}, which is not installed here") from error
        raise BadPlan(
            f"{key}: there is no module {error.name!r}, neither in {sys.path[0]} nor among what is installed"
        ) from error
    except Exception as error:  # a user's module may raise anything
        raise BadPlan(f"{key}: {module_name} could not be imported: {_last_line(error)}") from error
    for attribute in name.split("."):
        if not hasattr(found, attribute):
            names = [each for each in vars(found) if not each.startswith("_")] if hasattr(found, "__dict__") else []
            raise BadPlan(f"{key}: {unknown(f'in {module_name}, the name', attribute, names)}")
        found = getattr(found, attribute)
    return found


def made(key: str, part: Part, package: str, *arguments: Any) -> Any:
    """What a part of a plan stands for: a class, or whatever options are given for, is called; else it is the thing.

    Raises:
        BadPlan: there is no such thing, or it does not take these options.
    """
    found = named(key, part, package)
    return constructed(key, found, part.options, *arguments) if isinstance(found, type) or part.options else found


def named(key: str, part: Part, package: str) -> Any:
    """What is called so: the user's own, or ours in that package.

    Raises:
        BadPlan: there is no such thing.
    """
    if ":" in part.use:
        return imported(f"{key}.use" if part.options else key, part.use)
    ours = importlib.import_module(package)
    if part.use not in ours.__all__:
        classes = [name for name in ours.__all__ if isinstance(getattr(ours, name), type)]
        raise BadPlan(f"{key}: {unknown('the name', part.use, classes)}; your own is given as module:name")
    return getattr(ours, part.use)


def constructed(key: str, maker: Callable[..., Any], options: Mapping[str, Any], *arguments: Any) -> Any:
    """What it makes of the options, of which `llm` may be one's own model, as `module:name`.

    Raises:
        BadPlan: an option is not known, or missing, or has a value that does not do.
    """
    name = getattr(maker, "__name__", type(maker).__name__)
    taken = [*taken_by(maker).values()]
    by_name = [each.name for each in taken if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)]
    free = by_name[len(arguments) :] if arguments else by_name
    if taken and all(each.kind is not each.VAR_KEYWORD for each in taken):
        for option in options:
            if option not in free:
                raise BadPlan(f"{key}: {unknown(f'of {name}, the option', option, free)}")
    missing = [each.name for each in taken if each.name in free and each.default is each.empty]
    if missing := [each for each in missing if each not in options]:
        raise BadPlan(f"{key}: {name} needs {', '.join(missing)}: {key} = {{ use = {name!r}, {missing[0]} = … }}")
    if _is_own(options.get("llm")):
        options = {**options, "llm": _model(f"{key}.llm", options["llm"])}
    try:
        return maker(*arguments, **options)
    except (TypeError, ValueError) as error:
        raise BadPlan(f"{key}: {name}: {error}") from error
    except TraceError:
        raise
    except Exception as error:  # a user's class or function may raise anything
        raise BadPlan(f"{key}: {name} failed: {_last_line(error)}") from error


def _is_own(llm: Any) -> bool:
    """Whether that is an import path, and none of the names that `default_llm` takes."""
    return isinstance(llm, str) and ":" in llm and not (llm.startswith("openai:") or llm.lower().endswith(".gguf"))


def _model(key: str, path: str) -> Any:
    model = imported(key, path)
    if isinstance(model, type) or not callable(getattr(model, "acomplete", None)):
        raise BadPlan(f"{key}: {path} is no model: expected an object with complete() and acomplete()")
    return model


def taken_by(maker: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """The arguments that it takes, as far as that can be said."""
    try:
        return inspect.signature(maker).parameters
    except (TypeError, ValueError):
        return {}


def _last_line(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "importlib" not in frame.filename]
    where = f" ({Path(own[-1].filename).name}:{own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {error}{where}"
