"""Calls to an ASGI app in the same process, without a socket; and the same calls over HTTP."""

from __future__ import annotations

import asyncio
import json as jsonlib
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from itertools import cycle
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
    """Whole requests and whole responses: nothing streams."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def request(self, method: str, path: str, *, json: Any = None, headers: Mapping[str, str] | None = None) -> Response:
        body = _body(json)
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


def _body(json: Any) -> bytes:
    """The same bytes for every client, since a command's hash is over them."""
    return b"" if json is None else jsonlib.dumps(json, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


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
    """An app at an address, or behind a Unix socket. ``auth`` signs requests."""

    def __init__(self, url: str, timeout: float = 30.0, socket: str | None = None, auth: httpx.Auth | None = None) -> None:
        transport = httpx.AsyncHTTPTransport(uds=socket) if socket else None
        self._client = httpx.AsyncClient(base_url=url, timeout=timeout, transport=transport, auth=auth)

    async def request(self, method: str, path: str, *, json: Any = None, headers: Mapping[str, str] | None = None) -> Response:
        """Raises ConnectionRefusedError where nothing was sent."""
        sent = {**(headers or {}), "content-type": "application/json"}
        try:
            response = await self._client.request(method, path, content=_body(json), headers=sent)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise ConnectionRefusedError(type(error).__name__) from error
        except httpx.HTTPError as error:
            raise OSError(type(error).__name__) from error
        return Response(response.status_code, dict(response.headers), response.content)

    async def close(self) -> None:
        await self._client.aclose()


class Rotation:
    """Processes of one service, asked in turn; the next one where one does not answer and a repeat can do no harm."""

    def __init__(self, clients: Sequence[Client]) -> None:
        self._clients = cycle(clients)
        self._tries = max(2, len(clients))

    async def request(self, method: str, path: str, *, json: Any = None, headers: Mapping[str, str] | None = None) -> Response:
        repeatable = method == "GET" or "idempotency-key" in (headers or {})
        for _ in range(self._tries - 1):
            try:
                return await next(self._clients).request(method, path, json=json, headers=headers)
            except ConnectionRefusedError:
                continue
            except OSError:
                if not repeatable:
                    raise
        return await next(self._clients).request(method, path, json=json, headers=headers)
