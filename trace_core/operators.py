"""What Python's operators and methods do between nodes: each gives a new node that remembers its operands.

A mixin of `Node`; what an operation builds is decided in `nodes.py` (`_apply`). `==`, `!=`, `bool()`, `len()`, `in`,
`int()` and the like are plain: Python needs a bool or an int there, so they give the value and record nothing.
The data model is https://docs.python.org/3/reference/datamodel.html.
"""

from __future__ import annotations

import keyword
import math
import operator
import re
import string
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, cast

from trace_core.errors import ImmutableNode
from trace_core.rendering import identifier, is_plain, literal

if TYPE_CHECKING:
    from trace_core.nodes import MessageNode

    _Binary = Callable[[Any, Any], MessageNode]


class Argument(NamedTuple):
    """One input of an operation: its name, why it is one, and whether data or only control came through it."""

    name: str
    why: str = "argument"
    kind: str = "data"


class Operation:
    """What an operation node did; shared by all nodes that did the same.

    `template` renders it as Python, `{0}` standing for the first input (`"{0} + {1}"`, `"route(ticket={0})"`); inputs
    that it does not name were read implicitly. `function` computes it from plain values, where that can be done.
    """

    __slots__ = ("arguments", "description", "function", "name", "template")

    def __init__(
        self,
        name: str,
        arguments: tuple[Argument, ...],
        template: str,
        description: str | None = None,
        function: Callable[..., Any] | None = None,
    ) -> None:
        self.name = name
        self.arguments = arguments
        self.template = template
        self.description = description
        self.function = function


def call_template(start: str, positional: int, keywords: tuple[str, ...], first: int = 0) -> str:
    """`start(...)` with that many positional and these keyword inputs, numbered from `first`."""
    parts = [f"{{{first + i}}}" for i in range(positional)]
    for i, key in enumerate(keywords, first + positional):
        is_name = key.isidentifier() and not keyword.iskeyword(key)
        parts.append(f"{key}={{{i}}}" if is_name else f"**{{{{{literal_text(key)}: {{{i}}}}}}}")
    return f"{start}({', '.join(parts)})"


def literal_text(value: Any) -> str:
    """A value as a literal in a template, its braces doubled."""
    return literal([value])[1:-1].replace("{", "{{").replace("}", "}}")


def numbered(*names: str) -> tuple[Argument, ...]:
    """Plain arguments of these names."""
    return tuple(Argument(name) for name in names)


@lru_cache(maxsize=1024)
def method_operation(name: str, positional: int, keywords: tuple[str, ...]) -> Operation:
    """The operation `self.name(...)` for a call of this shape."""

    def function(receiver: Any, *values: Any) -> Any:
        return getattr(receiver, name)(*values[:positional], **dict(zip(keywords, values[positional:], strict=True)))

    arguments = numbered("self", *(f"args_{i}" for i in range(positional)), *keywords)
    start = f"{{0}}.{name}" if name.isidentifier() else f"getattr({{0}}, {literal_text(name)})"
    return Operation(identifier(name), arguments, call_template(start, positional, keywords, 1), function=function)


@lru_cache(maxsize=256)
def learned_format_operation(positional: int, keywords: tuple[str, ...]) -> Operation:
    """`self.format(...)` where the text was learned: it may name the values, and not reach into them (`{user.key}`)."""
    plain = method_operation("format", positional, keywords)

    def function(text: Any, *values: Any) -> Any:
        if not isinstance(text, str):
            return plain.function(text, *values)  # type: ignore[misc]
        return _NamesOnly().vformat(text, values[:positional], dict(zip(keywords, values[positional:], strict=True)))

    return Operation(plain.name, plain.arguments, plain.template, function=function)


