"""The pages on the loopback interface of this machine, by uvicorn (https://www.uvicorn.org)."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from trace_train.store import Store
from trace_view.app import create_app


def serve(place: str, port: int, say: Callable[[str], object]) -> None:
    """Show a store until Ctrl-C.

    Args:
        place: the store's path or URL.
        port: of the loopback interface; 0 for any that is free.
        say: is given the address, which holds the token.

    Raises:
        NotAStore: there is no store at the place.
        OSError: the port is taken.
    """
    with Store(place, create=False) as store, socket.create_server(("127.0.0.1", port)) as listening:
        port = listening.getsockname()[1]
        token = secrets.token_urlsafe()
        app = create_app(store, token, [f"127.0.0.1:{port}", f"localhost:{port}"], place)
        # A page that is open holds a connection for its events, and does not end by itself.
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, lifespan="off", timeout_graceful_shutdown=1
        )
        say(f"http://127.0.0.1:{port}/?token={token}")
        with suppress(KeyboardInterrupt):  # uvicorn ends well, and then raises it once more
            uvicorn.Server(config).run([listening])
