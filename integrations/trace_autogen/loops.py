"""An event loop of one's own, with model clients of its own."""

from __future__ import annotations

from typing import Any

from autogen_core.models import ChatCompletionClient

from trace_autogen.standing import unhooked_copy
from trace_core.recording.loops import OwnLoop


class ClientLoop(OwnLoop):
    """A loop with copies of the user's model clients: connections belong to the loop in which they were made."""

    def copied(self, client: Any) -> Any:
        """A model client for this loop, closed with it.

        One that restores itself from its state, as those of autogen-ext, opens connections anew; one that asks others,
        as a cache does, gets such others; another is used as it is.
        """
        if hasattr(type(client), "__setstate__"):
            made = unhooked_copy(client)
            self.closing.append(made.close)
            return made
        inner = {name: each for name, each in vars(client).items() if isinstance(each, ChatCompletionClient)}
        anew = {name: self.copied(each) for name, each in inner.items()}
        if all(anew[name] is each for name, each in inner.items()):
            return client
        made = unhooked_copy(client)
        vars(made).update(anew)
        return made
