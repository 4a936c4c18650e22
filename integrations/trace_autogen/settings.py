"""Settings: whether and how often an agent goes on after its tools, how it sums them up, and its model's arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from trace_autogen import private
from trace_autogen.besides import binding_at
from trace_autogen.places import AttributeText
from trace_autogen.reads import note
from trace_core.exposing import Format, NotOffered, NotPlain, Offer
from trace_core.validators import NotEmpty

_SUMMARY_FIELDS = ("tool_name", "arguments", "result", "is_error")
_MOST_ITERATIONS = 50
_COUNT = Annotated[int, Field(ge=1)]
_ITERATIONS = Annotated[int, Field(ge=1, le=_MOST_ITERATIONS)]
_PENALTY = Annotated[float, Field(ge=-2, le=2)]
_MODEL_ARGUMENTS: dict[str, Any] = {
    "temperature": Annotated[float, Field(ge=0, le=2)],
    "top_p": Annotated[float, Field(gt=0, le=1)],
    "top_k": _COUNT,
    "frequency_penalty": _PENALTY,
    "presence_penalty": _PENALTY,
    "max_tokens": _COUNT,
    "max_completion_tokens": _COUNT,
    "seed": int,
    "parallel_tool_calls": bool,
}


class _Arguments(dict[str, Any]):
    """The arguments of a model's calls; a call begins by copying them, and has then read them."""

    reads: list[Any]

    def copy(self) -> dict[str, Any]:
        for argument, parameter, read in self.reads:
            note(argument, parameter, read)
        return dict(self)


class ModelArgument:
    """An argument that a model client sends with every call; it is dumped from another copy of it."""

    noted = None
    attributes = (private.CREATE_ARGS, private.RAW_CONFIG)

    def __init__(self, name: str) -> None:
        self.argument = name
        self.key = (private.CREATE_ARGS, name)

    def read(self, owner: Any) -> Any:
        """The value."""
        return vars(owner)[private.CREATE_ARGS][self.argument]

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """The arguments, one of them anew."""
        made = _Arguments({**stored, self.argument: value})
        made.reads = list(getattr(stored, "reads", ()))
        if use is None:
            return dict(made)
        made.reads.append((self.argument, *use))
        return made


def agent_offers(agent: Any, path: tuple[str, ...]) -> Iterator[Offer | NotOffered]:
    """What an agent does once its tools have run; nothing of an agent without tools."""
    if not any(private.tools_in(each) or not private.has(each, "_tools") for each in private.workbenches_of(agent)):
        return
    if private.has(agent, private.REFLECT):
        about = "whether the model is asked once more when the tools have run, instead of giving their results"
        yield _setting(agent, private.REFLECT, (*path, "reflect_on_tool_use"), bool, about)
    if private.has(agent, private.ITERATIONS):
        about = "how often the model may call tools before the agent answers"
        times = _ITERATIONS if vars(agent)[private.ITERATIONS] <= _MOST_ITERATIONS else _COUNT
        yield _setting(agent, private.ITERATIONS, (*path, "max_tool_iterations"), times, about)
    if private.has(agent, private.SUMMARY_FORMAT):
        yield _summary_format(agent, (*path, "tool_call_summary_format"))


def client_offers(client: Any, path: tuple[str, ...]) -> Iterator[Offer | NotOffered]:
    """The arguments that a model client was given."""
    if private.has(client, private.CREATE_ARGS, private.RAW_CONFIG):
        for name, value in vars(client)[private.CREATE_ARGS].items():
            if name in _MODEL_ARGUMENTS and value is not None:
                binding = binding_at([(client, ModelArgument(name))])
                yield Offer((*path, name), "setting", binding, _MODEL_ARGUMENTS[name])


def _setting(agent: Any, attribute: str, path: tuple[str, ...], type: Any, about: str) -> Offer:
    binding = binding_at([(agent, AttributeText(attribute, path[-1], "here"))])
    return Offer(path, "setting", binding, type, (), about)


def _summary_format(agent: Any, path: tuple[str, ...]) -> Offer | NotOffered:
    if vars(agent).get(private.SUMMARY_FORMATTER) is not None:
        return NotOffered(path, "setting", "the agent's formatter function says how its tools' results are summed up")
    try:
        form = Format(vars(agent)[private.SUMMARY_FORMAT], _SUMMARY_FIELDS)
    except NotPlain as reason:
        return NotOffered(path, "setting", str(reason))
    about = "how the result of a tool is put where it is the agent's answer"
    binding = binding_at([(agent, AttributeText(private.SUMMARY_FORMAT, path[-1], "here", form))])
    return Offer(path, "setting", binding, str, (NotEmpty(), form), about)
