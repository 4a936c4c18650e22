"""What a training is made of: a TOML file (https://toml.io), and `KEY=VALUE` arguments that count before it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from trace_train.cli.errors import BadPlan, unknown


class Keys(BaseModel):
    """A table of the file, with no other keys than its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(BaseModel):
    """Something of ours by its name, or of the user's as `module:name`, and what it is made with."""

    model_config = ConfigDict(extra="allow", frozen=True)
    use: str

    @property
    def options(self) -> dict[str, Any]:
        """What it is made with."""
        return dict(self.model_extra or {})


def _as_table(given: Any) -> Any:
    return {"use": given} if isinstance(given, str) else given


Used = Annotated[Part, BeforeValidator(_as_table)]


class DataKeys(Keys):
    """One file that is split, or a file for each part."""

    file: str | None = None
    split: list[float] | None = None
    train: str | None = None
    validation: str | None = None
    test: str | None = None

    @model_validator(mode="after")
    def _is_one_way(self) -> DataKeys:
        parts = [name for name in ("train", "validation", "test") if getattr(self, name) is not None]
        if (self.file is None) == (self.train is None) or (self.file is not None and parts):
            raise ValueError("expected either file (and split), or train (and validation, test)")
        if self.split is not None and (self.file is None or not 1 <= len(self.split) <= 3):
            raise ValueError("split goes with file: the sizes of train, validation and test")
        return self


class StrategyKeys(Keys):
    """The decisions of the search; `trace_train.strategies` has those of each kind."""

    batching: Used | None = None
    choosing: Used | None = None
    accepting: Used | None = None
    merging: Used | None = None
    stopping: list[Used] | None = None


class TaskKeys(Keys):
    """What is needed to make an evaluation, here or in a worker."""

    program: Used
    parameters: str | None = None
    guide: Used
    inputs: str | int | None = None
    folder: str = "."


class Plan(TaskKeys):
    """All that `train` takes."""

    optimizer: Used = Part(use="OptoPrime")
    data: DataKeys
    batch_size: int = Field(4, ge=1)
    parallel: int = Field(8, ge=1)
    repeats: int = Field(1, ge=1)
    failing: float = 0.0
    seed: int = 0
    budget: dict[str, Any] | None = None
    strategies: StrategyKeys = StrategyKeys()
    executor: Used | None = None
    trackers: list[Used] = []
    store: str = "trace-suite.db"
    out: str = "learned.json"

    def path(self, name: str) -> Path:
        """A path of the file, from its folder on."""
        return Path(self.folder) / name

    @property
    def place(self) -> str:
        """Where the store is."""
        return self.store if "://" in self.store else str(self.path(self.store))


FREE = frozenset({"budget", "parallel", "executor", "trackers", "store", "out", "folder"})
"""Keys that change nothing of what a training comes to: they may differ when it is resumed."""


def read_plan(file: Path | None, settings: Sequence[str], known: Mapping[str, Any] | None = None) -> Plan:
    """The plan of a file, or of what is known of a training, with `KEY=VALUE` settings over it.

    Raises:
        BadPlan: it cannot be read, a key is not known or missing, or a value does not fit.
    """
    data: dict[str, Any] = dict(known or {})
    where = "the arguments" if known is None else "the training"
    if file is not None:
        data, where = _read(file), str(file)
        data["folder"] = str(file.parent / data.get("folder", "."))
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise BadPlan(
                f"{setting!r}: expected a file that is there, or KEY=VALUE, such as seed=1 or data.file=a.jsonl"
            )
        _put(data, key.split("."), _value(value), setting)
    try:
        plan = Plan.model_validate(data)
    except ValidationError as error:
        raise BadPlan(f"{where}: {'; '.join(_explained(each) for each in error.errors())}") from error
    return plan.model_copy(update={"folder": str(Path(plan.folder).resolve())})


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadPlan(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise BadPlan(f"{file} is no TOML file: {error}") from error


def _value(text: str) -> Any:
    """A value as TOML writes it; what is none is a text."""
    try:
        read = tomllib.loads(f"value = {text}")
    except ValueError:
        return text
    return read["value"] if len(read) == 1 else text


def _put(data: dict[str, Any], keys: Sequence[str], value: Any, setting: str) -> None:
    """Set a value in nested tables, none of which is changed in place; a name is the table that uses it."""
    if len(keys) == 1:
        data[keys[0]] = value
        return
    inner = _as_table(data.get(keys[0]) or {})
    if not isinstance(inner, Mapping):
        raise BadPlan(f"{setting!r}: {keys[0]} is no table that could hold {keys[1]}")
    data[keys[0]] = inner = dict(inner)
    _put(inner, keys[1:], value, setting)


def _explained(error: Any) -> str:
    location = [str(each) for each in error["loc"]]
    key = ".".join(location)
    match error["type"]:
        case "extra_forbidden":
            return unknown("the key", key, _known(location[:-1]))
        case "missing":
            return f"{key} is missing"
        case "value_error":
            return f"{key}: {error['ctx']['error']}"
        case _:
            return f"{key}: {error['msg']}, not {error['input']!r}"


def _known(location: Sequence[str]) -> list[str]:
    """The keys of a table, each with its whole path."""
    tables: dict[str, type[Keys]] = {"": Plan, "data": DataKeys, "strategies": StrategyKeys}
    path = ".".join(location)
    return [f"{path}.{name}" if path else name for name in tables[path].model_fields]
