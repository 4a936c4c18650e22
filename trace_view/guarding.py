"""Who may ask the pages for anything, and what a browser is told about each answer.

A store holds what an LLM or a web page said, and other pages in the same browser are strangers. So each request must
name the loopback interface as its host (https://owasp.org/www-community/attacks/DNS_Rebinding) and bring the token that
was printed at start, a change must come from a page of ours, and a browser runs and loads only what is ours
(https://developer.mozilla.org/docs/Web/HTTP/Guides/CSP).
"""

from __future__ import annotations

import hmac
from collections.abc import Collection

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with that, a browser says of our own forms, too, that they come from nowhere.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """An ASGI app around another one, which sees only requests that may be answered.

    Args:
        app: the app that answers.
        token: what a request must bring: at first in its address (`?token=…`), then in a cookie.
        hosts: the hosts, with ports, by which the app may be called.
    """

    def __init__(self, app: ASGIApp, token: str, hosts: Collection[str]) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the app answer."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return None  # nothing here is a web socket

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        answer = self._answer(Request(scope)) or self._app
        return await answer(scope, receive, send_safely)

    def _answer(self, request: Request) -> Response | None:
        """What is said in place of the app, which answers where this is None."""
        host = request.headers.get("host", "")
        if host not in self._hosts:
            return PlainTextResponse("This is no address of trace-suite's pages.", 421)
        is_reading = request.method in ("GET", "HEAD")
        if not is_reading and request.headers.get("origin") != f"http://{host}":
            return PlainTextResponse("A change must come from one of trace-suite's own pages.", 403)
        cookie = f"trace-suite-{host.rpartition(':')[2]}"  # browsers keep one set of cookies for all ports of a host
        if is_reading and self._is_token(request.query_params.get("token")):
            to = RedirectResponse(request.url.remove_query_params("token"), 303)
            to.set_cookie(cookie, self._token.decode(), httponly=True, samesite="strict")
            return to
        if self._is_token(request.cookies.get(cookie)):
            return None
        return PlainTextResponse("Open the address that `trace-suite ui` printed: it holds a token.", 403)

    def _is_token(self, given: str | None) -> bool:
        return given is not None and hmac.compare_digest(given.encode(errors="replace"), self._token)