class _NamesOnly(string.Formatter):
    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        if "." in field_name or "[" in field_name:
            raise ValueError(f"a learned text may name values, but not reach into them: {{{field_name}}}")
        return super().get_field(field_name, args, kwargs)

    def convert_field(self, value: Any, conversion: Any) -> Any:
        _check_learned("", conversion, value)
        return super().convert_field(value, conversion)

    def format_field(self, value: Any, format_spec: str) -> Any:
        _check_learned(format_spec, None, value)
        return super().format_field(value, format_spec)


def _check_learned(width: str, conversion: str | None, value: Any) -> None:
    if re.search(r"\d{6}", width):
        raise ValueError(f"a learned text may not ask for {width!r}: that is too many characters")
    if conversion in ("r", "a") and not is_plain(value):
        raise ValueError("a learned text may not print the inside of an object; leave out !r, or write %s for %r")


def _learned_mod(x: Any, y: Any) -> Any:
    if isinstance(x, str):
        for width, conversion in _PERCENT.findall(x):
            _check_learned(width, conversion, y)
    return x % y


_PERCENT = re.compile(r"%(?:\([^)]*\))?[-+ #]*([\d.*]*)[hlL]?(.)")
_LEARNED_MOD = Operation("mod", numbered("x", "y"), "{0} % {1}", function=_learned_mod)


@lru_cache(maxsize=1024)
def call_operation(positional: int, keywords: tuple[str, ...]) -> Operation:
    """The operation of calling a node whose value is a function."""

    def function(called: Any, *values: Any) -> Any:
        return called(*values[:positional], **dict(zip(keywords, values[positional:], strict=True)))

    arguments = numbered("function", *(f"args_{i}" for i in range(positional)), *keywords)
    return Operation("call", arguments, call_template("{0}", positional, keywords, 1), function=function)


@lru_cache(maxsize=256)
def attribute_operation(name: str) -> Operation:
    """The operation `self.name`."""
    template = f"{{0}}.{name}" if name.isidentifier() else f"getattr({{0}}, {literal_text(name)})"
    return Operation("attribute", numbered("self"), template, function=lambda x: getattr(x, name))


@lru_cache(maxsize=8)
def slice_operation(start: bool, stop: bool, step: bool) -> Operation:
    """The operation `x[start:stop:step]` with the given bounds present."""
    present = [name for name, there in (("start", start), ("stop", stop), ("step", step)) if there]
    places = {name: f"{{{i}}}" for i, name in enumerate(present, 1)}
    colon = f":{places['step']}" if step else ""
    template = f"{{0}}[{places.get('start', '')}:{places.get('stop', '')}{colon}]"

    def function(x: Any, *bounds: Any) -> Any:
        given = dict(zip(present, bounds, strict=True))
        return x[slice(given.get("start"), given.get("stop"), given.get("step"))]

    return Operation("getitem", numbered("x", *present), template, function=function)


class TwoOperands(NamedTuple):
    """A binary operator, or its reflected form; `nodes.py` makes the method of it."""

    operation: Operation
    reflected: bool


def _both(name: str, symbol: str, function: Callable[[Any, Any], Any]) -> tuple[_Binary, _Binary]:
    operation = Operation(name, numbered("x", "y"), f"{{0}} {symbol} {{1}}", function=function)
    return cast("_Binary", TwoOperands(operation, False)), cast("_Binary", TwoOperands(operation, True))


def _binary(name: str, symbol: str, function: Callable[[Any, Any], Any]) -> _Binary:
    return _both(name, symbol, function)[0]


def _function(name: str, template: str, function: Callable[..., Any]) -> Callable[..., MessageNode]:
    count = template.count("{")
    operation = Operation(name, numbered(*"xyz"[:count]), template, function=function)

    def method(self: Any, *others: Any) -> MessageNode:
        return self._apply(operation, (self, *others))  # type: ignore[no-any-return]

    return method


class _Method:
    """Becomes the method of each name that it is given in the class: `self.name(...)` as an operation."""

    def __set_name__(self, owner: type, name: str) -> None:
        def method(self: Operators, /, *args: Any, **kwargs: Any) -> MessageNode:
            return self.call(name, *args, **kwargs)

        method.__name__ = name
        setattr(owner, name, method)


