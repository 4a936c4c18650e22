"""Who is answered, and what a browser is told about the answer."""

from __future__ import annotations

import httpx
import pytest

from tests.view.conftest import HOST, TOKEN

PATHS = ["/", "/compare", "/events", "/runs/a", "/runs/a/steps/1/graph.json", "/static/app.css", "/nowhere"]


@pytest.mark.parametrize("path", PATHS)
async def test_nothing_is_shown_without_the_token(stranger: httpx.AsyncClient, path: str) -> None:
    answer = await stranger.get(path)
    assert answer.status_code == 403
    assert (await stranger.get(path, params={"token": "wrong"})).status_code == 403
    assert (await stranger.get(path, headers=[(b"cookie", b"trace-suite-8000=wr\xf6ng")])).status_code == 403


async def test_the_token_leaves_the_address_for_a_cookie_that_no_script_can_read(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/", params={"page": "2", "token": TOKEN})
    assert (answer.status_code, answer.headers["location"]) == (303, f"http://{HOST}/?page=2")
    assert set(answer.headers["set-cookie"].lower().split("; ")) >= {"httponly", "samesite=strict", "path=/"}
    assert (await stranger.get("/")).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1", "127.0.0.1:8001", "localhost:8000"])
async def test_only_the_hosts_that_were_named_are_answered(reader: httpx.AsyncClient, host: str) -> None:
    answer = await reader.get("/", headers={"host": host})
    assert answer.status_code == 421
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://127.0.0.1:9000", f"https://{HOST}"])
async def test_a_change_must_come_from_a_page_of_ours(reader: httpx.AsyncClient, run: str, origin: str | None) -> None:
    headers = {} if origin is None else {"origin": origin}
    answer = await reader.post(f"/runs/{run}/candidates/x/apply", headers=headers)
    assert answer.status_code == 403


async def test_a_change_needs_the_cookie_too(stranger: httpx.AsyncClient, run: str) -> None:
    path, headers = f"/runs/{run}/candidates/x/apply", {"origin": f"http://{HOST}"}
    assert (await stranger.post(path, params={"token": TOKEN}, headers=headers)).status_code == 403


@pytest.mark.parametrize("path", PATHS)
async def test_each_answer_allows_only_what_is_ours(
    reader: httpx.AsyncClient, stranger: httpx.AsyncClient, path: str
) -> None:
    if path == "/events":
        return  # it does not end
    for client in (reader, stranger):
        headers = (await client.get(path)).headers
        policy = dict(each.strip().split(" ", 1) for each in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"
