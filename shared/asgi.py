"""Calls to an ASGI app in the same process, without a socket; and the same calls over HTTP."""

from __future__ import annotations

import asyncio
import json as jsonlib
import time
import uuid
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote

import httpx
from pydantic_core import from_json
from starlette.types import ASGIApp

_CONNECTS = 3.0
"""Seconds until a machine that does not answer at all is given up."""
_AWAY = 1.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Raises ValueError for a body that is not JSON."""
        return from_json(self.body)


class Client(Protocol):
    async def request(self, method: str, path: str, *, json: Any = None, headers: Mapping[str, str] | None = None) -> Response:
        """``path`` is percent-encoded and may carry a query; bytes in place of JSON are a file, or what a content-type among the headers says.
        Raises OSError or TimeoutError when nobody answered."""


class AsgiClient:
    """Whole requests and whole responses: nothing streams."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def request(self, method: str, path: str, *, json: Any = None, headers: Mapping[str, str] | None = None) -> Response:
        body = _body(json)
        named = {"content-type": _type(json), **{name.lower(): value for name, value in (headers or {}).items()}}
        sent = [(name.encode(), value.encode()) for name, value in named.items()]
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
            "headers": [*sent, (b"content-length", str(len(body)).encode())],
            "client": None,
            "server": ("ringup", 80),
        }
        return await _call(self._app, scope, body)


def _body(json: Any) -> bytes:
    """The same bytes for every client, since a command's hash is over them."""
    if isinstance(json, bytes):
        return json
    return b"" if json is None else jsonlib.dumps(json, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _type(json: Any) -> str:
    return "application/octet-stream" if isinstance(json, bytes) else "application/json"


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
        patience = httpx.Timeout(timeout, connect=min(timeout, _CONNECTS))
        self._client = httpx.AsyncClient(base_url=url, timeout=patience, transport=transport, auth=auth)

    async def request(self, method: str, path: str, *, json: Any = None, headers: Mapping[str, str] | None = None) -> Response:
        sent = {"content-type": _type(json), **(headers or {})}
        try:
            response = await self._client.request(method, path, content=_body(json), headers=sent)
        except (httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout) as error:
            raise TimeoutError(type(error).__name__) from error
        except httpx.HTTPError as error:
            raise OSError(type(error).__name__) from error
        except AttributeError as error:
            if error.name != "getpeername":
                raise
            raise OSError("ConnectError") from error  # anyio has no socket any more where the other side closes as it opens
        return Response(response.status_code, dict(response.headers), response.content)

    async def close(self) -> None:
        await self._client.aclose()


class Rotation:
    """Processes of one service, asked in turn; the next one where one is not there or broke off, which is then left alone for a while.

    A command without an Idempotency-Key gets one, so that it can be asked twice.
    """

    def __init__(self, clients: Sequence[Client]) -> None:
        self._clients = list(clients)
        self._away_until = [0.0] * len(self._clients)
        self._turn = 0

    async def request(self, method: str, path: str, *, json: Any = None, headers: Mapping[str, str] | None = None) -> Response:
        """Raises TimeoutError where one took too long: others would too."""
        named = dict(headers or {})
        if method != "GET":
            named.setdefault("idempotency-key", uuid.uuid4().hex)
        *first, last = self._in_turn()
        for n in first:
            try:
                return await self._clients[n].request(method, path, json=json, headers=named)
            except TimeoutError:
                raise
            except OSError:
                self._away_until[n] = time.monotonic() + _AWAY
        return await self._clients[last].request(method, path, json=json, headers=named)

    def _in_turn(self) -> list[int]:
        """At least two, for one whose connection was closed in between is asked again."""
        self._turn += 1
        now, count = time.monotonic(), len(self._clients)
        turned = sorted(range(count), key=lambda n: (self._away_until[n] > now, (n - self._turn) % count))
        return turned if count > 1 else turned * 2