_TRACED = cast("Callable[..., MessageNode]", _Method())


def _refused(what: str, instead: str) -> Callable[..., NoReturn]:
    def method(self: Any, *_: Any, **__: Any) -> NoReturn:
        raise ImmutableNode(f"a node cannot be changed in place by {what}; {instead}")

    return method


_GETITEM = Operation("getitem", numbered("x", "key"), "{0}[{1}]", function=operator.getitem)
_LIST = Operation("list", numbered("x"), "list({0})", function=list)
_NEW_VALUE = "make a new value, e.g. node | {key: value}, node[:i] + [value] + node[i + 1:], or a @bundle that does it"


class Operators:
    """Python's operators and the common methods of str, list, dict and set, traced."""

    __slots__ = ()

    # numpy must leave `array + node` to `__radd__`
    __array_ufunc__ = None

    if TYPE_CHECKING:
        depends: bool

        def _apply(self, operation: Operation, operands: tuple[Any, ...]) -> MessageNode: ...

        def _items(self, operation: Operation, count: int) -> Iterator[MessageNode]: ...

        def _value(self) -> Any: ...

    __add__, __radd__ = _both("add", "+", operator.add)
    __sub__, __rsub__ = _both("subtract", "-", operator.sub)
    __mul__, __rmul__ = _both("multiply", "*", operator.mul)
    __matmul__, __rmatmul__ = _both("matmul", "@", operator.matmul)
    __truediv__, __rtruediv__ = _both("divide", "/", operator.truediv)
    __floordiv__, __rfloordiv__ = _both("floor_divide", "//", operator.floordiv)
    _mod, __rmod__ = _both("mod", "%", operator.mod)
    _power, __rpow__ = _both("power", "**", operator.pow)
    __lshift__, __rlshift__ = _both("lshift", "<<", operator.lshift)
    __rshift__, __rrshift__ = _both("rshift", ">>", operator.rshift)
    __and__, __rand__ = _both("and_", "&", operator.and_)
    __or__, __ror__ = _both("or_", "|", operator.or_)
    __xor__, __rxor__ = _both("xor", "^", operator.xor)
    __lt__, __le__ = _binary("less", "<", operator.lt), _binary("less_equal", "<=", operator.le)
    __gt__, __ge__ = _binary("greater", ">", operator.gt), _binary("greater_equal", ">=", operator.ge)

    __neg__ = _function("negative", "-{0}", operator.neg)
    __pos__ = _function("positive", "+{0}", operator.pos)
    __invert__ = _function("invert", "~{0}", operator.invert)
    __abs__ = _function("abs", "abs({0})", abs)
    __trunc__ = _function("trunc", "math.trunc({0})", math.trunc)
    __floor__ = _function("floor", "math.floor({0})", math.floor)
    __ceil__ = _function("ceil", "math.ceil({0})", math.ceil)
    __divmod__ = _function("divmod", "divmod({0}, {1})", divmod)
    _round = _function("round", "round({0})", round)
    _round_to = _function("round", "round({0}, {1})", round)
    _power_modulo = _function("power", "pow({0}, {1}, {2})", pow)

    def __round__(self, digits: Any = None) -> MessageNode:
        return self._round() if digits is None else self._round_to(digits)

    def __pow__(self, exponent: Any, modulo: Any = None) -> MessageNode:
        return self._power(exponent) if modulo is None else self._power_modulo(exponent, modulo)

    def __mod__(self, other: Any) -> MessageNode:
        return self._apply(_LEARNED_MOD, (self, other)) if self.depends else self._mod(other)

    def __rdivmod__(self, other: Any) -> MessageNode:
        return self._apply(_DIVMOD, (other, self))

    # --- items, attributes, calls

    def __getitem__(self, key: Any) -> MessageNode:
        if not isinstance(key, slice):
            return self._apply(_GETITEM, (self, key))
        bounds = (key.start, key.stop, key.step)
        operation = slice_operation(*(bound is not None for bound in bounds))
        return self._apply(operation, (self, *(bound for bound in bounds if bound is not None)))

    def __iter__(self) -> Iterator[MessageNode]:
        """Each item as a node of its own; a dict gives its keys, what has no order of its own is listed first."""
        value = self._value()
        ordered: Operators = self
        if not (hasattr(type(value), "__getitem__") and hasattr(type(value), "__len__")) or isinstance(value, Mapping):
            ordered = self._apply(_LIST, (self,))
            value = ordered._value()
        return ordered._items(_GETITEM, len(value))

    def __call__(self, /, *args: Any, **kwargs: Any) -> MessageNode:
        """Call the node's value, a function: the call is one operation."""
        return self._apply(call_operation(len(args), tuple(kwargs)), (self, *args, *kwargs.values()))

    def call(self, method: str, /, *args: Any, **kwargs: Any) -> MessageNode:
        """Call any method of the value by name, traced: `node.call("values")`."""
        return self._apply(method_operation(method, len(args), tuple(kwargs)), (self, *args, *kwargs.values()))

    def attribute(self, name: str) -> MessageNode:
        """Read any attribute of the value by name, traced: `node.attribute("year")`."""
        return self._apply(attribute_operation(name), (self,))

    # --- changing in place

    __setitem__ = _refused("item assignment", _NEW_VALUE)
    __delitem__ = _refused("deleting an item", _NEW_VALUE)
    append = _refused("append", "write node + [value]")
    extend = _refused("extend", "write node + values")
    insert = _refused("insert", "write node[:i] + [value] + node[i:]")
    remove = _refused("remove", _NEW_VALUE)
    pop = _refused("pop", "write node[-1] for the item and node[:-1] for the rest")
    clear = _refused("clear", _NEW_VALUE)
    sort = _refused("sort", "write node(sorted)(values), or a @bundle that returns sorted(values)")
    reverse = _refused("reverse", "write node[::-1]")
    update = _refused("update", "write node | other")
    setdefault = _refused("setdefault", "write {key: value} | node")

    # --- methods of str, list, dict and set (`values` names what an operation read: use `node.call("values")`)

    capitalize = casefold = center = count = encode = endswith = expandtabs = find = index = isalnum = _TRACED
    isalpha = isdigit = islower = isnumeric = isspace = istitle = isupper = join = ljust = lower = lstrip = _TRACED
    partition = removeprefix = removesuffix = replace = rfind = rindex = rjust = rpartition = rsplit = _TRACED
    rstrip = split = splitlines = startswith = strip = swapcase = title = translate = upper = zfill = decode = _TRACED
    get = items = keys = union = intersection = difference = symmetric_difference = issubset = issuperset = _TRACED

    def format(self, /, *args: Any, **kwargs: Any) -> MessageNode:
        """Fill a format string; a learned one may name the values, and not reach into them (`{user.key}`)."""
        operation = learned_format_operation if self.depends else partial(method_operation, "format")
        return self._apply(operation(len(args), tuple(kwargs)), (self, *args, *kwargs.values()))

    # --- plain Python values

    def __bool__(self) -> bool:
        return bool(self._value())

    def __len__(self) -> int:
        return len(self._value())

    def __contains__(self, item: Any) -> bool:
        return (item._value() if isinstance(item, Operators) else item) in self._value()

    def __int__(self) -> int:
        return int(self._value())

    def __float__(self) -> float:
        return float(self._value())

    def __complex__(self) -> complex:
        return complex(self._value())

    def __index__(self) -> int:
        return operator.index(self._value())


_DIVMOD = Operation("divmod", numbered("x", "y"), "divmod({0}, {1})", function=divmod)
