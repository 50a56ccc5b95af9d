"""Calls to an ASGI app in the same process, without a socket; and the same calls over HTTP."""

from __future__ import annotations

import asyncio
import json as jsonlib
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote

import httpx
from starlette.types import ASGIApp


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Raises ValueError for a body that is not JSON."""
        return jsonlib.loads(self.body)


class Client(Protocol):
    async def request(self, method: str, path: str, *, json: Any = None, headers: Mapping[str, str] | None = None) -> Response:
        """``path`` is percent-encoded and may carry a query. Raises OSError or TimeoutError when nobody answered."""


class AsgiClient:
    """Whole requests and whole responses: nothing streams. Bodies are the same bytes as httpx's, since a command's hash is over them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def request(self, method: str, path: str, *, json: Any = None, headers: Mapping[str, str] | None = None) -> Response:
        body = b"" if json is None else jsonlib.dumps(json, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        sent = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [*sent, (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())],
            "client": None,
            "server": ("ringup", 80),
        }
        return await _call(self._app, scope, body)


async def _call(app: ASGIApp, scope: MutableMapping[str, Any], body: bytes) -> Response:
    requests = iter([{"type": "http.request", "body": body, "more_body": False}])
    started: dict[str, Any] = {}
    parts: list[bytes] = []
    never = asyncio.Event()

    async def receive() -> MutableMapping[str, Any]:
        request = next(requests, None)
        if request is None:
            await never.wait()
        return request or {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in started.get("headers", ())}
    return Response(started["status"], headers, b"".join(parts))


class HttpClient:
    """An app at an address, or behind a Unix socket."""

    def __init__(self, url: str, timeout: float = 30.0, socket: str | None = None) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=timeout, transport=httpx.AsyncHTTPTransport(uds=socket) if socket else None)

    async def request(self, method: str, path: str, *, json: Any = None, headers: Mapping[str, str] | None = None) -> Response:
        try:
            response = await self._client.request(method, path, json=json, headers=dict(headers or {}))
        except httpx.HTTPError as error:
            raise OSError(type(error).__name__) from error
        return Response(response.status_code, dict(response.headers), response.content)

    async def close(self) -> None:
        await self._client.aclose()
