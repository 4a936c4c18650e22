"""`@bundle`: a Python function as one operation of the graph, its code trainable or not.

Source: the `@bundle` of arXiv 2406.16218, section 4. The function sees plain values; the graph sees one operation with
the arguments as inputs, and as further inputs whatever nodes its body read without having been given them.
"""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING, Any, Literal, overload

from trace_core.calls import Call, Signature
from trace_core.containers import plain
from trace_core.context import SCOPE
from trace_core.nodes import MessageNode, Node, as_node
from trace_core.parameter_nodes import ParameterNode
from trace_core.rendering import identifier

if TYPE_CHECKING:
    from trace_core.code import TrainableCode
    from trace_core.parameters import ParameterSet

LearnedCode = Literal["sandbox", "native"]


@overload
def bundle(function: Callable[..., Any]) -> Bundle: ...
@overload
def bundle(
    *,
    trainable: bool = False,
    name: str | None = None,
    description: str | None = None,
    strict: bool = False,
    trace_inside: bool = False,
    learned_code: LearnedCode = "sandbox",
) -> Callable[[Callable[..., Any]], Bundle]: ...
def bundle(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Make a function (sync, async, generator, method, classmethod, staticmethod) an operation of the graph.

    Args:
        trainable: its code is a parameter, `<function>.code`; each instance of a class has its own.
        name: how the operation is called in graphs; by default as the function.
        description: what it does, for the optimizer; by default the first paragraph of its docstring.
        strict: reading a node that was not passed in is an error, not an implicit input.
        trace_inside: the function is no operation itself, those in it are; it is called with nodes as they are.
        learned_code: where code runs that is not the user's own: "sandbox", or "native", which trusts the LLM with
            all that this process may do.

    Calls give a `MessageNode`; a generator's give an iterator of them, which `throw()` ends. An exception becomes an
    `ExceptionNode` and leaves as an error that is both `ExecutionError` and the original type. A bundle that is called
    inside another one is part of it and gives a plain value.

    Raises:
        UntrainableCode: at declaration, if rewritten code of this function could not run in the sandbox.

    Example:
        @bundle(trainable=True)
        def strange_sort(lst):
            \"\"\"Minimum first, then maximum of the rest, then minimum, and so on.\"\"\"
            return sorted(lst)

        strange_sort([1, 2, 3, 4]).backward("expected [1, 4, 2, 3]")
    """
    if function is None:
        return functools.partial(Bundle, **options)
    return Bundle(function, **options)


class Bundle:
    """A function as an operation; made by `bundle`, whose options it takes."""

    def __init__(
        self,
        function: Callable[..., Any] | staticmethod[..., Any] | classmethod[Any, ..., Any],
        *,
        trainable: bool = False,
        name: str | None = None,
        description: str | None = None,
        strict: bool = False,
        trace_inside: bool = False,
        learned_code: LearnedCode = "sandbox",
    ) -> None:
        if trainable and trace_inside:
            raise ValueError("trainable code is one operation, so it cannot be traced inside; choose one of the two")
        self._receiver: Literal["", "instance", "class"] = "class" if isinstance(function, classmethod) else ""
        self._is_static = isinstance(function, staticmethod)
        self.function: Callable[..., Any] = (
            function.__func__ if isinstance(function, staticmethod | classmethod) else function
        )
        functools.update_wrapper(self, self.function)
        own_name = getattr(self.function, "__name__", "")  # a `partial` has none, nor has an object that is called
        self.name = identifier(name or own_name or type(self.function).__name__)
        documented = inspect.getdoc(self.function) if own_name else None
        self.description = description or (documented or "").partition("\n\n")[0] or None
        self.strict = strict
        self.trace_inside = trace_inside
        self.learned_code = learned_code
        self._source = _trainable(self.function, learned_code) if trainable else None
        self.code = None if self._source is None else self._code_parameter()
        self._signature = Signature(self.function, self._receiver == "class", self.name)
        self._run = _runner(self.function)

    def _code_parameter(self) -> ParameterNode:
        source = self._source
        if source is None:
            raise ValueError(f"{self.name} is not trainable")
        made = ParameterNode(source.source, f"{self.function.__name__}.code", None, type=str, kind="code")
        made.validators = (source.check,)
        made.is_named = False
        return made

    def parameters(self) -> ParameterSet:
        """The code as a parameter, or nothing."""
        from trace_core.parameters import ParameterSet

        return ParameterSet([] if self.code is None else [self.code])

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call the function as one operation; nodes and plain values may be mixed."""
        if self._receiver == "instance":  # `Class.method(instance, …)`
            if not args:
                raise TypeError(f"{self.name}() is a method: it needs an instance as its first argument")
            return self.__get__(args[0], type(args[0]))(*args[1:], **kwargs)
        return self._called((), self.code, args, kwargs)

    @functools.cached_property
    def _method(self) -> Bundle:
        """The function as a method; each instance has its own code."""
        method = copy.copy(self)
        method._receiver = "instance"
        method._signature = Signature(self.function, True, self.name)
        method.code = None
        return method

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if not self._receiver and instance is not None and instance is owner:
            self._receiver = "class"  # `@classmethod` stands above: up to Python 3.12 it hands over the class
            self._signature = Signature(self.function, True, self.name)
        if self._receiver == "class":
            return BoundBundle(self, owner if instance in (None, owner) else type(instance), self.code)
        if self._is_static:
            return self
        method = self if self._receiver else self._method
        if instance is None:
            return method
        return BoundBundle(method, instance, None if self._source is None else self._code_of(instance))

    def _code_of(self, instance: Any) -> ParameterNode:
        key = f"{self.function.__qualname__}.code"
        try:
            held: dict[str, Any] = vars(instance)
        except TypeError:
            raise TypeError(
                f"{self.function.__qualname__} is trainable for each instance, and instances of "
                f"{type(instance).__name__} have no __dict__ to keep the code in; drop its __slots__"
            ) from None
        if key not in held:
            held.setdefault(key, self._code_parameter())  # another thread may have been first
        return held[key]  # type: ignore[no-any-return]

    def _called(self, bound: tuple[Any, ...], code: ParameterNode | None, args: Any, kwargs: Any) -> Any:
        scope = SCOPE.get()
        kwargs = self._signature.with_node_defaults(args, kwargs)
        if scope is not None and scope.inside:  # inside another bundle, and so a part of it
            return self._body(None if code is None else code.data)(*bound, *plain(args), **plain(kwargs))
        if self.trace_inside:
            return _traced_inside(self.function(*bound, *args, **kwargs))
        call = Call(self.name, self.function, self._signature, code, self.strict, args, kwargs)
        return self._run(call, functools.partial(self._body(call.code), *bound), self.description)

    def _body(self, text: str | None) -> Callable[..., Any]:
        """The function as it is to run now: the user's own, or the code that it was given since."""
        source = self._source
        if text is None or source is None or text == source.source:
            return self.function
        call = source.acall if inspect.iscoroutinefunction(self.function) else source.call
        return lambda *args, **kwargs: call(text, args, kwargs, native=self.learned_code == "native")

    def __repr__(self) -> str:
        return f"<bundle {self.name}{' (trainable)' if self._source else ''}>"


class BoundBundle:
    """A bundle as a method of an instance or a class."""

    def __init__(self, bundle: Bundle, receiver: Any, code: ParameterNode | None) -> None:
        self.bundle = bundle
        self.receiver = receiver
        self.code = code
        self.__name__ = bundle.name
        self.__doc__ = bundle.__doc__

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call the method as one operation; nodes and plain values may be mixed."""
        return self.bundle._called((self.receiver,), self.code, args, kwargs)

    def parameters(self) -> ParameterSet:
        """The code as a parameter, or nothing."""
        from trace_core.parameters import ParameterSet

        return ParameterSet([] if self.code is None else [self.code])


def _trainable(function: Callable[..., Any], learned_code: LearnedCode) -> TrainableCode:
    from trace_core.code import TrainableCode

    return TrainableCode(function, native=learned_code == "native")


def _traced_inside(result: Any) -> Any:
    if inspect.isawaitable(result):

        async def awaited() -> Node:
            return as_node(await result)

        return awaited()
    return result if inspect.isgenerator(result) or inspect.isasyncgen(result) else as_node(result)


# --- how a function is run: the four kinds differ only in how their body is driven

Run = Callable[[Call, Callable[..., Any], "str | None"], Any]


def _runner(function: Callable[..., Any]) -> Run:
    if inspect.iscoroutinefunction(function):
        return _run_async
    if inspect.isasyncgenfunction(function):
        return _run_async_generator
    return _run_generator if inspect.isgeneratorfunction(function) else _run_sync


def _run_sync(call: Call, body: Callable[..., Any], description: str | None) -> Any:
    try:
        with call:
            given = body(*call.args, **call.kwargs)
            run = _runner_of(given, call)
            value = plain(given) if run is None else None
    except Exception as error:
        raise call.failure(error, description) from error
    return call.result(value, description) if run is None else run(call, lambda *_, **__: given, description)


def _runner_of(given: Any, call: Call) -> Run | None:
    """How to go on with what a plain function gave, since it may be a wrapper around one of another kind."""
    if inspect.isawaitable(given):
        return _run_async
    if inspect.isgenerator(given) or inspect.isasyncgen(given):
        run = _runner(inspect.unwrap(call.function))
        return None if run is _run_sync else run
    return None


async def _run_async(call: Call, body: Callable[..., Any], description: str | None) -> MessageNode:
    try:
        with call:
            value = plain(await body(*call.args, **call.kwargs))
    except Exception as error:
        raise call.failure(error, description) from error
    return call.result(value, description)


def _run_generator(call: Call, body: Callable[..., Any], description: str | None) -> Generator[MessageNode, Any, Any]:
    generated = body(*call.args, **call.kwargs)
    sent = None
    try:
        while True:
            try:
                with call:
                    value = plain(generated.send(plain(sent)))
            except StopIteration as end:
                return end.value
            except Exception as error:
                raise call.failure(error, description) from error
            sent = yield call.item(value, generated, description)
    finally:
        generated.close()


async def _run_async_generator(
    call: Call, body: Callable[..., Any], description: str | None
) -> AsyncGenerator[MessageNode, Any]:
    generated = body(*call.args, **call.kwargs)
    sent = None
    try:
        while True:
            try:
                with call:
                    value = plain(await generated.asend(plain(sent)))
            except StopAsyncIteration:
                return
            except Exception as error:
                raise call.failure(error, description) from error
            sent = yield call.item(value, generated, description)
    finally:
        await generated.aclose()
