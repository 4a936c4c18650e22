"""Classes with parameters: `Module`, and `@model` for a class that cannot inherit from it.

In PyTorch's manner: whatever parameters, bundles and modules the attributes hold, also in lists and dicts, belong to
the module (https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar

from trace_core.bundles import BoundBundle, Bundle
from trace_core.parameter_nodes import ParameterNode
from trace_core.parameters import ParameterSet

if TYPE_CHECKING:
    from trace_core.parameters import OnDrift

C = TypeVar("C", bound=type)


class Module:
    """A base for classes with parameters; the call is `forward`.

    Example:
        class Router(Module):
            def __init__(self):
                self.rules = node("Billing: anything about money.", trainable=True)

            @bundle(trainable=True)
            def clean(self, ticket):
                return ticket.strip()

            def forward(self, ticket):
                return ask(self.rules, self.clean(ticket))

        Router().parameters()       # rules, clean.code
    """

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What calling the module does; a subclass defines it."""
        raise TypeError(f"{type(self).__name__} has no forward; define it, or call its methods")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call `forward`."""
        return self.forward(*args, **kwargs)

    def parameters(self) -> ParameterSet:
        """All parameters by attribute path; one that was listed before, here or in a larger module, keeps its path."""
        return parameters_of(self)

    def save(self, path: str | PathLike[str]) -> None:
        """Save the parameters' values (`ParameterSet.save`)."""
        self.parameters().save(path)

    def load(self, path: str | PathLike[str], on_drift: OnDrift = "raise") -> None:
        """Load the parameters' values (`ParameterSet.load`)."""
        self.parameters().load(path, on_drift)


def model(cls: C) -> C:
    """A class decorator that gives a class what `Module` has, its own methods coming first.

    Example:
        @model
        class Agent(ExistingBase):
            ...
    """
    return type(cls.__name__, (cls, Module), {"__module__": cls.__module__, "__doc__": cls.__doc__})  # type: ignore[return-value]


def parameters_of(owner: Any) -> ParameterSet:
    """All parameters that an object holds, by attribute path: its own, its bundles', its modules', in order."""
    found: dict[int, ParameterNode] = {}
    for path, parameter in _held(owner, "", set()):
        if parameter.id not in found:
            found[parameter.id] = parameter
            if not (parameter.is_named or parameter.has_path):
                parameter.name, parameter.has_path = path, True
    return ParameterSet(found.values())


def _held(value: Any, path: str, seen: set[int]) -> Iterator[tuple[str, ParameterNode]]:
    if isinstance(value, ParameterNode):
        yield path, value
    elif isinstance(value, Bundle | BoundBundle):
        if value.code is not None:
            yield f"{path}.code", value.code
    elif id(value) in seen:
        return
    elif isinstance(value, list | tuple | dict):
        seen.add(id(value))
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _held(item, f"{path}.{key}" if path else str(key), seen)
    elif isinstance(value, Module) or not path:
        seen.add(id(value))
        prefix = f"{path}." if path else ""
        for name, item in list(vars(value).items()):
            if not name.endswith(".code"):  # an instance's own code: its bundle gives it
                yield from _held(item, prefix + name, seen)
        for name in _bundles(type(value)):
            yield from _held(getattr(value, name), prefix + name, seen)


def _bundles(cls: type) -> Iterator[str]:
    for name in dict.fromkeys(name for base in reversed(cls.__mro__) for name in vars(base)):
        item = next(vars(base)[name] for base in cls.__mro__ if name in vars(base))
        item = item.__func__ if isinstance(item, staticmethod | classmethod) else item
        if isinstance(item, Bundle):
            yield name
