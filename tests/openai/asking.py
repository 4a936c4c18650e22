"""The ways in which a client can be asked, each with the same arguments."""

from __future__ import annotations

from typing import Any

CHAT, RESPONSE = APIS = ("chat.completions", "responses")
WAYS = ("create", "parse", "stream", "streamed", "raw", "raw stream", "streaming response", "beta", "with_options")


def resource_of(client: Any, api: str) -> Any:
    """What has the methods."""
    return client.responses if api == RESPONSE else client.chat.completions


def ask(client: Any, api: str, way: str, **asked: Any) -> None:
    """Asks, and reads the answer to its end."""
    if way in ("beta", "with_options"):
        client = client.beta if way == "beta" else client.with_options(timeout=9)
        way = "create"
    resource = resource_of(client, api)
    match way:
        case "create" | "parse":
            getattr(resource, way)(**asked)
        case "stream":
            with resource.stream(**asked) as events:
                for _ in events:
                    pass
        case "streamed":
            for _ in resource.create(**asked, stream=True):
                pass
        case "raw":
            resource.with_raw_response.create(**asked).parse()
        case "raw stream":
            for _ in resource.with_raw_response.create(**asked, stream=True).parse():
                pass
        case "streaming response":
            with resource.with_streaming_response.create(**asked) as response:
                response.parse()


async def aask(client: Any, api: str, way: str, **asked: Any) -> None:
    """The same of an asynchronous client."""
    if way in ("beta", "with_options"):
        client = client.beta if way == "beta" else client.with_options(timeout=9)
        way = "create"
    resource = resource_of(client, api)
    match way:
        case "create" | "parse":
            await getattr(resource, way)(**asked)
        case "stream":
            async with resource.stream(**asked) as events:
                async for _ in events:
                    pass
        case "streamed":
            async for _ in await resource.create(**asked, stream=True):
                pass
        case "raw":
            (await resource.with_raw_response.create(**asked)).parse()
        case "raw stream":
            async for _ in (await resource.with_raw_response.create(**asked, stream=True)).parse():
                pass
        case "streaming response":
            async with resource.with_streaming_response.create(**asked) as response:
                await response.parse()
